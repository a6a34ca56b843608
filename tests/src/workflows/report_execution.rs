//! The scenarios of `report-execution` and the executions that they report.
//!
//! State machines stand in for the workflows: their executions end as their input says. The journeys report executions of
//! `rotate-restore` itself.

use std::sync::Arc;

use aws_sdk_sfn::types::{CloudWatchLogsLogGroup, ExecutionStatus, LogDestination, LoggingConfiguration};
use futures::future::LocalBoxFuture;
use local_aws::{Call, Fault};
use serde_json::{Value, json};
use tablekeeper_core::clock::utc_milliseconds;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::report_execution::ended::time_of_key;

use super::sync_settings::inject;
use crate::harness::deployed::stack;
use crate::harness::run::end_of;
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow, until_seen, until_some};

const WRITE: &str = "report-execution.write-report";
const NOTE: &str = "report-execution.note-delivery";
/// Name of the state machine that stands in for `rotate-restore`.
const STAND_IN: &str = "stand-in";
/// Name of a state machine whose executions reach their time limit after a second.
const SHORT: &str = "short";
/// Name of the executions to report.
const ONE: &str = "one";
/// ARN of a topic that does not exist at first.
const LATE_TOPIC: &str = "arn:aws:sns:us-east-1:ACCOUNT:late";

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "report-execution",
        template: "report-execution",
        machine: "StateMachine",
        prepare: Some(with_executions),
        parameters: &[("ExecutionRule", "DISABLED")],
        scenarios: vec![
            scenario!("a failed execution", failed => "Complete").golden().and(|ended| {
                let output = output(ended);
                assert_eq!(output["DeliveredBefore"], false);
                let reported = &output["Ended"];
                assert_eq!(
                    (&reported["workflow"], &reported["status"]),
                    (&json!("rotate-restore"), &json!("FAILED"))
                );
                assert_eq!(
                    (&reported["error"], &reported["reason"]),
                    (&json!("RestoreFailed"), &json!("the key is gone"))
                );
                assert!(reported["tables"][0].as_str().unwrap().ends_with(":table/orders"), "{reported}");
                let keys: Vec<&str> = ended.state.objects.iter().map(|object| object.key.as_str()).collect();
                assert_eq!(
                    keys,
                    [
                        "executions/deliveries/stand-in/one/MOMENT/1.claim.json",
                        "executions/deliveries/stand-in/one/MOMENT/1.note.json",
                        "executions/rotate-restore/stand-in/one.html",
                        "executions/rotate-restore/stand-in/one.json",
                    ]
                );
                assert!(!format!("{:?} {output}", ended.state.objects).contains("secret"), "{output}");
            }),
            scenario!("an execution that succeeded, for a chat", succeeded => "Complete")
                .with(&[("MessageFormat", "chat")])
                .and(|ended| {
                    assert_eq!(
                        output(ended)["Ended"]["outcome"],
                        json!(["wrote 3 items of 1 file from s3://b/ to orders"])
                    );
                    assert!(
                        sent(ended, "sns:publish")["Message"].as_str().unwrap().contains("client-markdown")
                    );
                }),
            scenario!("an execution that reached its time limit", timed_out => "Complete")
                .with(&[("MessageFormat", "json")])
                .and(|ended| {
                    assert_eq!(output(ended)["Ended"]["status"], "TIMED_OUT");
                    let message = sent(ended, "sns:publish")["Message"].clone();
                    assert!(message.as_str().unwrap().contains(r#""status":"TIMED_OUT""#), "{message}");
                }),
            scenario!("an execution that was stopped, without a topic", stopped => "Complete")
                .with(&[("NotificationTopicARN", "")])
                .and(|ended| {
                    assert_eq!(output(ended)["Ended"]["status"], "ABORTED");
                    assert!(!entered(ended).contains(&"Publish Message".to_owned()), "{:?}", entered(ended));
                }),
            scenario!("an end that was delivered", delivered => "Complete").and(|ended| {
                assert_eq!(output(ended)["DeliveredBefore"], true);
                assert_eq!(entered(ended), ["Write Report", "Whose Turn?", "Complete"]);
            }),
            scenario!("another execution is delivering the end", being_delivered => "Complete").and(
                |ended| {
                    assert!(entered(ended).contains(&"Wait for Other".to_owned()), "{:?}", entered(ended));
                },
            ),
            scenario!("another execution was stopped before it delivered", abandoned => "Complete").golden(),
            scenario!("what was not delivered is delivered", half_delivered => "Complete")
                .with(&[("NotificationTopicARN", LATE_TOPIC)])
                .and(|ended| {
                    let entered = entered(ended);
                    assert!(!entered.contains(&"Put Event".to_owned()), "{entered:?}");
                    assert!(entered.contains(&"Publish Message".to_owned()), "{entered:?}");
                }),
            scenario!("no such topic", failed => "Not Delivered")
                .with(&[("NotificationTopicARN", LATE_TOPIC)])
                .failing(ErrorName::NotDelivered)
                .and(|ended| {
                    let cause = ended.execution.as_ref().unwrap().cause.as_deref().unwrap();
                    assert!(cause.contains("was not delivered: message: SNS."), "{cause}");
                    assert!(entered(ended).contains(&"Put Event".to_owned()));
                }),
            scenario!("an execution that does not exist", missing => "Input Refused")
                .failing(ErrorName::InvalidInput)
                .and(|ended| assert_eq!(ended.state.objects.len(), 0)),
            scenario!("writing is not allowed", writing_refused => "Report Not Written")
                .failing(ErrorName::AccessDenied),
            scenario!("noting is not allowed", noting_refused => "Delivery Not Noted")
                .failing(ErrorName::AccessDenied),
        ],
        fault_matrix: FaultMatrix::EveryCall,
        changes_settings_of: None,
        reports_refusals_by: None,
        unentered: &[],
    }
}

fn output(ended: &Ended) -> &Value {
    &ended.execution.as_ref().unwrap().output
}

fn entered(ended: &Ended) -> &[String] {
    &ended.execution.as_ref().unwrap().entered
}

/// Returns the arguments of the only task of this service.
fn sent(ended: &Ended, service: &str) -> Value {
    let (kind, resource) = service.split_once(':').unwrap();
    let history = ended.execution.as_ref().unwrap().history.iter();
    let scheduled = history.filter_map(|event| event.task_scheduled_event_details());
    let mut tasks = scheduled.filter(|task| (task.resource_type(), task.resource()) == (kind, resource));
    let task = tasks.next().expect("the task is scheduled");
    assert!(tasks.next().is_none(), "{service} is called once");
    serde_json::from_str(task.parameters()).unwrap()
}

/// Creates the bucket, the topic and the stand-ins, and returns the parameters with them.
fn with_executions(deployed: &Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>> {
    Box::pin(async move {
        let bucket = format!("reports-{}", deployed.account);
        deployed.s3.create_bucket().bucket(&bucket).send().await.unwrap();
        let topic = deployed.sns.create_topic().name("outcomes").send().await.unwrap().topic_arn.unwrap();
        let activity = deployed.sfn.create_activity().name("never").send().await.unwrap().activity_arn;
        let waits = json!({ "Type": "Task", "Resource": activity, "End": true });
        let to = |end: &str, next: &str| json!({ "Condition": format!("{{% $states.input.End = '{end}' %}}"), "Next": next });
        let output = json!({ "TableName": "orders", "ItemCount": 3, "Files": 1, "From": "s3://b/" });
        let stand_in = json!({ "Comment": "Ends as its input says.", "QueryLanguage": "JSONata", "StartAt": "How?",
            "States": {
                "How?": { "Type": "Choice", "Choices": [to("failed", "Failed"), to("never", "Never")], "Default": "Written" },
                "Failed": { "Type": "Fail", "Error": "RestoreFailed", "Cause": "the key is gone" },
                "Never": waits,
                "Written": { "Type": "Pass", "Output": output, "End": true } } });
        let short = json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 1, "StartAt": "Never", "States": { "Never": waits } });
        let mut machines = Vec::new();
        for (name, definition) in [(STAND_IN, stand_in), (SHORT, short)] {
            let group = format!(
                "arn:aws:logs:us-east-1:{}:log-group:/aws/vendedlogs/states/stack/rotate-restore:*",
                deployed.account
            );
            let group = CloudWatchLogsLogGroup::builder().log_group_arn(group).build();
            let to = LogDestination::builder().cloud_watch_logs_log_group(group).build();
            let logging = LoggingConfiguration::builder().destinations(to).build();
            let create = deployed.sfn.create_state_machine().name(name).logging_configuration(logging);
            let create = create.role_arn("arn:aws:iam::123456789012:role/stand-in");
            let created = create.definition(definition.to_string()).send().await.unwrap();
            machines.push(created.state_machine_arn);
        }
        vec![
            ("StateMachineARNs", machines.join(",")),
            ("ReportBucketName", bucket),
            ("NotificationTopicARN", topic),
        ]
    })
}

/// Starts an execution of a stand-in that ends as `end` says. Returns its ARN.
pub async fn start(deployed: &Deployed, machine: &str, name: &str, end: &str) -> String {
    let arn = format!("arn:aws:states:us-east-1:{}:stateMachine:{machine}", deployed.account);
    let input = json!({ "End": end, "TableName": "orders", "Keys": [{ "id": { "S": "secret" } }] });
    let start = deployed.sfn.start_execution().state_machine_arn(arn).name(name);
    start.input(input.to_string()).send().await.unwrap().execution_arn
}

/// Waits until an execution has ended. Returns the time of its end.
pub async fn ended_at(deployed: &Deployed, arn: &str) -> aws_sdk_sfn::primitives::DateTime {
    until_some("the execution to end", async || {
        let described = deployed.sfn.describe_execution().execution_arn(arn).send().await.unwrap();
        described.stop_date.filter(|_| described.status != ExecutionStatus::Running)
    })
    .await
}

/// Returns an execution of the stand-in that failed.
pub async fn failed_execution(deployed: &Deployed) -> String {
    let arn = start(deployed, STAND_IN, ONE, "failed").await;
    ended_at(deployed, &arn).await;
    arn
}

fn input(arn: &str) -> Begin {
    Begin::Input(json!({ "ExecutionArn": arn }))
}

async fn failed(deployed: Arc<Deployed>) -> Begin {
    input(&failed_execution(&deployed).await)
}

async fn succeeded(deployed: Arc<Deployed>) -> Begin {
    let arn = start(&deployed, STAND_IN, ONE, "succeeded").await;
    ended_at(&deployed, &arn).await;
    input(&arn)
}

async fn timed_out(deployed: Arc<Deployed>) -> Begin {
    let arn = start(&deployed, SHORT, ONE, "never").await;
    ended_at(&deployed, &arn).await;
    input(&arn)
}

async fn stopped(deployed: Arc<Deployed>) -> Begin {
    let arn = start(&deployed, STAND_IN, ONE, "never").await;
    deployed.sfn.stop_execution().execution_arn(&arn).send().await.unwrap();
    ended_at(&deployed, &arn).await;
    input(&arn)
}

/// Reports the execution by another execution of the workflow, and returns when that has ended.
async fn reported_by(deployed: &Deployed, name: &str, arn: &str) {
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name(name);
    start.input(json!({ "ExecutionArn": arn }).to_string()).send().await.unwrap();
    end_of(deployed, name).await;
}

async fn delivered(deployed: Arc<Deployed>) -> Begin {
    let arn = failed_execution(&deployed).await;
    reported_by(&deployed, "first", &arn).await;
    input(&arn)
}

/// Lets an execution of this ARN have claimed the end of a failed one. Returns the ARN of the failed one.
async fn claimed_by(deployed: &Deployed, other: &str) -> String {
    let arn = failed_execution(deployed).await;
    let ended = ended_at(deployed, &arn).await;
    let time = time_of_key(utc_milliseconds(&ended));
    let key = format!("executions/deliveries/{STAND_IN}/{ONE}/{time}/1.claim.json");
    let claim = json!({ "ExecutionArn": other }).to_string().into_bytes();
    let put = deployed.s3.put_object().bucket(deployed.output("ReportBucketName")).key(key);
    put.body(claim.into()).send().await.unwrap();
    arn
}

async fn being_delivered(deployed: Arc<Deployed>) -> Begin {
    let other = start(&deployed, STAND_IN, "other", "never").await;
    let arn = claimed_by(&deployed, &other).await;
    let of_test = Arc::clone(&deployed);
    tokio::spawn(async move {
        let proxy = stack().await.aws.proxy();
        let of_step = |call: &&Call| {
            (call.step.as_deref(), call.action.as_str()) == (Some(WRITE), "states:DescribeExecution")
        };
        // Each invocation describes the execution to report and the other one, so this is of the second invocation.
        let waited = || proxy.calls(&of_test.account).iter().filter(of_step).count() > 2;
        until_seen("the execution to wait and to ask again", waited).await;
        of_test.sfn.stop_execution().execution_arn(other).send().await.unwrap();
    });
    input(&arn)
}

async fn abandoned(deployed: Arc<Deployed>) -> Begin {
    let own = deployed.machine().replace(":stateMachine:", ":execution:");
    input(&claimed_by(&deployed, &format!("{own}:other")).await)
}

async fn half_delivered(deployed: Arc<Deployed>) -> Begin {
    let arn = failed_execution(&deployed).await;
    reported_by(&deployed, "first", &arn).await;
    deployed.sns.create_topic().name("late").send().await.unwrap();
    input(&arn)
}

async fn missing(deployed: Arc<Deployed>) -> Begin {
    input(&format!("arn:aws:states:us-east-1:{}:execution:{STAND_IN}:missing", deployed.account))
}

async fn writing_refused(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, WRITE, "s3:PutObject", usize::MAX, Fault::Refuse).await;
    failed(deployed).await
}

async fn noting_refused(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, NOTE, "s3:PutObject", usize::MAX, Fault::Refuse).await;
    failed(deployed).await
}
