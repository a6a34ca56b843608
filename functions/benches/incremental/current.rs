//! A bucket with the incremental backup of a large table. Its objects are generated when they are requested.

use std::sync::Mutex;

use hyper::Method;
use hyper::header::HeaderValue;
use tablekeeper_core::item_history::sequence_number::SequenceNumber;
use tablekeeper_core::item_history::version::{body_of_item, object_key};

use crate::server::{Bucket, Call, HttpResponse, XML, refused, reply};

/// Prefix of all keys.
pub(crate) const PREFIX: &str = "items/";
/// Number of keys on a page (API reference, ListObjectsV2).
const A_PAGE: usize = 1_000;
/// Time of the objects, long before the second of the snapshot.
const PUT_AT: &str = "2026-01-02T03:04:05.000Z";
const HAPPENED_AT: &str = "2026-01-02T03:04:04Z";
const SEQUENCE_NUMBER: &str = "100000000000000000001";

/// A bucket with the backup of a large table.
#[derive(Default)]
pub(crate) struct Current(Mutex<Vec<([u8; 32], usize)>>);

impl Current {
    /// Has this many objects from now on.
    pub(crate) fn hold(&self, objects: usize) {
        let mut all: Vec<_> = (0..objects).map(|number| (hash_of(&key_of(number)), number)).collect();
        all.sort_unstable();
        *self.0.lock().unwrap() = all;
    }

    /// Returns the size of an item, in bytes of DynamoDB JSON.
    pub(crate) fn bytes_an_item() -> usize {
        item(0).len()
    }
}

/// Returns the hash in a key. Only keys of objects are requested.
fn hash_of(key: &str) -> [u8; 32] {
    let (_, hash) = key.rsplit_once('/').unwrap();
    std::array::from_fn(|byte| u8::from_str_radix(&hash[2 * byte..2 * byte + 2], 16).unwrap())
}

fn id(number: usize) -> String {
    format!(r#"{{"id":{{"S":"order-{number:09}"}}}}"#)
}

fn key_of(number: usize) -> String {
    object_key(PREFIX, id(number).as_bytes())
}

/// Returns the key of an object with this hash.
fn key_with(hash: &[u8; 32]) -> String {
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{PREFIX}{}/{hash}", &hash[..2])
}

/// Returns an item. All items have the same length.
fn item(number: usize) -> String {
    let digest = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let id = id(number);
    let (customer, pence, sku) = (digest % 2_000_000, digest % 100, digest % 100_000);
    let (month, day, pounds) = (1 + digest % 12, 1 + digest % 28, 1_000 + digest % 9_000);
    format!(
        "{},\"customer\":{{\"S\":\"customer-{customer:07}\"}},\"placedAt\":{{\"S\":\"2025-{month:02}-{day:02}T08:15:00Z\"}},\
         \"total\":{{\"N\":\"{pounds}.{pence:02}\"}},\"paid\":{{\"BOOL\":true}},\"coupon\":{{\"NULL\":true}},\
         \"lines\":{{\"L\":[{{\"M\":{{\"sku\":{{\"S\":\"SKU-{sku:05}\"}},\"quantity\":{{\"N\":\"1\"}}}}}}]}},\
         \"city\":{{\"S\":\"Göteborg\"}}}}",
        id.strip_suffix('}').unwrap()
    )
}

/// Returns an ETag that is unique to the object.
fn etag(number: usize) -> String {
    format!("\"{number:032x}\"")
}

impl Bucket for Current {
    fn response(&self, call: &Call) -> HttpResponse {
        let objects = self.0.lock().unwrap();
        let sequence_number = SequenceNumber::parse(SEQUENCE_NUMBER).unwrap();
        if call.method == Method::GET && call.query.contains_key("list-type") {
            assert_eq!(call.query["prefix"], PREFIX);
            let after = call.query.get("start-after").map(String::as_str).unwrap_or_default();
            let (size, from) = (
                body_of_item(item(0).as_bytes(), &sequence_number).len(),
                objects.partition_point(|(hash, _)| key_with(hash).as_str() <= after),
            );
            let until = objects.len().min(from + A_PAGE);
            let contents = objects[from..until].iter().map(|(hash, number)| {
                let (key, etag) = (key_with(hash), etag(*number).replace('"', "&quot;"));
                format!(
                    "<Contents><Key>{key}</Key><LastModified>{PUT_AT}</LastModified><ETag>{etag}</ETag>\
                     <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
                )
            });
            let (contents, truncated) = (contents.collect::<String>(), until < objects.len());
            let response = format!(
                "<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{contents}</ListBucketResult>"
            );
            return reply(XML, response.into());
        }
        if call.method == Method::GET && call.query.contains_key("versions") {
            assert_eq!(
                call.query["prefix"], "failures/late/",
                "late versions alone are listed, and there are none"
            );
            return reply(
                XML,
                "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>".into(),
            );
        }
        assert!([Method::GET, Method::HEAD].contains(&call.method), "{} is only read", call.key);
        if call.key.ends_with("/coverage.json") {
            return refused("NoSuchKey");
        }
        let hash = hash_of(&call.key);
        let Ok(index) = objects.binary_search_by(|(other, _)| other.cmp(&hash)) else {
            return refused("NoSuchKey");
        };
        let (_, number) = objects[index];
        if call.header("if-match").is_some_and(|wanted| wanted != etag(number)) {
            return refused("PreconditionFailed");
        }
        let mut response = reply("application/json", body_of_item(item(number).as_bytes(), &sequence_number));
        let item_key = format!("%7B%22id%22%3A%7B%22S%22%3A%22order%2D{number:09}%22%7D%7D");
        let headers = [
            ("etag", etag(number).as_str()),
            ("x-amz-meta-sequence-number", SEQUENCE_NUMBER),
            ("x-amz-meta-event-time", HAPPENED_AT),
            ("x-amz-meta-event-name", "MODIFY"),
            ("x-amz-meta-item-key", item_key.as_str()),
        ]
        .map(|(name, value)| (name, HeaderValue::from_str(value).unwrap()));
        response
            .headers_mut()
            .extend(headers.map(|(name, value)| (hyper::header::HeaderName::from_static(name), value)));
        response
    }
}
