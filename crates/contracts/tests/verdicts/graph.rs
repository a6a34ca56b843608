//! One cause makes one finding.

use serde_json::json;

use super::harness::{SILENT, Schemas, assert_machines, assert_states, machine, report};

#[test]
fn what_follows_from_a_wrong_name_is_not_reported_too() {
    assert_states(
        &[
            (
                "the states behind a dangling Next",
                r#"{"A": {"Type": "Pass", "Next": "Bb"}, "B": {"Type": "Pass", "Next": "C"},
                    "C": {"Type": "Choice", "Choices": [{"Condition": true, "Next": "D"}], "Default": "E"},
                    "D": {"Type": "Succeed"}, "E": {"Type": "Succeed"}}"#,
                &["error MISSING_TRANSITION_TARGET"],
            ),
            (
                "the states behind one that nothing leads to",
                r#"{"A": {"Type": "Succeed"}, "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Pass", "Next": "D"},
                    "D": {"Type": "Succeed"}}"#,
                &["error UNREACHABLE_STATE"],
            ),
            (
                "two that lead to each other",
                r#"{"A": {"Type": "Succeed"}, "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Pass", "Next": "B"}}"#,
                &["error UNREACHABLE_STATE"],
            ),
        ],
        &Schemas::default(),
        None,
    );
}

#[test]
fn a_choice_that_always_matches_needs_no_default() {
    let choice = |condition: &str| {
        format!(
            r#"{{"A": {{"Type": "Choice", "Choices": [{{"Condition": {condition}, "Next": "B"}}]}}, "B": {{"Type": "Succeed"}}}}"#
        )
    };
    assert_states(
        &[
            ("a constant", &choice("true"), SILENT),
            ("an expression that is one", &choice(r#""{% true %}""#), SILENT),
            ("a condition", &choice(r#""{% $states.input.a %}""#), &["warning MISSING_DEFAULT"]),
        ],
        &Schemas::default(),
        None,
    );
}

#[test]
fn a_loop_with_a_task_takes_time() {
    let of = |states: &str| {
        report(&machine(states), &Schemas::default(), None)
            .diagnostics
            .iter()
            .filter(|finding| finding.code.as_str() == "LOOP_WITHOUT_WAIT")
            .count()
    };
    let around = |state: &str| {
        format!(
            r#"{{"A": {state}, "B": {{"Type": "Choice", "Choices": [{{"Condition": "{{% $states.input.more %}}", "Next": "A"}}],
                "Default": "C"}}, "C": {{"Type": "Succeed"}}}}"#
        )
    };
    assert_eq!(
        of(&around(
            r#"{"Type": "Task", "Resource": "arn:aws:states:::sqs:receiveMessage", "Arguments": {}, "Next": "B"}"#
        )),
        0
    );
    assert_eq!(of(&around(r#"{"Type": "Pass", "Next": "B"}"#)), 1);
}

#[test]
fn jsonata_may_be_named_by_each_state() {
    let state = |language: Option<&str>| {
        let mut state = json!({ "Type": "Pass", "Output": "{% $states.input.a.b %}", "End": true });
        if let Some(language) = language {
            state["QueryLanguage"] = json!(language);
        }
        json!({ "StartAt": "A", "TimeoutSeconds": 9, "States": { "A": state } })
    };
    let wrong = json!({ "StartAt": "A", "TimeoutSeconds": 9, "States": {
        "A": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $b %}", "End": true } } });
    assert_machines(
        [
            ("each state", state(Some("JSONata")), SILENT),
            ("and the states are checked", wrong, &["error UNASSIGNED_VARIABLE"]),
        ],
        &Schemas::default(),
        None,
    );
}
