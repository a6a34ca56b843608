use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, refusal};

use super::*;
use crate::step::AnyStep;

const ONE: &str = "arn:aws:states:eu-west-1:123456789012:execution:StateMachine-a1:one";
const OWN: &str = "arn:aws:states:eu-west-1:123456789012:execution:reports:own";
const OTHER: &str = "arn:aws:states:eu-west-1:123456789012:execution:reports:other";
const CLAIM: &str = "r/deliveries/StateMachine-a1/one/2027-01-15T09-00-00.250Z/1.claim.json";

/// Returns an AWS with an execution of `rotate-restore`. `other` is the status of the other execution of this workflow.
fn aws(status: &str, other: &'static str) -> FakeAws {
    let aws = FakeAws::default();
    let one = json!({ "executionArn": ONE, "name": "one", "status": status, "startDate": 1_800_000_000.0,
        "stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:StateMachine-a1",
        "stopDate": 1_800_003_600.25, "error": "RestoreFailed", "cause": "the key is gone",
        "input": json!({ "TableName": "orders", "Key": { "id": { "S": "secret" } } }).to_string() });
    aws.response("states:DescribeExecution", move |call| {
        match call.input["executionArn"].as_str().unwrap() {
            ONE => (200, one.clone()),
            arn => (
                200,
                json!({ "executionArn": arn, "stateMachineArn": "m", "status": other, "startDate": 1.0 }),
            ),
        }
    });
    aws.response("states:DescribeStateMachineForExecution", |_| {
        let group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/states/s/rotate-restore:*";
        let definition =
            json!({ "Comment": "Restores.", "StartAt": "A", "States": { "A": { "Type": "Fail" } } });
        let logging = json!({ "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": group } }] });
        (
            200,
            json!({ "stateMachineArn": "m", "name": "m", "roleArn": "r", "updateDate": 1.0,
            "definition": definition.to_string(), "loggingConfiguration": logging }),
        )
    });
    aws.response("states:GetExecutionHistory", |_| (200, json!({ "events": [] })));
    aws
}

/// Lets another execution have claimed the end.
fn claimed(aws: &FakeAws) {
    aws.state().objects.insert(CLAIM.to_owned(), json!({ "ExecutionArn": OTHER }).to_string());
    aws.response("s3:PUT", |call| match call.key == CLAIM {
        true => (412, json!("<Error><Code>PreconditionFailed</Code><Message>no</Message></Error>")),
        false => (200, json!("")),
    });
}

async fn write_with(aws: &FakeAws, arn: &str, topic: &str, format: &str) -> Result<Value, Failure> {
    let input = json!({ "executionArn": OWN, "executionInput": { "ExecutionArn": arn }, "parameters": {
        "reportBucket": "reports", "reportPrefix": "r/", "topicArn": topic, "messageFormat": format } });
    WriteReport { clients: aws.clients() }.run_json(input).await
}

async fn write(aws: &FakeAws) -> Value {
    write_with(aws, ONE, "arn:topic", "text").await.unwrap()
}

#[tokio::test]
async fn the_report_is_written_before_the_texts_are_passed_on() {
    let aws = aws("FAILED", "RUNNING");
    let output = write(&aws).await;
    assert_eq!(output["ended"]["page"], "s3://reports/r/rotate-restore/StateMachine-a1/one.html");
    assert_eq!(
        (&output["turn"], &output["putEvent"], &output["publishMessage"]),
        (&json!("OWN"), &json!(true), &json!(true))
    );
    assert_eq!(output["subject"], "rotate-restore FAILED (RestoreFailed): orders");
    assert_eq!(output["note"], CLAIM.replace("claim", "note"));
    let objects = aws.state().objects.clone();
    let keys: Vec<&String> = objects.keys().collect();
    let stem = "r/rotate-restore/StateMachine-a1/one";
    assert_eq!(keys, [CLAIM, &format!("{stem}.html"), &format!("{stem}.json")]);
    let report: Value = serde_json::from_str(&objects[&format!("{stem}.json")]).unwrap();
    assert_eq!(
        report["Facts"][1],
        json!({ "Name": "Table", "Value": "orders", "Link":
        "https://eu-west-1.console.aws.amazon.com/dynamodbv2/home?region=eu-west-1#table?name=orders" })
    );
    assert!(!objects.values().any(|object| object.contains("secret")), "{objects:?}");
    assert!(!output.to_string().contains("secret"), "{output}");
}

#[tokio::test]
async fn every_end_is_reported() {
    for status in ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] {
        assert_eq!(write(&aws(status, "RUNNING")).await["ended"]["status"], status);
    }
}

#[tokio::test]
async fn without_a_topic_no_message_is_published() {
    let output = write_with(&aws("FAILED", "RUNNING"), ONE, "", "chat").await.unwrap();
    assert_eq!((&output["putEvent"], &output["publishMessage"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn another_execution_for_the_same_end_is_waited_for() {
    let aws = aws("FAILED", "RUNNING");
    claimed(&aws);
    let output = write(&aws).await;
    assert_eq!((&output["turn"], &output["waitSeconds"]), (&json!("OF_ANOTHER"), &json!(20)));
    assert_eq!((&output["putEvent"], &output["publishMessage"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn an_end_that_was_delivered_is_over() {
    let aws = aws("FAILED", "SUCCEEDED");
    claimed(&aws);
    let note = json!({ "ExecutionArn": OTHER, "EventError": "", "MessageError": "" });
    aws.state().objects.insert(CLAIM.replace("claim", "note"), note.to_string());
    assert_eq!(write(&aws).await["turn"], "OVER");
}

#[tokio::test]
async fn an_end_whose_execution_was_stopped_is_delivered_by_the_next() {
    let aws = aws("FAILED", "ABORTED");
    claimed(&aws);
    let output = write(&aws).await;
    assert_eq!(output["note"], CLAIM.replace("1.claim", "2.note"));
    assert_eq!((&output["turn"], &output["putEvent"]), (&json!("OWN"), &json!(true)));
}

#[tokio::test]
async fn what_is_no_ended_execution_is_refused() {
    for (status, arn, format, reason) in [
        ("RUNNING", ONE, "text", "which has not ended"),
        ("FAILED", "nightly", "text", "it must be the ARN of an execution"),
        ("FAILED", ONE, "xml", "it must be text, json or chat"),
    ] {
        let failure = write_with(&aws(status, "RUNNING"), arn, "", format).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput);
        assert!(failure.message.contains(reason), "{failure}");
    }
    let missing = aws("FAILED", "RUNNING");
    missing.response("states:DescribeExecution", |_| refusal("ExecutionDoesNotExist"));
    let failure = write_with(&missing, ONE, "", "text").await.unwrap_err();
    assert!(failure.message.contains("does not exist; Step Functions keeps executions for 90"), "{failure}");
}

#[tokio::test]
async fn failed_calls_have_their_names() {
    for action in
        ["states:DescribeExecution", "states:GetExecutionHistory", "states:DescribeStateMachineForExecution"]
    {
        let aws = aws("FAILED", "RUNNING");
        aws.refuse(action, "AccessDeniedException");
        let failure = write_with(&aws, ONE, "", "text").await.unwrap_err();
        assert_eq!(failure.name, ErrorName::AccessDenied, "{action}");
    }
    let aws = aws("FAILED", "RUNNING");
    aws.response("s3:PUT", |_| (403, json!("<Error><Code>AccessDenied</Code><Message>no</Message></Error>")));
    assert_eq!(write_with(&aws, ONE, "", "text").await.unwrap_err().name, ErrorName::AccessDenied);
}
