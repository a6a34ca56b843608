//! Tests of the step against a store, and of a whole snapshot with a fault at each of its calls.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use tablekeeper_core::item_history::version::EventName;
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep;
use crate::workflows::snapshot::testing::{
    aws, defaults, item, items, object, plan, put, put_as, second, snapshot, write,
};

/// Returns the items with these ids and values, in the order of their objects.
fn expected(items: &[(&str, &str)]) -> Vec<String> {
    let mut expected: Vec<_> = items.iter().map(|(id, value)| (object(id), item(id, value))).collect();
    expected.sort();
    expected.into_iter().map(|(_, item)| item).collect()
}

#[tokio::test]
async fn each_second_has_its_own_items() {
    let aws = aws();
    put(&aws, "1", Some("a"), 1, 10, 11).await;
    put(&aws, "2", Some("b"), 2, 10, 12).await;
    put(&aws, "1", Some("c"), 3, 20, 21).await;
    put(&aws, "2", None, 4, 30, 31).await;
    put(&aws, "1", None, 5, 40, 90).await;
    put(&aws, "1", Some("d"), 6, 50, 91).await;
    // Long after the second, all versions are listed; soon after, only the current ones.
    for begun in [200_000, 100] {
        for (at, present) in [
            (9, &[][..]),
            (10, &[("1", "a"), ("2", "b")]),
            (19, &[("1", "a"), ("2", "b")]),
            (20, &[("1", "c"), ("2", "b")]),
            (30, &[("1", "c")]),
            (39, &[("1", "c")]),
            (40, &[]),
            (50, &[("1", "d")]),
            (99, &[("1", "d")]),
        ] {
            assert_eq!(snapshot(&aws, at, begun).await, expected(present), "at {at}, begun {begun}");
            aws.state().objects.retain(|key, _| !key.starts_with("snapshots/"));
            aws.state().versions.retain(|key, _| !key.starts_with("snapshots/"));
        }
    }
}

#[tokio::test]
async fn a_part_whose_versions_may_have_expired_is_not_written() {
    let aws = aws();
    put(&aws, "1", Some("a"), 1, 10, 11).await;
    let mut defaults = defaults();
    defaults["noncurrentDays"] = json!("30");
    let planned = plan(&aws, json!({ "At": second(50) }), defaults, 100).await.unwrap();
    assert_eq!(planned["snapshot"]["keptUntil"], json!(second(50 + 30 * 86_400)));
    let input = json!({ "executionArn": "e", "snapshot": planned["snapshot"], "shard": 0, "part": 0, "cursor": null });
    let late = Clock::Fixed(second(50 + 30 * 86_400 + 1));
    let failure = SnapshotShard::at(&aws.clients(), late).run_json(input.clone()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ExportFailed);
    assert!(
        failure.message.starts_with("versions of 2027-01-15 08:00:50 UTC are retained until"),
        "{failure}"
    );
    assert!(!aws.keys().iter().any(|key| key.contains("/parts/")), "{:?}", aws.keys());
    let in_time = Clock::Fixed(second(50 + 30 * 86_400));
    SnapshotShard::at(&aws.clients(), in_time).run_json(input).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_of_now_reads_no_history() {
    let aws = aws();
    for number in 0..20 {
        put(&aws, "1", Some("a"), number + 1, number as i64, number as i64).await;
        put(&aws, &format!("of {number}"), Some("a"), 1, 1, 1).await;
    }
    // Only what was requested is read.
    let before = aws.count("s3:ListObjectVersions") + aws.count("s3:HeadObject");
    assert_eq!(snapshot(&aws, 100, 100).await.len(), 21);
    // Except for one call that reads the key attributes, and the late versions of two shards.
    assert_eq!(aws.count("s3:ListObjectVersions") + aws.count("s3:HeadObject"), before + 1 + 2);
    let records = "each item once, the records of two parts twice, and the coverage";
    assert_eq!(aws.count("s3:GetObject"), 21 + 2 * 2 + 1, "{records}");
}

#[tokio::test]
async fn a_call_writes_a_part_and_the_next_begins_after_it() {
    let aws = aws();
    for id in 0..6 {
        put(&aws, &id.to_string(), Some("a"), 1, 1, 1).await;
    }
    let mut slow = defaults();
    slow["secondsPerCall"] = json!(1.to_string());
    slow["shards"] = json!("1");
    let plan = plan(&aws, json!({}), slow, 100).await.unwrap();
    let mut snapshot: Value = plan["snapshot"].clone();
    snapshot["run"]["secondsPerCall"] = json!(0);
    let call = async |part: u32, cursor: &Value| {
        let input =
            json!({ "executionArn": "x", "snapshot": snapshot, "shard": 0, "part": part, "cursor": cursor });
        SnapshotShard::at(&aws.clients(), Clock::Fixed(second(100))).run_json(input).await.unwrap()
    };
    let mut keys: Vec<String> = (0..6).map(|id| object(&id.to_string())).collect();
    keys.sort();
    let mut cursor = Value::Null;
    for (part, key) in keys.iter().enumerate() {
        let part = u32::try_from(part).unwrap();
        let output = call(part, &cursor).await;
        assert_eq!(output, json!({ "shard": 0, "part": part + 1, "cursor": key, "done": false }));
        assert_eq!(call(part, &cursor).await, output, "what is written is adopted");
        cursor = output["cursor"].clone();
    }
    assert_eq!(call(6, &cursor).await, json!({ "shard": 0, "part": 7, "cursor": null, "done": true }));
    let report = write(&aws, &json!({ "snapshot": snapshot, "shards": [] }), second(100), 0).await;
    assert_eq!(report["Files"], 7);
    assert_eq!(items(&aws, &report).len(), 6);
}

#[tokio::test]
async fn an_object_that_is_not_a_version_is_named() {
    for begun in [100, 200_000] {
        let with = async |key: &str, body: &'static str| {
            let aws = aws();
            put(&aws, "1", Some("a"), 1, 1, 1).await;
            let put = aws.clients().s3().put_object().bucket("bucket").key(key);
            put.body(body.as_bytes().to_vec().into()).send().await.unwrap();
            aws
        };
        let failure = async |aws: &FakeStore| {
            let plan = plan(aws, json!({ "At": second(60) }), defaults(), begun).await.unwrap();
            let mut failure = None;
            for shard in 0..2 {
                let input = json!({ "executionArn": "x", "snapshot": plan["snapshot"], "shard": shard, "part": 0,
                    "cursor": null });
                let step = SnapshotShard::at(&aws.clients(), Clock::Fixed(second(begun)));
                failure = failure.or(step.run_json(input).await.err());
            }
            failure
        };
        let (two, foreign) = (object("2"), format!("items/{}", "0".repeat(64)));
        for (key, text) in [
            ("items/readme", "is not a version of an item: its key is not made of the hash of an item's key"),
            ("items/", "its key is not made of the hash"),
            ("items/zz", "its key is not made of the hash"),
            (foreign.as_str(), "its key is not made of the hash"),
            (two.as_str(), "it has no sequence number, event time and event name in its metadata"),
        ] {
            let aws = with(key, "hello").await;
            let named = failure(&aws).await.unwrap();
            assert_eq!(named.name, ErrorName::InvalidVersion);
            assert!(named.message.contains(&format!("object s3://bucket/{key} ")), "{named}");
            assert!(named.message.contains(text), "{named}");
            assert!(aws.keys().iter().all(|key| !key.contains("parts/")) || aws.keys().len() < 7);
            aws.clients().s3().delete_object().bucket("bucket").key(key).send().await.unwrap();
            // Once it is deleted, it does not matter. Under an item's key, its version has no time.
            assert_eq!(failure(&aws).await.is_none(), key != two || begun == 100, "{key}");
        }
    }
}

#[tokio::test]
async fn an_object_that_holds_another_item_than_its_key_says_is_named() {
    for (body, text) in [
        (
            r#"{"Item":{"id":{"S":"9"}},"SequenceNumber":"0000000000000000000000000000000000000001"}"#,
            "it holds the item `",
        ),
        (
            r#"{"Item":{"no":{"S":"9"}},"SequenceNumber":"0000000000000000000000000000000000000001"}"#,
            "its item lacks the key attributes id",
        ),
        (r#"{"Item":{"id":{"S":"1"}}}"#, "its body is neither"),
        ("", "its body is neither"),
    ] {
        let aws = aws();
        put(&aws, "1", Some("a"), 1, 1, 1).await;
        let key = object("1");
        let metadata = aws.state().objects[&key].metadata.clone();
        let put = aws
            .clients()
            .s3()
            .put_object()
            .bucket("bucket")
            .key(&key)
            .set_metadata(Some(metadata.into_iter().collect()));
        put.body(body.as_bytes().to_vec().into()).send().await.unwrap();
        let plan = plan(&aws, json!({}), defaults(), 100).await.unwrap();
        let mut message = String::new();
        for shard in 0..2 {
            let input = json!({ "executionArn": "x", "snapshot": plan["snapshot"], "shard": shard, "part": 0, "cursor": null });
            let step = SnapshotShard::at(&aws.clients(), Clock::Fixed(second(100)));
            if let Err(failure) = step.run_json(input).await {
                assert_eq!(failure.name, ErrorName::InvalidVersion);
                message = failure.message;
            }
        }
        assert!(message.contains(text), "{message}");
    }
}

#[tokio::test]
async fn a_version_deleted_during_the_snapshot_is_named_and_an_overwritten_one_is_found() {
    let whole = async |begun: i64| {
        let aws = aws();
        put(&aws, "1", Some("a"), 1, 10, 10).await;
        let mut defaults = defaults();
        defaults["shards"] = json!("1");
        let plan = plan(&aws, json!({ "At": second(15) }), defaults, begun).await.unwrap();
        (aws, plan)
    };
    // The first object that is read is the part's record, which does not exist.
    let (aws, long_ago) = whole(200_000).await;
    aws.fail_action("s3:GetObject", 1, Fault::Refused(404, "NoSuchVersion"));
    let step = SnapshotShard::at(&aws.clients(), Clock::Fixed(second(200_000)));
    let input = json!({ "executionArn": "x", "snapshot": long_ago["snapshot"], "shard": 0, "part": 0, "cursor": null });
    let failure = step.run_json(input).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ExportFailed);
    assert!(failure.message.contains("was deleted while the snapshot was made"), "{failure}");
    // If a version listed as current is overwritten before it is read, the version that was current then is searched
    // for.
    let (aws, now) = whole(100).await;
    aws.fail_action("s3:GetObject", 1, Fault::Refused(412, "PreconditionFailed"));
    let report = write(&aws, &now, second(100), 0).await;
    assert_eq!(items(&aws, &report), expected(&[("1", "a")]));
    assert_eq!(aws.count("s3:ListObjectVersions"), 1 + 1, "of its key, and of late ones");
}

#[tokio::test]
async fn unknown_items_fail_the_snapshot_or_are_omitted_and_listed() {
    let aws = aws();
    put(&aws, "1", Some("a"), 1, 10, 10).await;
    put_as(&aws, EventName::Modify, "2", Some("b"), 1, 60, 60).await;
    put(&aws, "3", Some("c"), 1, 60, 60).await;
    let mut input = json!({ "At": second(50) });
    let strict = plan(&aws, input.clone(), defaults(), 100).await.unwrap();
    let step = SnapshotShard::at(&aws.clients(), Clock::Fixed(second(100)));
    let mut refusals = Vec::new();
    for shard in [0, 1] {
        let input = json!({ "executionArn": "x", "snapshot": strict["snapshot"], "shard": shard, "part": 0, "cursor": null });
        refusals.extend(step.run_json(input).await.err());
    }
    let [refusal] = refusals.as_slice() else { panic!("{refusals:?}") };
    assert_eq!(refusal.name, ErrorName::HistoryIncomplete);
    let text = format!(
        "the item of object s3://bucket/{} is not known at 2027-01-15 08:00:50 UTC: its oldest version \
         is from MODIFY at 2027-01-15 08:01:00 UTC",
        object("2")
    );
    assert!(refusal.message.starts_with(&text), "{refusal}");
    aws.state().objects.retain(|key, _| !key.starts_with("snapshots/"));
    input["AllowIncomplete"] = json!(true);
    let allowed = plan(&aws, input, defaults(), 100).await.unwrap();
    let report = write(&aws, &allowed, second(100), 0).await;
    assert_eq!(items(&aws, &report), expected(&[("1", "a")]));
    let folder = "snapshots/2027-01-15T08-00-50Z/unknown/";
    assert_eq!(
        (&report["Unknown"], &report["UnknownItems"]),
        (&json!(1), &json!(format!("s3://bucket/{folder}")))
    );
    let listed: String = ["00000-00000.jsonl", "00001-00000.jsonl"]
        .map(|name| aws.text(&format!("{folder}{name}")).unwrap())
        .concat();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let line = json!({ "Key": { "id": { "S": "2" } }, "Object": object("2"), "OldestEvent": "MODIFY", "OldestAt": second(60) });
    assert_eq!(listed, line);
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Dropped),
        Just(Fault::Lost),
        (0_usize..200).prop_map(Fault::Broken),
        Just(Fault::Refused(500, "InternalError")),
        Just(Fault::Refused(503, "SlowDown")),
        Just(Fault::Refused(403, "AccessDenied")),
    ]
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whichever call fails, before its effect or after it, the same items exist at the end, each once and in their
    /// order. The number of parts, shards and list pages does not matter.
    #[test]
    fn a_snapshot_killed_at_any_call_and_repeated_is_the_same(
        count in 0_usize..24,
        page in 1_usize..7,
        shards in 1_u32..5,
        begun in prop_oneof![Just(100_i64), Just(200_000)],
        seconds in prop_oneof![Just(0), Just(600)],
        faults in prop::collection::btree_map(0..150_usize, fault(), 0..6),
    ) {
        RUNTIME.block_on(async {
            let history = async || {
                let aws = aws();
                for number in 0..count {
                    let id = number.to_string();
                    put(&aws, &id, Some("a"), 1, 10, 10).await;
                    if number % 3 > 0 {
                        put(&aws, &id, Some("b"), 2, 20, 21).await;
                    }
                    if number % 3 > 1 {
                        put(&aws, &id, None, 3, 30, 31).await;
                    }
                }
                let mut defaults = defaults();
                defaults["shards"] = json!(shards.to_string());
                let mut plan = plan(&aws, json!({ "At": second(20) }), defaults, begun).await.unwrap();
                plan["snapshot"]["run"]["secondsPerCall"] = json!(seconds);
                aws.state().page_of_list = page;
                aws.state().called.clear();
                (aws, plan)
            };
            let (undisturbed, plan) = history().await;
            let report = write(&undisturbed, &plan, second(begun), 0).await;
            let present: Vec<(String, &str)> =
                (0..count).map(|number| (number.to_string(), if number % 3 > 0 { "b" } else { "a" })).collect();
            let present: Vec<(&str, &str)> =
                present.iter().map(|(id, value)| (id.as_str(), *value)).collect();
            prop_assert_eq!(items(&undisturbed, &report), expected(&present));
            let (disturbed, plan) = history().await;
            let tries = faults.len();
            for (number, fault) in faults {
                disturbed.fail(number, fault);
            }
            let report = write(&disturbed, &plan, second(begun), tries).await;
            prop_assert_eq!(items(&disturbed, &report), expected(&present));
            Ok(())
        })?;
    }
}
