//! Finds the key attributes of a backup's items, in the table's order.
//!
//! The metadata of a version holds the key of its item, in the table's order, unless the key is too long. The key
//! attributes are therefore known even if the table was deleted, which is when a backup is needed most, or replaced by
//! another table of the same name.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::store::Store;
use super::version::Version;
use crate::aws::failure::AwsFailure;
use crate::aws::table as table_description;

/// Maximum number of objects that are read. One is enough, unless the keys are longer than 1,000 characters.
const MOST_LOOKS: usize = 1_000;

/// Returns the key attributes of a table, in its order. If the table does not exist, takes them from the versions in
/// the store. Returns `None` if no version has them either.
pub async fn of_table(
    dynamodb: &aws_sdk_dynamodb::Client,
    store: &Store,
    table: &str,
) -> Result<Option<Vec<String>>, AwsFailure> {
    match table_description::describe(dynamodb, table).await? {
        Some(table) => Ok(Some(table_description::key_names(&table))),
        None => of_versions(&store.s3, &store.bucket, &store.prefix).await,
    }
}

/// Returns the key attributes from the metadata of an object; `None` if no object has them.
pub async fn of_versions(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    prefix: &str,
) -> Result<Option<Vec<String>>, AwsFailure> {
    let list = s3.list_objects_v2().bucket(bucket).prefix(prefix);
    let page = list.send().await.map_err(AwsFailure::from_call("s3:ListBucket"))?;
    let keys = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
    for key in keys.take(MOST_LOOKS) {
        let head = match s3.head_object().bucket(bucket).key(key).send().await {
            Ok(head) => head,
            Err(error) if AwsFailure::is_missing(&error) => {
                continue;
            }
            Err(error) => return Err(AwsFailure::from_call("s3:GetObject")(error)),
        };
        let version = Version::from_metadata(head.metadata());
        if let Some(names) = version.and_then(|version| names_of(&version.item_key)) {
            return Ok(Some(names));
        }
    }
    Ok(None)
}

/// Returns the names of the members of an item's key, in the order in which they are written.
fn names_of(item_key: &str) -> Option<Vec<String>> {
    serde_json::from_str::<Names>(item_key).ok().map(|names| names.0).filter(|names| !names.is_empty())
}

/// The names of a JSON object's members in their order, which a deserialized map would lose.
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Names;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the key of an item")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = map.next_entry()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_written_order() {
        let names = |text| names_of(text).map(|names| names.join(" "));
        assert_eq!(names(r#"{"pk":{"S":"a"},"a":{"N":"1"}}"#).as_deref(), Some("pk a"));
        assert_eq!(names(r#"{"id":{"B":"AA=="}}"#).as_deref(), Some("id"));
        for text in ["", "{}", "[]", "{"] {
            assert_eq!(names(text), None, "{text}");
        }
    }
}
