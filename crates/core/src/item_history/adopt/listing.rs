//! Lists the objects of the old bucket, each with its versions and delete markers.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use chrono::{DateTime, Utc};
use futures::{Stream, TryStreamExt as _, stream};

use crate::aws::failure::AwsFailure;
use crate::clock::utc;
use crate::item_history::store::Store;

/// An object of the old bucket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Object {
    pub(super) key: String,
    /// The newest first.
    pub(super) entries: Vec<Entry>,
}

/// A version or a delete marker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) put_at: DateTime<Utc>,
    pub(super) is_deletion: bool,
    pub(super) is_latest: bool,
}

/// The start of the next page, and the entries of the object that may continue there.
#[derive(Default)]
struct Next {
    key: Option<String>,
    id: Option<String>,
    begun: BTreeMap<String, Vec<Entry>>,
}

/// Lists the objects after the key `after`, in key order. Memory holds one page and all entries of one object.
pub(super) fn objects(
    old: &Store,
    after: Option<String>,
) -> impl Stream<Item = Result<Object, AwsFailure>> + Send + '_ {
    let first = Next { key: after, ..Next::default() };
    let pages = stream::try_unfold(Some(first), move |next| async move {
        let Some(Next { key, id, begun: mut found }) = next else { return Ok::<_, AwsFailure>(None) };
        let page = page(old, &old.prefix, key, id).await?;
        let next = (page.is_truncated == Some(true))
            .then(|| (page.next_key_marker.clone(), page.next_version_id_marker.clone()));
        for entry in entries(page) {
            found.entry(entry.key.clone()).or_default().push(entry);
        }
        let next = next.map(|(key, id)| {
            let begun = found.pop_last().into_iter().collect();
            Next { key, id, begun }
        });
        let whole = found.into_iter().map(|(key, entries)| Ok(Object { key, entries: in_order(entries) }));
        Ok(Some((stream::iter(whole), next)))
    });
    pages.try_flatten()
}

/// Returns the entries of the object with this key, the newest first.
pub(super) async fn of_key(old: &Store, key: &str) -> Result<Vec<Entry>, AwsFailure> {
    let (mut found, mut at) = (Vec::new(), (None, None));
    loop {
        let page = page(old, key, at.0, at.1).await?;
        let next = (page.is_truncated == Some(true))
            .then(|| (page.next_key_marker.clone(), page.next_version_id_marker.clone()));
        let listed = entries(page);
        let is_beyond = listed.iter().any(|entry| entry.key != key);
        found.extend(listed.into_iter().filter(|entry| entry.key == key));
        match next {
            Some(next) if !is_beyond => at = next,
            _ => return Ok(in_order(found)),
        }
    }
}

async fn page(
    old: &Store,
    prefix: &str,
    key: Option<String>,
    id: Option<String>,
) -> Result<ListObjectVersionsOutput, AwsFailure> {
    let list = old.s3.list_object_versions().bucket(&old.bucket).prefix(prefix);
    let list = list.set_key_marker(key).set_version_id_marker(id);
    list.send().await.map_err(AwsFailure::from_call("s3:ListBucketVersions"))
}

fn entries(page: ListObjectVersionsOutput) -> Vec<Entry> {
    let versions = page.versions.unwrap_or_default().into_iter().filter_map(|version| {
        let put_at = utc(&version.last_modified?);
        let (key, id, is_latest) = (version.key?, version.version_id?, version.is_latest == Some(true));
        Some(Entry { key, id, put_at, is_deletion: false, is_latest })
    });
    let markers = page.delete_markers.unwrap_or_default().into_iter().filter_map(|marker| {
        let put_at = utc(&marker.last_modified?);
        let (key, id, is_latest) = (marker.key?, marker.version_id?, marker.is_latest == Some(true));
        Some(Entry { key, id, put_at, is_deletion: true, is_latest })
    });
    versions.chain(markers).collect()
}

/// Sorts entries, the newest first. S3 lists versions and delete markers separately, each in order, and a stable sort
/// merges them. If both have the same time, the version counts as newer unless the marker is current. The order does
/// not depend on where a page ends, so every run gets the same one.
pub(super) fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| Reverse((entry.put_at, entry.is_latest, !entry.is_deletion)));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_by_time() {
        let entry = |id: &str, second, is_deletion, is_latest| Entry {
            key: id.to_owned(),
            id: id.to_owned(),
            put_at: DateTime::from_timestamp(second, 0).unwrap(),
            is_deletion,
            is_latest,
        };
        let order = |entries: Vec<Entry>| -> Vec<String> {
            in_order(entries).into_iter().map(|entry| entry.id).collect()
        };
        let (put, deleted) = (entry("put", 5, false, false), entry("deleted", 5, true, false));
        assert_eq!(order(vec![deleted.clone(), put.clone()]), ["put", "deleted"]);
        let current = Entry { is_latest: true, ..deleted };
        assert_eq!(order(vec![put, current]), ["deleted", "put"]);
        // Each of two objects has an entry that is the latest.
        let one = [entry("c", 3, true, true), entry("b", 2, false, false)];
        let other = [entry("a", 1, false, true)];
        assert_eq!(order(other.into_iter().chain(one).collect()), ["c", "b", "a"]);
    }
}
