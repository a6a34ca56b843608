//! `tablekeeper adopt`, with an older system's bucket that the tests write by its rules.

use aws_sdk_s3::operation::put_object::PutObjectOutput;
use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use tablekeeper_core::item_history::coverage::Coverage;

use super::support::{Account, by_ids, item, passed_second, text};

/// The older system's bucket, with versioning, and objects under `old/`.
struct Old<'a> {
    account: &'a Account,
    bucket: String,
}

/// Returns the name of an object: the MD5 of the key attributes' JSON as a number, in hexadecimal.
fn name(key: &str) -> String {
    let digest: String = Md5::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
    digest.trim_start_matches('0').to_owned()
}

impl<'a> Old<'a> {
    async fn new(account: &'a Account) -> Old<'a> {
        let bucket = format!("old-{}", account.name);
        account.s3.create_bucket().bucket(&bucket).send().await.unwrap();
        account.version(&bucket).await;
        Old { account, bucket }
    }

    async fn put(&self, name: &str, body: &str) -> PutObjectOutput {
        let put = self.account.s3.put_object().bucket(&self.bucket).key(format!("old/{name}"));
        put.body(body.as_bytes().to_vec().into()).send().await.unwrap()
    }

    /// Writes a state of an item.
    async fn set(&self, id: &str, body: &str) {
        self.put(&name(&format!("{{\"id\":\"{id}\"}}")), body).await;
    }

    /// Deletes the object with this name.
    async fn delete(&self, name: &str) {
        let delete = self.account.s3.delete_object().bucket(&self.bucket).key(format!("old/{name}"));
        delete.send().await.unwrap();
    }

    async fn remove(&self, id: &str) {
        self.delete(&name(&format!("{{\"id\":\"{id}\"}}"))).await;
    }

    /// Makes a snapshot as the older system does, named by its minute: the current objects in order, one per line.
    async fn snapshot(&self, minute: &str) -> String {
        let s3 = &self.account.s3;
        let list = s3.list_objects_v2().bucket(&self.bucket).prefix("old/").send().await.unwrap();
        let mut lines = Vec::new();
        for object in list.contents() {
            let body = s3.get_object().bucket(&self.bucket).key(object.key().unwrap()).send().await.unwrap();
            lines.extend_from_slice(&body.body.collect().await.unwrap().into_bytes());
            lines.push(b'\n');
        }
        let key = format!("snapshots/{minute}");
        s3.put_object().bucket(&self.bucket).key(&key).body(lines.into()).send().await.unwrap();
        format!("s3://{}/{key}", self.bucket)
    }

    /// Returns the number of versions and delete markers in the new bucket.
    async fn written(&self) -> usize {
        let store = &self.account.store;
        let list = self.account.s3.list_object_versions().bucket(&store.bucket).send().await.unwrap();
        list.versions().len() + list.delete_markers().len()
    }

    /// Returns the arguments that adopt this bucket.
    fn adopt(&self, table: &'static str, more: &[&'static str]) -> Vec<String> {
        let first = ["adopt", table, "--from-bucket", &self.bucket, "--from-prefix", "old"];
        first.iter().chain(more).map(|text| (*text).to_owned()).collect()
    }
}

/// Restores the second into a new table, and returns its items.
async fn restored(account: &Account, at: DateTime<Utc>, into: &str) -> Vec<Value> {
    let at = text(at);
    let snapshot = ["snapshot", "--at", &at, "--settle", "0", "--allow-incomplete", "--json"];
    let name = account.done(&snapshot).await.json()["snapshot"].as_str().unwrap().to_owned();
    account.create(into, "id", false).await;
    account.done(&["restore", into, &name]).await;
    account.items(into).await.into_values().collect()
}

fn arguments(text: &[String]) -> Vec<&str> {
    text.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn items_of_a_deleted_table_are_adopted_with_their_states_and_deletions() {
    let account = Account::new("471000000011").await;
    account.s3.delete_object().bucket(&account.store.bucket).key("items/coverage.json").send().await.unwrap();
    let old = Old::new(&account).await;
    assert_eq!(name(r#"{"id":"18"}"#).len(), 31, "a name without its leading zero");
    old.set("1", r#"{"id":"1","name":"first"}"#).await;
    old.set("18", r#"{"id":"18","name":"short"}"#).await;
    old.set("2", r#"{"id":"2","name":"two"}"#).await;
    let before = passed_second().await;
    old.set("1", r#"{"name":"second","id":"1"}"#).await;
    old.remove("2").await;
    old.put("a/b", "a stranger's").await;
    old.set("3", r#"{"id":"3","na"#).await;
    old.set("4", r#"{"id":"5"}"#).await;
    // The history before an unreadable state is skipped.
    old.set("6", r#"{"id":6}"#).await;
    old.set("6", r#"{"id":"6","name":"six"}"#).await;
    old.remove("7").await;
    let after = passed_second().await;

    let adopt = old.adopt("movies", &["--key", "id:S"]);
    let count = old.written().await;
    let dry = account.run(&arguments(&[&adopt[..], &["--dry-run".to_owned()]].concat())).await;
    assert!(dry.code == Some(1) && dry.data.contains("nothing was written"), "{}{}", dry.data, dry.remarks);
    assert_eq!(old.written().await, count);

    let reported = account.run(&arguments(&[&adopt[..], &["--json".to_owned()]].concat())).await;
    assert_eq!(reported.code, Some(1), "{}", reported.remarks);
    let report = reported.json();
    for (field, expected) in [
        ("objects", 8),
        ("items", 4),
        ("states", 6),
        ("written", 6),
        ("nameless", 1),
        ("left", 4),
        ("gone", 0),
    ] {
        assert_eq!(report[field], expected, "{field}: {report}");
    }
    let mut reasons: Vec<&str> =
        report["reasons"].as_array().unwrap().iter().map(|left| left["reason"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    for (reason, expected) in reasons.iter().zip([
        "it holds the item `{\"id\":{\"S\":\"5\"}}`, whose object would be called ",
        "it is not an item: a string does not end",
        "it is not an item: the key attribute `id` is a number, but that of the table is a string (`S`)",
        "its name is not an MD5",
    ]) {
        assert!(reason.starts_with(expected), "{reason}");
    }
    assert!(reported.remarks.contains("skipped with its older states: old/"), "{}", reported.remarks);

    // A second run writes nothing.
    let count = old.written().await;
    let again = account.run(&arguments(&[&adopt[..], &["--json".to_owned()]].concat())).await.json();
    assert_eq!((&again["written"], &again["there"]), (&json!(0), &json!(6)), "{again}");
    assert_eq!(old.written().await, count);

    let history = account.done(&["history", "movies", "--key", r#"{"id":{"S":"2"}}"#]).await;
    assert!(history.data.contains("REMOVE") && history.data.contains("BACKFILL"), "{}", history.data);
    let expected = [item("1", "first"), item("18", "short"), item("2", "two")];
    assert_eq!(
        restored(&account, before, "copy-before").await,
        by_ids(&expected).into_values().collect::<Vec<_>>()
    );
    let expected = [item("1", "second"), item("18", "short"), item("6", "six")];
    assert_eq!(
        restored(&account, after, "copy-after").await,
        by_ids(&expected).into_values().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn versions_of_the_stream_and_a_backfill_stay_current_after_their_adopted_history() {
    let account = Account::new("471000000012").await;
    let old = Old::new(&account).await;
    old.set("1", r#"{"id":"1","name":"first"}"#).await;
    old.set("2", r#"{"id":"2","name":"lost"}"#).await;
    let before = passed_second().await;
    old.set("1", r#"{"id":"1","name":"second"}"#).await;
    let between = passed_second().await;
    let coverage = Coverage { complete_since: Some(between), ..Coverage::default() };
    let put = account.s3.put_object().bucket(&account.store.bucket).key("items/coverage.json");
    put.body(serde_json::to_vec(&coverage).unwrap().into()).send().await.unwrap();
    account.change("MODIFY", "1", Some(&item("1", "third")), 1).await;
    let after = passed_second().await;

    let adopt = old.adopt("orders", &["--json"]);
    let report = account.done(&arguments(&adopt)).await.json();
    for (field, expected) in [("items", 2), ("states", 3), ("written", 4), ("gone", 1), ("left", 0)] {
        assert_eq!(report[field], expected, "{field}: {report}");
    }
    let again = account.done(&arguments(&adopt)).await.json();
    assert_eq!((&again["written"], &again["there"]), (&json!(0), &json!(4)), "{again}");

    for (at, into, expected) in [
        (before, "before", vec![item("1", "first"), item("2", "lost")]),
        (between, "between", vec![item("1", "second")]),
        (after, "after", vec![item("1", "third")]),
    ] {
        assert_eq!(restored(&account, at, into).await, expected, "{into}");
    }
}

#[tokio::test]
async fn items_with_two_objects_and_typed_bodies_are_adopted() {
    let account = Account::new("471000000013").await;
    let old = Old::new(&account).await;
    let item = r#"{"pk":{"S":"a"},"sk":{"N":"1"},"photo":{"B":"AP8="}}"#;
    let (one, other) = (r#"{"pk":{"S":"a"},"sk":{"N":"1"}}"#, r#"{"sk":{"N":"1"},"pk":{"S":"a"}}"#);
    old.put(&name(one), item).await;
    passed_second().await;
    old.put(&name(other), item).await;
    passed_second().await;
    old.delete(&name(one)).await;
    let adopt = old.adopt("movies", &["--key", "pk:S", "--key", "sk:N", "--format", "plain", "--json"]);
    // Of another item, the first object cannot be read.
    let mut names = [one, other].map(|key| name(&key.replace("\"a\"", "\"b\"")));
    names.sort_unstable();
    old.put(&names[0], r#"{"pk":"#).await;
    old.put(&names[1], &item.replace("\"a\"", "\"b\"")).await;
    let reported = account.run(&arguments(&adopt)).await;
    assert_eq!(reported.code, Some(1), "{}", reported.remarks);
    let report = reported.json();
    for (field, expected) in
        [("objects", 4), ("items", 2), ("states", 4), ("twins", 1), ("gone", 1), ("written", 5), ("left", 1)]
    {
        assert_eq!(report[field], expected, "{field}: {report}");
    }
    let key = r#"{"pk":{"S":"a"},"sk":{"N":"1"}}"#;
    let history = account.done(&["history", "movies", "--key", key, "--json"]).await;
    let states: Vec<Value> = history.data.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = states.iter().map(|state| state["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["REMOVE", "MODIFY", "BACKFILL"]);
    assert_eq!(states[2]["item"], serde_json::from_str::<Value>(item).unwrap());
}

#[tokio::test]
async fn refusals_have_their_message() {
    let account = Account::new("471000000014").await;
    let old = Old::new(&account).await;
    let own = account.store.bucket.clone();
    let gone = old.adopt("movies", &[]);
    account
        .refused(
            &arguments(&gone),
            2,
            "table movies does not exist; if it was deleted, give its key attributes",
        )
        .await;
    let other = old.adopt("orders", &["--key", "id:N"]);
    account
        .refused(
            &arguments(&other),
            2,
            "--key differs from the key attributes of table orders, which are `id:S`; leave it out",
        )
        .await;
    old.put("a", "x").await;
    let elsewhere = ["adopt", "orders", "--from-bucket", &old.bucket, "--from-prefix", "ol"];
    let expected =
        format!("there are no objects under s3://{}/ol/, so nothing was adopted; the bucket has", old.bucket);
    account.refused(&elsewhere, 2, &expected).await;
    let within = ["adopt", "orders", "--from-bucket", &own, "--from-prefix", "items/old"];
    account.refused(&within, 2, "--from-bucket and --from-prefix overlap").await;
    let resume = old.adopt("orders", &["--resume"]);
    account
        .refused(&arguments(&resume), 2, "nothing to resume: .tablekeeper-adopt-orders.json not found")
        .await;
    account.s3.delete_object().bucket(&own).key("items/coverage.json").send().await.unwrap();
    let early = old.adopt("orders", &[]);
    account.refused(&arguments(&early), 2, "table orders exists, and no backfill into").await;
    let missing =
        ["adopt", "movies", "--key", "id:S", "--from-bucket", "nowhere-471000000014", "--from-prefix", "old"];
    let reported = account.run(&missing).await;
    assert!(
        reported.code == Some(1) && reported.remarks.contains("s3:ListBucketVersions"),
        "{}",
        reported.remarks
    );
}

#[tokio::test]
async fn a_stopped_adoption_resumes() {
    let account = Account::new("471000000015").await;
    let old = Old::new(&account).await;
    for id in 0..60 {
        old.set(&id.to_string(), &format!("{{\"id\":\"{id}\"}}")).await;
    }
    account.refuse_after("s3:PutObject", 20).await;
    let adopt = old.adopt("movies", &["--key", "id:S", "--json"]);
    let reported = account.run(&arguments(&adopt)).await;
    assert_eq!(reported.code, Some(1), "{}", reported.remarks);
    assert!(
        reported.remarks.contains("the same command with --resume continues from there"),
        "{}",
        reported.remarks
    );
    crate::shell::stack().await.proxy().clear_rules(account.name);
    let resume = [&adopt[..], &["--resume".to_owned()]].concat();
    let report = account.done(&arguments(&resume)).await.json();
    assert_eq!((&report["objects"], &report["items"]), (&json!(60), &json!(60)), "{report}");
    let again = account.done(&arguments(&adopt)).await.json();
    assert_eq!((&again["written"], &again["there"]), (&json!(0), &json!(120)), "{again}");
}

#[tokio::test]
async fn a_snapshot_of_the_older_system_is_imported() {
    let account = Account::new("471000000016").await;
    let old = Old::new(&account).await;
    old.set(
        "1",
        r#"{"id":"1","tags":null,"price":12345678901234567890.25,"on":true,"at":{"x":[1,"a",null]}}"#,
    )
    .await;
    old.set("18", r#"{"id":"18","name":"short"}"#).await;
    old.set("2", r#"{"id":"2"}"#).await;
    old.remove("2").await;
    let snapshot = old.snapshot("2026-03-01 02:00").await;
    old.set("3", r#"{"id":"3"}"#).await;
    old.snapshot("2026-03-02 02:00").await;

    account.create("copy", "id", false).await;
    let reported = account.done(&["import", "copy", "--from", &snapshot, "--format", "json"]).await;
    let expected = "note: 2 values were null and were written as NULL; they may have been binaries or sets";
    assert!(reported.remarks.contains(expected), "{}", reported.remarks);
    let first = json!({ "id": { "S": "1" }, "tags": { "NULL": true }, "price": { "N": "12345678901234567890.25" },
        "on": { "BOOL": true }, "at": { "M": { "x": { "L": [{ "N": "1" }, { "S": "a" }, { "NULL": true }] } } } });
    assert_eq!(account.items("copy").await, by_ids(&[first, item("18", "short")]));
}
