//! The key attributes of a backup's items, in the table's order.
//!
//! The metadata of the versions says them: it holds the key of each item that is not too long for it, in the table's order.
//! So they are known where the table is gone, which is when a backup is needed most, and where there is another one
//! of its name.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::store::Store;
use super::version::Version;
use crate::aws::failure::AwsFailure;
use crate::aws::table as table_description;

/// So many objects are looked at. One is enough but where keys have more than a thousand letters.
const MOST_LOOKS: usize = 1_000;

/// The key attributes of a table, in its order. Where it is gone, those of the versions that the store holds; `None` where
/// it holds none either.
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

/// The key attributes that an object's metadata says; `None` where none says it.
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

/// The names of the members of an item's key, in the order in which they stand there.
fn names_of(item_key: &str) -> Option<Vec<String>> {
    serde_json::from_str::<Names>(item_key).ok().map(|names| names.0).filter(|names| !names.is_empty())
}

/// A map's names in their order, which a map that was read has lost.
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
    fn names_come_in_the_order_in_which_they_are_written() {
        let names = |text| names_of(text).map(|names| names.join(" "));
        assert_eq!(names(r#"{"pk":{"S":"a"},"a":{"N":"1"}}"#).as_deref(), Some("pk a"));
        assert_eq!(names(r#"{"id":{"B":"AA=="}}"#).as_deref(), Some("id"));
        for text in ["", "{}", "[]", "{"] {
            assert_eq!(names(text), None, "{text}");
        }
    }
}
