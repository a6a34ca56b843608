//! Machines of both languages, and variables.

use serde_json::{Value, json};

use super::harness::{findings, strict_findings};

fn mixed(states: Value) -> Value {
    let mut machine = json!({ "StartAt": "A", "TimeoutSeconds": 60 });
    machine["States"] = states;
    machine
}

#[test]
fn jsonata_states_of_a_jsonpath_machine_are_typed() {
    let machine = |read: &str| {
        mixed(json!({
            "A": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": { "total": 1 }, "Next": "B" },
            "B": { "Type": "Wait", "Seconds": 1, "Next": "C" },
            "C": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": read, "End": true },
        }))
    };
    // A Wait passes its input on, so what comes before it is known behind it.
    assert_eq!(findings(&machine("{% $states.input.total %}")), Vec::<String>::new());
    assert_eq!(findings(&machine("{% $states.input.sum %}")), ["error UNKNOWN_FIELD /States/C/Output"]);
}

#[test]
fn what_a_jsonpath_state_makes_is_unknown_and_a_strict_check_says_so() {
    let machine = mixed(json!({
        "A": { "Type": "Pass", "Parameters": { "a.$": "$.b" }, "Assign": { "v.$": "$.c", "w": 1 }, "Next": "B" },
        "B": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.a & $v & $w %}", "End": true },
    }));
    assert_eq!(findings(&machine), Vec::<String>::new());
    assert!(strict_findings(&machine).contains(&"error UNTYPED_EXPRESSION /States/A".to_owned()));
}

#[test]
fn variables_are_known_in_both_languages() {
    let machine = |value: &str| {
        mixed(json!({
            "A": { "Type": "Pass", "QueryLanguage": "JSONata", "Assign": { "total": 1 }, "Next": "B" },
            "B": { "Type": "Pass", "Parameters": { "a.$": value }, "End": true },
        }))
    };
    for read in ["$total", "$total.a", "States.MathAdd($total, 1)"] {
        assert_eq!(findings(&machine(read)), Vec::<String>::new(), "{read}");
    }
    for read in ["$totl", "States.Array(States.MathAdd($other, 1))"] {
        assert_eq!(
            findings(&machine(read)),
            ["error UNASSIGNED_VARIABLE /States/B/Parameters/a.$"],
            "{read}"
        );
    }
    let names = mixed(
        json!({ "A": { "Type": "Pass", "Assign": { "my-name.$": "$.a", "states": 1, "b.$": "$.c" }, "End": true } }),
    );
    let refused = [
        "error SCHEMA_VALIDATION_FAILED /States/A/Assign/my-name.$",
        "error SCHEMA_VALIDATION_FAILED /States/A/Assign/states",
    ];
    assert_eq!(findings(&names), refused);
}

#[test]
fn a_state_in_a_map_cannot_assign_a_variable_of_the_machine_around_it() {
    let machine = |name: &str| {
        let inner = json!({ "Type": "Pass", "Assign": { name: "$.b" }, "End": true });
        mixed(json!({
            "A": { "Type": "Pass", "Assign": { "outer": 1 }, "Next": "B" },
            "B": { "Type": "Map", "ItemProcessor": { "StartAt": "C", "States": { "C": inner } }, "End": true },
        }))
    };
    assert_eq!(findings(&machine("inner.$")), Vec::<String>::new());
    let refused = "error ASSIGNMENT_OUT_OF_SCOPE /States/B/ItemProcessor/States/C/Assign/outer.$";
    assert_eq!(findings(&machine("outer.$")), [refused]);
}

#[test]
fn the_language_is_named_where_it_may_be() {
    let states = |language: &str| json!({ "A": { "Type": "Pass", "QueryLanguage": language, "End": true } });
    assert_eq!(findings(&mixed(states("JSONata"))), Vec::<String>::new());
    assert_eq!(
        findings(&mixed(states("jsonata"))),
        ["error SCHEMA_VALIDATION_FAILED /States/A/QueryLanguage"]
    );
    let mut jsonata = mixed(states("JSONPath"));
    jsonata["QueryLanguage"] = json!("JSONata");
    assert_eq!(findings(&jsonata), ["error SCHEMA_VALIDATION_FAILED /States/A/QueryLanguage"]);
    let within =
        mixed(json!({ "QueryLanguage": "JSONata", "A": { "Type": "Pass", "Output": {}, "End": true } }));
    assert_eq!(
        findings(&within),
        [
            "error SCHEMA_VALIDATION_FAILED /States/QueryLanguage",
            "error SCHEMA_VALIDATION_FAILED /States/A/Output"
        ]
    );
}

#[test]
fn what_a_catcher_passes_on_is_known_where_it_replaces_the_input() {
    let machine = |place: Value| {
        let mut catcher = json!({ "ErrorEquals": ["States.ALL"], "Next": "B" });
        catcher["ResultPath"] = place;
        mixed(json!({
            "A": { "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Catch": [catcher], "End": true },
            "B": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.name %}", "End": true },
        }))
    };
    assert_eq!(findings(&machine(json!("$"))), ["error UNKNOWN_FIELD /States/B/Output"]);
    assert_eq!(findings(&machine(json!("$.error"))), Vec::<String>::new());
}
