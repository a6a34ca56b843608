//! Well-formed machines that have no finding.
//!
//! Each is a small workflow that shows what its name says. Together they have every type of state and every function. A
//! finding here is a false alarm: either the check or the machine is wrong.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code: a broken assumption is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contracts::contract::{Contracts, TaskContract};
use contracts::diagnostic::Code;
use contracts::document::Document;
use contracts::expression::function_names;
use contracts::machine::{Kind, Machine, State};
use contracts::severity::{Options, Severity};
use contracts::{Checker, Report};
use serde_json::Value;

/// The machine that shows what AWS runs and the local engine does not. Only it is expected to have that code.
const ONLY_ON_AWS: &str = "only-on-aws";

/// The contracts in `schemas.json`: functions, other machines and placeholders.
struct Schemas(Value);

impl Contracts for Schemas {
    fn task(&self, _resource: &str, function: Option<&str>) -> Option<Arc<TaskContract>> {
        let function = function?;
        let placeholder = function.strip_prefix("${").and_then(|rest| rest.strip_suffix("FunctionArn}"));
        let name = placeholder.or_else(|| function.rsplit(':').next())?;
        let task = self.0.get("tasks")?.get(name)?;
        Some(Arc::new(TaskContract {
            name: name.to_owned(),
            input: task.get("input")?.clone(),
            output: task.get("output")?.clone(),
            errors: serde_json::from_value(task.get("errors")?.clone()).unwrap(),
        }))
    }

    fn machine_input(&self, state_machine: &str) -> Option<Value> {
        self.0.get("executions")?.get(state_machine).cloned()
    }

    fn placeholder(&self, name: &str) -> Option<Value> {
        self.0.get("placeholders")?.get(name).cloned()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn schemas() -> Schemas {
    let text = std::fs::read_to_string(folder().join("schemas.json")).unwrap();
    Schemas(serde_json::from_str(&text).unwrap())
}

/// Returns the machines of a directory, by name.
fn machines(folder: &Path) -> BTreeMap<String, Document> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let machine = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().strip_suffix(".asl.json")?.to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let document = Document::parse(format!("{name}.asl.json"), text);
        Some((name, document.unwrap_or_else(|unusable| panic!("{unusable}"))))
    };
    files.filter_map(machine).collect()
}

fn check(name: &str, document: &Document, schemas: &Schemas) -> Report {
    let input = schemas.0.pointer(&format!("/inputs/{name}"));
    assert!(input.is_some(), "schemas.json has no input of {name}");
    Checker::new(Options::strict()).check(document, schemas, input, None, None)
}

/// Returns every state of a machine, nested ones included, with the types of the states around it.
fn states(document: &Document) -> Vec<(Vec<Kind>, State<'_>)> {
    fn below<'a>(machine: &Machine<'a>, around: &[Kind], all: &mut Vec<(Vec<Kind>, State<'a>)>) {
        for state in machine.states() {
            let path: Vec<Kind> = around.iter().copied().chain(state.kind()).collect();
            for nested in state.nested() {
                below(&nested, &path, all);
            }
            all.push((path, state));
        }
    }
    let mut all = Vec::new();
    below(&Machine::parse(document.value()).unwrap(), &[], &mut all);
    all
}

#[test]
fn no_machine_of_the_corpus_has_a_finding() {
    let (schemas, machines) = (schemas(), machines(&folder()));
    assert!(machines.len() >= 20, "{} machines", machines.len());
    let mut alarms = Vec::new();
    for (name, document) in &machines {
        let found = check(name, document, &schemas).diagnostics;
        let (of_engine, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|finding| finding.code == Code::IgnoredByLocalEngine);
        // What the local engine ignores is still legal, and one machine exists to show it.
        let unexpected = if name == ONLY_ON_AWS { Vec::new() } else { of_engine };
        alarms.extend(others.into_iter().chain(unexpected).map(|finding| format!("{name}: {finding:#?}")));
    }
    assert!(alarms.is_empty(), "{} false alarms:\n{}", alarms.len(), alarms.join("\n"));
}

#[test]
fn only_what_the_local_engine_does_not_run_is_reported() {
    let (schemas, machines) = (schemas(), machines(&folder()));
    let found = check(ONLY_ON_AWS, &machines[ONLY_ON_AWS], &schemas).diagnostics;
    let places: Vec<&str> = found.iter().map(|finding| finding.pointer.as_str()).collect();
    let gather = "/States/Gather";
    let expected = [
        format!("{gather}/Arguments"),
        format!("{gather}/Branches/0/States/Audit/HeartbeatSeconds"),
        format!("{gather}/Branches/1/States/Role/Output/0"),
        format!("{gather}/Assign"),
        format!("{gather}/Output"),
        "/States/Any?/Output".to_owned(),
        "/States/Found/Output".to_owned(),
    ];
    assert_eq!(places, expected);
}

#[test]
fn annotated_states_are_counted() {
    let schemas = schemas();
    let vouched: BTreeMap<String, usize> = machines(&folder())
        .iter()
        .map(|(name, document)| (name.clone(), check(name, document, &schemas).annotated))
        .filter(|(_, annotated)| *annotated > 0)
        .collect();
    assert_eq!(vouched, [("page-by-page".to_owned(), 1), ("unchecked-statistics".to_owned(), 1)].into());
}

#[test]
fn every_function_is_in_some_machine() {
    let texts: String = machines(&folder()).values().map(|document| document.value().to_string()).collect();
    let called = |name: &&str| !texts.contains(&format!("${name}("));
    let missing: Vec<&str> = function_names().filter(called).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn every_type_of_state_and_every_way_of_nesting_is_in_some_machine() {
    let machines = machines(&folder());
    let all: Vec<(Vec<Kind>, State<'_>)> = machines.values().flat_map(states).collect();
    let kinds: BTreeSet<&str> = all.iter().filter_map(|(_, state)| state.field("Type")?.as_str()).collect();
    let types = ["Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait"];
    assert_eq!(kinds, types.into());

    let nested = |kinds: &[Kind]| all.iter().any(|(path, _)| path.ends_with(kinds));
    assert!(nested(&[Kind::Map, Kind::Map]), "a Map in a Map");
    assert!(nested(&[Kind::Parallel, Kind::Map]), "a Map in a Parallel");

    let holds = |kind: Kind, field: &str| {
        all.iter().any(|(_, state)| state.kind() == Some(kind) && state.field(field).is_some())
    };
    let (choice, task) = (Kind::Choice, Kind::Task);
    for (kind, field) in [
        (Kind::Wait, "Seconds"),
        (Kind::Wait, "Timestamp"),
        (Kind::Map, "ItemSelector"),
        (Kind::Pass, "Assign"),
        (choice, "Default"),
        (task, "Retry"),
        (task, "Catch"),
    ] {
        assert!(holds(kind, field), "{kind} with {field}");
    }
    assert!(
        all.iter().any(|(_, state)| state.kind() == Some(choice) && state.field("Default").is_none()),
        "a Choice that its rules exhaust"
    );
    let in_rule = |list: &str, field: &str| {
        let rules = all.iter().filter_map(|(_, state)| state.field(list)?.as_array());
        rules.flatten().any(|rule| rule.get(field).is_some())
    };
    for (list, field) in
        [("Choices", "Assign"), ("Choices", "Output"), ("Catch", "Assign"), ("Catch", "Output")]
    {
        assert!(in_rule(list, field), "a rule of {list} with {field}");
    }
    let resources: BTreeSet<&str> =
        all.iter().filter_map(|(_, state)| state.field("Resource")?.as_str()).collect();
    for resource in [":states:::lambda:invoke", ":function:", ":states:startExecution.sync:2"] {
        assert!(resources.iter().any(|existing| existing.contains(resource)), "a task with {resource}");
    }
}

#[test]
fn fields_are_those_of_the_language_of_their_state() {
    let machines = machines(&folder().join("jsonpath"));
    let refused: BTreeMap<&str, Vec<(Code, String)>> = machines
        .iter()
        .map(|(name, document)| {
            let found = contracts::check(document, &schemas(), None, None, None).diagnostics;
            let errors = found.into_iter().filter(|finding| finding.severity == Severity::Error);
            (name.as_str(), errors.map(|finding| (finding.code, finding.pointer)).collect())
        })
        .collect();
    let field = |pointer: &str| (Code::SchemaValidationFailed, pointer.to_owned());
    let expected = [
        ("named-machine", vec![]),
        ("unnamed-machine", vec![]),
        ("one-state", vec![field("/States/Shape/QueryLanguage")]),
        (
            "fields-in-jsonata",
            vec![
                field("/States/Look Up/Parameters"),
                field("/States/Look Up/ResultPath"),
                field("/States/Each/ItemsPath"),
                field("/States/Shape/InputPath"),
                field("/States/Shape/Result"),
            ],
        ),
    ];
    assert_eq!(refused, expected.into());
}
