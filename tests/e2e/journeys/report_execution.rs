//! Tests `report-execution` as its users see it: beside the workflows whose executions it reports.

use std::io::Write as _;

use local_aws::{Deployment, deploy};
use serde_json::{Value, json};
use tablekeeper_tests::harness::run::{end_of, executions, start_by_hand};
use tablekeeper_tests::workflows::report_execution::{failed_execution, start, workflow};
use tablekeeper_tests::workflows::rotate_restore;
use tablekeeper_tests::{Deployed, Workflow, stack, until_some};

crate::of_every_workflow!(report_execution);

/// A queue that receives the events of the workflow.
const EVENTS: &str = "
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [tablekeeper], detail-type: [Tablekeeper Execution Ended]}
      Targets: [{Id: queue, Arn: !GetAtt Queue.Arn}]
Outputs:
  QueueUrl: {Value: !Ref Queue}
";

/// The queues of an account that receive what is delivered.
struct Deliveries {
    messages: String,
    events: String,
}

impl Deliveries {
    /// Subscribes to the topic and to the event bus.
    async fn of(deployed: &Deployed, topic: &str) -> Deliveries {
        let queue = deployed.sqs.create_queue().queue_name("messages").send().await.unwrap();
        let messages = queue.queue_url.unwrap();
        let endpoint = format!("arn:aws:sqs:us-east-1:{}:messages", deployed.account);
        let subscribe = deployed.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(endpoint);
        subscribe.send().await.unwrap();
        let mut template = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        template.write_all(EVENTS.as_bytes()).unwrap();
        let bootstrap = &stack().await.bootstrap;
        let stack_name = format!("events-{}", deployed.account);
        let deployment =
            Deployment { template: template.path(), stack_name: &stack_name, parameters: &[], bootstrap };
        let outputs = deploy(&deployed.config, &deployment).await.unwrap();
        Deliveries { messages, events: outputs["QueueUrl"].clone() }
    }

    /// Returns the messages that were published so far and not returned before.
    async fn messages(&self, deployed: &Deployed) -> Vec<Value> {
        received(deployed, &self.messages).await
    }

    /// Returns the events that were put so far and not returned before.
    async fn events(&self, deployed: &Deployed) -> Vec<Value> {
        received(deployed, &self.events).await
    }
}

async fn received(deployed: &Deployed, queue: &str) -> Vec<Value> {
    let receive = deployed.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
    let messages = receive.send().await.unwrap().messages.unwrap_or_default();
    messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()).collect()
}

/// Returns the ARN of the topic that the preparation of the workflow creates.
fn topic(deployed: &Deployed) -> String {
    format!("arn:aws:sns:us-east-1:{}:outcomes", deployed.account)
}

/// Deploys the workflow with its rule. `machines` are added to those of the stand-ins.
async fn with_rule(machines: &[String]) -> Deployed {
    let mut deployed = Deployed::empty_account().await;
    deploy_with_rule(&mut deployed, machines).await;
    deployed
}

async fn deploy_with_rule(deployed: &mut Deployed, machines: &[String]) {
    let stand_ins = ["stand-in", "short"];
    let stand_ins =
        stand_ins.map(|name| format!("arn:aws:states:us-east-1:{}:stateMachine:{name}", deployed.account));
    let account = deployed.account.clone();
    let machines = machines.iter().map(|machine| machine.replace("ACCOUNT", &account));
    let machines: Vec<String> = stand_ins.into_iter().chain(machines).collect();
    let parameters = [("ExecutionRule", "ENABLED".to_owned()), ("StateMachineARNs", machines.join(","))];
    deployed.deploy(&workflow(), &parameters).await;
}

/// Waits until this number of executions of the workflow have ended.
async fn until_reported(deployed: &Deployed, number: usize) {
    until_some("the executions to end", async || {
        let list = deployed.sfn.list_executions().state_machine_arn(deployed.machine()).send().await.unwrap();
        let ended = list.executions.iter().filter(|execution| execution.stop_date.is_some()).count();
        (ended == number).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_rotation_is_reported_by_its_event() {
    let mut deployed = Deployed::empty_account().await;
    deployed.deploy(&Workflow { prepare: None, ..rotate_restore::workflow() }, &[]).await;
    let rotation = deployed.machine().to_owned();
    deploy_with_rule(&mut deployed, std::slice::from_ref(&rotation)).await;
    let deliveries = Deliveries::of(&deployed, &topic(&deployed)).await;
    let input = json!({ "BackupArn": "nonsense" }).to_string();
    let start = deployed.sfn.start_execution().state_machine_arn(&rotation).name("nightly").input(input);
    let execution = start.send().await.unwrap().execution_arn;
    until_reported(&deployed, 1).await;

    let events = deliveries.events(&deployed).await;
    assert_eq!(events.len(), 1, "{events:?}");
    let detail = &events[0]["detail"];
    assert_eq!((&detail["workflow"], &detail["executionArn"]), (&json!("rotate-restore"), &json!(execution)));
    assert_eq!((&detail["status"], &detail["error"]), (&json!("FAILED"), &json!("InvalidInput")));
    let resources = events[0]["resources"].as_array().unwrap();
    assert_eq!(resources[1], deployed.machine(), "{resources:?}");
    let messages = deliveries.messages(&deployed).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0]["Subject"], "rotate-restore FAILED (InvalidInput)");
    let text = messages[0]["Message"].as_str().unwrap();
    let page = detail["page"].as_str().unwrap();
    assert!(
        text.contains(&format!("Report: {page}\n")) && text.contains("tablekeeper explain InvalidInput"),
        "{text}"
    );

    let (bucket, key) = page.strip_prefix("s3://").unwrap().split_once('/').unwrap();
    let page = deployed.s3.get_object().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(page.content_type(), Some("text/html; charset=utf-8"));
    let html = page.body.collect().await.unwrap().into_bytes();
    let html = String::from_utf8(html.to_vec()).unwrap();
    assert!(
        html.contains("rotate-restore failed by InvalidInput") && html.contains("Restore Backup"),
        "{html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_delivered_twice_at_once_has_one_message_and_one_event() {
    let deployed = Deployed::new(&workflow()).await;
    let deliveries = Deliveries::of(&deployed, &topic(&deployed)).await;
    let arn = failed_execution(&deployed).await;
    let names = ["one", "two", "three"];
    for name in names {
        let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name(name);
        start.input(json!({ "ExecutionArn": arn }).to_string()).send().await.unwrap();
    }
    let mut before = 0;
    for name in names {
        let execution = end_of(&deployed, name).await;
        assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
        before += usize::from(execution.output["DeliveredBefore"] == true);
    }
    let (messages, events) = (deliveries.messages(&deployed).await, deliveries.events(&deployed).await);
    assert_eq!((before, messages.len(), events.len()), (2, 1, 1), "{messages:?} {events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_event_ends_by_name_and_the_message_is_published() {
    let deployed = Deployed::new(&workflow()).await;
    let deliveries = Deliveries::of(&deployed, &topic(&deployed)).await;
    // EventBridge refuses events in the name of AWS.
    let now = deployed.sfn.describe_state_machine().state_machine_arn(deployed.machine());
    let definition = now.send().await.unwrap().definition;
    let refused = definition.replace(r#""tablekeeper""#, r#""aws.tablekeeper""#);
    assert_ne!(refused, definition);
    let update = deployed.sfn.update_state_machine().state_machine_arn(deployed.machine());
    update.definition(refused).send().await.unwrap();
    let arn = failed_execution(&deployed).await;
    start_by_hand(&deployed, &json!({ "ExecutionArn": arn })).await;
    let execution = end_of(&deployed, "by-hand").await;
    assert_eq!(execution.error.as_deref(), Some("NotDelivered"), "{execution:?}");
    let cause = execution.cause.unwrap();
    assert!(cause.contains("was not delivered: event: EventBridge.FailedEntry: "), "{cause}");
    assert_eq!(deliveries.messages(&deployed).await.len(), 1);
    assert_eq!(deliveries.events(&deployed).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_of_the_workflow_itself_are_not_reported() {
    let own = "arn:aws:states:us-east-1:ACCOUNT:stateMachine:report-execution-ACCOUNT".to_owned();
    let deployed = with_rule(&[own]).await;
    failed_execution(&deployed).await;
    until_reported(&deployed, 1).await;
    // By the end of the second report, the end of the first one would have started another.
    start(&deployed, "stand-in", "two", "succeeded").await;
    until_reported(&deployed, 2).await;
    assert_eq!(executions(&deployed).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_of_a_state_machine_is_reported_and_no_start() {
    let deployed = with_rule(&[]).await;
    let deliveries = Deliveries::of(&deployed, &topic(&deployed)).await;
    for end in ["failed", "succeeded"] {
        start(&deployed, "stand-in", end, end).await;
    }
    start(&deployed, "short", "timed-out", "never").await;
    let arn = start(&deployed, "stand-in", "stopped", "never").await;
    deployed.sfn.stop_execution().execution_arn(arn).send().await.unwrap();
    until_reported(&deployed, 4).await;
    let events = deliveries.events(&deployed).await;
    let mut seen: Vec<&str> =
        events.iter().map(|event| event["detail"]["status"].as_str().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["ABORTED", "FAILED", "SUCCEEDED", "TIMED_OUT"]);
    assert!(!format!("{events:?}").contains("secret"), "{events:?}");
}
