use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::contract::TaskContract;
use crate::diagnostic::Code;

/// Two functions: `count` takes a name and returns a count, and `store` takes a count.
struct Functions;

impl Contracts for Functions {
    fn task(&self, _resource: &str, function: Option<&str>) -> Option<Arc<TaskContract>> {
        let object = |fields: Value| {
            let required: Vec<&String> = fields.as_object()?.keys().collect();
            Some(
                json!({ "type": "object", "additionalProperties": false, "required": required, "properties": fields }),
            )
        };
        let (name, input, output) = match function? {
            "${Count}" => (
                "count",
                json!({ "name": { "type": "string" } }),
                json!({ "count": { "type": "integer", "minimum": 0 } }),
            ),
            "${Store}" => (
                "store",
                json!({ "count": { "type": "integer", "minimum": 0 } }),
                json!({ "stored": { "type": "boolean" } }),
            ),
            "${List}" => {
                ("list", json!({}), json!({ "rows": { "type": "array", "items": { "type": "string" } } }))
            }
            _ => return None,
        };
        Some(Arc::new(TaskContract {
            name: name.to_owned(),
            input: object(input)?,
            output: object(output)?,
            errors: Vec::new(),
        }))
    }

    fn machine_input(&self, state_machine: &str) -> Option<Value> {
        let name =
            json!({ "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } } });
        (state_machine == "${Child}").then_some(name)
    }
}

fn task(function: &str, payload: Value, more: Value) -> Value {
    let mut state = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": { "FunctionName": function, "Payload": payload } });
    for (name, field) in more.as_object().unwrap() {
        state[name] = field.clone();
    }
    state
}

fn codes(states: Value) -> Vec<(Code, String)> {
    let start = states.as_object().unwrap().keys().next().unwrap().clone();
    let definition = json!({ "QueryLanguage": "JSONata", "StartAt": start, "States": states });
    let input = json!({ "type": "object", "additionalProperties": false, "required": ["name", "names"],
        "properties": { "name": { "type": "string" }, "size": { "type": "integer" },
            "names": { "type": "array", "maxItems": 5, "items": { "type": "string" } } } });
    let machine = Machine::parse(&definition).unwrap();
    let found = infer(&machine, &Functions, (Some(&input), None), false, &Visits::default()).0.diagnostics;
    found.into_iter().map(|finding| (finding.code, finding.pointer)).collect()
}

fn none() -> Vec<(Code, String)> {
    Vec::new()
}

#[test]
fn the_output_of_one_function_fits_the_next() {
    let machine = |output: &str, count: &str| {
        json!({
            "A": task("${Count}", json!({ "name": "{% $states.input.name %}" }), json!({ "Output": output, "Next": "B" })),
            "B": task("${Store}", json!({ "count": count }), json!({ "End": true })),
        })
    };
    assert_eq!(codes(machine("{% $states.result.Payload %}", "{% $states.input.count %}")), none());
    let place = "/States/B/Arguments/Payload/count".to_owned();
    assert_eq!(
        codes(machine("{% $states.result.Payload %}", "{% $states.input.cuont %}")),
        [(Code::UnknownField, place.clone())]
    );
    assert_eq!(
        codes(machine("{% $states.result.Payload %}", "five")),
        [(Code::PayloadMismatch, place.clone())]
    );
    assert_eq!(
        codes(machine("{% $states.result.Payload %}", "{% $states.input.count - 1 %}")),
        [(Code::PayloadMismatch, place)]
    );
    let gone = "/States/A/Output".to_owned();
    assert_eq!(codes(machine("{% $states.result.Paylod %}", "{% 1 %}")), [(Code::UnknownField, gone)]);
}

#[test]
fn payloads_lack_no_field_and_have_no_other() {
    let machine = |payload: Value| json!({ "A": task("${Count}", payload, json!({ "End": true })) });
    assert_eq!(codes(machine(json!({ "name": "x" }))), none());
    let place = "/States/A/Arguments/Payload".to_owned();
    assert_eq!(codes(machine(json!({}))), [(Code::PayloadMismatch, place.clone())]);
    assert_eq!(codes(machine(json!({ "name": "x", "more": 1 }))), [(Code::PayloadMismatch, place)]);
}

#[test]
fn a_variable_that_some_path_does_not_assign_is_reported() {
    let machine = |assign: bool| {
        let assigned = if assign { json!({ "n": 2 }) } else { json!({}) };
        json!({
            "A": { "Type": "Choice", "Choices": [{ "Condition": "{% $states.input.name = 'x' %}", "Next": "B" }], "Default": "C" },
            "B": { "Type": "Pass", "Assign": { "n": 1 }, "Next": "D" },
            "C": { "Type": "Pass", "Assign": assigned, "Next": "D" },
            "D": { "Type": "Pass", "Output": "{% $n + 1 %}", "End": true },
        })
    };
    assert_eq!(codes(machine(true)), none());
    assert_eq!(codes(machine(false)), [(Code::PerhapsUnassignedVariable, "/States/D/Output".to_owned())]);
}

#[test]
fn a_choice_narrows_and_must_not_fall_through() {
    let machine = |choices: Value, default: bool| {
        let mut choice = json!({ "Type": "Choice", "Choices": choices });
        if default {
            choice["Default"] = json!("No");
        }
        json!({
            "A": choice,
            "Yes": { "Type": "Pass", "Output": "{% $states.input.size %}", "End": true },
            "No": { "Type": "Pass", "End": true },
        })
    };
    let asked = json!([{ "Condition": "{% $exists($states.input.size) %}", "Next": "Yes" }]);
    assert_eq!(codes(machine(asked.clone(), true)), none());
    assert_eq!(codes(machine(asked, false)), [(Code::MissingDefault, "/States/A/Default".to_owned())]);
    let unasked = json!([{ "Condition": "{% $states.input.name = 'x' %}", "Next": "Yes" }]);
    assert_eq!(codes(machine(unasked, true)), [(Code::PerhapsAbsentField, "/States/Yes/Output".to_owned())]);
    let text = json!([{ "Condition": "{% $states.input.name %}", "Next": "No" }]);
    assert_eq!(
        codes(machine(text, true)),
        [(Code::ConditionNotBoolean, "/States/A/Choices/0/Condition".to_owned())]
    );
}

#[test]
fn a_map_iterates_over_an_array_and_its_items_fit_its_steps() {
    let machine = |items: &str, name: &str| {
        json!({
            "A": { "Type": "Map", "Items": items, "End": true, "ItemProcessor": { "StartAt": "B", "States": {
                "B": task("${Count}", json!({ "name": name }), json!({ "Output": "{% $states.result.Payload.count %}", "End": true }))
            } } }
        })
    };
    assert_eq!(codes(machine("{% $states.input.names %}", "{% $states.input %}")), none());
    assert_eq!(
        codes(machine("{% $states.input.name %}", "{% $states.input %}")),
        [(Code::NotAnArray, "/States/A/Items".to_owned())]
    );
    let place = "/States/A/ItemProcessor/States/B/Arguments/Payload/name".to_owned();
    assert_eq!(codes(machine("{% [1, 2] %}", "{% $states.input %}")), [(Code::PayloadMismatch, place)]);
    assert_eq!(codes(machine("{% $states.input.names %}", "{% $states.context.Map.Item.Value %}")), none());
}

#[test]
fn the_variables_of_a_branch_are_its_own() {
    let machine = |name: &str| {
        let branch = json!({ "StartAt": "B", "States": { "B": { "Type": "Pass", "Assign": { name: 1 }, "Output": "{% $outer %}", "End": true } } });
        json!({
            "A": { "Type": "Pass", "Assign": { "outer": "x" }, "Next": "P" },
            "P": { "Type": "Parallel", "Branches": [branch], "End": true },
        })
    };
    assert_eq!(codes(machine("inner")), none());
    let place = "/States/P/Branches/0/States/B/Assign/outer".to_owned();
    assert_eq!(codes(machine("outer")), [(Code::AssignmentOutOfScope, place)]);
}

#[test]
fn an_error_is_caught_with_its_name_and_cause() {
    let machine = |output: &str| {
        let catch = json!([{ "ErrorEquals": ["States.ALL"], "Assign": { "why": output }, "Next": "F" }]);
        json!({
            "A": task("${Count}", json!({ "name": "x" }), json!({ "Catch": catch, "End": true })),
            "F": { "Type": "Fail", "Error": "{% $states.input.Error %}", "Cause": "{% $why %}" },
        })
    };
    assert_eq!(codes(machine("{% $states.errorOutput.Cause %}")), none());
    let place = "/States/A/Catch/0/Assign/why".to_owned();
    assert_eq!(
        codes(machine("{% $states.result.Cause %}")).first(),
        Some(&(Code::StatesFieldUnavailable, place))
    );
    assert_eq!(codes(machine("{% 1 %}")), [(Code::FailFieldNotString, "/States/F/Cause".to_owned())]);
}

#[test]
fn a_loop_reaches_a_fixed_point() {
    let machine = |seconds: &str| {
        json!({
            "A": { "Type": "Pass", "Assign": { "seen": 0, "wait": 1 }, "Next": "W" },
            "W": { "Type": "Wait", "Seconds": seconds, "Next": "C" },
            "C": task("${Count}", json!({ "name": "x" }), json!({ "Assign": { "seen": "{% $seen + 1 %}",
                "wait": "{% $states.result.Payload.count %}" }, "Output": "{% $states.input %}", "Next": "D" })),
            "D": { "Type": "Choice", "Choices": [{ "Condition": "{% $seen > 3 %}", "Next": "E" }], "Default": "W" },
            "E": { "Type": "Succeed" },
        })
    };
    // A count has no upper bound, but a Wait needs one.
    assert_eq!(codes(machine("{% $wait %}")), [(Code::WaitNotSeconds, "/States/W/Seconds".to_owned())]);
    assert_eq!(codes(machine("{% 5 %}")), none());
}

#[test]
fn nested_executions_and_unknown_tasks_and_unlimited_lists_are_found() {
    let start = |input: Value| {
        json!({ "A": { "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": true,
            "Output": "{% $states.result.ExecutionArn %}", "Arguments": { "StateMachineArn": "${Child}", "Input": input } } })
    };
    assert_eq!(codes(start(json!({ "name": "{% $states.input.name %}" }))), none());
    let place = "/States/A/Arguments/Input".to_owned();
    assert_eq!(codes(start(json!({ "nam": "x" }))), [(Code::NestedInputMismatch, place)]);
    let unknown = json!({ "A": task("${Other}", json!({}), json!({ "End": true, "Output": 1 })) });
    assert_eq!(codes(unknown), [(Code::UnknownTask, "/States/A".to_owned())]);
    let list = json!({ "A": task("${List}", json!({}), json!({ "End": true })) });
    assert_eq!(codes(list), [(Code::UnboundedPayload, "/States/A".to_owned())]);
}

#[test]
fn the_output_of_an_execution_must_fit_its_declaration() {
    let definition = json!({ "QueryLanguage": "JSONata", "StartAt": "A", "States": { "A": { "Type": "Pass", "Output": { "n": 1 }, "End": true } } });
    let machine = Machine::parse(&definition).unwrap();
    let codes_for = |schema: Value| {
        let schema = json!({ "type": "object", "required": ["n"], "properties": { "n": schema } });
        infer(&machine, &Functions, (None, Some(&schema)), false, &Visits::default())
            .0
            .diagnostics
            .into_iter()
            .map(|finding| finding.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(codes_for(json!({ "type": "integer" })), []);
    assert_eq!(codes_for(json!({ "type": "string" })), [Code::OutputMismatch]);
}
