use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;
use aws_sdk_dynamodb::types::TableDescription;
use aws_sdk_sfn::config::http::HttpResponse;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use serde_json::json;

use super::*;
use crate::step::AnyStep;

const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:sync-settings";
const SOURCE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
const TARGET: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/copy";
const POINT: &str = "arn:aws:backup:eu-west-1:123456789012:recovery-point:1";
const ID: &str = "1f9f1b0e-5d0c-4c62-9b1a-5d0e8f2a7c44";

type Started = Arc<Mutex<Vec<(String, Value)>>>;

fn call(name: &str, parameters: Value) -> Value {
    json!({ "detail-type": "AWS API Call via CloudTrail", "source": "aws.dynamodb",
        "detail": { "eventName": name, "eventTime": "2026-03-01T09:02:56Z", "requestParameters": parameters } })
}

fn job(detail: Value) -> Value {
    json!({ "detail-type": "Restore Job State Change", "source": "aws.backup", "detail": detail })
}

/// Returns what CloudTrail and AWS Backup report about a restore, for restores of all kinds, each with the expected
/// origin.
fn news_of_one_table() -> Vec<(Value, Value)> {
    let backup = format!("{SOURCE}/backup/01-2");
    let (pitr, from_backup) = ("RestoreTableToPointInTime", "RestoreTableFromBackup");
    let latest = json!({ "RestoreDateTime": "2026-03-01T09:02:56Z" });
    vec![
        (call(pitr, json!({ "sourceTableName": "orders", "targetTableName": "copy" })), latest.clone()),
        (call(pitr, json!({ "sourceTableArn": SOURCE, "targetTableName": "copy" })), latest),
        (
            call(from_backup, json!({ "backupArn": backup, "targetTableName": "copy" })),
            json!({ "BackupArn": backup }),
        ),
        (
            job(json!({ "status": "COMPLETED", "resourceType": "DynamoDB", "createdResourceArn": TARGET,
                "sourceResourceArn": SOURCE, "recoveryPointArn": POINT })),
            json!({ "BackupArn": POINT }),
        ),
    ]
}

fn response(status: u16, body: Value) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), body.to_string().into())
}

fn refused(code: &str) -> HttpResponse {
    response(400, json!({ "__type": code, "message": "so AWS says" }))
}

/// Returns a rule that describes the table `copy`, by name or ARN.
fn the_table() -> Rule {
    mock!(aws_sdk_dynamodb::Client::describe_table)
        .match_requests(|request| matches!(request.table_name(), Some("copy" | TARGET)))
        .then_output(|| {
            let table = TableDescription::builder().table_name("copy").table_arn(TARGET).table_id(ID);
            DescribeTableOutput::builder().table(table.build()).build()
        })
}

/// Step Functions, which knows the names of started executions and their inputs.
fn step_functions(started: &Started) -> Rule {
    let started = Arc::clone(started);
    mock!(aws_sdk_sfn::Client::start_execution).then_compute_response(move |request| {
        assert_eq!(request.state_machine_arn(), Some(MACHINE));
        let name = request.name().unwrap().to_owned();
        let mut started = started.lock().unwrap();
        if started.iter().any(|(known, _)| *known == name) {
            return MockResponse::Http(refused("ExecutionAlreadyExists"));
        }
        let arn = format!("{MACHINE}:{name}");
        started.push((name, serde_json::from_str(request.input().unwrap()).unwrap()));
        MockResponse::Http(response(200, json!({ "executionArn": arn, "startDate": 1.0 })))
    })
}

async fn run(dynamodb: &Rule, sfn: &Rule, event: Value) -> Result<Value, Failure> {
    let step = Start {
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [dynamodb]),
        sfn: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [sfn]),
        state_machine_arn: MACHINE.to_owned(),
    };
    step.run_json(event).await
}

#[tokio::test]
async fn every_event_of_one_table_leads_to_the_same_execution() {
    let name = format!("sync-{ID}");
    for (event, origin) in news_of_one_table() {
        let started = Started::default();
        let output = run(&the_table(), &step_functions(&started), event.clone()).await.unwrap();
        let arn = format!("{MACHINE}:{name}");
        let expected = json!({ "outcome": "started", "executionArn": arn, "target": TARGET });
        assert_eq!(output, expected, "{event}");
        let mut input = json!({ "Source": SOURCE, "Target": TARGET });
        input.as_object_mut().unwrap().extend(origin.as_object().unwrap().clone());
        assert_eq!(*started.lock().unwrap(), [(name.clone(), input)], "{event}");
    }
}

#[tokio::test]
async fn a_missing_source_is_left_to_dynamodb() {
    let started = Started::default();
    let event = job(json!({ "state": "COMPLETED", "createdResourceArn": TARGET }));
    run(&the_table(), &step_functions(&started), event).await.unwrap();
    assert_eq!(started.lock().unwrap()[0].1, json!({ "Target": TARGET }));
}

#[tokio::test]
async fn a_second_event_of_a_table_succeeds_and_starts_nothing() {
    let started = Started::default();
    let rule = step_functions(&started);
    let mut outcomes = Vec::new();
    for (event, _) in news_of_one_table() {
        outcomes.push(run(&the_table(), &rule, event).await.unwrap());
    }
    assert_eq!(outcomes[0]["outcome"], "started");
    for duplicate in &outcomes[1..] {
        assert_eq!(*duplicate, json!({ "outcome": "duplicate", "executionName": format!("sync-{ID}") }));
    }
    assert_eq!(started.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_event_of_no_restore_is_skipped_without_a_call() {
    let (mut refusal, _) = news_of_one_table().remove(0);
    refusal["detail"]["errorCode"] = json!("TableAlreadyExistsException");
    for (event, reason) in [
        (refusal, "the call was refused: `TableAlreadyExistsException`"),
        (call("CreateTable", json!({ "tableName": "copy" })), "the call `CreateTable` restores no table"),
        (job(json!({ "state": "CREATED", "restoreJobId": "1" })), "the restore job is `CREATED`"),
        (json!({ "detail-type": "Scheduled Event" }), "it is `Scheduled Event`, which reports no restore"),
    ] {
        let step = Start {
            dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, []),
            sfn: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, []),
            state_machine_arn: MACHINE.to_owned(),
        };
        let output = step.run_json(event).await.unwrap();
        assert_eq!(output, json!({ "outcome": "skipped", "reason": reason }));
    }
}

#[tokio::test]
async fn every_failure_has_its_error_name() {
    let event = || news_of_one_table().remove(0).0;
    let sfn = |code: &'static str| {
        mock!(aws_sdk_sfn::Client::start_execution).then_http_response(move || refused(code))
    };
    let dynamodb = |code: &'static str| {
        mock!(aws_sdk_dynamodb::Client::describe_table).then_http_response(move || refused(code))
    };
    for (code, name) in [
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("StateMachineDoesNotExist", ErrorName::RequestRefused),
    ] {
        assert_eq!(run(&the_table(), &sfn(code), event()).await.unwrap_err().name, name);
    }
    let never = step_functions(&Started::default());
    for (code, name) in [
        ("ResourceNotFoundException", ErrorName::TargetTableMissing),
        ("AccessDeniedException", ErrorName::AccessDenied),
    ] {
        assert_eq!(run(&dynamodb(code), &never, event()).await.unwrap_err().name, name);
    }
    for event in [json!("noise"), json!({}), call("RestoreTableFromBackup", json!({}))] {
        let failure = run(&the_table(), &never, event).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::MalformedNotification);
    }
    assert_eq!(never.num_calls(), 0);
}

#[test]
fn a_source_name_becomes_an_arn_in_the_targets_account_and_region() {
    assert_eq!(table_arn("orders", TARGET), SOURCE);
    let elsewhere = "arn:aws:dynamodb:us-east-1:210987654321:table/orders";
    assert_eq!(table_arn(elsewhere, TARGET), elsewhere);
    assert_eq!(table_arn("orders", "no ARN"), "orders");
}
