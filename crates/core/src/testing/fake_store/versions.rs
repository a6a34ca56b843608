//! Versions of objects in a bucket with versioning.
//!
//! These properties of S3 are relied on (user guide, "Listing objects in a versioning-enabled bucket"; API reference,
//! ListObjectVersions):
//!
//! - Keys are sorted by their bytes, and the versions of a key begin with the newest.
//! - A page may end between the versions of a key.
//! - A key marker alone skips all versions of its key.
//! - Times are in whole seconds.

use std::fmt::Write;
use std::ops::Bound;

use chrono::{DateTime, Utc};

use super::objects::Request;
use super::{FakeStore, Object, Response, State};

/// A version of an object.
#[derive(Clone, Debug)]
pub struct Version {
    /// Id of the version.
    pub id: String,
    /// Time at which the version was put.
    pub put_at: DateTime<Utc>,
    /// Object of the version; `None` for a delete marker.
    pub object: Option<Object>,
}

/// Formats a time as S3 lists it.
pub(super) fn listed(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// Formats a time for a header of S3.
pub(super) fn header(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

impl FakeStore {
    /// Sets the time of the versions that are put from now on.
    pub fn at(&self, now: DateTime<Utc>) {
        self.state().now = now;
    }

    /// Puts delete markers over old, small objects, as a lifecycle rule does. It selects current versions with this
    /// prefix that have at most `most_bytes` bytes and are at least `age` old.
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

    /// Deletes versions with this prefix that have been noncurrent for at least `age`, as a lifecycle rule does.
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

    /// Returns the current version of a key, which may be a delete marker.
    pub(super) fn current(&self, key: &str) -> Option<&Version> {
        self.versions.get(key)?.last()
    }

    pub(super) fn version(&self, key: &str, id: &str) -> Option<&Version> {
        self.versions.get(key)?.iter().find(|version| version.id == id)
    }

    pub(super) fn list_versions(&self, request: &Request) -> Response {
        let prefix = request.query("prefix");
        let (key_marker, version_marker) = (request.query("key-marker"), request.query("version-id-marker"));
        if key_marker.is_empty() && !version_marker.is_empty() {
            return Response::s3(400, "InvalidArgument");
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
        Response::ok(body + "</ListVersionsResult>")
    }
}
