//! What the contract check passes does not fail: random state machines run on random inputs of their schema.
//!
//! A machine that has an error or a warning is left out. Every other one has to succeed on every input.
//! The expressions are those of the soundness test of the crate `contracts`; here another evaluator runs them, and states
//! are between them.

#[path = "../../../crates/contracts/tests/soundness/expressions.rs"]
mod expressions;
#[path = "../../../crates/contracts/tests/soundness/values.rs"]
mod values;

use std::sync::Arc;

use contracts::Checker;
use contracts::contract::{Contracts, TaskContract};
use contracts::diagnostic::{Code, Diagnostic};
use contracts::document::Document;
use contracts::severity::{Options, Severity};
use expressions::Dice;
use futures::StreamExt as _;
use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use tablekeeper_tests::harness::run::ended;
use tablekeeper_tests::{Deployed, until_some};

/// Number of machines that are run.
const MACHINES: usize = 40;
/// Number of states of each, but for the first and the last one.
const STATES: usize = 4;
/// Number of inputs of each.
const INPUTS: usize = 3;
/// What fails or not by the data alone, so that no type rules it out.
const BY_DATA: &str = "$number(";
/// Number of executions at a time.
const AT_A_TIME: usize = 8;

#[tokio::test]
async fn what_the_strict_check_passes_does_not_fail() {
    do_not_fail(Options::strict()).await;
}

#[tokio::test]
async fn what_the_check_passes_does_not_fail() {
    do_not_fail(Options { strict: false, local_engine: true }).await;
}

async fn do_not_fail(options: Options) {
    let deployed = Arc::new(Deployed::empty_account().await);
    let mut runner = TestRunner::new_with_rng(
        Config { failure_persistence: None, ..Config::default() },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let cases: Vec<_> = (0..MACHINES)
        .map(|number| {
            let machine = machine(&mut runner, options);
            let inputs: Vec<Value> = (0..INPUTS).map(|_| of(&values::input(), &mut runner)).collect();
            (format!("machine-{number}"), machine, inputs)
        })
        .collect();
    let executions =
        cases.into_iter().map(|(name, machine, inputs)| run(Arc::clone(&deployed), name, machine, inputs));
    let failed: Vec<String> =
        futures::stream::iter(executions).buffered(AT_A_TIME).collect::<Vec<_>>().await.concat();
    assert!(failed.is_empty(), "{} executions failed:\n{}", failed.len(), failed.join("\n\n"));
}

/// Runs a machine on each input. Returns the failures.
async fn run(deployed: Arc<Deployed>, name: String, machine: Value, inputs: Vec<Value>) -> Vec<String> {
    let create =
        deployed.sfn.create_state_machine().name(&name).role_arn("arn:aws:iam::123456789012:role/machine");
    let created = create.definition(machine.to_string()).send().await.unwrap();
    let mut failed = Vec::new();
    for input in inputs {
        let start = deployed.sfn.start_execution().state_machine_arn(&created.state_machine_arn);
        let arn = start.input(input.to_string()).send().await.unwrap().execution_arn;
        let end = until_some("the execution to end", async || ended(&deployed, &arn).await).await;
        if let Some(error) = end.error {
            let cause = end.cause.unwrap_or_default();
            failed.push(format!("{error}: {cause}\n{machine}\n{input}"));
        }
    }
    failed
}

/// Returns whether the check has nothing of weight against a machine whose input has the schema.
fn is_passed(machine: &Value, options: Options) -> bool {
    let document = Document::parse("random.asl.json", machine.to_string()).unwrap();
    let report = Checker::new(options).check(&document, &NoTasks, Some(&schema()), None, None);
    let is_harmless = |finding: &Diagnostic| {
        finding.severity == Severity::Note && finding.code != Code::IgnoredByLocalEngine
    };
    report.diagnostics.iter().all(is_harmless) && !machine.to_string().contains(BY_DATA)
}

/// The contracts of machines without tasks.
struct NoTasks;

impl Contracts for NoTasks {
    fn task(&self, _resource: &str, _function: Option<&str>) -> Option<Arc<TaskContract>> {
        None
    }

    fn machine_input(&self, _state_machine: &str) -> Option<Value> {
        None
    }
}

/// Generates a machine that the check passes: states are added one by one, and one with a finding is thrown away.
fn machine(runner: &mut TestRunner, options: Options) -> Value {
    let mut states: Vec<Value> = Vec::new();
    for throw in 0.. {
        assert!(throw < 2_000, "no further state passes: {states:?}");
        let dice = of(&vec(0..=u8::MAX, 1..60), runner);
        states.push(state(&mut Dice::new(&dice), states.len()));
        let machine = whole(&states);
        if !is_passed(&machine, options) {
            states.pop();
        } else if states.len() == STATES {
            return machine;
        }
    }
    unreachable!("the loop ends by itself")
}

/// Returns a machine of these states, between one that assigns `v` and an end.
fn whole(states: &[Value]) -> Value {
    let first = "{% $exists($states.input.odd) ? $states.input.odd : $states.input.o %}";
    let first = json!({ "Type": "Pass", "Assign": { "v": first }, "Next": "S0" });
    let mut named: Map<String, Value> = Map::from_iter([("First".to_owned(), first)]);
    named.extend((0..).zip(states).map(|(number, state)| (format!("S{number}"), state.clone())));
    named.insert(format!("S{}", states.len()), json!({ "Type": "Succeed" }));
    json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 60, "StartAt": "First", "States": named })
}

/// Generates the state of this number. Its output has the fields of its input, and perhaps others.
fn state(dice: &mut Dice<'_>, number: usize) -> Value {
    let next = format!("S{}", number + 1);
    match dice.throw(6) {
        0 => json!({ "Type": "Pass", "Assign": { "v": expression(expressions::whole(dice)) }, "Next": next }),
        1 => {
            let output = format!("$merge([$states.input, {{'opt': {}}}])", expressions::text(dice));
            json!({ "Type": "Pass", "Output": expression(output), "Next": next })
        }
        2 => {
            let rule = json!({ "Condition": expression(expressions::truth(dice)), "Next": next,
                "Assign": { "v": expression(expressions::whole(dice)) } });
            json!({ "Type": "Choice", "Choices": [rule], "Default": next })
        }
        3 => {
            let each = json!({ "Type": "Pass", "Output": expression(expressions::whole(dice)), "End": true });
            let name = format!("Each of S{number}");
            json!({ "Type": "Map", "Items": expression(expressions::list(dice)), "ItemSelector": "{% $states.input %}",
                "ItemProcessor": { "StartAt": name, "States": { (name): each } },
                "Assign": { "v": "{% $states.result %}" }, "Output": "{% $states.input %}", "Next": next })
        }
        4 => {
            json!({ "Type": "Pass", "Assign": { "v": expression(expressions::of_list(dice)) }, "Next": next })
        }
        _ => {
            let assigned = json!({ "n": expression(expressions::number(dice)), "o": expression(expressions::truth(dice)) });
            json!({ "Type": "Pass", "Assign": { "v": assigned }, "Next": next })
        }
    }
}

fn expression(text: String) -> String {
    format!("{{% {text} %}}")
}

fn of<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

/// The schema of `values::any`, down to this depth.
fn any(depth: usize) -> Value {
    let leaf = json!({ "type": ["null", "boolean", "number", "string"] });
    let Some(below) = depth.checked_sub(1).map(any) else { return leaf };
    let object =
        json!({ "type": "object", "properties": { "n": below, "o": below }, "additionalProperties": false });
    json!({ "anyOf": [leaf, { "type": "array", "items": below, "maxItems": 2 }, object] })
}

/// The schema of `values::input`.
fn schema() -> Value {
    let list = |items: Value| json!({ "type": "array", "items": items, "maxItems": 2 });
    let object = |properties: Value, required: Value| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    let (number, text) = (json!({ "type": "number" }), json!({ "type": "string" }));
    let leaf = object(json!({ "leaf": number }), json!([]));
    object(
        json!({
            "n": number, "s": text, "f": { "type": "boolean" }, "opt": text,
            "list": list(number.clone()), "names": list(text.clone()),
            "rows": list(object(json!({ "p": number, "t": text }), json!(["p"]))),
            "o": { "oneOf": [
                object(json!({ "kind": { "const": "A" }, "x": number }), json!(["kind", "x"])),
                object(json!({ "kind": { "const": "B" }, "y": text, "z": number }), json!(["kind", "y"])),
            ] },
            "deep": leaf,
            "odd": any(2),
        }),
        json!(["n", "s", "f", "list", "names", "rows", "o"]),
    )
}
