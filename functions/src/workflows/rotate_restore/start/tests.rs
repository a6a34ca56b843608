use std::sync::{Arc, Mutex};

use aws_sdk_sfn::config::http::HttpResponse;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use serde_json::json;

use tablekeeper_core::rotation::overrides::BillingMode;

use super::*;
use crate::step::AnyStep;

const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-production";
const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:rotate-restore";

fn record(table: &str, job: &str, state: &str) -> Value {
    let attribute = |value: &str| json!({ "Type": "String", "Value": value });
    let message = format!(
        "An AWS Backup job was completed successfully. Recovery point ARN: {table}/backup/015-d3. \
         Backed up Resource ARN : {table}. Backup Job Id : {job}"
    );
    json!({ "Sns": { "Message": message, "MessageAttributes": {
        "EventType": attribute("BACKUP_JOB"), "State": attribute(state),
        "StartTime": attribute("2019-09-02T13:48:52.226Z") } } })
}

fn response(status: u16, body: Value) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), body.to_string().into())
}

/// Step Functions, which knows the names of started executions and their inputs.
fn step_functions(started: &Arc<Mutex<Vec<(String, Value)>>>) -> Rule {
    let started = Arc::clone(started);
    mock!(aws_sdk_sfn::Client::start_execution).then_compute_response(move |request| {
        assert_eq!(request.state_machine_arn(), Some(MACHINE));
        let name = request.name().unwrap().to_owned();
        let mut started = started.lock().unwrap();
        if started.iter().any(|(known, _)| *known == name) {
            return MockResponse::Http(response(
                400,
                json!({ "__type": "ExecutionAlreadyExists", "message": "" }),
            ));
        }
        let arn = format!("{MACHINE}:{name}");
        started.push((name, serde_json::from_str(request.input().unwrap()).unwrap()));
        MockResponse::Http(response(200, json!({ "executionArn": arn, "startDate": 1.0 })))
    })
}

fn template() -> TemplateParameters {
    TemplateParameters {
        source_pattern: "-production$".to_owned(),
        replacement_pattern: "-staging".to_owned(),
        ssm_parameter_name: "/staging/arn".to_owned(),
        billing_mode_override: Some(BillingMode::PayPerRequest),
        sse_kms_master_key_id: Some("alias/k".to_owned()),
    }
}

fn step(rules: &[&Rule], template: TemplateParameters) -> Start {
    let sfn = mock_client!(aws_sdk_sfn, RuleMode::MatchAny, rules);
    Start { sfn, state_machine_arn: MACHINE.to_owned(), template }
}

async fn run(rule: &Rule, template: TemplateParameters, records: Value) -> Result<Value, Failure> {
    step(&[rule], template).run_json(json!({ "Records": records })).await
}

#[tokio::test]
async fn an_execution_gets_a_complete_input() {
    let started = Arc::default();
    let records = json!([record(TABLE, "JOB-1", "COMPLETED")]);
    let output = run(&step_functions(&started), template(), records).await.unwrap();
    assert_eq!(output["records"][0]["outcome"], "started");
    assert_eq!(output["records"][0]["targetTable"], "orders-staging-20190902-13-48-52");
    let (name, input) = started.lock().unwrap()[0].clone();
    assert_eq!(name, "rot-job-1");
    assert_eq!(
        input,
        json!({
            "BackupSnsMessage": {
                "StatusMessage": "An AWS Backup job was completed successfully.",
                "RecoveryPointArn": format!("{TABLE}/backup/015-d3"), "BackedUpResourceArn": TABLE,
                "BackupJobID": "JOB-1", "StartTime": "2019-09-02T13:48:52.226Z"
            },
            "SourcePattern": "-production$", "ReplacementPattern": "-staging",
            "SSMParameterName": "/staging/arn", "BillingModeOverride": "PAY_PER_REQUEST",
            "SSESpecificationOverride": { "Enabled": true, "KMSMasterKeyId": "alias/k" }
        })
    );
}

#[tokio::test]
async fn a_repeated_notification_succeeds_and_starts_nothing() {
    let started = Arc::default();
    let rule = step_functions(&started);
    let records = json!([record(TABLE, "job-1", "COMPLETED"), record(TABLE, "JOB-1", "COMPLETED")]);
    let output = run(&rule, template(), records.clone()).await.unwrap();
    assert_eq!(output["records"][1], json!({ "outcome": "duplicate", "executionName": "rot-job-1" }));
    let output = run(&rule, template(), records).await.unwrap();
    assert_eq!(output["records"][0]["outcome"], "duplicate");
    assert_eq!(started.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_bad_record_fails_after_the_others_are_started() {
    let started = Arc::default();
    let records = json!([
        record(TABLE, "job-1", "FAILED"), { "Sns": {} }, record(TABLE, "job-2", "COMPLETED")
    ]);
    let failure = run(&step_functions(&started), template(), records).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::MalformedNotification);
    assert_eq!(started.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn refused_calls_and_wrong_configuration_have_their_error_names() {
    let records = json!([record(TABLE, "job-1", "COMPLETED")]);
    for (code, name) in [
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("StateMachineDoesNotExist", ErrorName::RequestRefused),
    ] {
        let rule = mock!(aws_sdk_sfn::Client::start_execution)
            .then_http_response(move || response(400, json!({ "__type": code, "message": "no" })));
        assert_eq!(run(&rule, template(), records.clone()).await.unwrap_err().name, name);
    }
    let rule = step_functions(&Arc::default());
    let pattern = TemplateParameters { source_pattern: "(".to_owned(), ..template() };
    assert_eq!(run(&rule, pattern, records.clone()).await.unwrap_err().name, ErrorName::InvalidPattern);
    let target = TemplateParameters { replacement_pattern: "ü".to_owned(), ..template() };
    assert_eq!(run(&rule, target, records).await.unwrap_err().name, ErrorName::InvalidTargetName);
}

#[tokio::test]
async fn an_event_of_neither_service_is_malformed() {
    assert_eq!(
        step(&[], template()).run_json(json!("noise")).await.unwrap_err().name,
        ErrorName::MalformedNotification
    );
}
