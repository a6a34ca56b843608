//! What has no schema is unknown: nothing is reported about it, about its fields, and about what is made from it.

use serde_json::json;

use super::harness::{SILENT, Schemas, assert_expressions, assert_states, machine, report};
use contracts::diagnostic::{Code, Severity};

#[test]
fn nothing_is_reported_about_what_has_no_schema() {
    assert_expressions(
        &[
            ("$states.input.order.lines[0].price * 2", SILENT),
            ("$exists($states.input.a) ? $states.input.a : 'none'", SILENT),
            ("$uppercase($states.input.name) & '-' & $states.input.id", SILENT),
            ("$states.input.rows[kind = 'x'].total", SILENT),
            ("$sum($states.input.rows.total) / $count($states.input.rows)", SILENT),
            ("$split($states.input.arn, ':')[4]", SILENT),
            ("{ 'a': $states.input.a, 'b': [$states.input.list.x] }.a", SILENT),
            ("$states.input.a = $states.input.b or $states.input.c > 3", SILENT),
            ("$merge([$states.input, { 'seen': true }]).other", SILENT),
            ("($f := function($x) { $x.y }; $f($states.input))", SILENT),
            ("$states.input.list^(>price)[0].name", SILENT),
            ("$max($states.input.numbers)", SILENT),
            ("$fromMillis($states.input.at)", SILENT),
            ("$map($states.input.rows, function($r) { { 'id': $r.id } })", SILENT),
            ("$map($states.input.rows, function($r) { 1 })", SILENT),
            ("$states.input.rows.{ 'id': id }", SILENT),
            ("$states.input.rows.(id & '!')", SILENT),
            ("$filter($states.input.rows, function($r) { $r.ready })", SILENT),
            ("$sort($states.input.rows, function($a, $b) { $a.n > $b.n })[0].n", SILENT),
            ("$states.input.rows[0].{ 'id': id }", SILENT),
            ("$match($states.input.name, /a+/)[0].match", SILENT),
            ("$split('arn:' & $states.input.rest, ':')[4]", SILENT),
            ("$lookup($states.input, 'a').b", SILENT),
            ("$reverse($states.input.rows)[0].id", SILENT),
            ("$distinct($states.input.rows.kind)[0]", SILENT),
            ("$append($states.input.a, $states.input.b)[3]", SILENT),
            ("[$states.input.rows.id][0]", SILENT),
            ("$each($states.input.prices, function($v, $k) { $k })", SILENT),
            ("$states.input.a ~> $trim ~> $uppercase", SILENT),
            ("$states.input.items[type = 'x' and $exists(size)].size", SILENT),
            ("$number($states.input.n) + 1 > 3 ? 'more' : 'less'", SILENT),
            ("$now() & $states.input.zone", SILENT),
            ("$not($states.input.done)", SILENT),
            ("-$states.input.n", SILENT),
            ("$average($states.input.rows.n)", SILENT),
            ("$join($states.input.names, ', ')", SILENT),
            ("$keys($states.input)[0]", SILENT),
            ("$partition($states.input.rows, 10)[0]", SILENT),
            ("$range(0, $states.input.n, 1)[2]", SILENT),
        ],
        None,
    );
}

#[test]
fn what_is_known_beside_the_unknown_is_checked() {
    assert_expressions(
        &[
            ("{ 'a': $states.input.a }.b", &["error UNKNOWN_FIELD"]),
            ("($states.input.a & 'x') + 1", &["error WRONG_ARGUMENT"]),
            ("$states.context.Executoin.Id", &["error UNKNOWN_FIELD"]),
            ("$states.input.a ~> $uppercas", &["error UNKNOWN_FUNCTION"]),
        ],
        None,
    );
}

#[test]
fn a_task_without_schemas_is_a_note_and_its_result_unknown() {
    let states = r#"{
        "A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 9,
              "Arguments": {"FunctionName": "price", "Payload": {"id": "{% $states.input.id %}"}},
              "Output": "{% $states.result.Payload.total %}", "Next": "B"},
        "B": {"Type": "Wait", "Seconds": "{% $states.input.pause %}", "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.ready %}", "Next": "D"}], "Default": "B"},
        "D": {"Type": "Fail", "Error": "{% $states.input.code %}"}
    }"#;
    assert_states(&[("a chain of unknown results", states, SILENT)], &Schemas::default(), None);
    let found = report(&machine(states), &Schemas::default(), None).diagnostics;
    let unknown: Vec<Severity> = found
        .iter()
        .filter(|finding| finding.code == Code::UnknownTask)
        .map(|finding| finding.severity)
        .collect();
    assert_eq!(unknown, [Severity::Note]);
}

#[test]
fn an_action_of_a_service_is_not_even_a_note() {
    for resource in [
        "arn:aws:states:::dynamodb:getItem",
        "arn:aws:states:::aws-sdk:drs:describeJobs",
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    ] {
        let state = json!({ "A": {
            "Type": "Task", "Resource": resource, "TimeoutSeconds": 9, "End": true,
            "Arguments": { "Key": { "id": { "S": "{% $states.input.id %}" } }, "Token": "{% $states.context %}" },
            "Output": "{% $states.result.Item.total.N %}",
        } });
        let found = report(&machine(&state.to_string()), &Schemas::default(), None).diagnostics;
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn a_wrong_value_of_unknown_parts_is_found_by_what_is_known_of_it() {
    let takes = super::harness::object(json!({ "id": { "type": "string" }, "count": { "type": "integer" } }));
    let schemas = Schemas { functions: [("f", (takes, json!(true)))].into(), ..Schemas::default() };
    let task = |payload: &str| {
        format!(
            r#"{{"A": {{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 9, "End": true,
                "Arguments": {{"FunctionName": "f", "Payload": {payload}}}}}}}"#
        )
    };
    let (unknown, missing, typed, made) = (
        task(r#"{"id": "{% $states.input.id %}", "count": "{% $states.input.n + 1 %}"}"#),
        task(r#"{"id": "{% $states.input.id %}"}"#),
        task(r#"{"id": "{% $states.input.id %}", "count": "three"}"#),
        task(r#"{"id": "{% $states.input.id %}", "count": "{% 'n' & $states.input.n %}"}"#),
    );
    assert_states(
        &[
            ("both unknown", &unknown, SILENT),
            ("one is missing", &missing, &["error PAYLOAD_MISMATCH"]),
            ("one is a constant of another type", &typed, &["error PAYLOAD_MISMATCH"]),
            ("one is made from the unknown, but is text", &made, &["error PAYLOAD_MISMATCH"]),
        ],
        &schemas,
        None,
    );
}
