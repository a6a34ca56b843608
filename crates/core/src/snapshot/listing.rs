//! Lists the keys of a shard in order, with the candidates for the current version of each.
//!
//! For a second long ago, all versions are listed. For a recent second, only current versions are listed. Those older
//! than the second were current at the second. For the others, the versions of that key alone are listed. A snapshot of
//! now therefore costs the same however long the history is.

use std::pin::pin;

use aws_sdk_s3::primitives::DateTime as SdkDateTime;
use futures::{Stream, TryStreamExt};
use tokio::sync::OnceCell;

use super::as_of::{AsOfError, AsOfReader};
use super::history::{Listed, VersionCandidates};
use crate::aws::failure::AwsFailure;
use crate::clock::utc;
use crate::error_name::ErrorName;
use crate::item_history::Items;
use crate::item_history::late;
use crate::item_history::late::Late;

/// A key and its candidate versions.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) key: String,
    /// `None` if the versions are not listed yet.
    pub(super) versions: Option<VersionCandidates>,
    /// Late versions, in the order of their changes.
    pub(super) late: Vec<Listed>,
}

impl Candidate {
    fn new(key: String, versions: Option<VersionCandidates>) -> Candidate {
        Candidate { key, versions, late: Vec::new() }
    }
}

/// A range of keys: after one and up to the other. Without a bound, it reaches to the first or last key under the
/// prefix.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Bounds {
    pub(super) after: Option<String>,
    pub(super) until: Option<String>,
}

impl Bounds {
    fn is_beyond(&self, key: &str) -> bool {
        self.until.as_deref().is_some_and(|until| key > until)
    }

    fn is_before(&self, key: &str) -> bool {
        self.after.as_deref().is_some_and(|after| key <= after)
    }
}

/// The position at which a list continues.
#[derive(Debug, Default)]
struct Marker {
    key: Option<String>,
    id: Option<String>,
    /// S3's continuation token, for a list of objects whose last page had no key.
    token: Option<String>,
}

/// A list in progress.
#[derive(Debug)]
pub(super) struct Listing<'a> {
    reader: &'a AsOfReader<'a>,
    bounds: Bounds,
    all_versions: bool,
    marker: Marker,
    /// The key whose versions are still being listed.
    open: Option<(String, VersionCandidates)>,
    /// The key whose older versions were skipped.
    passed: Option<String>,
    ended: bool,
    /// The key up to which late versions were added.
    reached: Option<String>,
    /// Whether the range has late versions; `None` before the first check.
    has_late: Option<bool>,
}

impl<'a> Listing<'a> {
    /// Returns a list of all versions, or only of the current ones.
    pub(super) fn new(reader: &'a AsOfReader<'a>, bounds: Bounds, all_versions: bool) -> Listing<'a> {
        let marker = Marker { key: bounds.after.clone(), ..Marker::default() };
        let reached = bounds.after.clone();
        Listing {
            reader,
            bounds,
            all_versions,
            marker,
            open: None,
            passed: None,
            ended: false,
            reached,
            has_late: None,
        }
    }

    /// Returns the keys of the next page; `None` at the end.
    pub(super) async fn page(&mut self) -> Result<Option<Vec<Candidate>>, AsOfError> {
        if self.ended {
            return Ok(None);
        }
        let candidates = match self.all_versions {
            true => self.page_of_versions().await?,
            false => self.page_of_objects().await?,
        };
        self.with_late(candidates).await.map(Some)
    }

    /// Adds the late versions up to the last of these keys, or to the end. Usually there are none, and a single check
    /// finds that out.
    async fn with_late(&mut self, mut candidates: Vec<Candidate>) -> Result<Vec<Candidate>, AsOfError> {
        let has_late = match self.has_late {
            Some(has_late) => has_late,
            None => {
                let mut all = pin!(late_between(self.reader, &self.bounds));
                all.try_next().await?.is_some()
            }
        };
        self.has_late = Some(has_late);
        let until = match self.ended {
            true => self.bounds.until.clone(),
            false => candidates.last().map(|last| last.key.clone()),
        };
        if !has_late || (until.is_none() && !self.ended) {
            return Ok(candidates);
        }
        let range = Bounds { after: std::mem::replace(&mut self.reached, until.clone()), until };
        let mut late = pin!(late_between(self.reader, &range));
        while let Some((key, version)) = late.try_next().await? {
            let index = candidates.partition_point(|candidate| candidate.key < key);
            // If the object has no version left, its last one was a deletion of a much earlier second.
            if let Some(candidate) = candidates.get_mut(index).filter(|candidate| candidate.key == key) {
                candidate.late.push(version);
            }
        }
        Ok(candidates)
    }

    async fn page_of_objects(&mut self) -> Result<Vec<Candidate>, AsOfError> {
        const LIST: &str = "s3:ListBucket";
        let list = self.reader.s3.list_objects_v2().bucket(&self.reader.items.bucket);
        let list = list.prefix(&self.reader.items.prefix);
        // A page continues after its last key, because the next call does not have S3's token. Over delete markers a
        // page may have no key at all, and then only the token continues the list.
        let list = match self.marker.token.take() {
            Some(token) => list.continuation_token(token),
            None => list.set_start_after(self.marker.key.clone()),
        };
        let page = list.send().await;
        let page = page.map_err(AwsFailure::from_call(LIST))?;
        let truncated = page.is_truncated == Some(true);
        let mut candidates = Vec::new();
        let objects = page.contents.unwrap_or_default();
        if objects.is_empty() {
            self.marker.token = page.next_continuation_token;
        }
        for object in objects {
            let listed = listed(LIST, object.key, None, object.e_tag, object.size, object.last_modified)?;
            self.marker.key = Some(listed.key.clone());
            if self.bounds.is_beyond(&listed.key) {
                self.ended = true;
                break;
            }
            if self.bounds.is_before(&listed.key) || !self.reader.is_of_an_item(&listed.key, true)? {
                continue;
            }
            let key = listed.key.clone();
            let versions = listed.is_surely_of(self.reader.at).then(|| VersionCandidates::new(listed));
            candidates.push(Candidate::new(key, versions));
        }
        self.ended |= !truncated;
        Ok(candidates)
    }

    async fn page_of_versions(&mut self) -> Result<Vec<Candidate>, AsOfError> {
        let mut candidates = Vec::new();
        let (versions, next) = versions(self.reader, &self.reader.items.prefix, &self.marker).await?;
        for (listed, is_latest) in versions {
            if self.bounds.is_beyond(&listed.key) {
                self.ended = true;
                break;
            }
            if self.bounds.is_before(&listed.key) || !self.reader.is_of_an_item(&listed.key, is_latest)? {
                continue;
            }
            if self.open.as_ref().is_none_or(|(key, _)| *key != listed.key) {
                let opened = (listed.key.clone(), VersionCandidates::default());
                candidates.extend(self.open.replace(opened).map(of_open));
            }
            if let Some((_, gathered)) = &mut self.open {
                gathered.take(self.reader, listed).await?;
            }
        }
        match next {
            Some(Marker { key: Some(key), .. }) if self.bounds.is_beyond(&key) => self.ended = true,
            Some(next) => self.marker = self.passing(next),
            None => self.ended = true,
        }
        if self.ended {
            candidates.extend(self.open.take().map(of_open));
        }
        Ok(candidates)
    }

    /// Skips the remaining versions of a decided key: a key marker without a version ID does so.
    fn passing(&mut self, next: Marker) -> Marker {
        let decided = self.open.as_ref().filter(|(_, gathered)| gathered.is_decided()).map(|(key, _)| key);
        match decided {
            Some(key) if next.key.as_ref() == Some(key) && self.passed.as_ref() != Some(key) => {
                self.passed = Some(key.clone());
                Marker { key: Some(key.clone()), ..Marker::default() }
            }
            _ => next,
        }
    }
}

fn of_open((key, gathered): (String, VersionCandidates)) -> Candidate {
    Candidate::new(key, Some(gathered))
}

/// Lists the late versions of the items in a range of keys, each with the key of the item's object.
fn late_between<'f>(
    reader: &'f AsOfReader<'_>,
    bounds: &Bounds,
) -> impl Stream<Item = Result<(String, Listed), AsOfError>> + Send + use<'f> {
    let Items { bucket, prefix, .. } = reader.items;
    let relative = |key: &String| key.strip_prefix(prefix.as_str()).unwrap_or(key).to_owned();
    let range = late::Items {
        after: bounds.after.as_ref().map(relative),
        until: bounds.until.as_ref().map(relative),
    };
    late::list(reader.s3, bucket, reader.items.late_prefix(), range).map_err(AsOfError::from).map_ok(
        move |late| {
            let Late { key, object, id, etag, size, put_at } = late;
            let listed = Listed { key: object, id: Some(id), etag, size, put_at, head: OnceCell::new() };
            (format!("{prefix}{}", key.item), listed)
        },
    )
}

/// Returns the late versions of one key.
pub(super) async fn late_of(reader: &AsOfReader<'_>, key: &str) -> Result<Vec<Listed>, AsOfError> {
    // The key without its last letter sorts before the key. Other keys in between are filtered out.
    let after = key.get(..key.len().saturating_sub(1)).map(str::to_owned);
    let bounds = Bounds { after, until: Some(key.to_owned()) };
    let of_key = late_between(reader, &bounds).try_filter(|(of, _)| std::future::ready(of == key));
    of_key.map_ok(|(_, version)| version).try_collect().await
}

/// Returns the candidates of one key. Stops listing when the key is decided.
pub(super) async fn of_key(reader: &AsOfReader<'_>, key: &str) -> Result<VersionCandidates, AsOfError> {
    let mut gathered = VersionCandidates::default();
    let mut marker = Marker::default();
    loop {
        let (versions, next) = versions(reader, key, &marker).await?;
        for (listed, _) in versions {
            if listed.key == key {
                gathered.take(reader, listed).await?;
            }
        }
        match next {
            Some(next) if !gathered.is_decided() => marker = next,
            _ => return Ok(gathered),
        }
    }
}

/// Returns a page of versions, each with whether it is the newest of its key, and the position of the next page. Leaves
/// out delete markers: the lifecycle rule puts them, and the tombstone behind one has the time of the deletion.
async fn versions(
    reader: &AsOfReader<'_>,
    prefix: &str,
    marker: &Marker,
) -> Result<(Vec<(Listed, bool)>, Option<Marker>), AsOfError> {
    const LIST: &str = "s3:ListBucketVersions";
    let list = reader.s3.list_object_versions().bucket(&reader.items.bucket).prefix(prefix);
    let list = list.set_key_marker(marker.key.clone()).set_version_id_marker(marker.id.clone());
    let page = list.send().await.map_err(AwsFailure::from_call(LIST))?;
    let next = Marker { key: page.next_key_marker, id: page.next_version_id_marker, token: None };
    let next = (page.is_truncated == Some(true)).then_some(next);
    let versions = page.versions.unwrap_or_default().into_iter().map(|version| {
        let size = version.size;
        let is_latest = version.is_latest == Some(true);
        let modified = version.last_modified;
        listed(LIST, version.key, version.version_id, version.e_tag, size, modified)
            .map(|listed| (listed, is_latest))
    });
    Ok((versions.collect::<Result<_, _>>()?, next))
}

fn listed(
    action: &'static str,
    key: Option<String>,
    id: Option<String>,
    etag: Option<String>,
    size: Option<i64>,
    put_at: Option<SdkDateTime>,
) -> Result<Listed, AwsFailure> {
    let incomplete = || {
        AwsFailure::new(
            action,
            ErrorName::ServiceUnavailable,
            "S3 returned an object without a key, ETag, size or time".to_owned(),
        )
    };
    let put_at = put_at.as_ref().map(utc);
    let size = size.and_then(|size| u64::try_from(size).ok());
    match (key, etag, size, put_at) {
        (Some(key), Some(etag), Some(size), Some(put_at)) => {
            Ok(Listed { key, id, etag, size, put_at, head: OnceCell::new() })
        }
        _ => Err(incomplete()),
    }
}
