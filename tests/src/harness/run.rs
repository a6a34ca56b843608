//! Runs a scenario to its end.

use std::sync::Arc;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent};
use local_aws::{Call, Proxy};
use serde_json::Value;

use super::deployed::stack;
use super::final_state::FinalState;
use crate::{Begin, Deployed, Scenario, Workflow, until_some};

/// The name of the executions that scenarios start as a person does.
pub const BY_HAND: &str = "by-hand";

/// A scenario that has ended.
pub struct Ended {
    /// The account where the scenario ran.
    pub deployed: Arc<Deployed>,
    /// The event or input that started the workflow.
    pub begin: Begin,
    /// The execution. `None` if the `start` step failed.
    pub execution: Option<Execution>,
    /// The messages of the dead-letter queue.
    pub dead_letters: Vec<Value>,
    /// The AWS calls of the workflow's steps, in order.
    pub calls: Vec<Call>,
    /// The AWS calls of steps during the preparation of the scenario.
    pub calls_before: Vec<Call>,
    /// The state before the workflow began.
    pub before: FinalState,
    /// The state after the workflow ended.
    pub state: FinalState,
}

/// An execution that has ended.
#[derive(Debug)]
pub struct Execution {
    /// The ARN.
    pub arn: String,
    /// The final status.
    pub status: ExecutionStatus,
    /// The error name, if the execution failed with one.
    pub error: Option<String>,
    /// The cause, if the execution failed with one.
    pub cause: Option<String>,
    /// The output. Null if there is none.
    pub output: Value,
    /// The names of the states that were entered, in order.
    pub entered: Vec<String>,
    /// The whole history.
    pub history: Vec<HistoryEvent>,
}

/// Runs the scenario in its own account.
pub async fn run(workflow: &Workflow, scenario: &Scenario) -> Ended {
    run_with(workflow, scenario, async |_, _| {}).await
}

/// Runs the scenario in its own account, to which `change` may apply changes before the workflow starts.
pub async fn run_with(
    workflow: &Workflow,
    scenario: &Scenario,
    change: impl AsyncFnOnce(&Deployed, &Proxy),
) -> Ended {
    run_from(workflow, scenario, None, change).await
}

/// Runs a scenario again. Scenarios prepare their account alike each time, so the state before the workflow begins is
/// taken from the earlier run and not read again.
pub async fn run_again(
    workflow: &Workflow,
    scenario: &Scenario,
    earlier: &Ended,
    change: impl AsyncFnOnce(&Deployed, &Proxy),
) -> Ended {
    run_from(workflow, scenario, Some(&earlier.before), change).await
}

async fn run_from(
    workflow: &Workflow,
    scenario: &Scenario,
    before: Option<&FinalState>,
    change: impl AsyncFnOnce(&Deployed, &Proxy),
) -> Ended {
    let mut deployed = Deployed::empty_account().await;
    let own =
        scenario.parameters.iter().map(|(name, value)| (*name, value.replace("ACCOUNT", &deployed.account)));
    let mut parameters: Vec<(&str, String)> = own.collect();
    if let Some((additional, parameter)) = scenario.additional {
        deployed.deploy(&additional(), &[]).await;
        parameters.push((parameter, deployed.machine().to_owned()));
        deployed.additional_outputs = std::mem::take(&mut deployed.outputs);
    }
    deployed.deploy(workflow, &parameters).await;
    let deployed = Arc::new(deployed);
    let begin = (scenario.begin)(Arc::clone(&deployed)).await;
    let before = match before {
        Some(before) => before.clone(),
        None => FinalState::capture(&deployed).await,
    };
    let proxy = stack().await.aws.proxy();
    let calls_before = calls_of_steps(proxy, &deployed);
    proxy.forget_calls(&deployed.account);
    change(&deployed, proxy).await;
    match &begin {
        Begin::Event(event) => deliver(&deployed, event).await,
        Begin::Input(input) => start_by_hand(&deployed, input).await,
    }
    let mut dead_letters = Vec::new();
    let execution = until_some("an execution that ends, or a dead letter", async || {
        dead_letters.extend(deployed.dead_letters().await);
        match newest_execution(&deployed).await {
            Some(arn) => ended(&deployed, &arn).await.map(Some),
            None if dead_letters.is_empty() => None,
            None => Some(None),
        }
    })
    .await;
    let calls = calls_of_steps(proxy, &deployed);
    proxy.clear_rules(&deployed.account);
    let state = FinalState::after(&deployed, &before, &calls).await;
    dead_letters.extend(deployed.dead_letters().await);
    Ended { deployed, begin, execution, dead_letters, calls, calls_before, before, state }
}

fn calls_of_steps(proxy: &Proxy, deployed: &Deployed) -> Vec<Call> {
    proxy.calls(&deployed.account).into_iter().filter(|call| call.step.is_some()).collect()
}

/// Delivers an event to the `start` step as Lambda delivers events of SNS and EventBridge: asynchronously, with
/// retries, and with the dead-letter queue as the last resort.
pub async fn deliver(deployed: &Deployed, event: &Value) {
    let function = deployed.output("StartFunctionName");
    let payload = Blob::new(event.to_string());
    let invoke = deployed.lambda.invoke().function_name(function).payload(payload);
    invoke.invocation_type(InvocationType::Event).send().await.expect("the event is accepted");
}

/// Delivers an event to the `start` step and returns its response, which must be a success.
pub async fn invoke_start(deployed: &Deployed, event: &Value) -> Value {
    invoke(deployed, "StartFunctionName", event).await
}

/// Invokes the function that this output of the template names and returns its response. It must succeed.
pub async fn invoke(deployed: &Deployed, output: &str, event: &Value) -> Value {
    let function = deployed.output(output);
    let invoke = deployed.lambda.invoke().function_name(function).payload(Blob::new(event.to_string()));
    let response = invoke.send().await.expect("the function is invoked");
    assert_eq!(response.function_error(), None, "{response:?}");
    serde_json::from_slice(response.payload().unwrap().as_ref()).unwrap()
}

/// Starts an execution as a person does.
pub async fn start_by_hand(deployed: &Deployed, input: &Value) {
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name(BY_HAND);
    start.input(input.to_string()).send().await.expect("the execution starts");
}

// Step Functions lists the newest execution first.
async fn newest_execution(deployed: &Deployed) -> Option<String> {
    let list = deployed.sfn.list_executions().state_machine_arn(deployed.machine()).send().await.unwrap();
    list.executions.into_iter().next().map(|execution| execution.execution_arn)
}

/// Returns the execution if it has ended.
pub async fn ended(deployed: &Deployed, arn: &str) -> Option<Execution> {
    let execution = deployed.sfn.describe_execution().execution_arn(arn).send().await.unwrap();
    if execution.status == ExecutionStatus::Running {
        return None;
    }
    let mut pages = deployed.sfn.get_execution_history().execution_arn(arn).into_paginator().items().send();
    let mut history = Vec::new();
    while let Some(event) = pages.next().await {
        history.push(event.unwrap());
    }
    let entered = history.iter().filter_map(|event| event.state_entered_event_details());
    Some(Execution {
        arn: execution.execution_arn,
        status: execution.status,
        error: execution.error,
        cause: execution.cause,
        output: execution.output.map_or(Value::Null, |output| serde_json::from_str(&output).unwrap()),
        entered: entered.map(|details| details.name().to_owned()).collect(),
        history,
    })
}

/// Waits for the execution of this name to end and returns it.
pub async fn end_of(deployed: &Deployed, name: &str) -> Execution {
    let arn = format!("{}:{name}", deployed.machine().replace(":stateMachine:", ":execution:"));
    until_some("the execution to end", async || {
        let list = deployed.sfn.list_executions().state_machine_arn(deployed.machine()).send().await.unwrap();
        let started = list.executions.iter().any(|execution| execution.execution_arn == arn);
        if started { ended(deployed, &arn).await } else { None }
    })
    .await
}

/// Returns the number of executions.
pub async fn executions(deployed: &Deployed) -> usize {
    let list = deployed.sfn.list_executions().state_machine_arn(deployed.machine()).send().await.unwrap();
    list.executions.len()
}

/// Returns how often `start` called StartExecution.
pub async fn starts(deployed: &Deployed) -> usize {
    let calls = stack().await.aws.proxy().calls(&deployed.account);
    calls.iter().filter(|call| call.action == "states:StartExecution" && call.step.is_some()).count()
}

impl Ended {
    /// Returns the error of the execution, or of the dead letter if there was no execution.
    pub fn error(&self) -> Option<String> {
        match &self.execution {
            Some(execution) => execution.error.clone(),
            None => self.dead_letters[0].pointer("/responsePayload/errorType")?.as_str().map(str::to_owned),
        }
    }

    /// Returns the terminal state of the execution.
    pub fn last_state(&self) -> Option<&str> {
        self.execution.as_ref()?.entered.last().map(String::as_str)
    }
}
