mod directories;
mod objects;
mod uploads;

use super::*;
use crate::testing::fake_store::{FakeStore, Fault};

fn tag(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

/// Returns files under a prefix of a bucket, with clients that retry.
fn in_bucket(store: &FakeStore) -> Files {
    Files::S3(S3Files {
        s3: store.patient_clients().s3(),
        bucket: "bucket".to_owned(),
        prefix: "exports/".to_owned(),
        tags: vec![tag("TableName", "orders"), tag("Fre quency", "Daily & \u{fc}/=")],
    })
}

/// Returns bytes that differ from position to position.
fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = (0..251).collect::<Vec<u8>>().repeat(length / 251 + 1);
    bytes.truncate(length);
    bytes
}

#[test]
fn locations_are_formatted_for_people() {
    assert_eq!(in_bucket(&FakeStore::default()).location("a/b.json"), "s3://bucket/exports/a/b.json");
    assert_eq!(Files::Directory("/exports".into()).location("a/b.json"), "/exports/a/b.json");
}

#[test]
fn file_matches_by_size_and_known_etag() {
    let file = StoredFile { key: "a".to_owned(), size: 3, etag: "e".to_owned() };
    assert!(file.is(3, "e") && !file.is(3, "f") && !file.is(4, "e"));
    let listed = StoredFile { etag: String::new(), ..file };
    assert!(listed.is(3, "e") && !listed.is(4, "e"));
}
