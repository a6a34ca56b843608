//! Properties of all workflows together.

use std::collections::BTreeSet;

use tablekeeper_tests::checks::contract::Contract;
use tablekeeper_tests::checks::policies::functions;
use tablekeeper_tests::{Workflow, workflows};

use super::scenarios::is_own;

/// The functions outside of workflows with a state machine, each with the tests that compare its role with its calls.
const ELSEWHERE: &[(&str, &str)] = &[
    ("incremental.http", "tests/e2e/journeys/incremental_http.rs"),
    ("incremental.stream-backup", "tests/e2e/journeys/incremental.rs"),
    ("incremental.watch-stream", "tests/e2e/journeys/incremental.rs"),
];

#[test]
fn the_role_of_every_function_is_compared_with_its_calls() {
    let all = workflows::all();
    let templates: BTreeSet<&str> = all.iter().map(|workflow| workflow.template).collect();
    for template in templates {
        let of_template = || all.iter().filter(|workflow| workflow.template == template);
        for function in functions(template) {
            let concerns = |workflow: &Workflow| {
                let invoked = Contract::from_workflow(workflow).invoked().contains(&function.step);
                invoked || is_own(workflow, &function.step)
            };
            let elsewhere = ELSEWHERE.iter().any(|(step, _)| *step == function.step);
            let step = &function.step;
            assert!(of_template().any(concerns) != elsewhere, "{step} of infra/{template}.yaml");
        }
    }
}

/// A workflow whose module lacks the macro has none of the common tests.
#[test]
fn every_workflow_has_its_tests() {
    let here = local_aws::workspace_root().join("tests/e2e/journeys");
    for workflow in workflows::all() {
        let module = workflow.name.replace('-', "_");
        let text = std::fs::read_to_string(here.join(format!("{module}.rs"))).unwrap_or_default();
        let line = format!("crate::of_every_workflow!({module});");
        assert!(
            text.lines().any(|existing| existing == line),
            "tests/e2e/journeys/{module}.rs has no line `{line}`"
        );
    }
}

#[test]
fn mutants() {
    crate::checks::mutants::of_all_workflows_are_refused();
}
