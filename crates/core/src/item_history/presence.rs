//! Finds out whether a prefix holds versions of items, and which other prefix of the bucket does.
//!
//! Under a wrong prefix, every item seems never to have existed. Call this before you report that something does not
//! exist, and before you start another backup in a bucket that has one.

use super::coverage;
use super::version::prefix_of;
use crate::aws::failure::AwsFailure;
use crate::item_history::Items;

/// Maximum number of folders of a bucket that are checked.
const MOST_FOLDERS: usize = 16;

/// The objects under a prefix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Presence {
    /// The prefix holds versions of items.
    Versions,
    /// The prefix holds nothing.
    Nothing {
        /// Another prefix of the bucket that holds versions, if one was found.
        elsewhere: Option<String>,
    },
    /// The prefix holds objects, but none has the key of an item.
    Others {
        /// Key of the first object.
        key: String,
        /// Another prefix of the bucket that holds versions, if one was found.
        elsewhere: Option<String>,
    },
}

/// The result of checking some folders.
#[derive(Default)]
struct Walked {
    /// Whether an object has the key of an item under the prefix in question.
    own: bool,
    /// Another prefix under which an object has the key of an item.
    elsewhere: Option<String>,
    /// The first object that is neither an item of the prefix nor a quarantined record nor the coverage document.
    other: Option<String>,
}

/// Finds out what a prefix holds. Takes one LIST if the prefix holds versions. Otherwise takes up to 16 for the prefix
/// and up to 16 for the bucket.
pub async fn find(s3: &aws_sdk_s3::Client, items: &Items) -> Result<Presence, AwsFailure> {
    let Walked { own, elsewhere, other } = walk(s3, items, &items.prefix).await?;
    if own {
        return Ok(Presence::Versions);
    }
    // A caller that may list only the prefix learns nothing about the rest of the bucket.
    let elsewhere = match elsewhere {
        None if !items.prefix.is_empty() => walk(s3, items, "").await.unwrap_or_default().elsewhere,
        found => found,
    };
    Ok(match other {
        Some(key) => Presence::Others { key, elsewhere },
        None => Presence::Nothing { elsewhere },
    })
}

/// Checks the first object of each folder under `below`, including deleted ones, until one has the key of an item.
async fn walk(s3: &aws_sdk_s3::Client, items: &Items, below: &str) -> Result<Walked, AwsFailure> {
    let mut walked = Walked::default();
    let mut marker = None;
    for _ in 0..MOST_FOLDERS {
        let list = s3.list_object_versions().bucket(&items.bucket).prefix(below).max_keys(1);
        let page = list.set_key_marker(marker).send().await;
        let page = page.map_err(AwsFailure::from_call("s3:ListBucketVersions"))?;
        let versions = page.versions.unwrap_or_default().into_iter().filter_map(|version| version.key);
        let markers = page.delete_markers.unwrap_or_default().into_iter().filter_map(|marker| marker.key);
        let Some(key) = versions.chain(markers).min() else { break };
        match prefix_of(&key) {
            Some(prefix) if prefix == items.prefix => return Ok(Walked { own: true, ..walked }),
            Some(prefix) => {
                walked.elsewhere.get_or_insert_with(|| prefix.to_owned());
                if below != items.prefix {
                    break;
                }
            }
            None => {}
        }
        let is_ours = key.starts_with(&items.failures_prefix) || key == coverage::key(&items.prefix);
        if walked.other.is_none() && !is_ours {
            walked.other = Some(key.clone());
        }
        marker = Some(behind_folder(&key, below));
    }
    Ok(walked)
}

/// Returns the last key that a folder could have, so that a list continues after the folder.
fn behind_folder(key: &str, below: &str) -> String {
    let rest = key.strip_prefix(below).unwrap_or(key);
    match rest.split_once('/') {
        Some((folder, _)) => format!("{below}{folder}/{}", char::MAX),
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fake_store::FakeStore;

    fn items(prefix: &str) -> Items {
        Items {
            bucket: "bucket".to_owned(),
            prefix: prefix.to_owned(),
            failures_prefix: "failures/".to_owned(),
            folder: String::new(),
        }
    }

    async fn find_in(keys: &[&str], prefix: &str) -> Presence {
        let aws = FakeStore::default();
        let s3 = aws.clients().s3();
        for key in keys {
            s3.put_object().bucket("bucket").key(*key).send().await.unwrap();
        }
        find(&s3, &items(prefix)).await.unwrap()
    }

    #[tokio::test]
    async fn versions_under_a_prefix_are_distinguished_from_versions_elsewhere() {
        let hash = "a".repeat(64);
        let object = |prefix: &str| format!("{prefix}aa/{hash}");
        let (of_items, of_root, of_old) = (object("items/"), object(""), object("items/old/"));
        let (of_items, of_root, of_old) = (of_items.as_str(), of_root.as_str(), of_old.as_str());
        let found = |prefix: &str| Some(prefix.to_owned());
        let nothing = |elsewhere| Presence::Nothing { elsewhere };
        let others = |key: &str, elsewhere| Presence::Others { key: key.to_owned(), elsewhere };
        for (keys, prefix, presence) in [
            (&[][..], "items/", nothing(None)),
            (&[], "", nothing(None)),
            (&[of_items], "items/", Presence::Versions),
            (&[of_root], "", Presence::Versions),
            (&[of_items], "item/", nothing(found("items/"))),
            (&[of_items], "", others(of_items, found("items/"))),
            (&[of_root], "items/", nothing(found(""))),
            (&["failures/orders/1.json", "failures/orders/2.json"], "", nothing(None)),
            (
                &["failures/orders/1.json", "failures/orders/2.json", of_items],
                "",
                others(of_items, found("items/")),
            ),
            (&["items/readme", "items/x/readme", of_items], "items/", Presence::Versions),
            (&["items/readme", "snapshots/x/export.json"], "items/", others("items/readme", None)),
            (&[of_items, of_old], "items/old/", Presence::Versions),
        ] {
            assert_eq!(find_in(keys, prefix).await, presence, "{keys:?} {prefix:?}");
        }
    }

    #[tokio::test]
    async fn a_prefix_whose_items_are_all_deleted_still_holds_versions() {
        let aws = FakeStore::default();
        let s3 = aws.clients().s3();
        let key = format!("items/aa/{}", "a".repeat(64));
        s3.put_object().bucket("bucket").key(&key).send().await.unwrap();
        s3.delete_object().bucket("bucket").key(&key).send().await.unwrap();
        assert_eq!(find(&s3, &items("items/")).await.unwrap(), Presence::Versions);
    }
}
