use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::refusal;
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep;

const NOW: &str = "2026-12-01T06:00:03Z";
const DOCUMENT: &str = "fleet/2026-12-01/nightly.json";
const PAGE: &str = "fleet/2026-12-01/nightly.html";

/// Returns an account with these tables, each with a backup of the day before.
fn account(tables: &[&str]) -> FakeStore {
    let store = FakeStore::default();
    for table in tables {
        let _ = store.aws.clone().with_table(table).with_backup(table, "2026-11-30T06:00:03Z");
    }
    store.aws.response("dynamodb:DescribeContinuousBackups", |_| {
        let off = json!({ "PointInTimeRecoveryStatus": "DISABLED" });
        (200, json!({ "ContinuousBackupsDescription": { "PointInTimeRecoveryDescription": off } }))
    });
    store.aws.response("dynamodb:ListExports", |_| (200, json!({ "ExportSummaries": [] })));
    store.aws.response("backup:GET", |_| (200, json!({ "Results": [], "RestoreJobs": [] })));
    store
}

fn step(store: &FakeStore, longest: u64) -> WriteReport {
    WriteReport {
        clients: store.clients(),
        clock: Clock::Fixed(NOW.parse().unwrap()),
        timer: Arc::new(RuntimeTimer),
        longest: Duration::from_secs(longest),
    }
}

async fn write_with(store: &FakeStore, longest: u64, field: &str, value: &str) -> Result<Value, Failure> {
    let mut parameters = json!({ "reportBucket": "reports", "rulesKey": "", "settingsBucket": "",
        "evidenceBucket": "", "itemBucket": "", "itemPrefixes": "tables/", "pricePerGb": "" });
    parameters[field] = json!(value);
    let input = json!({ "executionName": "nightly", "startedAt": "2026-12-01T06:00:00Z", "executionInput": {},
        "parameters": parameters });
    step(store, longest).run_json(input).await
}

async fn write(store: &FakeStore, rules_key: &str) -> Result<Value, Failure> {
    write_with(store, 60, "rulesKey", rules_key).await
}

#[tokio::test]
async fn all_tables_are_in_the_document_and_on_the_page() {
    let store = account(&["customers", "orders"]);
    let output = write(&store, "").await.unwrap();
    assert_eq!((&output["totals"]["tables"], &output["totals"]["broken"]), (&json!(2), &json!(0)));
    assert_eq!(output["totals"]["worstLossSeconds"], 86_400);
    assert_eq!((&output["notKept"], &output["notRead"]), (&json!([]), &json!([])));
    assert_eq!(output["document"], format!("s3://reports/{DOCUMENT}"));
    assert_eq!(output["page"], format!("s3://reports/{PAGE}"));
    let document: Value = serde_json::from_str(&store.text(DOCUMENT).unwrap()).unwrap();
    assert_eq!(document["tables"][1]["name"], "orders");
    assert!(store.text(PAGE).unwrap().contains("No rule is broken: 2 tables"));
}

#[tokio::test]
async fn a_repeated_step_finds_the_document_and_reads_no_table() {
    let store = account(&["orders"]);
    let first = write(&store, "").await.unwrap();
    let document = store.text(DOCUMENT).unwrap();
    let _ = store.aws.clone().with_table("customers");
    let calls = store.aws.calls("dynamodb:ListTables").len();
    assert_eq!(write(&store, "").await.unwrap(), first);
    assert_eq!(store.text(DOCUMENT).unwrap(), document);
    assert_eq!(store.aws.calls("dynamodb:ListTables").len(), calls);
}

#[tokio::test]
async fn rules_are_json_or_yaml_and_a_bad_file_is_refused_with_its_place() {
    let yaml = "Rules:\n- Name: all\n  Must: {DeletionProtection: true}\n";
    let json = r#"{"Rules":[{"Name":"all","Must":{"DeletionProtection":true}}]}"#;
    for (key, text) in [("rules/a.yaml", yaml), ("rules/a.json", json)] {
        let output = write(&account(&["orders"]).with_object(key, text.to_owned()), key).await.unwrap();
        assert_eq!(output["sentence"], "1 of 1 table break a rule");
        let expected = "orders: all: DeletionProtection broken: deletion protection is off";
        assert_eq!(output["notKept"], json!([expected]));
    }
    for (key, text, reason) in [
        ("rules/a.yml", "Rules: []", "but in s3://reports/rules/a.yml Rules is empty"),
        ("rules/a.json", yaml, "but in s3://reports/rules/a.json the file is not JSON: "),
        ("rules/b.json", json, "but s3://reports/rules/b.json does not exist; upload the rules, or leave"),
    ] {
        let object = if key == "rules/b.json" { "rules/a.json" } else { key };
        let store = account(&["orders"]).with_object(object, text.to_owned());
        let failure = write(&store, key).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput);
        assert!(failure.message.starts_with(&format!("RulesKey is `{key}`, {reason}")), "{failure}");
        assert!(store.aws.calls("dynamodb:ListTables").is_empty(), "nothing was read");
    }
    let failure = write_with(&account(&["orders"]), 60, "pricePerGb", "cheap").await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
}

#[tokio::test]
async fn a_refused_call_is_not_known_unless_the_tables_cannot_be_listed() {
    let store = account(&["orders"]);
    store.aws.refuse("dynamodb:ListBackups", "AccessDeniedException");
    let output = write(&store, "").await.unwrap();
    assert_eq!((&output["totals"]["broken"], &output["totals"]["notKnown"]), (&json!(0), &json!(1)));
    let unread = output["notRead"][0].as_str().unwrap();
    assert!(unread.starts_with("backups of orders: dynamodb:ListBackups failed: AccessDenied"), "{unread}");
    let store = account(&["orders"]);
    store.aws.response("dynamodb:ListTables", |_| refusal("AccessDeniedException"));
    assert_eq!(write(&store, "").await.unwrap_err().name, ErrorName::AccessDenied);
    assert_eq!(store.text(DOCUMENT), None);
}

#[tokio::test]
async fn more_tables_than_an_invocation_can_read_end_by_name() {
    let names: Vec<String> = (0..20).map(|number| format!("table-{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let store = account(&names);
    let failure = write_with(&store, 1, "rulesKey", "").await.unwrap_err();
    assert_eq!(failure.name, ErrorName::FleetTimedOut);
    let expected = "the account has 20 tables, whose calls take at least 2 s at AWS's rates, and one invocation has 1 s; \
                    `tablekeeper fleet` has no limit";
    assert_eq!(failure.message, expected);
    assert!(store.aws.calls("dynamodb:DescribeTable").is_empty(), "nothing was read in vain");
    // Two tables fit, and one that AWS throttles does not.
    let store = account(&["orders"]);
    store.aws.refuse("dynamodb:DescribeContinuousBackups", "ThrottlingException");
    let failure = write_with(&store, 1, "rulesKey", "").await.unwrap_err();
    assert_eq!(failure.name, ErrorName::FleetTimedOut);
    assert!(failure.message.starts_with("0 of 1 table were read in 1 s, because AWS throttles"), "{failure}");
    assert_eq!((store.text(DOCUMENT), store.text(PAGE)), (None, None));
}

#[tokio::test]
async fn failed_calls_of_the_bucket_have_their_names() {
    for action in ["s3:GetObject", "s3:PutObject"] {
        let refused = account(&["orders"]);
        refused.fail_action(action, 0, Fault::Refused(403, "AccessDenied"));
        assert_eq!(write(&refused, "").await.unwrap_err().name, ErrorName::AccessDenied, "{action}");
    }
    let other = account(&["orders"]).with_object(DOCUMENT, "{}".to_owned());
    let failure = write(&other, "").await.unwrap_err();
    assert_eq!(failure.name, ErrorName::RequestRefused);
    assert!(failure.message.contains("is not the document of a fleet"), "{failure}");
}
