//! Versions of objects, as a bucket that keeps them has them.
//!
//! What is so of S3 and is relied on: keys come in the order of their bytes and the versions of each from the newest on;
//! a page may end within a key's versions; a key marker alone passes over all versions of its key; a time is of whole
//! seconds (user guide, "Listing objects in a versioning-enabled bucket"; API reference, ListObjectVersions).

use std::fmt::Write;
use std::ops::Bound;

use chrono::{DateTime, Utc};

use super::objects::Request;
use super::{Answer, FakeStore, Object, State};

/// A version.
#[derive(Clone, Debug)]
pub struct Version {
    /// The version id.
    pub id: String,
    /// When it was put.
    pub put_at: DateTime<Utc>,
    /// `None` for a delete marker.
    pub object: Option<Object>,
}

/// A time as S3 lists it.
pub(super) fn listed(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// A time as S3 has it in a header.
pub(super) fn header(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

impl FakeStore {
    /// The time of the versions that are put from now on.
    pub fn at(&self, now: DateTime<Utc>) {
        self.state().now = now;
    }

    /// What a lifecycle rule does to the current versions that have no more than so many bytes, are at least so old and
    /// whose keys begin so: it puts delete markers over them.
    pub fn expire(&self, prefix: &str, most_bytes: usize, age: chrono::TimeDelta) {
        let mut state = self.state();
        let old = state.now - age;
        let is_old = |key: &String, object: &Object| {
            let put_at = state.versions.get(key).and_then(|versions| versions.last()).map(|last| last.put_at);
            key.starts_with(prefix) && object.body.len() <= most_bytes && put_at.is_some_and(|at| at <= old)
        };
        let expired: Vec<String> = state
            .objects
            .iter()
            .filter(|(key, object)| is_old(key, object))
            .map(|(key, _)| key.clone())
            .collect();
        for key in expired {
            state.objects.remove(&key);
            state.keep_version(&key, None);
        }
    }

    /// What a lifecycle rule does to the versions whose keys begin so and that have not been current for so long: it
    /// deletes them.
    pub fn forget(&self, prefix: &str, age: chrono::TimeDelta) {
        let mut state = self.state();
        let old = state.now - age;
        for (_, versions) in state.versions.iter_mut().filter(|(key, _)| key.starts_with(prefix)) {
            let replaced_at: Vec<_> = versions.iter().skip(1).map(|next| next.put_at).collect();
            let mut places = 0..;
            versions.retain(|_| {
                let next = places.next().and_then(|place| replaced_at.get(place));
                next.is_none_or(|replaced_at| *replaced_at > old)
            });
        }
    }
}

impl State {
    pub(super) fn keep_version(&mut self, key: &str, object: Option<Object>) -> String {
        let version = Version { id: self.id(), put_at: self.now, object };
        let id = version.id.clone();
        self.versions.entry(key.to_owned()).or_default().push(version);
        id
    }

    /// The current version of a key, be it a delete marker.
    pub(super) fn current(&self, key: &str) -> Option<&Version> {
        self.versions.get(key)?.last()
    }

    pub(super) fn version(&self, key: &str, id: &str) -> Option<&Version> {
        self.versions.get(key)?.iter().find(|version| version.id == id)
    }

    pub(super) fn list_versions(&self, request: &Request) -> Answer {
        let prefix = request.query("prefix");
        let (key_marker, version_marker) = (request.query("key-marker"), request.query("version-id-marker"));
        if key_marker.is_empty() && !version_marker.is_empty() {
            return Answer::s3(400, "InvalidArgument");
        }
        let from = if key_marker < prefix || key_marker.is_empty() { prefix } else { key_marker };
        let keys = self.versions.range::<str, _>((Bound::Included(from), Bound::Unbounded));
        let keys = keys.take_while(|(key, _)| key.starts_with(prefix));
        let mut wanted = keys.flat_map(|(key, versions)| {
            let passed = match (key == key_marker, version_marker) {
                (false, _) => 0,
                (true, "") => versions.len(),
                (true, marker) => {
                    let newest_first = versions.iter().rev();
                    newest_first.clone().take_while(|version| version.id != marker).count() + 1
                }
            };
            versions.iter().rev().enumerate().skip(passed).map(move |(age, version)| (key, age == 0, version))
        });
        let page: Vec<_> = wanted.by_ref().take(self.page()).collect();
        let mut body = String::from("<ListVersionsResult>");
        for (key, is_latest, version) in &page {
            let (id, time) = (&version.id, listed(version.put_at));
            let named = format!(
                "<Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{is_latest}</IsLatest><LastModified>{time}</LastModified>"
            );
            match &version.object {
                Some(object) => {
                    let (size, etag) = (object.body.len(), &object.etag);
                    let content = format!("<Size>{size}</Size><ETag>&quot;{etag}&quot;</ETag>");
                    write!(body, "<Version>{named}{content}</Version>").unwrap();
                }
                None => write!(body, "<DeleteMarker>{named}</DeleteMarker>").unwrap(),
            }
        }
        match (wanted.next(), page.last()) {
            (Some(_), Some((key, _, version))) => {
                let id = &version.id;
                let next = format!(
                    "<NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>{id}</NextVersionIdMarker>"
                );
                write!(body, "<IsTruncated>true</IsTruncated>{next}").unwrap();
            }
            _ => body.push_str("<IsTruncated>false</IsTruncated>"),
        }
        Answer::ok(body + "</ListVersionsResult>")
    }
}
