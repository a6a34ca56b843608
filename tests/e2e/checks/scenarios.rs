//! Every scenario of a workflow ends as specified. For all scenarios together: the steps call exactly what their roles
//! allow, every state of the state machine is entered, and the contract check inferred the input of each. Every end has its
//! page and its event.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use local_aws::workspace_root;
use tablekeeper_tests::checks::contract::Contract;
use tablekeeper_tests::checks::diagram::Machine;
use tablekeeper_tests::checks::policies::{functions, grants_are_calls};
use tablekeeper_tests::harness::pages;
use tablekeeper_tests::{Ended, Workflow, run};

use super::inference;

/// The number of concurrent scenarios.
const AT_A_TIME: usize = 4;

pub(crate) async fn end_as_specified(workflow: &Workflow) {
    let ended = run_all(workflow).await;
    let mut wrong = Vec::new();
    for (scenario, ended) in workflow.scenarios.iter().zip(&ended) {
        let seen = (ended.last_state(), ended.error());
        let reported = (Some(scenario.ends_in), scenario.error.map(str::to_owned));
        if seen != reported {
            let cause = ended.execution.as_ref().and_then(|execution| execution.cause.as_deref());
            wrong.push(format!("{}: {seen:?}, not {reported:?}: {cause:?}", scenario.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (scenario, ended) in workflow.scenarios.iter().zip(&ended) {
        eprintln!("further assertions about: {}", scenario.name);
        (scenario.holds)(ended);
    }
    grants_are_right(workflow, &ended);
    states_are_covered(workflow, &ended);
    for (scenario, ended) in workflow.scenarios.iter().zip(&ended) {
        pages::keep(workflow, scenario, ended).await;
    }
    inference::is_what_executions_do(workflow, workflow.scenarios.iter().zip(&ended));
    eprintln!("{}: {} scenarios ended as specified", workflow.name, ended.len());
}

async fn run_all(workflow: &Workflow) -> Vec<Ended> {
    let runs = workflow.scenarios.iter().map(|scenario| async move {
        let ended = run(workflow, scenario).await;
        ended.deployed.remove_functions().await;
        ended
    });
    futures::stream::iter(runs).buffered(AT_A_TIME).collect().await
}

/// Checks least privilege in both directions for the functions that the state machine invokes and those that start it.
fn grants_are_right(workflow: &Workflow, ended: &[Ended]) {
    let handlers = Contract::from_workflow(workflow).invoked();
    let concerns = |step: &str| is_own(workflow, step) || handlers.contains(step);
    let functions: Vec<_> =
        functions(workflow.template).into_iter().filter(|function| concerns(&function.step)).collect();
    // Calls of an additional workflow are left out.
    let all = ended.iter().flat_map(|ended| ended.calls.iter().chain(&ended.calls_before));
    let wrong = grants_are_calls(&functions, all.filter(|call| call.step.as_deref().is_some_and(concerns)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns whether a step belongs to the workflow, by its name.
pub(crate) fn is_own(workflow: &Workflow, step: &str) -> bool {
    step.split_once('.').is_some_and(|(of, _)| of == workflow.name)
}

fn states_are_covered(workflow: &Workflow, ended: &[Ended]) {
    let machine = Machine::parse(workflow.name);
    let executions = || ended.iter().filter_map(|ended| ended.execution.as_ref());
    let entered: BTreeSet<String> = executions().flat_map(|execution| &execution.entered).cloned().collect();
    let excused: BTreeSet<String> = workflow.unentered.iter().map(|(state, _)| (*state).to_owned()).collect();
    let forgotten: Vec<String> = machine.state_names().difference(&entered).cloned().collect();
    let forgotten: BTreeSet<String> = forgotten.into_iter().collect();
    assert_eq!(forgotten, excused, "states of {} that no scenario enters, and those excused", workflow.name);

    let possible = machine.transitions();
    let taken: BTreeSet<(String, String)> =
        executions().flat_map(|execution| machine.taken(&execution.history)).collect();
    let impossible: Vec<_> = taken.difference(&possible).cloned().collect();
    assert!(impossible.is_empty(), "transitions that the definition does not have: {impossible:?}");
    let path = workspace_root().join(format!("docs/state-machines/{}.md", workflow.name));
    let page = machine.page(&taken);
    if update() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        current == page,
        "{} is stale: UPDATE_DIAGRAMS=1 cargo test -p tablekeeper-tests scenarios",
        path.display()
    );
}

#[expect(clippy::disallowed_methods, reason = "the switch to write the pages again is in the environment")]
fn update() -> bool {
    std::env::var("UPDATE_DIAGRAMS").is_ok()
}
