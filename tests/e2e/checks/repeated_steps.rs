//! Every step may run twice: the run leaves the same state behind as a run with each step once.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use tablekeeper_tests::harness::final_state::FinalState;
use tablekeeper_tests::harness::repeated::with_every_task_repeated;
use tablekeeper_tests::harness::run::invoke_start;
use tablekeeper_tests::{Begin, Scenario, Workflow, run, run_with};

/// The number of concurrent scenarios.
const AT_A_TIME: usize = 4;

pub(crate) async fn change_nothing(workflow: &Workflow) {
    let golden = workflow.scenarios.iter().filter(|scenario| scenario.golden);
    let runs = futures::stream::iter(golden.map(|scenario| runs_twice(workflow, scenario)));
    runs.buffer_unordered(AT_A_TIME).collect::<()>().await;
}

async fn runs_twice(workflow: &Workflow, scenario: &Scenario) {
    let name = scenario.name;
    let golden = run(workflow, scenario).await;
    assert_eq!(golden.last_state(), Some(scenario.ends_in), "{name}: {:?}", golden.execution);
    let mut doubled = BTreeSet::new();
    let ended = run_with(workflow, scenario, async |deployed, _| {
        let machine = deployed.machine();
        let now = deployed.sfn.describe_state_machine().state_machine_arn(machine).send().await.unwrap();
        let (definition, tasks) = with_every_task_repeated(&now.definition);
        doubled = tasks;
        let update = deployed.sfn.update_state_machine().state_machine_arn(machine);
        update.definition(definition).send().await.unwrap();
    })
    .await;
    let execution = ended.execution.as_ref().unwrap();
    let repeats: BTreeSet<&str> =
        execution.entered.iter().filter_map(|state| state.strip_suffix(", first")).collect();
    // A Choice may skip a task in both runs.
    let once = &golden.execution.as_ref().unwrap().entered;
    let passed = once.iter().filter(|state| doubled.contains(*state)).map(String::as_str);
    assert_eq!(repeats, passed.collect::<BTreeSet<_>>(), "{name}: {:?}", execution.entered);
    assert_eq!(ended.last_state(), Some(scenario.ends_in), "{name}: {execution:?}");
    if let Begin::Event(event) = &ended.begin {
        invoke_start(&ended.deployed, event).await;
    }
    // The fault tests use the state before the golden run, so it has to be the same each time.
    assert_eq!(ended.before, golden.before, "{name} is not prepared alike each time");
    assert_eq!(FinalState::capture(&ended.deployed).await, golden.state, "{name}");
    let dead_letters = ended.deployed.dead_letters().await;
    assert!(ended.dead_letters.is_empty() && dead_letters.is_empty(), "{name}");
    for ran in [&golden, &ended] {
        ran.deployed.remove_functions().await;
    }
}
