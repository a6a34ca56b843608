//! Absence as JSONata has it: a value is required only of the whole expression.

use serde_json::{Value, json};

use super::harness::{SILENT, Schemas, assert_expressions, assert_states, object};

const PERHAPS: &[&str] = &["warning PERHAPS_ABSENT_FIELD"];

fn input() -> Value {
    let row = object(json!({ "id": { "type": "integer" }, "kind?": { "type": "string" } }));
    object(json!({
        "note?": { "type": "string" }, "size?": { "type": "number" }, "ready?": { "type": "boolean" },
        "rows": { "type": "array", "items": row.clone(), "maxItems": 9 },
        "filled": { "type": "array", "items": row, "minItems": 1, "maxItems": 9 },
        "more?": { "type": "array", "items": { "type": "string" } },
        "either": { "type": ["string", "number"] },
        "arn": { "type": "string", "pattern": "^arn:[^:]+:dynamodb:[^:]+:[^:]+:table/.+" },
    }))
}

#[test]
fn nothing_is_false_empty_text_or_passed_over_where_jsonata_says_so() {
    assert_expressions(
        &[
            // The same without a value where one is required.
            ("$states.input.note", PERHAPS),
            ("$states.input.note = 'x'", SILENT),
            ("$states.input.note != 'x'", SILENT),
            ("$states.input.note in ['x', 'y']", SILENT),
            ("'x' in $states.input.more", SILENT),
            ("$states.input.ready and true", SILENT),
            ("false or $states.input.ready", SILENT),
            ("$states.input.note ? $states.input.note : 'none'", SILENT),
            ("$states.input.size ? $states.input.size : 0", SILENT),
            ("$states.input.note ? 'none' : $states.input.note", PERHAPS),
            ("'note: ' & $states.input.note", SILENT),
            ("[$states.input.rows[kind = 'a']]", SILENT),
            ("$count($states.input.more)", SILENT),
            ("[$states.input.note, 'x']", SILENT),
            ("{ 'note': $states.input.note }", SILENT),
            ("$append($states.input.note, 'x')", SILENT),
            ("$string($states.input.note) & ''", SILENT),
            ("$uppercase($states.input.note) = 'X'", SILENT),
        ],
        Some(&input()),
    );
}

#[test]
fn what_is_made_from_nothing_is_nothing() {
    assert_expressions(
        &[
            ("$states.input.size + 1", PERHAPS),
            ("$states.input.size > 1", PERHAPS),
            ("$not($states.input.ready)", PERHAPS),
            ("$uppercase($states.input.note)", PERHAPS),
            ("$length($states.input.note) > 2", PERHAPS),
            ("$states.input.ready ? 'yes'", PERHAPS),
            // A name by itself reads nothing outside of a path, nor does a misspelt one.
            ("note", &["error UNKNOWN_FIELD"]),
            ("$states.input.nto", &["error UNKNOWN_FIELD"]),
            ("$states.input.nto = 'x'", &["warning UNKNOWN_FIELD"]),
            ("'a' & nto", &["warning UNKNOWN_FIELD"]),
        ],
        Some(&input()),
    );
}

#[test]
fn conditions_show_that_something_is_there() {
    assert_expressions(
        &[
            ("$states.input.rows[0].id", PERHAPS),
            ("$exists($states.input.rows[0].id) ? $states.input.rows[0].id : 0", SILENT),
            ("$exists($states.input.rows[0]) ? $states.input.rows[0].id : 0", SILENT),
            ("$exists($states.input.rows[1].id) ? $states.input.rows[0].id : 0", PERHAPS),
            ("$count($states.input.rows) > 0 ? $states.input.rows[0].id : 0", SILENT),
            ("0 < $count($states.input.rows) ? $states.input.rows[0].id : 0", SILENT),
            ("$count($states.input.rows) = 0 ? 0 : $states.input.rows[0].id", SILENT),
            ("$count($states.input.rows) >= 2 ? $states.input.rows[1].id : 0", SILENT),
            ("$count($states.input.rows) > 0 ? $states.input.rows[1].id : 0", PERHAPS),
            ("$count($states.input.more) > 0 ? $states.input.more[0] : ''", SILENT),
            ("$states.input.filled[0].id", SILENT),
            ("$states.input.filled[-1].id", SILENT),
            ("$states.input.filled[1].id", PERHAPS),
            ("$states.input.filled.id", SILENT),
            ("$states.input.rows.id", PERHAPS),
            ("$states.input.size > 3 ? $states.input.size : 3", SILENT),
            ("$type($states.input.either) = 'string' ? $uppercase($states.input.either) : ''", SILENT),
            ("$type($states.input.either) != 'string' ? $states.input.either + 1 : 0", SILENT),
            ("$uppercase($states.input.either)", &["warning WRONG_ARGUMENT"]),
            ("$split($states.input.arn, ':')[4]", SILENT),
            ("$split($states.context.Execution.Id, ':')[7]", SILENT),
            ("$split($states.input.arn, ':')[9]", PERHAPS),
            ("$split($states.input.arn, '/')[0]", SILENT),
            ("$filter($states.input.rows, function($r) { $r.kind = 'a' })[0] ~> $exists", SILENT),
        ],
        Some(&input()),
    );
}

#[test]
fn what_a_choice_shows_holds_in_the_next_state() {
    let choice = |condition: &str, output: &str| {
        format!(
            r#"{{
            "A": {{"Type": "Choice", "Choices": [{{"Condition": "{{% {condition} %}}", "Next": "B"}}], "Default": "C"}},
            "B": {{"Type": "Pass", "Output": "{{% {output} %}}", "End": true}},
            "C": {{"Type": "Succeed"}}}}"#
        )
    };
    let asked = choice("$exists($states.input.rows[0])", "$states.input.rows[0].id");
    let counted = choice("$count($states.input.more) > 1", "$states.input.more[1]");
    let other = choice("$exists($states.input.rows[0])", "$states.input.rows[1].id");
    assert_states(
        &[("asked", &asked, SILENT), ("counted", &counted, SILENT), ("another one", &other, PERHAPS)],
        &Schemas::default(),
        Some(&input()),
    );
}

#[test]
fn a_variable_that_some_paths_assign_can_be_asked_for() {
    let machine = |output: &str| {
        format!(
            r#"{{
            "A": {{"Type": "Choice", "Choices": [{{"Condition": "{{% $states.input.ready = true %}}", "Next": "B"}}], "Default": "C"}},
            "B": {{"Type": "Pass", "Assign": {{"v": 1}}, "Next": "C"}},
            "C": {{"Type": "Pass", "Output": "{{% {output} %}}", "End": true}}}}"#
        )
    };
    let (asked, taken, never) =
        (machine("$exists($v) ? $v : 0"), machine("$v + 1"), machine("$exists($w) ? $w : 0"));
    assert_states(
        &[
            ("asked", &asked, SILENT),
            ("taken for granted", &taken, &["warning PERHAPS_UNASSIGNED_VARIABLE"]),
            ("assigned nowhere", &never, &["warning UNASSIGNED_VARIABLE", "error UNASSIGNED_VARIABLE"]),
        ],
        &Schemas::default(),
        Some(&input()),
    );
}
