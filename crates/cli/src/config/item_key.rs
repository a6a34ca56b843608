//! Parses the item key of `--key`.

use std::collections::HashMap;

use anyhow::bail;
use aws_sdk_dynamodb::types::{AttributeValue, TableDescription};
use serde_json::Value;
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::item_history::Items;
use tablekeeper_core::item_history::key_names;
use tablekeeper_core::item_history::version::object_key;
use tablekeeper_core::text::quoted;

use super::{check_versions_exist, place};
use crate::failure::Unusable;
use crate::transfer::{Aws, named};

/// The key attributes of a table.
#[derive(Debug)]
pub(crate) struct KeyNames {
    /// Names of the key attributes, the partition key first.
    pub(crate) names: Vec<String>,
    /// Description of the table; `None` if it does not exist and the names are from the versions.
    pub(crate) table: Option<TableDescription>,
}

/// The key of an item.
#[derive(Debug)]
pub(crate) struct ItemKey {
    /// The key as compact DynamoDB JSON, in the table's order.
    pub(crate) text: String,
    /// The key as the SDK takes it.
    pub(crate) attributes: HashMap<String, AttributeValue>,
    /// Key of the object with the item's versions.
    pub(crate) object: String,
}

impl KeyNames {
    /// Reads the names from the table, or from the versions of its items if it does not exist.
    pub(crate) async fn read(table: &str, aws: &Aws, items: &Items) -> anyhow::Result<KeyNames> {
        let described = table_description::describe(&aws.clients.dynamodb(), table).await;
        if let Some(described) = described.map_err(|error| named(error.name, error))? {
            return Ok(KeyNames { names: table_description::key_names(&described), table: Some(described) });
        }
        let names = key_names::of_versions(&aws.s3, &items.bucket, &items.prefix)
            .await
            .map_err(|error| named(error.name, error))?;
        match names {
            Some(names) => Ok(KeyNames { names, table: None }),
            None => {
                check_versions_exist(aws, items).await?;
                bail!(aws.missing(&format!(
                    "table {table} does not exist, and no version of an item in {} names its key \
                 attributes (SourceTableMissing)",
                    place(items)
                )))
            }
        }
    }
}

impl ItemKey {
    /// Parses DynamoDB JSON, such as `{"id":{"S":"1"}}`. Refuses attributes that are not key attributes.
    pub(crate) fn read(text: &str, keys: &KeyNames, items: &Items) -> Result<ItemKey, Unusable> {
        let names: Vec<&str> = keys.names.iter().map(String::as_str).collect();
        let wrong = |why: String| {
            Unusable(format!(
                "--key is {}; {why}; it must be the key attributes {} as DynamoDB JSON, such as {}",
                quoted(text),
                names.join(" and "),
                keys.example()
            ))
        };
        let value: Value =
            serde_json::from_str(text).map_err(|error| wrong(format!("it is not JSON: {error}")))?;
        let members = value.as_object().ok_or_else(|| wrong("it is not an object".to_owned()))?;
        if let Some(other) = members.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(wrong(format!("it has {}, which is not a key attribute", quoted(other))));
        }
        let key = item_formats::key_of(value.to_string().as_bytes(), &names)
            .map_err(|error| wrong(error.to_string()))?;
        for (name, value) in members {
            let given = value.as_object().and_then(|value| value.keys().next()).map_or("", String::as_str);
            if let Some(right) = keys.kind(name).filter(|right| *right != given) {
                return Err(wrong(format!(
                    "{} is of type {given}, but of type {right} in the table",
                    quoted(name)
                )));
            }
        }
        let attributes = members.iter().map(|(name, value)| {
            let value = crate::item::attributes::attribute_of(value);
            value.map(|value| (name.clone(), value)).map_err(|why| wrong(why.0))
        });
        let attributes = attributes.collect::<Result<_, _>>()?;
        let object = object_key(&items.prefix, &key);
        Ok(ItemKey { text: String::from_utf8_lossy(&key).into_owned(), attributes, object })
    }
}

impl KeyNames {
    /// Returns the type of a key attribute; `None` if it is unknown.
    fn kind(&self, name: &str) -> Option<&str> {
        let definitions = self.table.as_ref()?.attribute_definitions();
        let definition = definitions.iter().find(|definition| definition.attribute_name() == name)?;
        Some(definition.attribute_type().as_str())
    }

    /// Returns an example of a key, with the types of the table if they are known, or else strings.
    fn example(&self) -> String {
        let member = |name: &String| {
            let kind = self.kind(name).unwrap_or("S");
            // For type B, this is the byte 1 in Base64.
            let value = if kind == "B" { "AQ==" } else { "1" };
            format!("{}:{{\"{kind}\":\"{value}\"}}", Value::from(name.as_str()))
        };
        format!("{{{}}}", self.names.iter().map(member).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{AttributeDefinition, ScalarAttributeType};

    use super::*;

    /// Returns the key attributes `pk`, of unknown type, and `sk` of this type.
    fn keys(sort: ScalarAttributeType) -> KeyNames {
        let sort = AttributeDefinition::builder().attribute_name("sk").attribute_type(sort);
        let table = TableDescription::builder().attribute_definitions(sort.build().unwrap()).build();
        KeyNames { names: vec!["pk".to_owned(), "sk".to_owned()], table: Some(table) }
    }

    #[test]
    fn an_example_has_the_tables_types_and_is_valid() {
        for (sort, example) in [
            (ScalarAttributeType::S, r#"{"pk":{"S":"1"},"sk":{"S":"1"}}"#),
            (ScalarAttributeType::N, r#"{"pk":{"S":"1"},"sk":{"N":"1"}}"#),
            (ScalarAttributeType::B, r#"{"pk":{"S":"1"},"sk":{"B":"AQ=="}}"#),
        ] {
            assert_eq!(keys(sort.clone()).example(), example);
            read_of(example, &keys(sort)).unwrap();
        }
        assert_eq!(
            KeyNames { table: None, ..keys(ScalarAttributeType::N) }.example(),
            r#"{"pk":{"S":"1"},"sk":{"S":"1"}}"#
        );
    }

    fn read(text: &str) -> Result<ItemKey, String> {
        read_of(text, &keys(ScalarAttributeType::N))
    }

    fn read_of(text: &str, keys: &KeyNames) -> Result<ItemKey, String> {
        let items = Items {
            bucket: "bucket".to_owned(),
            prefix: "items/".to_owned(),
            failures_prefix: "failures/".to_owned(),
            folder: String::new(),
        };
        ItemKey::read(text, keys, &items).map_err(|error| error.0)
    }

    #[test]
    fn a_key_is_normalised() {
        let key = read(r#"{ "sk": {"N": "1.0"}, "pk": {"S": "a"} }"#).unwrap();
        assert_eq!(key.text, r#"{"pk":{"S":"a"},"sk":{"N":"1"}}"#);
        assert_eq!(key.object, object_key("items/", key.text.as_bytes()));
        assert_eq!(key.attributes.get("pk"), Some(&AttributeValue::S("a".to_owned())));
    }

    #[test]
    fn an_invalid_key_is_refused_with_an_example() {
        for (text, expected) in [
            (
                "1",
                "--key is `1`; it is not an object; it must be the key attributes pk and sk as DynamoDB JSON, such as \
                   {\"pk\":{\"S\":\"1\"},\"sk\":{\"N\":\"1\"}}",
            ),
            ("{", "--key is `{`; it is not JSON: "),
            (r#"{"pk":{"S":"a"}}"#, r#"--key is `{"pk":{"S":"a"}}`; "#),
            (
                r#"{"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":""}}"#,
                r#"--key is `{"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":""}}`; it has `x`, which is not"#,
            ),
            (
                r#"{"pk":{"S":"a"},"sk":{"S":"1"}}"#,
                r#"--key is `{"pk":{"S":"a"},"sk":{"S":"1"}}`; `sk` is of type S, but of type N in the table"#,
            ),
            (r#"{"pk":"a","sk":{"N":"1"}}"#, r#"--key is `{"pk":"a","sk":{"N":"1"}}`; "#),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
