//! Late versions: changes that came back when their item had gone on.
//!
//! Lambda may give up a change, which lies in a bucket until somebody replays it. Where the item has changed since, the
//! change cannot become a version of the item's object: S3 orders an object's versions by when they were put, and the
//! newest is current. Without it the history is wrong between the two changes. So it lies beside, as an object of its own
//! whose key says the item and the place among the item's changes, with the body and the metadata that its version would
//! have had ([`super::version`]):
//!
//! `<FailuresPrefix>late/<first two letters of the hash>/<hash>/<stream's label>/<sequence number, 40 digits>`
//!
//! for the table that the stack is of, and with `<table>/` behind `late/` for another ([`super::tables`]).
//!
//! Whoever asks what an item was at a second has to look at its object's versions and at these. A late version may repeat
//! one of the object's versions: whether it is among them is not asked when it is written.
//!
//! A list is of versions, not of current objects. Where `IncrementalPrefix` is empty, the rule that turns deletions into
//! delete markers reaches late tombstones as well; what is behind the marker still counts.

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

/// Behind `FailuresPrefix`, before the keys of late versions. The template's lifecycle rule has it too.
const FOLDER: &str = "late/";
/// How often a late version is put while something else is going on with its object.
const TRIES: usize = 4;

/// Which change a late version is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LateKey {
    /// The key of the item's object without `IncrementalPrefix`: `ab/ab…`, with the 64 letters of a hash.
    pub item: String,
    /// The label of the change's stream.
    pub stream: String,
    /// The change's number in the stream.
    pub sequence_number: SequenceNumber,
}

/// A late version, as S3 lists it. Its time and event are in its metadata.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Late {
    /// Which change it is.
    pub key: LateKey,
    /// The object's key.
    pub object: String,
    /// S3's id of the version.
    pub id: String,
    /// S3's name of its content.
    pub etag: String,
    /// Bytes of its body: those of a tombstone are [`super::version::TOMBSTONE_SIZE`].
    pub size: u64,
    /// When S3 got it.
    pub put_at: DateTime<Utc>,
}

/// The items whose late versions are listed, by their objects' keys without `IncrementalPrefix`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Items {
    /// Only what comes behind this one.
    pub after: Option<String>,
    /// Only what comes up to this one.
    pub until: Option<String>,
}

impl LateKey {
    /// Returns the key of the late version that a change makes: `item` is the key of the item's object without
    /// `IncrementalPrefix`. `None` where the position names no stream, as that of a backfill.
    pub fn new(item: &str, position: &Position) -> Option<LateKey> {
        let stream = position.stream.clone().filter(|stream| !stream.is_empty())?;
        Some(LateKey { item: item.to_owned(), stream, sequence_number: position.sequence_number.clone() })
    }

    /// Reads an object's key; `None` where it is not that of a late version.
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

    /// Returns the key of the object.
    pub fn object(&self, late_prefix: &str) -> String {
        let LateKey { item, stream, sequence_number } = self;
        format!("{late_prefix}{item}/{stream}/{}", sequence_number.padded())
    }
}

/// Returns what stands before the keys of the late versions of a table, whose folder is empty or ends in `/`.
pub fn prefix(failures_prefix: &str, folder: &str) -> String {
    format!("{failures_prefix}{FOLDER}{folder}")
}

/// Keeps a change as a late version, once however often it comes: whether it was not there. Use it where the item's object
/// has a newer version.
pub async fn keep(store: &Store, late_prefix: &str, change: &Change) -> Result<bool, AwsFailure> {
    const PUT: &str = "s3:PutObject";
    let item = change.object.strip_prefix(store.prefix.as_str()).unwrap_or(&change.object);
    let key = LateKey::new(item, &change.version.position);
    let nameless = || {
        let detail = format!("a change of {item} names no stream");
        AwsFailure { action: PUT, name: ErrorName::RequestRefused, detail }
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

/// Lists the late versions of items, those of an item together and in the order of its changes. Other objects in the
/// folder are passed over.
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
            // Behind a delete marker it may have been put again, with the same content.
            if late.object != last {
                last.clone_from(&late.object);
                found.push(Ok(late));
            }
        }
        Ok(Some((stream::iter(found), (next.filter(|_| !ended), late_prefix, items, last))))
    });
    pages.try_flatten()
}

/// The late version that an entry of a list is; `None` where its key is of something else.
fn read(late_prefix: &str, version: ObjectVersion) -> Result<Option<Late>, AwsFailure> {
    let incomplete = || AwsFailure {
        action: "s3:ListBucketVersions",
        name: ErrorName::ServiceUnavailable,
        detail: "it answered a version without its key, id, ETag, size or time".to_owned(),
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
    fn a_key_says_the_item_the_stream_and_the_number() {
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
    async fn a_late_version_is_kept_once_as_its_version_would_have_been() {
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
    async fn the_late_versions_of_a_range_of_items_come_in_order_over_pages() {
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
    async fn a_delete_marker_over_a_late_version_hides_it_from_nobody() {
        let aws = FakeStore::default();
        let change = change("a", 9, "REMOVE");
        keep(&store(&aws), "failures/late/", &change).await.unwrap();
        aws.expire("", 61, chrono::TimeDelta::zero());
        assert_eq!(aws.keys(), Vec::<String>::new());
        assert_eq!(listed(&aws, Items::default()).await.len(), 1);
        // A replay that is repeated then puts it once more.
        keep(&store(&aws), "failures/late/", &change).await.unwrap();
        assert_eq!(listed(&aws, Items::default()).await.len(), 1);
    }
}
