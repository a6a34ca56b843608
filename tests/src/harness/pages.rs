//! The page and the event of every execution of a scenario. A page of each end of a state machine is kept under
//! target/pages, where the gate opens it in a browser.

use execution_report::{Execution, Report, Status, page};
use local_aws::workspace_root;
use serde_json::{Value, json};
use tablekeeper_core::aws::execution_history;
use tablekeeper_core::outcome;
use tablekeeper_core::report_execution::ended::Ended as Event;
use tablekeeper_core::report_execution::facts::facts;

use crate::{Ended, Scenario, Workflow};

/// Largest page, in bytes. A mail server takes it as an attachment, and a phone shows it at once.
const LARGEST_PAGE: usize = 300_000;

/// Makes the report of an ended scenario, and checks it and its event. Keeps the page of the first scenario that ends in a
/// state. The first of all also stands for executions that were stopped and that reached their time limit: its history is
/// cut in the middle.
pub async fn keep(workflow: &Workflow, scenario: &Scenario, ended: &Ended) {
    let Some(execution) = &ended.execution else { return };
    let read = execution_history::read(&ended.deployed.sfn, &execution.arn, |_| {}).await;
    let read = read.unwrap().expect("the execution exists");
    let (report, page) = reported(workflow, scenario.name, read.clone());
    let last = report.states.iter().find(|state| state.name == scenario.ends_in);
    assert!(last.is_some_and(|state| state.visits > 0), "{}: {:?}", scenario.name, report.states);
    let is_first =
        |of: &mut dyn Iterator<Item = &Scenario>| of.next().is_some_and(|first| first.name == scenario.name);
    if is_first(&mut workflow.scenarios.iter().filter(|other| other.ends_in == scenario.ends_in)) {
        write(workflow, scenario.ends_in, &page);
    }
    if !is_first(&mut workflow.scenarios.iter()) {
        return;
    }
    for (status, how) in [(Status::TimedOut, "timed out"), (Status::Aborted, "stopped")] {
        let events = read.events.iter().take(read.events.len() / 2).cloned().collect();
        let cut = Execution { status, events, output: None, failure: None, ..read.clone() };
        write(workflow, how, &reported(workflow, how, cut).1);
    }
}

fn write(workflow: &Workflow, end: &str, page: &str) {
    let folder = workspace_root().join("target/pages").join(workflow.name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{}.html", end.to_lowercase().replace(' ', "-"))), page).unwrap();
}

/// Returns the report of an execution with its page. Checks that its event has the documented form.
fn reported(workflow: &Workflow, what: &str, execution: Execution) -> (Report, String) {
    let outcome = execution.output.as_ref().and_then(outcome::of_execution).unwrap_or_default();
    let facts = facts(&execution, true);
    let report = Report::new(workflow.name, execution, outcome, facts);
    let page = page(&report);
    assert!(page.len() <= LARGEST_PAGE, "the page of {what} has {} bytes", page.len());

    let locations = ("s3://reports/page.html".to_owned(), "s3://reports/document.json".to_owned());
    let event = json!(Event::new(&report, locations).expect("the execution has ended"));
    let problems: Vec<String> =
        event_schema().iter_errors(&event).map(|problem| problem.to_string()).collect();
    assert!(problems.is_empty(), "the event of {what}: {problems:?}");
    assert_eq!(event["error"].as_str(), report.failure.as_ref().map(|failure| failure.error.as_str()));
    (report, page)
}

fn event_schema() -> jsonschema::Validator {
    let path = workspace_root().join("schemas/execution-ended.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}
