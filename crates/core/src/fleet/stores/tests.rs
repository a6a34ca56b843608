use serde_json::json;

use super::*;
use crate::fleet::collect::Stores;
use crate::fleet::facts::TableFacts;
use crate::fleet::testing::{Account, ago, collected, now};
use crate::restore_test::evidence::Evidence;
use crate::restore_test::job::tests::restore_test;

fn put(account: &Account, key: &str, text: String) {
    account.state().keys.insert(key.to_owned());
    account.aws.state().objects.insert(key.to_owned(), text);
}

/// Adds the evidence of a restore test of `orders` that ended this long ago.
fn add_evidence(account: &Account, id: &str, age: TimeDelta, failure: Option<&str>, seconds: u32) {
    let mut test = restore_test();
    (test.restore_job_id, test.ended_at, test.restore_seconds) = (id.to_owned(), now() - age, seconds);
    test.failure = failure.map(str::to_owned);
    let result = crate::restore_test::result::Verification::from_output(json!({})).result();
    let evidence = Evidence::new(test, None, Some(result), "arn:e".to_owned(), now());
    put(account, &evidence.key(), serde_json::to_string(&evidence).unwrap());
}

fn facts(account: &Account, stores: &Stores) -> TableFacts {
    collected(account, stores).unwrap().tables.remove("orders").unwrap()
}

#[tokio::test]
async fn the_newest_successful_evidence_of_this_table_counts() {
    let account = Account::new();
    account.table("orders");
    let stores = Stores { evidence: Some("evidence".to_owned()), ..Stores::default() };
    assert!(facts(&account, &stores).verified.is_none());
    add_evidence(&account, "ancient", TimeDelta::days(200), None, 1);
    assert!(facts(&account, &stores).verified.is_none(), "it is of an earlier table");
    add_evidence(&account, "old", TimeDelta::days(9), None, 90);
    add_evidence(&account, "failed", TimeDelta::days(2), Some("the key is gone"), 5);
    let found = facts(&account, &stores);
    let verified = found.verified.found().unwrap();
    assert_eq!((verified.at, verified.how.as_str()), (now() - TimeDelta::days(9), "restore test"));
    assert!(verified.by.starts_with("s3://evidence/tests/123456789012/eu-west-1/orders/"), "{verified:?}");
    assert_eq!(found.restores.found().map(|times| (times.count, times.slowest_seconds)), Some((1, 90)));
    // AWS Backup still has the same job, which counts once.
    account.job("orders", "old", TimeDelta::days(9), 90, None);
    assert_eq!(facts(&account, &stores).restores.found().map(|times| times.count), Some(1));
    for day in 0..11 {
        add_evidence(&account, &format!("bad-{day}"), TimeDelta::hours(day), Some("no"), 5);
    }
    let reason = facts(&account, &stores).verified.reason().unwrap().to_owned();
    assert_eq!(reason, "the newest 10 of 14 restore tests were not successful");
    let key = format!(
        "{}2026-11-30T13-00-00Z-x.json",
        evidence::folder("arn:aws:dynamodb:eu-west-1:123456789012:table/orders")
    );
    put(&account, &key, "{}".to_owned());
    assert!(facts(&account, &stores).verified.reason().unwrap().contains("is not the evidence"));
}

#[tokio::test]
async fn the_newest_settings_document_of_this_table_counts() {
    let account = Account::new();
    account.table("orders");
    let stores = Stores { settings: Some("settings".to_owned()), ..Stores::default() };
    for key in ["orders/20260101T000000Z", "orders-2/20261101T000000Z", "orders/notes"] {
        account.state().keys.insert(format!("settings/123456789012/eu-west-1/{key}.json"));
    }
    assert!(facts(&account, &stores).settings.is_none(), "the only document is of an earlier table");
    for key in ["orders/20261103T000000Z", "orders/20261101T000000Z"] {
        account.state().keys.insert(format!("settings/123456789012/eu-west-1/{key}.json"));
    }
    let settings = facts(&account, &stores).settings;
    assert_eq!(settings.found().unwrap().at, "2026-11-03T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
    account.aws.refuse("s3:LIST", "AccessDenied");
    assert!(facts(&account, &stores).settings.reason().is_some());
}

#[tokio::test]
async fn a_history_counts_from_its_first_backfill_unless_it_has_a_gap() {
    let account = Account::new();
    account.table("orders");
    account.aws.set("orders", "LatestStreamLabel", json!("2026-09-01T00:00:00.000"));
    let history = |table: Option<&str>, prefix: &str| History {
        table: table.map(str::to_owned),
        bucket: "items".to_owned(),
        prefix: prefix.to_owned(),
    };
    let of_all = Stores { incremental: vec![history(None, "tables/")], ..Stores::default() };
    let of_one = Stores {
        incremental: vec![history(None, "tables/"), history(Some("orders"), "own/")],
        ..Stores::default()
    };
    let of_another = Stores { incremental: vec![history(Some("others"), "")], ..Stores::default() };
    assert_eq!(facts(&account, &of_another).incremental, Finding::NotAsked {});
    assert!(facts(&account, &of_all).incremental.is_none());
    let coverage = |stream: &str, days: u32| {
        json!({ "CompleteSince": "2026-10-01T00:00:00Z", "Stream": stream, "NoncurrentDays": days })
            .to_string()
    };
    put(&account, "tables/orders/coverage.json", coverage("2026-09-01T00:00:00.000", 0));
    put(&account, "own/coverage.json", coverage("2026-09-01T00:00:00.000", 7));
    account.aws.response("lambda:GET", |_| (200, json!({ "EventSourceMappings": [] })));
    let found = facts(&account, &of_all).incremental.found().cloned().unwrap();
    assert_eq!(found.location, "s3://items/tables/orders/");
    assert_eq!(found.lag.reason(), Some("no event source mapping reads the stream"));
    assert_eq!(found.since, "2026-10-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
    let retained = facts(&account, &of_one).incremental.found().map(|history| history.since);
    assert_eq!(retained.map(|since| since.timestamp()), Some(ago(TimeDelta::days(7))));
    put(&account, "tables/orders/coverage.json", coverage("2026-08-01T00:00:00.000", 0));
    assert!(facts(&account, &of_all).incremental.is_none(), "the table has another stream now");
    put(&account, "tables/orders/coverage.json", "{\"CompleteSince\":1}".to_owned());
    assert!(facts(&account, &of_all).incremental.reason().is_some());
}
