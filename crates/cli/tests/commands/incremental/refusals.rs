//! Refusals, each with its message and exit code.

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleRule, LifecycleRuleFilter,
    NoncurrentVersionExpiration,
};

use super::support::{Account, item, passed_second, text};
use crate::shell::stack;

#[tokio::test]
async fn refusals_have_their_message() {
    let account = Account::new("460000000004").await;
    account.create("others", "pk", false).await;
    account.create("copy", "id", false).await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let at = text(passed_second().await);
    account.done(&["snapshot", "orders", "--at", &at, "--settle", "0"]).await;
    let name = at.replace(':', "-");
    std::fs::write(account.path("wrong.toml"), "[s3.incremental]\nbukket = \"a\"\n").unwrap();
    std::fs::write(account.path("empty.toml"), "").unwrap();
    std::fs::write(account.path("others.toml"), "table = \"others\"\n").unwrap();
    let one = r#"{"id":{"S":"1"}}"#;
    let recover = |at: &'static str| vec!["recover", "orders", "--key", one, "--at", at];
    for (arguments, code, expected) in [
        (vec!["backfill"], 2, "TABLE is missing; give it, or set `table` in the file of --config"),
        (
            vec!["backfill", "a:b"],
            2,
            "TABLE is `a:b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
        ),
        (vec!["backfill", "nowhere"], 2, "table nowhere does not exist (SourceTableMissing)"),
        (vec!["backfill", "copy"], 1, "table copy has no stream, so its changes would not be backed up"),
        (
            vec!["backfill", "orders", "--config", "no.toml"],
            2,
            "--config is no.toml, which cannot be read: No such file",
        ),
        (
            vec!["backfill", "orders", "--config", "wrong.toml"],
            2,
            "wrong.toml, line 2: unknown field `bukket`, expected one of `bucket`, `prefix`, `failures-prefix`",
        ),
        (
            vec!["snapshot", "--at", "yesterday"],
            2,
            "--at is `yesterday`; it must be a time such as 2026-11-20T02:00:00Z",
        ),
        (
            vec!["snapshot", "--at", "2999-01-01T00:00:00Z"],
            2,
            "--at is 2999-01-01T00:00:00Z, which is in the future (now: 20",
        ),
        (vec!["restore", "copy", &name, "--settle", "0"], 2, "--settle only applies with --at; leave it"),
        (vec!["snapshot", "others", "--at", &at], 2, "the table is others, but the snapshot 20"),
        (vec!["restore", "copy", "--config", "others.toml", "--at", &at], 2, "the table is others, but the"),
        (vec!["snapshot", "--at", &at, "--shards", "3"], 2, "--shards is 3, but the snapshot 20"),
        (
            vec!["snapshot", "--at", &at, "--compression", "zstd"],
            2,
            "--compression is zstd, but the snapshot 20",
        ),
        (vec!["restore", "nowhere", &name], 2, "table nowhere does not exist; "),
        (vec!["restore", "nowhere", "--at", &at], 2, "table nowhere does not exist; "),
        (
            vec!["restore", "others", &name],
            2,
            "TABLE is others, whose key attributes are pk; those of the snapshot's items",
        ),
        (vec!["restore", "copy", "../x"], 2, "SNAPSHOT is `../x`; it must be a snapshot name"),
        (
            vec!["restore", "copy", "2001-01-01T00-00-00Z"],
            2,
            "there is no snapshot `2001-01-01T00-00-00Z` in s3://snapshots-460000000004/; `tablekeeper snapshot list`",
        ),
        (
            vec!["restore", "copy", &name, "--resume"],
            2,
            "nothing to resume: .tablekeeper-import-copy.json not found. Run without --resume to start a new restore",
        ),
        (
            vec!["history", "orders", "--key", r#"{"id":{"S":"2"}}"#],
            1,
            "no version of item {\"id\":{\"S\":\"2\"}} of table orders found: s3://items-460000000004/items/",
        ),
        (
            vec!["history", "orders", "--key", "1"],
            2,
            "--key is `1`; it is not an object; it must be the key attributes id as",
        ),
        (
            vec!["history", "orders", "--key", r#"{"id":{"N":"1"}}"#],
            2,
            "--key is `{\"id\":{\"N\":\"1\"}}`; `id` is of type N",
        ),
        (recover("2999-01-01T00:00:00Z"), 2, "--at is 2999-01-01T00:00:00Z, which is in the future (now: 20"),
        (recover("1"), 2, "--at is `1`; it must be a time"),
        (
            vec!["recover", "nowhere", "--key", one, "--at", &at],
            2,
            "table nowhere does not exist; an item can only be put back",
        ),
    ] {
        account.refused(&arguments, code, expected).await;
    }
    // A second whose versions the bucket may have deleted, and a bucket whose retention cannot be read.
    let expiration = NoncurrentVersionExpiration::builder().noncurrent_days(30).build();
    let rule = LifecycleRule::builder()
        .id("versions")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("items/").build())
        .noncurrent_version_expiration(expiration)
        .build()
        .unwrap();
    let rules = BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
    // Versions that the bucket may delete while a snapshot is made would be missing from it.
    let old = ["snapshot", "orders", "--at", "2002-01-01T00:00:00Z", "--settle", "0"];
    let child = account.until_it_calls("s3:ListBucketVersions", &old).await;
    let put = account.store.s3.put_bucket_lifecycle_configuration().bucket(&account.store.bucket);
    put.lifecycle_configuration(rules).send().await.unwrap();
    let reported = account.released(child).await;
    let expected = "error: the snapshot 2002-01-01T00-00-00Z cannot be finished: it is of 2002-01-01T00:00:00Z, but \
                    the bucket retains versions for 30 days; it must be 20";
    assert_eq!((reported.code, reported.data.as_str()), (Some(1), ""), "{}", reported.remarks);
    assert!(reported.remarks.lines().last().unwrap().starts_with(expected), "{}", reported.remarks);
    assert!(!reported.remarks.contains("continues the snapshot"), "{}", reported.remarks);
    let list =
        account.store.s3.list_objects_v2().bucket(format!("snapshots-{}", account.name)).prefix("2002-");
    let listed = list.send().await.unwrap();
    let keys: Vec<&str> = listed.contents().iter().filter_map(|object| object.key()).collect();
    assert!(keys.contains(&"2002-01-01T00-00-00Z/export.json"), "{keys:?}");
    assert!(!keys.iter().any(|key| key.ends_with("manifest-summary.json")), "{keys:?}");
    for (arguments, expected) in [
        (
            recover("2001-01-01T00:00:00Z"),
            "--at is 2001-01-01T00:00:00Z, but the bucket retains versions for 30 days; it must be 20",
        ),
        (vec!["snapshot", "--at", "2001-01-01T00:00:00Z"], "--at is 2001-01-01 00:00:00 UTC; it must be 20"),
        (
            vec!["snapshot", "--resume"],
            "--resume would continue the snapshot 2002-01-01T00-00-00Z, which is of 2002-01-01T00:00:00Z, but the \
             bucket retains versions for 30 days; it must be 20",
        ),
        (
            vec!["snapshot", "--at", "2002-01-01T00:00:00Z", "--resume"],
            "--resume would continue the snapshot 2002-01-01T00-00-00Z, which is of",
        ),
    ] {
        account.refused(&arguments, 2, expected).await;
    }
    let expected = "s3://snapshots-460000000004/2002-01-01T00-00-00Z/: there is `2002-01-01T00-00-00Z/export.json` of an export";
    account.refused(&["restore", "copy", "2002-01-01T00-00-00Z"], 1, expected).await;

    // A cursor file of another import: nobody gave a restore a --format.
    std::fs::create_dir(account.path("lines")).unwrap();
    std::fs::write(account.path("lines/a.json"), "{\"id\":{\"S\":\"1\"}}\n1\n").unwrap();
    let state = ".tablekeeper-import-copy.json";
    let import = ["import", "copy", "--from", "lines", "--format", "plain", "--cursor-file", state];
    assert_eq!(account.run(&import).await.code, Some(1));
    let expected = format!("{state} is of an import or restore from /");
    account.refused(&["restore", "copy", &name, "--resume"], 2, &expected).await;

    // An object that cannot be read is not treated as missing.
    account.refuse_after("s3:GetObject", 0).await;
    account.refused(&["snapshot", "--resume"], 1, "s3:GetObject failed: ").await;
    stack().await.proxy().clear_rules(account.name);
    account.refuse_after("s3:GetBucketVersioning", 0).await;
    let reported = account.done(&["history", "orders", "--key", one]).await;
    stack().await.proxy().clear_rules(account.name);
    let expected = "note: cannot read how long versions are retained: s3:GetBucketVersioning failed: ";
    assert!(
        reported.remarks.starts_with(expected) && reported.data.contains("  INSERT "),
        "{}{}",
        reported.data,
        reported.remarks
    );

    // Refusals of clap.
    for arguments in
        [&["restore", "copy"][..], &["restore", "copy", &name, "--at", &at], &["recover", "orders"]]
    {
        assert_eq!(account.run(arguments).await.code, Some(2), "{arguments:?}");
    }
    let history = ["history", "orders", "--key", one];
    for (arguments, variables, expected) in [
        (
            &history[..],
            &[("INCREMENTAL_BUCKET", "")][..],
            "INCREMENTAL_BUCKET is missing; it names the bucket of the items.",
        ),
        (
            &["restore", "copy", &name],
            &[("SNAPSHOT_BUCKET", "")],
            "SNAPSHOT_BUCKET is missing; it names the bucket of",
        ),
        (
            &["snapshot", "--config", "empty.toml"],
            &[("SNAPSHOT_BUCKET", "")],
            "empty.toml has no s3.snapshot.bucket, and SNAPSHOT_BUCKET is not set; one of them or --stack must",
        ),
        (
            &history,
            &[("SNAPSHOT_BUCKET", "items-460000000004"), ("SNAPSHOT_PREFIX", "items/snapshots")],
            "snapshots would be at s3://items-460000000004/items/snapshots/ (SNAPSHOT_PREFIX), under the items at",
        ),
        (
            &history,
            &[("INCREMENTAL_BUCKET", "snapshots-460000000004"), ("SNAPSHOT_BUCKET", "others")],
            "bucket snapshots-460000000004 has no versioning, so earlier states of items are unknown",
        ),
        (
            &["snapshot"],
            &[("INCREMENTAL_BUCKET", "snapshots-460000000004"), ("SNAPSHOT_BUCKET", "others")],
            "bucket snapshots-460000000004 has no versioning, so earlier states of items are unknown",
        ),
        (&history, &[("DYNAMODB_PORT", "8000")], "DYNAMODB_PORT is `8000`; it needs DYNAMODB_HOST"),
    ] {
        let reported = account.run_with(arguments, variables).await;
        assert_eq!((reported.code, reported.data.as_str()), (Some(2), ""), "{}", reported.remarks);
        assert!(reported.remarks.starts_with(&format!("error: {expected}")), "{}", reported.remarks);
    }
}
