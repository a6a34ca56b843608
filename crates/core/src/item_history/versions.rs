//! Lists the versions of one item, as `tablekeeper history` shows them.
//!
//! S3 lists versions and delete markers separately, the newest first. The bucket's lifecycle rule puts a delete marker
//! days after the tombstone that it hides, so S3's times, which are whole seconds, are enough to order the two.

use std::ops::ControlFlow;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectError;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::sequence_number::SequenceNumber;
use super::store::Store;
use super::version::{NoVersion, TOMBSTONE_SIZE, Version, body_of_item, item_of_body};
use crate::aws::failure::AwsFailure;
use crate::clock::utc;

/// Maximum difference between the clock of DynamoDB, which times a change, and that of S3, which times its version.
/// Both are synchronized to milliseconds, and S3 lists whole seconds.
pub const SKEW: TimeDelta = TimeDelta::seconds(2);
/// Number of versions that are read concurrently.
const AT_A_TIME: usize = 16;

/// A version or a delete marker of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Version ID in S3.
    pub id: String,
    /// Time when S3 stored it.
    pub put_at: DateTime<Utc>,
    /// The content.
    pub what: What,
}

/// The content of an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum What {
    /// A state of the item.
    Item {
        /// Metadata of the version.
        version: Version,
        /// Size of the item as DynamoDB JSON, in bytes.
        size: u64,
        /// The item, verbatim as it was put; `None` if it was not requested.
        item: Option<Bytes>,
    },
    /// The item was deleted.
    Tombstone {
        /// Metadata of the version.
        version: Version,
    },
    /// A delete marker, which hides the versions behind it.
    DeleteMarker,
    /// Something else put this version. It is not a version of an item.
    Other {
        /// Size in bytes.
        size: u64,
    },
}

/// The reason why the versions could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VersionsError {
    /// An object has the metadata of a version, but not the body of one.
    #[error(transparent)]
    NoVersion(#[from] NoVersion),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

/// An entry of a list.
struct Listed {
    id: String,
    put_at: DateTime<Utc>,
    /// `None` for a delete marker.
    size: Option<u64>,
    is_latest: bool,
}

/// Passes the versions of an object to `report`, the newest first, until `report` breaks. Includes the items if
/// `with_items` is set. Returns the number of versions passed. Memory holds one page of the list and the items that are
/// being read.
pub async fn each(
    store: &Store,
    object: &str,
    with_items: bool,
    report: &mut (dyn FnMut(Entry) -> ControlFlow<()> + Send),
) -> Result<u64, VersionsError> {
    let (mut key_marker, mut id_marker, mut reported) = (None, None, 0);
    loop {
        let list = store.s3.list_object_versions().bucket(&store.bucket).prefix(object);
        let list = list.set_key_marker(key_marker).set_version_id_marker(id_marker);
        let page = list.send().await.map_err(AwsFailure::from_call("s3:ListBucketVersions"))?;
        let versions = page.versions.unwrap_or_default().into_iter().filter_map(|version| {
            let size = u64::try_from(version.size?).ok()?;
            let is_latest = version.is_latest == Some(true);
            let put_at = utc(&version.last_modified?);
            (version.key? == object).then_some(Listed {
                id: version.version_id?,
                put_at,
                size: Some(size),
                is_latest,
            })
        });
        let markers = page.delete_markers.unwrap_or_default().into_iter().filter_map(|marker| {
            let is_latest = marker.is_latest == Some(true);
            let put_at = utc(&marker.last_modified?);
            (marker.key? == object).then_some(Listed {
                id: marker.version_id?,
                put_at,
                size: None,
                is_latest,
            })
        });
        // Both are in order, and a stable sort merges them.
        let mut listed: Vec<Listed> = versions.chain(markers).collect();
        listed.sort_by_key(|listed| std::cmp::Reverse((listed.is_latest, listed.put_at)));
        let heads =
            stream::iter(listed).map(|listed| head(store, object, with_items, listed)).buffered(AT_A_TIME);
        let mut heads = std::pin::pin!(heads);
        while let Some(entry) = heads.try_next().await? {
            if let Some(entry) = entry {
                reported += 1;
                if report(entry).is_break() {
                    return Ok(reported);
                }
            }
        }
        if page.is_truncated != Some(true) {
            return Ok(reported);
        }
        (key_marker, id_marker) = (page.next_key_marker, page.next_version_id_marker);
    }
}

/// Reads an entry of a list. Returns `None` if the entry was deleted since.
async fn head(
    store: &Store,
    object: &str,
    with_items: bool,
    Listed { id, put_at, size, .. }: Listed,
) -> Result<Option<Entry>, VersionsError> {
    let Some(size) = size else { return Ok(Some(Entry { id, put_at, what: What::DeleteMarker })) };
    let (metadata, body) = if with_items {
        let get = store.s3.get_object().bucket(&store.bucket).key(object).version_id(&id);
        let response = match get.send().await {
            Ok(response) => response,
            Err(error) if error.code() == Some("NoSuchVersion") => return Ok(None),
            Err(error) => {
                return Err(AwsFailure::from_call::<GetObjectError>("s3:GetObjectVersion")(error).into());
            }
        };
        let location = format!("s3://{}/{object}", store.bucket);
        let broken_off = |error| AwsFailure::broken_off("s3:GetObjectVersion", &location, error);
        let body = response.body.collect().await.map_err(broken_off)?;
        (response.metadata, Some(body.into_bytes()))
    } else {
        let head = store.s3.head_object().bucket(&store.bucket).key(object).version_id(&id);
        match head.send().await {
            Ok(response) => (response.metadata, None),
            Err(error) if AwsFailure::is_missing(&error) => return Ok(None),
            Err(error) => return Err(AwsFailure::from_call("s3:GetObjectVersion")(error).into()),
        }
    };
    let Some(version) = Version::from_metadata(metadata.as_ref()) else {
        return Ok(Some(Entry { id, put_at, what: What::Other { size } }));
    };
    let what = match u64::try_from(TOMBSTONE_SIZE) == Ok(size) {
        true => What::Tombstone { version },
        false => {
            let item = match &body {
                Some(body) => item_of_body(object, body)?.map(|item| body.slice_ref(item)),
                None => None,
            };
            let around = u64::try_from(body_of_item(b"", &SequenceNumber::zero()).len()).unwrap_or_default();
            What::Item { version, size: size.saturating_sub(around), item }
        }
    };
    Ok(Some(Entry { id, put_at, what }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error_name::ErrorName;
    use crate::item_history::change::read;
    use crate::testing::fake_store::{FakeStore, Fault};

    #[tokio::test]
    async fn versions_of_an_item_are_listed_newest_first() {
        let aws = FakeStore::default();
        let store =
            Store { s3: aws.clients().s3(), bucket: "bucket".to_owned(), prefix: "items/".to_owned() };
        let mut object = String::new();
        for (number, event, value) in [(1, "INSERT", "a"), (2, "MODIFY", "bb"), (3, "REMOVE", "")] {
            aws.at(DateTime::from_timestamp(1_800_000_000 + number, 0).unwrap());
            let record = json!({ "eventName": event, "dynamodb": {
                "ApproximateCreationDateTime": 1_700_000_000 + number, "Keys": { "id": { "S": "1" } },
                "NewImage": { "id": { "S": "1" }, "v": { "S": value } }, "SequenceNumber": number.to_string() } });
            let change = read(&record, &["id"], "items/").unwrap();
            object.clone_from(&change.object);
            store.apply(&change, None).await.unwrap();
        }
        for with_items in [true, false] {
            let mut entries = Vec::new();
            let mut report = |entry| {
                entries.push(entry);
                ControlFlow::Continue(())
            };
            let reported = each(&store, &object, with_items, &mut report).await.unwrap();
            assert_eq!(reported, 3);
            let shown: Vec<String> = entries
                .iter()
                .map(|entry| match &entry.what {
                    What::Item { version, size, item } => {
                        let item = item.as_ref().map(|item| String::from_utf8(item.to_vec()).unwrap());
                        assert_eq!(item.is_some(), with_items);
                        assert!(item.is_none_or(|item| item.len() as u64 == *size));
                        format!("{} {} {size}", version.event, version.position.sequence_number)
                    }
                    What::Tombstone { version } => {
                        format!("{} {}", version.event, version.position.sequence_number)
                    }
                    other => format!("{other:?}"),
                })
                .collect();
            assert_eq!(shown, ["REMOVE 3", "MODIFY 2 31", "INSERT 1 30"]);
        }
        let first = each(&store, &object, false, &mut |_| ControlFlow::Break(())).await.unwrap();
        assert_eq!(first, 1);
        let none = each(&store, "items/aa/none", true, &mut |_| ControlFlow::Continue(())).await.unwrap();
        assert_eq!(none, 0);
        // A body that breaks off is a transient failure.
        for _ in 0..3 {
            aws.fail_action("s3:GetObject", 0, Fault::Broken(5));
        }
        let broken = each(&store, &object, true, &mut |_| ControlFlow::Continue(())).await;
        let Err(VersionsError::Aws(AwsFailure { name, detail, .. })) = broken else { panic!("{broken:?}") };
        assert_eq!(name, ErrorName::ServiceUnavailable, "{detail}");
        assert!(detail.starts_with(&format!("s3://bucket/{object} broke off: ")), "{detail}");
    }
}
