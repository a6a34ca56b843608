mod directories;
mod objects;
mod uploads;

use super::*;
use crate::testing::fake_store::{FakeStore, Fault};

fn tag(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

/// The files of a bucket's folder, with clients that repeat calls.
fn in_bucket(store: &FakeStore) -> Files {
    Files::S3(S3Files {
        s3: store.patient_clients().s3(),
        bucket: "bucket".to_owned(),
        prefix: "exports/".to_owned(),
        tags: vec![tag("TableName", "orders"), tag("Fre quency", "Daily & \u{fc}/=")],
    })
}

/// Bytes that differ from place to place.
fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = (0..251).collect::<Vec<u8>>().repeat(length / 251 + 1);
    bytes.truncate(length);
    bytes
}

#[test]
fn places_are_told_for_people() {
    assert_eq!(in_bucket(&FakeStore::default()).location("a/b.json"), "s3://bucket/exports/a/b.json");
    assert_eq!(Files::Directory("/exports".into()).location("a/b.json"), "/exports/a/b.json");
}

#[test]
fn a_file_is_the_one_of_its_size_and_of_its_etag_where_that_is_known() {
    let file = StoredFile { key: "a".to_owned(), size: 3, etag: "e".to_owned() };
    assert!(file.is(3, "e") && !file.is(3, "f") && !file.is(4, "e"));
    let listed = StoredFile { etag: String::new(), ..file };
    assert!(listed.is(3, "e") && !listed.is(4, "e"));
}
