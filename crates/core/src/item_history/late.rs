//! Stores late versions: changes that are replayed after their item has changed again.
//!
//! Lambda may discard a change, which then waits in a bucket for a replay. If the item has changed since, the change
//! cannot become a version of the item's object: S3 orders the versions of an object by the time of the PUT, and the
//! newest is current. Without the change, the history between the two changes would be wrong. A late version is
//! therefore an additional object. Its key holds the item and the position among the item's changes, and its body and
//! metadata are those that the version would have had ([`super::version`]):
//!
//! `<FailuresPrefix>late/<first two letters of the hash>/<hash>/<stream's label>/<sequence number, 40 digits>`
//!
//! This is the key for the stack's own table. For other tables, `<table>/` follows `late/` ([`super::tables`]).
//!
//! To find the state of an item at a second, read both the versions of its object and its late versions. A late version
//! may duplicate a version of the object, because writing it does not check that.
//!
//! Listing uses object versions, not current objects. If `IncrementalPrefix` is empty, the lifecycle rule that turns
//! deletions into delete markers also applies to late tombstones. The version behind the marker still counts.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ObjectVersion;
use chrono::{DateTime, Utc};
use futures::{Stream, TryStreamExt as _, stream};

use super::change::Change;
use super::position::Position;
use super::sequence_number::SequenceNumber;
use super::store::Store;
use crate::aws::failure::AwsFailure;
use crate::clock::utc;
use crate::error_name::ErrorName;

/// The part of late versions' keys after `FailuresPrefix`. The template's lifecycle rule uses it too.
const FOLDER: &str = "late/";
/// Maximum number of attempts to write a late version while another request changes its object.
const TRIES: usize = 4;

/// The identity of the change in a late version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LateKey {
    /// Key of the item's object without `IncrementalPrefix`: `ab/ab…`, with the 64 letters of a hash.
    pub item: String,
    /// Label of the change's stream.
    pub stream: String,
    /// Sequence number of the change in the stream.
    pub sequence_number: SequenceNumber,
}

/// A late version, as S3 lists it. Its time and event are in its metadata.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Late {
    /// The identity of the change.
    pub key: LateKey,
    /// Key of the object.
    pub object: String,
    /// Version ID in S3.
    pub id: String,
    /// ETag of the version.
    pub etag: String,
    /// Size of the body in bytes; [`super::version::TOMBSTONE_SIZE`] for a tombstone.
    pub size: u64,
    /// Time when S3 stored the version.
    pub put_at: DateTime<Utc>,
}

/// A range of items, by their objects' keys without `IncrementalPrefix`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Items {
    /// Exclusive lower bound; `None` for the first item.
    pub after: Option<String>,
    /// Inclusive upper bound; `None` for the last item.
    pub until: Option<String>,
}

impl LateKey {
    /// Returns the key of the late version of a change. `item` is the key of the item's object without
    /// `IncrementalPrefix`. Returns `None` if the position has no stream, as that of a backfill.
    pub fn new(item: &str, position: &Position) -> Option<LateKey> {
        let stream = position.stream.clone().filter(|stream| !stream.is_empty())?;
        Some(LateKey { item: item.to_owned(), stream, sequence_number: position.sequence_number.clone() })
    }

    /// Parses an object's key. Returns `None` if it is not the key of a late version.
    pub fn parse(late_prefix: &str, object: &str) -> Option<LateKey> {
        let key = object.strip_prefix(late_prefix)?;
        let (first, rest) = key.split_once('/')?;
        let (hash, rest) = rest.split_once('/')?;
        let (stream, number) = rest.rsplit_once('/')?;
        let sequence_number = SequenceNumber::parse(number)?;
        let is_whole = !stream.is_empty() && hash.starts_with(first) && sequence_number.padded() == number;
        is_whole.then(|| LateKey {
            item: format!("{first}/{hash}"),
            stream: stream.to_owned(),
            sequence_number,
        })
    }

    /// Returns the key of the late version's object.
    pub fn object(&self, late_prefix: &str) -> String {
        let LateKey { item, stream, sequence_number } = self;
        format!("{late_prefix}{item}/{stream}/{}", sequence_number.padded())
    }
}

/// Returns the key prefix of the late versions of a table, whose folder is empty or ends in `/`.
pub fn prefix(failures_prefix: &str, folder: &str) -> String {
    format!("{failures_prefix}{FOLDER}{folder}")
}

/// Writes a change as a late version, unless the late version exists. Returns whether it was written. Use this if the
/// item's object has a newer version.
pub async fn keep(store: &Store, late_prefix: &str, change: &Change) -> Result<bool, AwsFailure> {
    const PUT: &str = "s3:PutObject";
    let item = change.object.strip_prefix(store.prefix.as_str()).unwrap_or(&change.object);
    let key = LateKey::new(item, &change.version.position);
    let nameless = || {
        let detail = format!("a change of {item} has no stream");
        AwsFailure::new(PUT, ErrorName::RequestRefused, detail)
    };
    let object = key.ok_or_else(nameless)?.object(late_prefix);
    for _ in 0..TRIES {
        let put = store.s3.put_object().bucket(&store.bucket).key(&object).if_none_match("*");
        let put = put.set_metadata(Some(change.version.metadata())).content_type("application/json");
        match put.body(ByteStream::from(change.body.clone())).send().await {
            Ok(_) => return Ok(true),
            Err(error) => match error.code() {
                Some("PreconditionFailed") => return Ok(false),
                Some("ConditionalRequestConflict") => {}
                _ => return Err(AwsFailure::from_call(PUT)(error)),
            },
        }
    }
    Err(AwsFailure::contended(&object, TRIES))
}

/// Lists the late versions of items, grouped by item and in the order of the changes. Skips other objects in the
/// folder.
pub fn list<'a>(
    s3: &'a aws_sdk_s3::Client,
    bucket: &'a str,
    late_prefix: String,
    items: Items,
) -> impl Stream<Item = Result<Late, AwsFailure>> + Send + 'a {
    let first = items.after.as_ref().map(|after| (Some(format!("{late_prefix}{after}")), None));
    let first = Some(first.unwrap_or_default());
    let state = (first, late_prefix, items, String::new());
    let pages = stream::try_unfold(state, move |(marker, late_prefix, items, mut last)| async move {
        let Some((key, id)) = marker else { return Ok::<_, AwsFailure>(None) };
        let list = s3.list_object_versions().bucket(bucket).prefix(&late_prefix);
        let page = list.set_key_marker(key).set_version_id_marker(id).send().await;
        let page = page.map_err(AwsFailure::from_call("s3:ListBucketVersions"))?;
        let next =
            (page.is_truncated == Some(true)).then_some((page.next_key_marker, page.next_version_id_marker));
        let is_beyond = |item: &str| items.until.as_deref().is_some_and(|until| item > until);
        let is_before = |item: &str| items.after.as_deref().is_some_and(|after| item <= after);
        let (mut found, mut ended) = (Vec::new(), false);
        for version in page.versions.unwrap_or_default() {
            let late = read(&late_prefix, version)?;
            let Some(late) = late.filter(|late| !is_before(&late.key.item)) else { continue };
            if is_beyond(&late.key.item) {
                ended = true;
                break;
            }
            // The object may have been put again behind a delete marker, with the same content.
            if late.object != last {
                last.clone_from(&late.object);
                found.push(Ok(late));
            }
        }
        Ok(Some((stream::iter(found), (next.filter(|_| !ended), late_prefix, items, last))))
    });
    pages.try_flatten()
}

/// Reads an entry of a list as a late version. Returns `None` if the key is not that of a late version.
fn read(late_prefix: &str, version: ObjectVersion) -> Result<Option<Late>, AwsFailure> {
    let incomplete = || {
        AwsFailure::new(
            "s3:ListBucketVersions",
            ErrorName::ServiceUnavailable,
            "S3 returned a version without a key, ID, ETag, size or time".to_owned(),
        )
    };
    let object = version.key.ok_or_else(incomplete)?;
    let Some(key) = LateKey::parse(late_prefix, &object) else { return Ok(None) };
    let size = version.size.and_then(|size| u64::try_from(size).ok());
    match (version.version_id, version.e_tag, size, version.last_modified.as_ref().map(utc)) {
        (Some(id), Some(etag), Some(size), Some(put_at)) => {
            Ok(Some(Late { key, object, id, etag, size, put_at }))
        }
        _ => Err(incomplete()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::item_history::change;
    use crate::item_history::version::Version;
    use crate::testing::fake_store::{FakeStore, Fault};

    fn change(id: &str, number: u64, event: &str) -> Change {
        let stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000";
        let record = json!({ "eventName": event, "eventSourceARN": stream, "dynamodb": {
            "ApproximateCreationDateTime": 1_700_000_000, "Keys": { "id": { "S": id } },
            "NewImage": { "id": { "S": id } }, "SequenceNumber": number.to_string() } });
        change::read(&record, &["id"], "items/").unwrap()
    }

    fn store(aws: &FakeStore) -> Store {
        Store { s3: aws.clients().s3(), bucket: "bucket".to_owned(), prefix: "items/".to_owned() }
    }

    async fn listed(aws: &FakeStore, items: Items) -> Vec<String> {
        let s3 = aws.clients().s3();
        let all =
            list(&s3, "bucket", "failures/late/".to_owned(), items).try_collect::<Vec<_>>().await.unwrap();
        all.iter().map(|late| format!("{} {}", &late.key.item[..5], late.key.sequence_number)).collect()
    }

    #[test]
    fn a_key_holds_the_item_the_stream_and_the_sequence_number() {
        let change = change("1", 42, "MODIFY");
        let item = change.object.strip_prefix("items/").unwrap();
        let key = LateKey::new(item, &change.version.position).unwrap();
        let number = format!("{:0>40}", 42);
        let object = format!("failures/late/{item}/2026-11-20T00:00:00.000/{number}");
        assert_eq!(key.object("failures/late/"), object);
        assert_eq!(LateKey::parse("failures/late/", &object), Some(key));
        for other in [
            "failures/orders/42.json".to_owned(),
            "failures/late/".to_owned(),
            object.replace("failures/", "other/"),
            object.replace(&number, "42"),
            object.replace(&format!("/{number}"), ""),
            object.replace("2026-11-20T00:00:00.000", ""),
        ] {
            assert_eq!(LateKey::parse("failures/late/", &other), None, "{other}");
        }
        assert_eq!(LateKey::new(item, &Position::zero()), None);
    }

    #[tokio::test]
    async fn a_late_version_is_written_once_with_the_body_and_metadata_of_a_version() {
        let aws = FakeStore::default();
        let change = change("1", 42, "MODIFY");
        aws.fail_action("s3:PutObject", 0, Fault::Refused(409, "ConditionalRequestConflict"));
        for _ in 0..2 {
            keep(&store(&aws), "failures/late/", &change).await.unwrap();
        }
        let keys = aws.keys();
        assert_eq!(keys.len(), 1, "{keys:?}");
        let state = aws.state();
        let object = &state.objects[&keys[0]];
        assert_eq!((object.body.clone(), state.versions[&keys[0]].len()), (change.body, 1));
        let metadata = object.metadata.clone().into_iter().collect();
        assert_eq!(Version::from_metadata(Some(&metadata)), Some(change.version));
    }

    #[tokio::test]
    async fn late_versions_of_a_range_are_listed_in_order_across_pages() {
        let aws = FakeStore::default();
        aws.state().page_of_list = 2;
        let mut expected = Vec::new();
        for id in ["a", "b", "c", "d"] {
            for number in [9, 100, 7] {
                let change = change(id, number, "REMOVE");
                keep(&store(&aws), "failures/late/", &change).await.unwrap();
                expected.push((change.object["items/".len()..].to_owned(), number));
            }
        }
        let aws = aws.with_object("failures/late/notes.txt", "a person's");
        expected.sort();
        let shown = |part: &[(String, u64)]| -> Vec<String> {
            part.iter().map(|(item, number)| format!("{} {number}", &item[..5])).collect()
        };
        assert_eq!(listed(&aws, Items::default()).await, shown(&expected));
        let (after, until) = (expected[0].0.clone(), expected[6].0.clone());
        let between = Items { after: Some(after), until: Some(until) };
        assert_eq!(listed(&aws, between).await, shown(&expected[3..9]));
    }

    #[tokio::test]
    async fn a_late_version_behind_a_delete_marker_is_still_listed() {
        let aws = FakeStore::default();
        let change = change("a", 9, "REMOVE");
        keep(&store(&aws), "failures/late/", &change).await.unwrap();
        aws.expire("", 61, chrono::TimeDelta::zero());
        assert_eq!(aws.keys(), Vec::<String>::new());
        assert_eq!(listed(&aws, Items::default()).await.len(), 1);
        // A repeated replay puts it once more.
        keep(&store(&aws), "failures/late/", &change).await.unwrap();
        assert_eq!(listed(&aws, Items::default()).await.len(), 1);
    }
}
