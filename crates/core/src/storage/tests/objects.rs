use super::*;

fn failure(error: FilesError) -> (ErrorName, String) {
    (error.name(), error.to_string())
}

#[tokio::test]
async fn put_object_has_its_tags_and_content_type() {
    let store = FakeStore::default();
    let files = in_bucket(&store);
    for (key, content_type) in [
        ("a/b.json", "application/json"),
        ("a/b.json.gz", "application/gzip"),
        ("a/b.json.zst", "application/zstd"),
        ("a/b.md5", "text/plain"),
        ("a/manifest", "application/json"),
        ("b.c/d", "application/octet-stream"),
    ] {
        let stored = files.put(key, key.into()).await.unwrap();
        assert_eq!(files.get(key).await.unwrap().unwrap(), key);
        let object = store.state().objects[&format!("exports/{key}")].clone();
        assert_eq!(object.content_type, content_type, "{key}");
        assert_eq!(object.tags, [tag("TableName", "orders"), tag("Fre quency", "Daily & \u{fc}/=")].into());
        assert_eq!((stored.size, &stored.etag), (key.len() as u64, &object.etag));
        assert!(!stored.etag.contains('"'));
    }
    files.put("a/b.json", b"new".into()).await.unwrap();
    assert_eq!(store.text("exports/a/b.json").unwrap(), "new");
    assert_eq!(files.get("a/c.json").await.unwrap(), None);
    assert!(files.open("a/c.json").await.unwrap().is_none());
}

#[tokio::test]
async fn transient_failure_of_a_call_is_retried() {
    let store = FakeStore::default();
    for number in 0..2 {
        store.fail_action("s3:PutObject", number, Fault::Refused(503, "SlowDown"));
    }
    in_bucket(&store).put("a.json", b"body".into()).await.unwrap();
    assert_eq!((store.count("s3:PutObject"), store.text("exports/a.json").unwrap()), (3, "body".to_owned()));
}

#[tokio::test]
async fn new_file_never_replaces_another() {
    let store = FakeStore::default().with_object("exports/a.json", "theirs");
    let files = in_bucket(&store);
    assert!(!files.put_new("a.json", b"mine".into()).await.unwrap());
    assert_eq!(store.text("exports/a.json").unwrap(), "theirs");
    assert!(files.put_new("b.json", b"mine".into()).await.unwrap());
    assert!(files.put_new("b.json", b"mine".into()).await.unwrap(), "an earlier call wrote the same file");
    assert_eq!(store.state().objects["exports/b.json"].tags["TableName"], "orders");
}

#[tokio::test]
async fn new_file_is_recognized_after_a_lost_response() {
    let store = FakeStore::default();
    store.fail_action("s3:PutObject", 0, Fault::Lost);
    assert!(in_bucket(&store).put_new("a.json", b"mine".into()).await.unwrap());
    assert_eq!(store.count("s3:PutObject"), 2);
}

#[tokio::test]
async fn new_file_is_retried_after_the_existing_one_was_deleted() {
    let store = FakeStore::default();
    store.fail_action("s3:PutObject", 0, Fault::Refused(412, "PreconditionFailed"));
    assert!(in_bucket(&store).put_new("a.json", b"mine".into()).await.unwrap());
    assert_eq!(store.text("exports/a.json").unwrap(), "mine");
}

#[tokio::test]
async fn conflict_of_new_files_is_retried_a_few_times() {
    let store = FakeStore::default();
    store.fail_action("s3:PutObject", 0, Fault::Refused(409, "ConditionalRequestConflict"));
    let files = in_bucket(&store);
    assert!(files.put_new("a.json", b"mine".into()).await.unwrap());
    for number in 0..5 {
        store.fail_action("s3:PutObject", number, Fault::Refused(409, "ConditionalRequestConflict"));
    }
    let (name, message) = failure(files.put_new("b.json", b"mine".into()).await.unwrap_err());
    assert_eq!(name, ErrorName::ResourceBusy);
    assert_eq!(message, "s3:PutObject failed: ConditionalRequestConflict: so AWS says");
}

#[tokio::test]
async fn broken_body_is_resumed() {
    let body = bytes(100);
    let store = FakeStore::default().with_object("exports/a.json", body.clone());
    // The second response has no bytes, the third only a few.
    for (number, length) in [(0, 10), (1, 0), (2, 1), (3, 0)] {
        store.fail_action("s3:GetObject", number, Fault::Broken(length));
    }
    assert_eq!(in_bucket(&store).get("a.json").await.unwrap().unwrap(), body);
    assert_eq!(store.count("s3:GetObject"), 5);
}

#[tokio::test]
async fn repeatedly_broken_body_is_an_error() {
    let store = FakeStore::default().with_object("exports/a.json", bytes(100));
    for number in 0..5 {
        store.fail_action("s3:GetObject", number, Fault::Broken(if number == 0 { 7 } else { 0 }));
    }
    let (name, message) = failure(in_bucket(&store).get("a.json").await.unwrap_err());
    assert_eq!(name, ErrorName::ServiceUnavailable);
    let start = "s3:GetObject failed: s3://bucket/exports/a.json broke off after 7 of 100 bytes: ";
    assert!(message.starts_with(start) && message.contains("the connection was reset"), "{message}");
    assert_eq!(store.count("s3:GetObject"), 5);
}

#[tokio::test]
async fn changed_file_is_never_read_in_part() {
    let store = FakeStore::default().with_object("exports/a.json", bytes(100));
    store.fail_action("s3:GetObject", 0, Fault::Broken(7));
    let mut reading = in_bucket(&store).open("a.json").await.unwrap().unwrap();
    assert_eq!(reading.next().await.unwrap().unwrap(), bytes(7));
    let store = store.with_object("exports/a.json", "new");
    let (name, message) = failure(reading.next().await.unwrap_err());
    assert_eq!(name, ErrorName::ImportChanged);
    assert_eq!(message, "s3://bucket/exports/a.json was replaced while it was being read");
    // A file that is read whole is read again from its beginning.
    store.fail_action("s3:GetObject", 0, Fault::Broken(1));
    store.fail_action("s3:GetObject", 1, Fault::Refused(412, "PreconditionFailed"));
    assert_eq!(in_bucket(&store).get("a.json").await.unwrap().unwrap(), "new");
}

#[tokio::test]
async fn every_page_below_the_prefix_is_listed() {
    let keys = ["exports/a/1", "exports/a/2", "exports/b/3", "exports/c/4", "exports/c/5", "other/a/1"];
    for page in 1..=6 {
        let store = keys.iter().fold(FakeStore::default(), |store, key| store.with_object(key, *key));
        store.state().page_of_list = page;
        let files = in_bucket(&store);
        let listed = files.list("").await.unwrap();
        let listed_keys: Vec<_> = listed.iter().map(|file| file.key.as_str()).collect();
        assert_eq!(listed_keys, ["a/1", "a/2", "b/3", "c/4", "c/5"]);
        assert_eq!(store.count("s3:ListObjectsV2"), 5_usize.div_ceil(page));
        let object = store.state().objects["exports/a/1"].clone();
        assert!(listed[0].is(11, &object.etag) && !object.etag.is_empty());
        assert_eq!(files.list("c/").await.unwrap().len(), 2);
        assert_eq!(files.list("d/").await.unwrap(), []);
    }
}

#[tokio::test]
async fn refusals_have_actions_and_error_names() {
    let store = FakeStore::default();
    let files = in_bucket(&store);
    for action in ["s3:PutObject", "s3:GetObject", "s3:ListObjectsV2", "s3:ListMultipartUploads"] {
        store.fail_action(action, 0, Fault::Refused(403, "AccessDenied"));
    }
    let refused = [
        files.put("a", Vec::new()).await.map(drop),
        files.get("a").await.map(drop),
        files.list("a").await.map(drop),
        files.abort_uploads("a").await.map(drop),
    ];
    let actions = ["s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:ListBucketMultipartUploads"];
    for (refused, action) in refused.into_iter().zip(actions) {
        let message = format!("{action} failed: AccessDenied: so AWS says");
        assert_eq!(failure(refused.unwrap_err()), (ErrorName::AccessDenied, message));
    }
}

#[tokio::test]
async fn a_part_of_a_file_is_read() {
    let store = FakeStore::default();
    let directory = tempfile::tempdir().unwrap();
    for files in [in_bucket(&store), Files::Directory(directory.path().to_owned())] {
        files.put("a.run", bytes(1_000)).await.unwrap();
        for (range, length) in
            [(0..1, 1), (10..300, 290), (990..1_000, 10), (990..2_000, 10), (1_000..1_001, 0)]
        {
            let part = files.slice("a.run", range.clone()).await.unwrap().unwrap();
            let from = range.start as usize;
            assert_eq!(part, &bytes(1_000)[from..from + length], "{range:?}");
        }
        assert_eq!(files.slice("b.run", 0..1).await.unwrap(), None);
    }
    store.fail_action("s3:GetObject", 0, Fault::Broken(3));
    assert_eq!(in_bucket(&store).slice("a.run", 0..9).await.unwrap().unwrap(), &bytes(9)[..]);
}
