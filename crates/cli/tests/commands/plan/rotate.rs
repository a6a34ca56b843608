//! `tablekeeper plan rotate`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use aws_sdk_dynamodb::types::Tag;
use serde_json::{Value, json};

use super::support::Account;
use crate::shell::stack;

fn event(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/rotate-restore").join(name)
}

fn plan(event: &[u8], arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tablekeeper"))
        .args(["plan", "rotate", "--event", "-", "--source-pattern"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(event).unwrap();
    child.wait_with_output().unwrap()
}

/// Returns the exit code and the JSON lines of stdout.
fn planned(event: &[u8], arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let output = plan(event, &[arguments, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn planned_file(name: &str, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    planned(&std::fs::read(event(name)).unwrap(), arguments)
}

const STAGING: [&str; 3] = ["(?i)-production$", "--replacement-pattern", "-staging"];

#[test]
fn every_record_has_its_line_of_json() {
    let with_parameter = [&STAGING[..], &["--ssm-parameter-name", "/staging/table"]].concat();
    let (code, records) = planned_file("start.sns-several-records.json", &with_parameter);
    assert_eq!(code, Some(0));
    let [orders, customers, other] = records.as_slice() else { unreachable!("{records:?}") };
    let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-production";
    assert_eq!(
        *orders,
        json!({
            "restore": true,
            "sourceTable": "orders-production",
            "recoveryPointArn": format!("{table}/backup/01772330400412-9c2f1ab7"),
            "recoveryPointKind": "dynamodb",
            "backupJobId": "3f1c9a5e-0b7d-4c62-9b1a-5d0e8f2a7c44",
            "targetTable": "orders-staging-20260301-02-00-00",
            "executionName": "rot-3f1c9a5e-0b7d-4c62-9b1a-5d0e8f2a7c44",
            "ssmParameterName": "/staging/table"
        })
    );
    assert_eq!(customers.get("targetTable"), Some(&json!("eu.customers-staging-20260301-02-00-00")));
    assert_eq!(other.get("restore"), Some(&json!(false)));
}

#[test]
fn patterns_may_have_groups_and_replacements_may_be_empty() {
    for (source, replacement, expected) in [
        ("^(orders)-(.*)$", "$2.$1", "production.orders"),
        ("^(?P<what>.*)-production$", "${what}-copy", "orders-copy"),
        ("-production$", "", "orders"),
    ] {
        let (code, records) =
            planned_file("start.sns-live-wording.json", &[source, "--replacement-pattern", replacement]);
        let target = records.first().and_then(|record| record.get("targetTable")).cloned();
        assert_eq!((code, target), (Some(0), Some(json!(format!("{expected}-20260301-02-00-00")))));
    }
}

#[test]
fn a_malformed_notification_has_an_error_and_an_exit_code() {
    let (code, records) = planned_file("start.sns-truncated.json", &STAGING);
    let error = records.first().and_then(|record| record.get("error")).cloned();
    assert_eq!((code, error), (Some(1), Some(json!("MalformedNotification"))));
    let (code, records) = planned_file("start.sns-failed-job.json", &STAGING);
    let restore = records.first().and_then(|record| record.get("restore")).cloned();
    assert_eq!((code, restore), (Some(0), Some(json!(false))));
}

#[test]
fn garbage_is_refused_without_a_panic() {
    let noise: Vec<u8> =
        (0..1_000_000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let whole = std::fs::read(event("start.sns-live-wording.json")).unwrap();
    let half = whole.split_at(whole.len() / 2).0.to_vec();
    let nested = b"[".repeat(100_000);
    for garbage in [noise, half, nested, b"{}".to_vec(), b"null".to_vec(), Vec::new()] {
        let (code, records) = planned(&garbage, &STAGING);
        assert!(matches!(code, Some(1 | 2)), "exit code {code:?}");
        let restore = records.first().and_then(|record| record.get("restore")).cloned();
        assert_eq!((records.len(), restore), (1, Some(json!(false))));
        let reported = String::from_utf8(plan(&garbage, &STAGING).stderr).unwrap();
        assert!(!reported.contains("panicked"), "{reported}");
    }
}

#[test]
fn a_pattern_that_does_not_compile_is_unusable_input() {
    let output = plan(b"{}", &["(", "--replacement-pattern", ""]);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(reported.starts_with("error: SourcePattern `(` is not a regular expression"), "{reported}");
}

#[tokio::test]
async fn one_backup_is_planned_by_its_arn_or_as_the_newest() {
    let account = Account::with_table("490000000054").await;
    let patterns = ["--source-pattern", "^orders$", "--replacement-pattern", "copy"];
    let plan =
        async |more: &[&str]| account.plan_of("rotate", "us-east-1", &[&patterns, more].concat()).await;
    let latest = ["--table", "orders", "--backup", "latest"];
    let none = plan(&latest).await;
    assert_eq!(none.code, Some(2), "{}", none.remarks);
    assert!(none.remarks.contains("table orders has no available backup in us-east-1"), "{}", none.remarks);

    let mistyped = plan(&["--table", "ordres", "--backup", "latest"]).await;
    assert!(mistyped.remarks.contains("table ordres does not exist in us-east-1"), "{}", mistyped.remarks);

    let create = account.dynamodb.create_backup().table_name("orders").backup_name("now");
    let backup = create.send().await.unwrap().backup_details.unwrap().backup_arn;
    let by_name = plan(&latest).await;
    assert_eq!(by_name.code, Some(0), "{}", by_name.remarks);
    assert!(by_name.remarks.contains(&format!("the newest backup of orders is {backup}, of ")));
    let lines: Vec<&str> = by_name.data.lines().collect();
    assert!(lines[0].starts_with("orders is restored to copy-20"), "{}", by_name.data);
    let rest = [
        format!("  from       {backup} (by DynamoDB)"),
        "  parameter  not known: no stack was read; give --stack or --ssm-parameter-name".to_owned(),
    ];
    assert_eq!(lines[1..], rest, "{}", by_name.data);

    let by_arn = plan(&["--backup", &backup, "--json"]).await.json();
    assert_eq!((&by_arn["recoveryPointArn"], &by_arn["executionName"]), (&json!(backup), &Value::Null));
    let refused = plan(&["--backup", &backup, "--table", "others"]).await;
    assert!(refused.remarks.starts_with("error: --backup is of table orders, but --table is others"));
    let unmatched = ["--source-pattern", "x", "--replacement-pattern", "y", "--backup", &backup, "--json"];
    let unmatched = account.plan_of("rotate", "us-east-1", &unmatched).await;
    assert_eq!((unmatched.code, &unmatched.json()["restore"]), (Some(1), &json!(false)));
    let neither = plan(&[]).await;
    assert!(neither.code == Some(2) && neither.remarks.contains("--event <FILE>"), "{}", neither.remarks);
}

/// Creates a stack with the parameters of `rotate-restore`, and nothing that would run.
async fn deploy(account: &str, stack_name: &str) {
    let default = |value: &str| json!({ "Type": "String", "Default": value });
    let template = json!({
        "Description": "tablekeeper rotate-restore - a stand-in.",
        "Parameters": { "SourcePattern": default("^orders$"), "ReplacementPattern": default("copy"),
            "SSMParameterName": default("/copies/orders") },
        "Resources": { "Queue": { "Type": "AWS::SQS::Queue" } },
    });
    let client = aws_sdk_cloudformation::Client::new(&stack().await.config(account).await);
    let create = client.create_stack().stack_name(stack_name);
    create.template_body(template.to_string()).send().await.unwrap();
}

#[tokio::test]
async fn a_deployed_stack_has_the_patterns_and_the_new_table_is_looked_up() {
    let account = Account::with_table("496000000001").await;
    let plan = async |more: &[&str]| account.plan_of("rotate", "us-east-1", more).await;
    let latest = ["--table", "orders", "--backup", "latest"];
    let missing = plan(&latest).await;
    assert_ne!(missing.code, Some(0));
    assert!(
        missing.remarks.contains("stack tablekeeper-rotate-restore does not exist"),
        "{}",
        missing.remarks
    );
    deploy(account.name, "tablekeeper-rotate-restore").await;
    let create = account.dynamodb.create_backup().table_name("orders").backup_name("now");
    let backup = create.send().await.unwrap().backup_details.unwrap().backup_arn;
    let planned = plan(&latest).await;
    assert_eq!(planned.code, Some(0), "{}", planned.remarks);
    let rest: Vec<&str> = planned.data.lines().skip(2).collect();
    assert_eq!(rest, ["  table      does not exist yet", "  parameter  /copies/orders"], "{}", planned.data);

    let target =
        plan(&["--backup", &backup, "--json"]).await.json()["targetTable"].as_str().unwrap().to_owned();
    account.create(&target, "id", false).await;
    let untagged = plan(&["--backup", &backup]).await;
    assert!(untagged.data.contains("  table      exists without a tag."), "{}", untagged.data);
    let arn = format!("arn:aws:dynamodb:us-east-1:{}:table/{target}", account.name);
    let id = backup.rsplit('/').next().unwrap();
    for (value, code, expected) in [
        ("014-aa", Some(1), "is refused (TargetTableExists): its tag"),
        (id, Some(0), "exists, and is adopted"),
    ] {
        let tag = Tag::builder().key("tablekeeper:recovery-point").value(value).build().unwrap();
        account.dynamodb.tag_resource().resource_arn(&arn).tags(tag).send().await.unwrap();
        account.dynamodb.list_tags_of_resource().resource_arn(&arn).send().await.unwrap();
        let planned = plan(&["--backup", &backup]).await;
        assert_eq!(planned.code, code, "{}", planned.data);
        assert!(planned.data.contains(expected), "{}", planned.data);
    }
}
