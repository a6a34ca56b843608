//! How executions end.

use serde_json::{Value, json};

use crate::client::{Api, eventually};

async fn states(api: &Api, operation: &str, input: Value) -> Value {
    api.try_json("states", &format!("AWSStepFunctions.{operation}"), input).await.unwrap().ok()
}

/// Starts an execution of this definition. Returns its ARN.
async fn started(api: &Api, name: &str, definition: &Value) -> String {
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/stack/workflow:*";
    let logging =
        json!({ "level": "ALL", "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": group } }] });
    let machine = json!({ "name": name, "definition": definition.to_string(), "loggingConfiguration": logging,
        "roleArn": "arn:aws:iam::123456789012:role/r" });
    let machine = states(api, "CreateStateMachine", machine).await["stateMachineArn"].take();
    let execution = json!({ "stateMachineArn": machine, "name": "one", "input": "{}" });
    states(api, "StartExecution", execution).await["executionArn"].as_str().unwrap().to_owned()
}

/// Returns the description of an execution that has ended.
async fn ended(api: &Api, arn: &str) -> Value {
    eventually("the end of the execution", async || {
        let described = states(api, "DescribeExecution", json!({ "executionArn": arn })).await;
        (described["status"] != "RUNNING").then_some(described)
    })
    .await
}

async fn last_event(api: &Api, arn: &str) -> Value {
    let history = json!({ "executionArn": arn, "reverseOrder": true, "maxResults": 1 });
    states(api, "GetExecutionHistory", history).await["events"][0]["type"].take()
}

/// Returns a definition whose task never ends.
async fn waiting(api: &Api, rest: Value) -> Value {
    let activity = states(api, "CreateActivity", json!({ "name": "never" })).await["activityArn"].take();
    let mut definition = json!({ "QueryLanguage": "JSONata", "StartAt": "Never",
        "States": { "Never": { "Type": "Task", "Resource": activity, "End": true } } });
    definition.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    definition
}

#[tokio::test]
async fn an_execution_reaches_the_time_limit_of_its_definition() {
    let api = Api::new("400000000101").await;
    let definition = waiting(&api, json!({ "TimeoutSeconds": 1 })).await;
    let arn = started(&api, "short", &definition).await;
    let described = ended(&api, &arn).await;
    assert_eq!(described["status"], "TIMED_OUT", "{described}");
    assert!(!described["stopDate"].is_null(), "{described}");
    let event = async || Some(last_event(&api, &arn).await).filter(|event| event == "ExecutionTimedOut");
    eventually("the event of the end", event).await;
}

#[tokio::test]
async fn an_execution_that_was_stopped_stays_so_when_its_task_fails() {
    let api = Api::new("400000000102").await;
    let arn = started(&api, "stopped", &waiting(&api, json!({})).await).await;
    let activity = "arn:aws:states:us-east-1:400000000102:activity:never";
    let task = async || {
        let task = states(&api, "GetActivityTask", json!({ "activityArn": activity })).await;
        task["taskToken"].as_str().map(str::to_owned)
    };
    let token = eventually("the task", task).await;
    states(&api, "StopExecution", json!({ "executionArn": arn })).await;
    states(&api, "SendTaskFailure", json!({ "taskToken": token, "error": "E", "cause": "c" })).await;
    let failed = async || Some(last_event(&api, &arn).await).filter(|event| event == "TaskFailed");
    eventually("the failure of the task", failed).await;
    // By the end of an execution that starts afterwards, the failure was handled.
    let after =
        started(&api, "after", &json!({ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } })).await;
    assert_eq!(ended(&api, &after).await["status"], "SUCCEEDED");
    assert_eq!(ended(&api, &arn).await["status"], "ABORTED");
}

#[tokio::test]
async fn a_task_whose_event_is_refused_fails() {
    let api = Api::new("400000000103").await;
    let put = |source: &str| {
        let entry = json!({ "Source": source, "DetailType": "t", "Detail": { "a": 1 } });
        json!({ "QueryLanguage": "JSONata", "StartAt": "Put", "States": { "Put": { "Type": "Task", "End": true,
            "Resource": "arn:aws:states:::events:putEvents", "Arguments": { "Entries": [entry] } } } })
    };
    let accepted = started(&api, "accepted", &put("own")).await;
    assert_eq!(ended(&api, &accepted).await["status"], "SUCCEEDED");
    let refused = started(&api, "refused", &put("aws.states")).await;
    let described = ended(&api, &refused).await;
    assert_eq!(described["error"], "EventBridge.FailedEntry", "{described}");
    assert!(described["cause"].as_str().unwrap().contains("NotAuthorizedForSource"), "{described}");
}

#[tokio::test]
async fn the_state_machine_of_an_execution_has_its_log_group() {
    let api = Api::new("400000000104").await;
    let arn =
        started(&api, "logging", &json!({ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } })).await;
    let machine = states(&api, "DescribeStateMachineForExecution", json!({ "executionArn": arn })).await;
    let group = &machine["loggingConfiguration"]["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"];
    assert!(group.as_str().unwrap().ends_with("/workflow:*"), "{machine}");
}
