//! Settings that differ from those of the stack: their location is checked before anything is reported or written.

use serde_json::Value;

use super::support::{Account, item, passed_second, text};
use crate::shell::stack;

#[tokio::test]
async fn a_wrong_prefix_is_not_an_empty_backup() {
    let account = Account::new("460000000005").await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let at = text(passed_second().await);
    let (bucket, snapshots) = (account.store.bucket.clone(), format!("snapshots-{}", account.name));
    let key = r#"{"id":{"S":"1"}}"#;
    let root = format!("the objects under `s3://{bucket}/` are not versions of items (such as `items/");
    let nothing = format!("there are no objects under `s3://{bucket}/item/`, so no item is known; ");
    let right = format!(
        "there are versions under `s3://{bucket}/items/`, where INCREMENTAL_PREFIX (s3.incremental.prefix) is items/"
    );
    for arguments in [
        &["history", "orders", "--key", key][..],
        &["recover", "orders", "--key", key, "--at", &at],
        &["snapshot", "orders", "--at", &at, "--settle", "0"],
        &["history", "gone", "--key", key],
    ] {
        for (prefix, expected) in [("/", &root), ("item", &nothing)] {
            let reported = account.run_with(arguments, &[("INCREMENTAL_PREFIX", prefix)]).await;
            assert_eq!(
                (reported.code, reported.data.as_str()),
                (Some(2), ""),
                "{arguments:?}: {}",
                reported.remarks
            );
            let error = reported.remarks.lines().last().unwrap();
            assert!(error.starts_with(&format!("error: {expected}")), "{error}");
            assert!(error.ends_with(&right), "{error}");
        }
    }
    assert_eq!(account.keys(&snapshots).await, [""; 0], "no folder was begun");
    account.done(&["snapshot", "orders", "--at", &at, "--settle", "0"]).await;

    // For a bucket without versions, the message has the right location.
    let reported =
        account.run_with(&["history", "orders", "--key", key], &[("INCREMENTAL_PREFIX", "a")]).await;
    assert!(reported.remarks.ends_with(&format!("{right}\n")), "{}", reported.remarks);
    let empty = format!("empty-{}", account.name);
    account.s3.create_bucket().bucket(&empty).send().await.unwrap();
    account.version(&empty).await;
    let reported =
        account.run_with(&["history", "orders", "--key", key], &[("INCREMENTAL_BUCKET", &empty)]).await;
    let expected = format!(
        "error: there are no objects under `s3://{empty}/items/`, so no item is known; INCREMENTAL_BUCKET \
         (s3.incremental.bucket) and INCREMENTAL_PREFIX (s3.incremental.prefix) must be ItemBucketName and \
         IncrementalPrefix of the stack that follows the table\n"
    );
    assert_eq!((reported.code, reported.remarks), (Some(2), expected));
}

#[tokio::test]
async fn a_backfill_refuses_a_prefix_with_other_objects() {
    let account = Account::new("460000000006").await;
    account.create("empty", "id", true).await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let bucket = account.store.bucket.clone();
    let before = account.keys(&bucket).await;
    let backfill = ["backfill", "orders"];
    let reported = account.run_with(&backfill, &[("INCREMENTAL_PREFIX", "/")]).await;
    assert_eq!((reported.code, reported.data.as_str()), (Some(2), ""), "{}", reported.remarks);
    let expected =
        format!("error: the objects under `s3://{bucket}/` are not versions of items (such as `items/");
    assert!(reported.remarks.starts_with(&expected), "{}", reported.remarks);
    assert!(reported.remarks.contains("a snapshot of a backup among them would fail"));
    assert_eq!(account.keys(&bucket).await, before);

    // A separate prefix may hold a second backup in the bucket, with a note.
    let reported = account.run_with(&backfill, &[("INCREMENTAL_PREFIX", "second")]).await;
    let expected = format!(
        "note: there are no objects under `s3://{bucket}/second/` yet; there are versions under `s3://{bucket}/items/`"
    );
    assert!(reported.code == Some(0) && reported.remarks.starts_with(&expected), "{}", reported.remarks);
    let reported = account.done(&backfill).await;
    assert!(reported.remarks.starts_with("backfilling orders in"), "{}", reported.remarks);

    // A missing bucket is an error, with or without items.
    for table in ["orders", "empty"] {
        let reported =
            account.run_with(&["backfill", table], &[("INCREMENTAL_BUCKET", "nowhere-at-all")]).await;
        assert_eq!((reported.code, reported.data.as_str()), (Some(1), ""), "{}", reported.remarks);
        let error = reported.remarks.lines().last().unwrap();
        assert!(error.starts_with("error: s3:ListBucketVersions failed: NoSuchBucket: "), "{error}");
        let place = " (bucket nowhere-at-all) (RequestRefused); S3 was called in us-east-1";
        assert!(error.ends_with(place), "{error}");
    }
}

#[tokio::test]
async fn an_incomplete_snapshot_does_not_block_others_of_its_second() {
    let account = Account::new("460000000009").await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    account.create("copy", "id", false).await;
    let at = text(passed_second().await);
    let (name, snapshots) = (at.replace(':', "-"), format!("snapshots-{}", account.name));
    let snapshot = ["snapshot", "orders", "--at", &at, "--settle", "0"];

    // A snapshot of other items does not block this one.
    let other = format!("other-{}", account.name);
    account.s3.create_bucket().bucket(&other).send().await.unwrap();
    account.version(&other).await;
    account.cover(&other).await;
    let backfilled = account.run_with(&["backfill", "orders"], &[("INCREMENTAL_BUCKET", &other)]).await;
    assert_eq!(backfilled.code, Some(0), "{}", backfilled.remarks);
    account.refuse_after("s3:PutObject", 3).await;
    let stopped = account.run_with(&snapshot, &[("INCREMENTAL_BUCKET", &other)]).await;
    assert_eq!(stopped.code, Some(1), "{}", stopped.remarks);
    stack().await.proxy().clear_rules(account.name);
    let first = format!("{name}/export.json");
    let reported = account.done(&[&snapshot[..], &["--json"]].concat()).await;
    let expected = format!(
        "note: s3://{snapshots}/{first} is of the items in `s3://{other}/items/` and is incomplete; it"
    );
    assert!(reported.remarks.starts_with(&expected), "{}", reported.remarks);
    assert_eq!(
        (&reported.json()["snapshot"], &reported.json()["itemCount"]),
        (&Value::from(format!("{name}-2")), &1.into())
    );

    // Nor does a snapshot of an execution.
    let second = format!("{name}-2");
    let document = format!("{second}/export.json");
    let get = account.s3.get_object().bucket(&snapshots).key(&document).send().await.unwrap();
    let body = get.body.collect().await.unwrap().into_bytes();
    let mut begun: Value = serde_json::from_slice(&body).unwrap();
    begun["owner"] = "arn:aws:states:us-east-1:1:execution:snapshot:x".into();
    let body = serde_json::to_vec(&begun).unwrap().into();
    account.s3.put_object().bucket(&snapshots).key(&document).body(body).send().await.unwrap();
    for key in account.keys(&snapshots).await {
        if key.starts_with(&second) && key.ends_with("manifest-summary.json") {
            account.s3.delete_object().bucket(&snapshots).key(key).send().await.unwrap();
        }
    }
    let reported = account.done(&snapshot).await;
    let expected = "was begun by arn:aws:states:us-east-1:1:execution:snapshot:x and is incomplete; it is left unchanged";
    assert!(reported.remarks.contains(expected), "{}", reported.remarks);
    assert!(reported.data.starts_with(&format!("s3://{snapshots}/{name}-3/: 1 item,")), "{}", reported.data);
    let again = account.done(&snapshot).await;
    assert!(
        again.remarks.ends_with(&format!("s3://{snapshots}/{name}-3/ already exists\n")),
        "{}",
        again.remarks
    );
    account.done(&["restore", "copy", &format!("{name}-3")]).await;
    assert_eq!(account.items("copy").await["1"], item("1", "a"));
}

#[tokio::test]
async fn a_backfill_refuses_a_bucket_without_versioning() {
    let account = Account::new("495000000007").await;
    account.put("orders", &[item("1", "a")]).await;
    let bucket = "unversioned-495000000007";
    account.s3.create_bucket().bucket(bucket).send().await.unwrap();
    for arguments in [&["backfill", "orders"][..], &["backfill", "orders", "--dry-run"]] {
        let reported = account.run_with(arguments, &[("INCREMENTAL_BUCKET", bucket)]).await;
        let error = format!(
            "error: bucket {bucket} has no versioning, so earlier states of items are unknown; turn versioning on\n"
        );
        assert_eq!((reported.code, reported.remarks), (Some(2), error));
    }
    assert_eq!(account.keys(bucket).await, [""; 0]);
}

#[tokio::test]
async fn the_table_of_the_settings_file_is_the_default() {
    let account = Account::new("495000000008").await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let at = text(passed_second().await);
    let key = r#"{"id":{"S":"1"}}"#;
    account
        .refused(&["history", "--key", key], 2, "TABLE is missing; give it, or set `table` in the file")
        .await;
    std::fs::write(account.path("tablekeeper.toml"), "table = \"orders\"\n").unwrap();
    assert!(account.done(&["history", "--key", key]).await.data.contains("INSERT"));
    let recovered = account.done(&["recover", "--key", key, "--at", &at]).await;
    assert!(recovered.remarks.contains("nothing was changed"), "{}", recovered.remarks);
}
