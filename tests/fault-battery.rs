//! The fault battery: what a workflow guarantees, it guarantees with any of its AWS calls going wrong
//! and any of its steps running twice.
//!
//! For every call of every golden scenario: throttled, failed before its effect, or its answer lost after
//! its effect, the run must leave behind exactly what it leaves behind without. Refused for good, it must
//! end by name, with nothing deleted.
//!
//! Twice throttled, a call is mended by the SDK, which tries three times. Four times throttled or failed,
//! it is not: then Lambda, for `start`, or the machine's `Retry` has to invoke the step again.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_sfn::types::HistoryEventType;
use futures::StreamExt as _;
use local_aws::{Call, Fault, Rule};
use tablekeeper_functions::error_name::ErrorName;
use tablekeeper_tests::final_state::FinalState;
use tablekeeper_tests::repeated::with_every_task_repeated;
use tablekeeper_tests::run::invoke_start;
use tablekeeper_tests::{Begin, Ended, Scenario, Workflow, run, run_with, workflows};

/// How many runs go at a time.
const AT_A_TIME: usize = 8;

/// How often the SDK tries a call.
const TRIES_OF_THE_SDK: usize = 3;

/// A call that is made to go wrong.
#[derive(Clone, Debug)]
struct Case {
    call: Call,
    fault: Fault,
    times: usize,
}

#[tokio::test]
async fn any_call_may_go_wrong() {
    for workflow in workflows::all() {
        let mut cases = Vec::new();
        for scenario in workflow.scenarios.iter().filter(|scenario| scenario.golden) {
            let golden = Arc::new(run(&workflow, scenario).await);
            assert_eq!(golden.last_state(), Some(scenario.ends_in), "{}", scenario.name);
            assert!(golden.dead_letters.is_empty(), "{}: {:?}", scenario.name, golden.dead_letters);
            cases.extend(cases_of(&golden).into_iter().map(|case| (scenario, Arc::clone(&golden), case)));
        }
        assert!(!cases.is_empty(), "the golden scenarios of {} made no call", workflow.name);
        let all = cases.len();
        let runs =
            cases.into_iter().map(|(scenario, golden, case)| go_wrong(&workflow, scenario, golden, case));
        let runs = futures::stream::iter(runs).buffer_unordered(AT_A_TIME);
        let wrong: Vec<String> = runs.filter_map(async |wrong| wrong).collect().await;
        assert!(wrong.is_empty(), "{} of {all} cases went wrong:\n{}", wrong.len(), wrong.join("\n"));
        eprintln!("{}: {all} faults were survived, or named", workflow.name);
    }
}

/// Each distinct call of the run with each fault.
fn cases_of(golden: &Ended) -> Vec<Case> {
    let mut seen = BTreeSet::new();
    let calls = golden
        .calls
        .iter()
        .filter(|call| seen.insert((call.step.clone(), call.action.clone(), call.ordinal)));
    calls
        .flat_map(|call| {
            [
                (Fault::Throttle, 2),
                (Fault::Throttle, 4),
                (Fault::FailBeforeEffect, 4),
                (Fault::LoseAnswer, 1),
                (Fault::Refuse, usize::MAX),
            ]
            .map(|(fault, times)| Case { call: call.clone(), fault, times })
        })
        .collect()
}

/// Runs the scenario with the case's fault; the words say what is wrong with how it ended.
async fn go_wrong(
    workflow: &Workflow,
    scenario: &Scenario,
    golden: Arc<Ended>,
    case: Case,
) -> Option<String> {
    let Case { call, fault, times } = case.clone();
    let (step, action, ordinal) = (call.step, call.action, call.ordinal);
    let refused = matches!(fault, Fault::Refuse);
    let ended = run_with(workflow, scenario, async |deployed, front| {
        let account = deployed.account.clone();
        let (step, action) = (step.clone(), action.clone());
        front.inject(Rule { account, step, action, from_ordinal: ordinal, times, fault });
    })
    .await;
    let case = format!(
        "{}: {:?}{} of {action} #{ordinal} of {}",
        scenario.name,
        case.fault,
        if refused { String::new() } else { format!(" {times} times") },
        step.as_deref().unwrap_or_default()
    );
    let met = ended.calls.iter().filter(|call| call.fault.is_some()).count();
    if refused {
        let met = if met == 0 { Err("the fault was never met".to_owned()) } else { Ok(()) };
        return met.and_then(|()| refused_well(&ended)).err().map(|reason| format!("{case}: {reason}"));
    }
    if met != times {
        return Some(format!("{case}: the fault was met {met} times"));
    }
    let last = ended.last_state();
    if last != Some(scenario.ends_in) {
        let cause = ended.execution.as_ref().and_then(|it| it.cause.as_deref());
        return Some(format!("{case}: ended in {last:?} with {:?}: {cause:?}", ended.error()));
    }
    if !ended.dead_letters.is_empty() {
        return Some(format!("{case}: left dead letters: {:?}", ended.dead_letters));
    }
    if times > TRIES_OF_THE_SDK && invoked_by_the_machine(workflow, step.as_deref()) && !retried(&ended) {
        return Some(format!("{case}: the machine never had to try again"));
    }
    (ended.state != golden.state)
        .then(|| format!("{case}: left\n  {:?}\nnot\n  {:?}", ended.state, golden.state))
}

/// Whether the step is a task of the machine, and not what starts it.
fn invoked_by_the_machine(workflow: &Workflow, step: Option<&str>) -> bool {
    step != Some(&format!("{}.start", workflow.name))
}

/// Whether a task of the execution failed, which then was tried again, as the execution ended well.
fn retried(ended: &Ended) -> bool {
    let mut history = ended.execution.iter().flat_map(|execution| &execution.history);
    history.any(|event| event.r#type == HistoryEventType::TaskFailed)
}

/// A refusal ends by name, and what was there before is still there.
fn refused_well(ended: &Ended) -> Result<(), String> {
    let error = ended.error();
    if error.as_deref() != Some(ErrorName::AccessDenied.as_str()) {
        return Err(format!("ended with {error:?}, not AccessDenied"));
    }
    for (name, table) in &ended.before.tables {
        if ended.state.tables.get(name) != Some(table) {
            return Err(format!("table {name} is not what it was"));
        }
    }
    for (name, versions) in &ended.before.parameters {
        if !ended.state.parameters.get(name).is_some_and(|after| after.starts_with(versions)) {
            return Err(format!("parameter {name} lost a version"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_step_may_run_twice() {
    for workflow in workflows::all() {
        for scenario in workflow.scenarios.iter().filter(|scenario| scenario.golden) {
            let golden = run(&workflow, scenario).await;
            let mut doubled = 0;
            let ended = run_with(&workflow, scenario, async |deployed, _| {
                let machine = deployed.machine();
                let now =
                    deployed.sfn.describe_state_machine().state_machine_arn(machine).send().await.unwrap();
                let (definition, tasks) = with_every_task_repeated(&now.definition);
                doubled = tasks;
                let update = deployed.sfn.update_state_machine().state_machine_arn(machine);
                update.definition(definition).send().await.unwrap();
            })
            .await;
            let execution = ended.execution.as_ref().unwrap();
            let repeats: BTreeSet<&String> =
                execution.entered.iter().filter(|state| state.ends_with(", first")).collect();
            assert_eq!(repeats.len(), doubled, "{}: {:?}", scenario.name, execution.entered);
            assert_eq!(ended.last_state(), Some(scenario.ends_in), "{}: {execution:?}", scenario.name);
            if let Begin::Event(event) = &ended.begin {
                invoke_start(&ended.deployed, event).await;
            }
            assert_eq!(FinalState::of(&ended.deployed).await, golden.state, "{}", scenario.name);
            let dead_letters = ended.deployed.dead_letters().await;
            assert!(ended.dead_letters.is_empty() && dead_letters.is_empty(), "{}", scenario.name);
        }
    }
}
