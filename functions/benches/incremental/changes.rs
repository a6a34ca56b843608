//! A bucket for the changes of a stream. It checks the conditions of requests as S3 does, and counts the requests.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{Method, StatusCode};
use md5::{Digest as _, Md5};
use serde_json::Value;
use tablekeeper_core::item_history::sequence_number::SequenceNumber;
use tablekeeper_core::item_history::version::{body_of_item, body_of_tombstone};

use crate::records::{Before, Expected};
use crate::server::{Bucket, Call, HttpResponse, refused, tagged};

const SEQUENCE_NUMBER: &str = "x-amz-meta-sequence-number";

/// A bucket with the changes of a stream.
#[derive(Default)]
pub(crate) struct Changes {
    objects: Mutex<HashMap<String, Object>>,
    /// Whether a key that was never written to has an object, from an earlier change.
    existed_before: AtomicBool,
    puts: AtomicUsize,
    heads: AtomicUsize,
    deletions: AtomicUsize,
}

/// The current version of an object.
#[derive(Clone)]
struct Object {
    etag: String,
    body: Bytes,
    sequence_number: String,
}

/// Counts of requests.
#[derive(Debug)]
pub(crate) struct Requests {
    /// Number of versions that were written.
    pub(crate) puts: usize,
    /// Number of HEAD requests.
    pub(crate) heads: usize,
    /// Number of DELETE requests.
    pub(crate) deletions: usize,
}

impl Changes {
    /// Forgets everything, and has these objects from now on.
    pub(crate) fn begin(&self, before: Before) {
        self.objects.lock().unwrap().clear();
        self.existed_before.store(before == Before::Existing, Ordering::SeqCst);
        self.requests();
    }

    /// Returns the number of requests since the last call.
    pub(crate) fn requests(&self) -> Requests {
        let count = |counter: &AtomicUsize| counter.swap(0, Ordering::SeqCst);
        Requests { puts: count(&self.puts), heads: count(&self.heads), deletions: count(&self.deletions) }
    }

    /// Fails unless each item's object is what `incremental.stream-backup` writes for its last change.
    pub(crate) fn hold_versions(&self, expected: &Expected) {
        self.hold(expected, |sequence_number, item| {
            let number = SequenceNumber::parse(sequence_number).unwrap();
            let body = match item {
                Some(item) => body_of_item(item.to_string().as_bytes(), &number),
                None => body_of_tombstone(&number),
            };
            Some(move |object: &Object| object.body == body)
        });
    }

    /// Fails unless each item's object is the item, and a deleted item has no object.
    pub(crate) fn hold_items(&self, expected: &Expected) {
        self.hold(expected, |_, item| {
            let item = item.cloned()?;
            Some(move |object: &Object| serde_json::from_slice::<Value>(&object.body).unwrap() == item)
        });
    }

    fn hold<Is: Fn(&Object) -> bool>(
        &self,
        expected: &Expected,
        wanted: impl Fn(&str, Option<&Value>) -> Option<Is>,
    ) {
        let objects = self.objects.lock().unwrap();
        let mut held = 0;
        for (key, (sequence_number, item)) in &expected.last {
            match (wanted(sequence_number, item.as_ref()), objects.get(key)) {
                (None, None) => {}
                (Some(is), Some(object)) => {
                    assert!(is(object), "{key} is {:?}", object.body);
                    assert_eq!(object.sequence_number, *sequence_number, "{key}");
                    held += 1;
                }
                (wanted, object) => {
                    panic!("{key}: wanted is {}, the object is {}", wanted.is_some(), object.is_some());
                }
            }
        }
        assert_eq!(objects.len(), held, "there are no other objects");
    }
}

impl Object {
    fn from_an_earlier_change() -> Object {
        let number = "100000000000000000000";
        let body = body_of_tombstone(&SequenceNumber::parse(number).unwrap());
        Object { etag: etag(&body), body, sequence_number: number.to_owned() }
    }
}

impl Bucket for Changes {
    fn response(&self, call: &Call) -> HttpResponse {
        let mut objects = self.objects.lock().unwrap();
        let before = || self.existed_before.load(Ordering::SeqCst).then(Object::from_an_earlier_change);
        let existing = objects.get(&call.key).cloned().or_else(before);
        match call.method {
            Method::PUT => {
                match (call.header("if-none-match"), call.header("if-match"), &existing) {
                    (Some(_), _, Some(_)) => return refused("PreconditionFailed"),
                    (_, Some(_), None) => return refused("NoSuchKey"),
                    (_, Some(wanted), Some(object)) if wanted.trim_matches('"') != object.etag => {
                        return refused("PreconditionFailed");
                    }
                    _ => {}
                }
                self.puts.fetch_add(1, Ordering::SeqCst);
                let body = call.content();
                let etag = etag(&body);
                let response = tagged(&etag);
                let sequence_number = call.header(SEQUENCE_NUMBER).unwrap().to_owned();
                objects.insert(call.key.clone(), Object { etag, body, sequence_number });
                response
            }
            Method::HEAD => {
                self.heads.fetch_add(1, Ordering::SeqCst);
                let Some(Object { etag, body, sequence_number }) = existing else {
                    return refused("NoSuchKey");
                };
                let mut response = tagged(&etag);
                let metadata = [
                    (SEQUENCE_NUMBER, sequence_number.as_str()),
                    ("x-amz-meta-event-time", "2026-11-20T00:00:00Z"),
                    ("x-amz-meta-event-name", "MODIFY"),
                ];
                for (name, value) in metadata {
                    response.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
                }
                response.headers_mut().insert("content-length", body.len().into());
                response
            }
            Method::DELETE => {
                self.deletions.fetch_add(1, Ordering::SeqCst);
                objects.remove(&call.key);
                let mut response = HttpResponse::default();
                *response.status_mut() = StatusCode::NO_CONTENT;
                response
            }
            _ => panic!("{} {} is not expected", call.method, call.key),
        }
    }
}

/// Returns the ETag that S3 gives an object uploaded in one piece.
fn etag(body: &Bytes) -> String {
    Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}
