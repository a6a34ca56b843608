//! The error names are the same in the code, in `statemachines/` and in docs/errors.md.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_functions::step::StepEntry;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn all_names() -> BTreeSet<&'static str> {
    ErrorName::ALL.iter().map(|name| name.as_str()).collect()
}

/// Returns the state machines by name.
fn machines() -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(root("statemachines")).unwrap().map(|file| file.unwrap().path());
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().strip_suffix(".asl.json").unwrap().to_owned();
        (name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    };
    files.map(named).collect()
}

/// A function of the user's, which is no step.
const OF_THE_USER: &str = "${CheckFunctionArn}";

/// Returns the tasks of a state machine that invoke a step, including those in its Maps, by name.
fn tasks(machine: &Value) -> Vec<(&String, &Value)> {
    let states = machine["States"].as_object().unwrap();
    let inner = states.values().filter(|state| state["Type"] == "Map");
    let inner = inner.flat_map(|state| tasks(&state["ItemProcessor"]));
    let invokes = |state: &Value| {
        let function = &state["Arguments"]["FunctionName"];
        state["Type"] == "Task" && function.is_string() && function != OF_THE_USER
    };
    states.iter().filter(|(_, state)| invokes(state)).chain(inner).collect()
}

fn names_in<'a>(task: &'a Value, field: &str) -> BTreeSet<&'a str> {
    let rules = task[field].as_array().into_iter().flatten();
    rules
        .flat_map(|rule| rule["ErrorEquals"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect()
}

/// Errors of Lambda and Step Functions that may succeed when retried.
const TRANSIENT_OF_AWS: &[&str] = &[
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
];

/// Errors of steps that may succeed when retried.
const TRANSIENT: &[ErrorName] = &[
    ErrorName::BackupInUse,
    ErrorName::PointerContended,
    ErrorName::ResourceBusy,
    ErrorName::ServiceUnavailable,
    ErrorName::Throttled,
    ErrorName::TooManyBackups,
    ErrorName::TooManyRestores,
];

/// Returns the template that deploys a workflow's state machine.
fn template_of(workflow: &str) -> String {
    let uri = format!("DefinitionUri: ../statemachines/{workflow}.asl.json");
    let files = std::fs::read_dir(root("infra")).unwrap().map(|file| file.unwrap().path());
    let templates = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let mut templates = templates.map(|path| std::fs::read_to_string(path).unwrap());
    templates.find(|template| template.lines().any(|line| line.trim() == uri)).unwrap()
}

/// Returns the step that a task invokes. `${CheckRestoreFunctionArn}` refers to the function `CheckRestoreFunction` in
/// the workflow's template, whose Handler is the name of the step.
fn step_of(workflow: &str, task: &Value) -> StepEntry {
    let function = task["Arguments"]["FunctionName"].as_str().unwrap();
    let name = function.strip_prefix("${").and_then(|name| name.strip_suffix("Arn}")).unwrap();
    let template = template_of(workflow);
    let (_, resource) = template.split_once(&format!("\n  {name}:\n")).unwrap();
    let mut lines = resource.lines().map(str::trim);
    tablekeeper_functions::step(lines.find_map(|line| line.strip_prefix("Handler: ")).unwrap()).unwrap()
}

#[test]
fn every_error_name_has_an_entry_in_the_docs_and_vice_versa() {
    let page = std::fs::read_to_string(root("docs/errors.md")).unwrap();
    let entries: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(entries, all_names().into_iter().collect::<Vec<_>>(), "in alphabetical order");
    for entry in page.split("\n## ").skip(1) {
        let (name, text) = entry.split_once('\n').unwrap();
        assert!(text.trim().len() > 60, "{name} says too little");
    }
}

#[test]
fn every_error_name_belongs_to_a_step() {
    let declared: BTreeSet<&str> = tablekeeper_functions::steps()
        .iter()
        .flat_map(|step| &step.errors)
        .map(|name| name.as_str())
        .collect();
    assert_eq!(declared, all_names());
}

#[test]
fn state_machines_catch_every_error_name_of_their_steps_and_no_others() {
    let machines = machines();
    assert!(!machines.is_empty());
    for (workflow, machine) in machines {
        for (name, task) in tasks(&machine) {
            let (retried, caught) = (names_in(task, "Retry"), names_in(task, "Catch"));
            let step = step_of(&workflow, task);
            let declared: BTreeSet<&str> = step.errors.iter().map(|name| name.as_str()).collect();
            for matched in retried.union(&caught) {
                let of_aws = ["States.", "Lambda.", "Runtime.", "Sandbox."]
                    .iter()
                    .any(|prefix| matched.starts_with(prefix));
                assert!(
                    of_aws || declared.contains(matched),
                    "{workflow}, {name}: {} never fails by {matched}",
                    step.name
                );
            }
            for declared in declared {
                let handled = retried.contains(declared) || caught.contains(declared);
                assert!(
                    handled,
                    "{workflow}, {name}: {declared} of {} is neither retried nor caught by name",
                    step.name
                );
            }
        }
    }
}

#[test]
fn transient_errors_are_retried_and_all_others_are_caught() {
    for (workflow, machine) in machines() {
        for (name, task) in tasks(&machine) {
            let step = step_of(&workflow, task);
            let retried = names_in(task, "Retry");
            let of_the_step =
                TRANSIENT.iter().filter(|name| step.errors.contains(name)).map(|name| name.as_str());
            let expected: BTreeSet<&str> = TRANSIENT_OF_AWS.iter().copied().chain(of_the_step).collect();
            assert_eq!(retried, expected, "{workflow}, {name}: the names in Retry, and the transient ones");
            for rule in task["Retry"].as_array().unwrap() {
                assert_eq!(rule["JitterStrategy"], "FULL", "{workflow}, {name}: {rule}");
                // A call that the SDK abandoned after its three attempts needs several retries.
                assert!(rule["MaxAttempts"].as_u64().unwrap() >= 5, "{workflow}, {name}: {rule}");
            }
            let last = task["Catch"].as_array().unwrap().last().unwrap();
            assert_eq!(last["ErrorEquals"], serde_json::json!(["States.ALL"]), "{workflow}, {name}");
        }
    }
}

/// Returns the longest total wait of a rule, as text, if every wait takes its maximum.
fn longest(rule: &Value) -> String {
    let number = |field: &str| rule[field].as_f64();
    let (first, rate) = (number("IntervalSeconds").unwrap(), number("BackoffRate").unwrap());
    let most = number("MaxDelaySeconds").unwrap_or(f64::INFINITY);
    let tries = rule["MaxAttempts"].as_i64().unwrap();
    let seconds: f64 = (0..tries).map(|before| (first * rate.powf(before as f64)).min(most)).sum();
    match (seconds / 60.0).round() as u64 {
        minutes @ ..60 => format!("{minutes} min"),
        minutes => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[test]
fn the_docs_have_the_schedule_of_every_retry() {
    let page = std::fs::read_to_string(root("docs/errors.md")).unwrap();
    let machines = machines();
    let tasks = machines.values().flat_map(tasks);
    for rule in tasks.filter_map(|(_, task)| task["Retry"].as_array()).flatten() {
        let (tries, longest) = (&rule["MaxAttempts"], longest(rule));
        let has_row = page
            .lines()
            .any(|row| row.contains(&format!(" | {tries} | ")) && row.ends_with(&format!(" | {longest} |")));
        assert!(
            has_row,
            "docs/errors.md has no schedule of {tries} tries that take at most {longest}: {rule}"
        );
    }
}
