//! `tablekeeper snapshot create|verify|delete`, and `latest`.

use serde_json::json;

use super::support::{Account, item, passed_second, second_of, text};
use crate::shell::stack;

/// Returns the key of the snapshot's file whose name has this ending.
async fn file(account: &Account, name: &str, ending: &str) -> String {
    let keys = account.keys(&format!("snapshots-{}", account.name)).await;
    keys.into_iter().find(|key| key.starts_with(name) && key.ends_with(ending)).unwrap()
}

#[tokio::test]
async fn a_snapshot_is_verified_and_its_damages_are_named() {
    let account = Account::new("490000000011").await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let name = account.snapshot(&["snapshot", "create", "orders"]).await;
    let bucket = format!("snapshots-{}", account.name);
    let location = format!("s3://{bucket}/{name}/");
    let whole = account.done(&["snapshot", "verify", &name]).await;
    assert_eq!(whole.data, format!("{location}: 1 item in 16 files undamaged, 0 files read\n"));
    let read = account.done(&["snapshot", "verify", &location, "--read", "--json"]).await.json();
    let expected = json!({ "snapshot": name, "location": location, "itemCount": 1, "files": 16, "read": 16,
        "damages": [] });
    assert_eq!(read, expected);

    let put = async |key: &str, body: &[u8]| {
        account.s3.put_object().bucket(&bucket).key(key).body(body.to_vec().into()).send().await.unwrap();
    };
    let keys = account.keys(&bucket).await;
    let data: Vec<&String> = keys.iter().filter(|key| key.contains("/data/")).collect();
    let mut full = None;
    for key in &data {
        let object = account.s3.get_object().bucket(&bucket).key(*key).send().await.unwrap();
        let body = object.body.collect().await.unwrap().into_bytes();
        full = full.or((!body.is_empty()).then(|| ((*key).clone(), body.to_vec())));
    }
    let (full, body) = full.unwrap();
    let empty = data.iter().find(|key| ***key != full).unwrap().to_string();
    // A file of the same size with other content, a missing file, one too many, and another manifest.
    let changed = String::from_utf8(body.clone()).unwrap().replace("\"a\"", "\"b\"");
    put(&full, changed.as_bytes()).await;
    account.s3.delete_object().bucket(&bucket).key(&empty).send().await.unwrap();
    let stray = format!("{}stray.json", full.split_once("/data/").unwrap().0.to_owned() + "/data/");
    put(&stray, b"{}").await;
    put(&file(&account, &name, "manifest-summary.md5").await, b"AAAA").await;
    let damaged = account.run(&["snapshot", "verify", &name]).await;
    assert_eq!(damaged.code, Some(1), "{}", damaged.remarks);
    for expected in [
        format!("{full}: its MD5 is "),
        format!("{empty}: is missing"),
        format!("{stray}: is in the folder of the data files, but not in the manifest"),
        "manifest-summary.json: its MD5 is not the one in manifest-summary.md5".to_owned(),
    ] {
        assert!(damaged.data.contains(&expected), "{expected} is not in\n{}", damaged.data);
    }
    assert_eq!(damaged.data.lines().count(), 4, "{}", damaged.data);
    let error = format!("error: the snapshot {location} is damaged in 4 places\n");
    assert!(damaged.remarks.ends_with(&error), "{}", damaged.remarks);
    put(&full, &body[1..]).await;
    let shorter = account.run(&["snapshot", "verify", &name, "--json"]).await;
    assert!(shorter.data.contains(&format!("{full}: has {} bytes; ", body.len() - 1)), "{}", shorter.data);

    account
        .s3
        .delete_object()
        .bucket(&bucket)
        .key(file(&account, &name, "manifest-summary.json").await)
        .send()
        .await
        .unwrap();
    let incomplete = "the snapshot s3://snapshots-490000000011/20";
    account.refused(&["snapshot", "verify", &name], 1, incomplete).await;
    for command in ["verify", "delete"] {
        let missing = "there is no snapshot `2001-01-01T00-00-00Z` in s3://snapshots-490000000011/; `tablekeeper snapshot list`";
        account.refused(&["snapshot", command, "2001-01-01T00-00-00Z"], 2, missing).await;
        let wrong = "SNAPSHOT is `a b`; it must be a snapshot name such as 2026-11-20T02-00-00Z, latest, or";
        account.refused(&["snapshot", command, "a b"], 2, wrong).await;
    }
}

#[tokio::test]
async fn an_interrupted_deletion_never_leaves_a_snapshot_that_looks_complete() {
    let account = Account::new("490000000012").await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let first = account.snapshot(&["snapshot", "orders"]).await;
    let second = account.snapshot(&["snapshot", "orders"]).await;
    let bucket = format!("snapshots-{}", account.name);
    let all = account.keys(&bucket).await;
    let asks = format!(
        "the snapshot s3://{bucket}/{first}/ of {} (complete) was not deleted: without a terminal to ask on, give --yes",
        &second_of(&first)
    );
    account.refused(&["snapshot", "delete", &first], 2, &asks).await;
    let latest = "SNAPSHOT is latest; name the snapshot to delete";
    account.refused(&["snapshot", "delete", "latest", "--yes"], 2, latest).await;
    assert_eq!(account.keys(&bucket).await, all);

    // The first deletion takes effect, and no later one.
    account.refuse_after("s3:DeleteObject", 1).await;
    let broken = account.run(&["snapshot", "delete", &first, "--yes"]).await;
    assert_eq!(broken.code, Some(1), "{}", broken.remarks);
    stack().await.proxy().clear_rules(account.name);
    let listed = account.done(&["snapshot", "list"]).await;
    let row = listed.data.lines().find(|line| line.starts_with(&first)).unwrap();
    assert!(row.contains("incomplete, begun by the command line"), "{row}");
    account.create("copy", "id", false).await;
    assert_eq!(account.run(&["restore", "copy", &first]).await.code, Some(1));

    let count = account.keys(&bucket).await.iter().filter(|key| key.starts_with(&first)).count();
    let deleted = account.done(&["snapshot", "delete", &first, "--yes"]).await;
    assert_eq!(deleted.data, format!("s3://{bucket}/{first}/: {count} files deleted\n"));
    let left = account.keys(&bucket).await;
    assert!(!left.is_empty() && left.iter().all(|key| key.starts_with(&second)), "{left:?}");
    account.done(&["snapshot", "verify", "latest", "--read"]).await;
}

#[tokio::test]
async fn latest_is_the_newest_complete_snapshot() {
    let account = Account::new("490000000013").await;
    for table in ["copy", "again"] {
        account.create(table, "id", false).await;
    }
    let none = "there is no complete snapshot in s3://snapshots-490000000013/";
    account.refused(&["restore", "copy", "latest"], 2, none).await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    account.snapshot(&["snapshot", "orders"]).await;
    account.change("INSERT", "2", Some(&item("2", "b")), 2).await;
    let second = account.snapshot(&["snapshot", "orders"]).await;
    let third = text(passed_second().await);
    account.refuse_after("s3:PutObject", 3).await;
    assert_eq!(account.run(&["snapshot", "--at", &third, "--settle", "0"]).await.code, Some(1));
    stack().await.proxy().clear_rules(account.name);
    let reported = account.done(&["restore", "copy", "latest"]).await;
    let line = format!("latest is {second}, of {}, with 2 items\n", second_of(&second));
    assert!(reported.remarks.starts_with(&line), "{}", reported.remarks);
    assert_eq!(account.items("copy").await.len(), 2);
    std::fs::write(account.path("others.toml"), "table = \"others\"\n").unwrap();
    let none = "there is no complete snapshot of others in s3://snapshots-490000000013/";
    account.refused(&["restore", "again", "latest", "--config", "others.toml"], 2, none).await;

    for (arguments, missing) in
        [(&["restore"][..], "TABLE and SNAPSHOT are"), (&["restore", "again"], "SNAPSHOT is")]
    {
        let usage = format!(
            "{missing} missing: `tablekeeper restore TABLE SNAPSHOT` takes the name of a snapshot, or `latest`"
        );
        account.refused(arguments, 2, &usage).await;
    }
    let slip = "SNAPSHOT is `s3//snapshots/a`; it must be a snapshot name such as 2026-11-20T02-00-00Z, latest, or a location \
                such as s3://bucket/folder. Did you mean s3://snapshots/a?";
    account.refused(&["restore", "again", "s3//snapshots/a"], 2, slip).await;
    let nothing = "nothing to resume: there is no cursor file in the current directory; give TABLE";
    account.refused(&["restore", "--resume"], 2, nothing).await;

    // A restore that is resumed does not take a later snapshot.
    account.refuse_after("dynamodb:BatchWriteItem", 0).await;
    assert_eq!(account.run(&["restore", "again", "latest"]).await.code, Some(1));
    stack().await.proxy().clear_rules(account.name);
    let by_file = [&["restore", "--resume"][..], &["restore", "again", "--resume"]];
    let file = account.path(".tablekeeper-import-again.json");
    let saved = std::fs::read(&file).unwrap();
    let other = account.path("other.json");
    std::fs::write(&other, &saved).unwrap();
    for arguments in by_file.into_iter().chain([&["restore", "--resume", "--cursor-file", "other.json"][..]])
    {
        let dry = account.done(&[arguments, &["--dry-run"]].concat()).await;
        assert!(dry.data.starts_with("would continue the restore of 16 files into again\n"), "{}", dry.data);
    }
    let wrong = "TABLE is copy, but the restore in other.json is into again; leave TABLE out";
    account.refused(&["restore", "copy", "--resume", "--cursor-file", "other.json"], 2, wrong).await;
    std::fs::write(account.path(".tablekeeper-import-copy.json"), &saved).unwrap();
    let several = "there are 2 cursor files in the current directory; give TABLE to name one of them";
    account.refused(&["restore", "--resume"], 2, several).await;
    account.change("INSERT", "3", Some(&item("3", "c")), 3).await;
    account.snapshot(&["snapshot", "orders"]).await;
    let resumed = account.done(&["restore", "again", "latest", "--resume"]).await;
    assert!(
        resumed.remarks.starts_with(&format!("latest was s3://snapshots-{}/{second}/", account.name)),
        "{}",
        resumed.remarks
    );
    assert_eq!(account.items("again").await.len(), 2);
    let wrong = format!(
        "{second} is a snapshot, not a table; write it into a table with `tablekeeper restore TABLE {second}`"
    );
    account.refused(&["snapshot", &second], 2, &wrong).await;
}
