//! Every scenario of every workflow ends as it says; and of all of them together: the steps call what
//! their roles allow and no more, and every state of every machine is entered.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use local_aws::{Call, workspace_root};
use tablekeeper_tests::diagram::Machine;
use tablekeeper_tests::policies::functions;
use tablekeeper_tests::{Ended, Workflow, run, workflows};

/// How many scenarios run at a time.
const AT_A_TIME: usize = 4;

#[tokio::test]
async fn every_scenario_ends_as_it_says_and_uses_what_it_is_given() {
    for workflow in workflows::all() {
        let ended = run_all(&workflow).await;
        let mut wrong = Vec::new();
        for (scenario, ended) in workflow.scenarios.iter().zip(&ended) {
            let seen = (ended.last_state(), ended.error());
            let told = (Some(scenario.ends_in), scenario.error.map(str::to_owned));
            if seen != told {
                let cause = ended.execution.as_ref().and_then(|execution| execution.cause.as_deref());
                wrong.push(format!("{}: {seen:?}, not {told:?}: {cause:?}", scenario.name));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        for (scenario, ended) in workflow.scenarios.iter().zip(&ended) {
            eprintln!("what else holds of: {}", scenario.name);
            (scenario.holds)(ended);
        }
        grants_are_calls(&workflow, &ended);
        states_are_covered(&workflow, &ended);
    }
}

async fn run_all(workflow: &Workflow) -> Vec<Ended> {
    let runs = workflow.scenarios.iter().map(|scenario| run(workflow, scenario));
    futures::stream::iter(runs).buffered(AT_A_TIME).collect().await
}

/// Least privilege, both ways.
fn grants_are_calls(workflow: &Workflow, ended: &[Ended]) {
    let mut calls: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let functions = functions(workflow.name);
    // Its own steps, and those of another workflow that its template has too; not those of what is beside it.
    let of_this = |call: &&Call| {
        let step = call.step.as_deref().unwrap_or_default();
        let own = step.split_once('.').is_some_and(|(of, _)| of == workflow.name);
        own || functions.iter().any(|function| function.step == step)
    };
    let all = ended.iter().flat_map(|ended| ended.calls.iter().chain(&ended.calls_before));
    for call in all.filter(of_this) {
        let actions = calls.entry(call.step.as_deref().unwrap()).or_default();
        actions.insert(call.action.clone());
        // Without it, S3 says of an object that is missing what it says of one that may not be read:
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        if call.action == "s3:GetObject" && call.status == 404 {
            actions.insert("s3:ListBucket".to_owned());
        }
        actions.extend(call.beside.iter().map(|action| (*action).to_owned()));
    }
    for function in &functions {
        let called = calls.remove(function.step.as_str()).unwrap_or_default();
        let demanded = function.demanded(&called);
        let needed: BTreeSet<String> = called.iter().chain(demanded.keys()).cloned().collect();
        let missing: Vec<_> = needed.difference(&function.granted).collect();
        let unused: Vec<_> = function.granted.difference(&needed).collect();
        let step = &function.step;
        assert!(missing.is_empty(), "{step} was seen to need what its role does not allow: {missing:?}");
        assert!(unused.is_empty(), "{step}'s role allows what no scenario was seen to need: {unused:?}");
    }
    assert!(calls.is_empty(), "steps without a function in the template called: {calls:?}");
}

fn states_are_covered(workflow: &Workflow, ended: &[Ended]) {
    let machine = Machine::of(workflow.name);
    let executions = || ended.iter().filter_map(|ended| ended.execution.as_ref());
    let entered: BTreeSet<String> = executions().flat_map(|it| &it.entered).cloned().collect();
    let excused: BTreeSet<String> = workflow.unentered.iter().map(|(state, _)| (*state).to_owned()).collect();
    let forgotten: Vec<String> = machine.state_names().difference(&entered).cloned().collect();
    let forgotten: BTreeSet<String> = forgotten.into_iter().collect();
    assert_eq!(forgotten, excused, "states of {} that no scenario enters, and those excused", workflow.name);

    let possible = machine.transitions();
    let taken: BTreeSet<(String, String)> = executions().flat_map(|it| machine.taken(&it.history)).collect();
    let impossible: Vec<_> = taken.difference(&possible).cloned().collect();
    assert!(impossible.is_empty(), "transitions that the definition does not have: {impossible:?}");
    let path = workspace_root().join(format!("docs/state-machines/{}.md", workflow.name));
    let page = machine.page(&taken);
    if update() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(current == page, "{} is stale: UPDATE_DIAGRAMS=1 cargo test --test scenarios", path.display());
}

#[expect(clippy::disallowed_methods, reason = "the switch to write the pages anew is in the environment")]
fn update() -> bool {
    std::env::var("UPDATE_DIAGRAMS").is_ok()
}
