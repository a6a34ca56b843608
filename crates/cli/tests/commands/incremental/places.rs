//! Settings that are not those of the stack: where they point is looked at before anything is said or written.

use serde_json::Value;

use super::support::{Account, item, passed_second, text};
use crate::shell::stack;

#[tokio::test]
async fn a_wrong_prefix_is_not_taken_for_a_backup_without_items() {
    let account = Account::new("460000000005").await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let at = text(passed_second().await);
    let (bucket, snapshots) = (account.store.bucket.clone(), format!("snapshots-{}", account.name));
    let key = r#"{"id":{"S":"1"}}"#;
    let root = format!("what lies under `s3://{bucket}/` are no versions of items, such as `items/");
    let beside = format!("nothing lies under `s3://{bucket}/item/`, so nothing is known of any item; ");
    let right = format!(
        "versions lie under `s3://{bucket}/items/`, for which INCREMENTAL_PREFIX (s3.incremental.prefix) is items/"
    );
    for arguments in [
        &["history", "orders", "--key", key][..],
        &["recover", "orders", "--key", key, "--at", &at],
        &["snapshot", "orders", "--at", &at, "--settle", "0"],
        &["history", "gone", "--key", key],
    ] {
        for (prefix, words) in [("/", &root), ("item", &beside)] {
            let reported = account.run_with(arguments, &[("INCREMENTAL_PREFIX", prefix)]).await;
            assert_eq!(
                (reported.code, reported.data.as_str()),
                (Some(2), ""),
                "{arguments:?}: {}",
                reported.remarks
            );
            let error = reported.remarks.lines().last().unwrap();
            assert!(error.starts_with(&format!("error: {words}")), "{error}");
            assert!(error.ends_with(&right), "{error}");
        }
    }
    assert_eq!(account.keys(&snapshots).await, [""; 0], "no folder was begun");
    account.done(&["snapshot", "orders", "--at", &at, "--settle", "0"]).await;

    // Of a bucket without any versions, where they should be is said.
    let reported =
        account.run_with(&["history", "orders", "--key", key], &[("INCREMENTAL_PREFIX", "a")]).await;
    assert!(reported.remarks.ends_with(&format!("{right}\n")), "{}", reported.remarks);
    let empty = format!("empty-{}", account.name);
    account.s3.create_bucket().bucket(&empty).send().await.unwrap();
    account.version(&empty).await;
    let reported =
        account.run_with(&["history", "orders", "--key", key], &[("INCREMENTAL_BUCKET", &empty)]).await;
    let words = format!(
        "error: nothing lies under `s3://{empty}/items/`, so nothing is known of any item; INCREMENTAL_BUCKET \
         (s3.incremental.bucket) and INCREMENTAL_PREFIX (s3.incremental.prefix) have to be ItemBucketName and \
         IncrementalPrefix of the stack that follows the table\n"
    );
    assert_eq!((reported.code, reported.remarks), (Some(2), words));
}

#[tokio::test]
async fn a_backfill_begins_no_backup_among_what_is_another() {
    let account = Account::new("460000000006").await;
    account.create("empty", "id", true).await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let bucket = account.store.bucket.clone();
    let before = account.keys(&bucket).await;
    let backfill = ["backfill", "orders"];
    let reported = account.run_with(&backfill, &[("INCREMENTAL_PREFIX", "/")]).await;
    assert_eq!((reported.code, reported.data.as_str()), (Some(2), ""), "{}", reported.remarks);
    let words = format!("error: what lies under `s3://{bucket}/` are no versions of items, such as `items/");
    assert!(reported.remarks.starts_with(&words), "{}", reported.remarks);
    assert!(reported.remarks.contains("no snapshot could be made of a backup that is begun among them"));
    assert_eq!(account.keys(&bucket).await, before);

    // A prefix of its own may be the second of a bucket, and it is said that it is.
    let reported = account.run_with(&backfill, &[("INCREMENTAL_PREFIX", "anew")]).await;
    let words = format!(
        "note: nothing lies under `s3://{bucket}/anew/` yet; versions lie under `s3://{bucket}/items/`"
    );
    assert!(reported.code == Some(0) && reported.remarks.starts_with(&words), "{}", reported.remarks);
    let reported = account.done(&backfill).await;
    assert!(reported.remarks.starts_with("putting the items of orders"), "{}", reported.remarks);

    // A bucket that is not there is an error, be there items or not.
    for table in ["orders", "empty"] {
        let reported =
            account.run_with(&["backfill", table], &[("INCREMENTAL_BUCKET", "nowhere-at-all")]).await;
        assert_eq!((reported.code, reported.data.as_str()), (Some(1), ""), "{}", reported.remarks);
        let error = reported.remarks.lines().last().unwrap();
        assert!(error.starts_with("error: s3:ListBucketVersions failed: NoSuchBucket: "), "{error}");
        assert!(error.ends_with(" (bucket nowhere-at-all) (RequestRefused)"), "{error}");
    }
}

#[tokio::test]
async fn a_snapshot_that_was_not_ended_blocks_no_other_of_its_second() {
    let account = Account::new("460000000009").await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    account.create("copy", "id", false).await;
    let at = text(passed_second().await);
    let (name, snapshots) = (at.replace(':', "-"), format!("snapshots-{}", account.name));
    let snapshot = ["snapshot", "orders", "--at", &at, "--settle", "0"];

    // One that goes by other items does not stand in the way.
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
    let words = format!(
        "note: s3://{snapshots}/{first} was begun of the items in `s3://{other}/items/`, and not ended; it"
    );
    assert!(reported.remarks.starts_with(&words), "{}", reported.remarks);
    assert_eq!(
        (&reported.json()["snapshot"], &reported.json()["itemCount"]),
        (&Value::from(format!("{name}-2")), &1.into())
    );

    // The same of one that an execution began.
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
    let words =
        "was begun by arn:aws:states:us-east-1:1:execution:snapshot:x, and not ended; it is left as it is";
    assert!(reported.remarks.contains(words), "{}", reported.remarks);
    assert!(reported.data.starts_with(&format!("s3://{snapshots}/{name}-3/: 1 items")), "{}", reported.data);
    let again = account.done(&snapshot).await;
    assert!(
        again.remarks.ends_with(&format!("s3://{snapshots}/{name}-3/ is there already\n")),
        "{}",
        again.remarks
    );
    account.done(&["restore", "copy", &format!("{name}-3")]).await;
    assert_eq!(account.items("copy").await["1"], item("1", "a"));
}
