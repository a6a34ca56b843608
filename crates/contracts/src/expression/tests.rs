use serde_json::{Value, json};

use super::*;
use crate::shape::Shape;

/// Returns a scope with an input and a variable.
fn scope() -> Scope {
    let input = json!({ "type": "object", "additionalProperties": false, "required": ["name", "count", "flag", "rows"],
        "properties": {
            "name": { "type": "string" }, "count": { "type": "integer", "minimum": 0 }, "flag": { "type": "boolean" },
            "note": { "type": "string" }, "nothing": { "type": "null" },
            "rows": { "type": "array", "maxItems": 9, "items": { "type": "object", "additionalProperties": false,
                "required": ["price"], "properties": { "price": { "type": "number" }, "tag": { "type": "string" } } } }
        } });
    let check = json!({ "oneOf": [
        { "type": "object", "additionalProperties": false, "required": ["status", "arn"],
          "properties": { "status": { "const": "READY" }, "arn": { "type": "string" } } },
        { "type": "object", "additionalProperties": false, "required": ["status", "wait"],
          "properties": { "status": { "const": "PENDING" }, "wait": { "type": "integer" } } }
    ] });
    let variable = |schema: &Value, certain| Variable { shape: Shape::from_schema(schema), certain };
    let variables = [
        ("check".to_owned(), variable(&check, true)),
        ("later".to_owned(), variable(&json!({ "type": "string" }), false)),
    ];
    Scope { input: Shape::from_schema(&input), variables: variables.into(), ..Scope::default() }
}

fn infer_text(text: &str) -> (Value, Vec<Code>) {
    let mut found = Vec::new();
    let shape = match parse(text, "") {
        Ok(expression) => infer_value(&expression, &scope(), "", &mut found),
        Err(diagnostic) => {
            found.push(*diagnostic);
            Shape::any()
        }
    };
    (shape.to_schema(), found.iter().map(|finding| finding.code).collect())
}

#[test]
fn expressions_have_the_shapes_of_their_values() {
    let number = json!({ "type": "number" });
    let text = json!({ "type": "string" });
    let truth = json!({ "type": "boolean" });
    for (expression, shape) in [
        ("$states.input.name", &text),
        ("$states.input.name & '!'", &text),
        ("$states.input.count + 1", &json!({ "type": "integer", "minimum": 0 })),
        ("$states.input.count - 1", &json!({ "type": "integer" })),
        ("$states.input.count / 2", &json!({ "type": "number", "minimum": 0 })),
        ("-$states.input.count", &number),
        ("$states.input.count >= 3 and $states.input.flag", &truth),
        ("$states.input.name = 'a' ? 'x' : $states.input.name", &text),
        ("$exists($states.input.note) ? $states.input.note : 'none'", &json!({ "type": "string" })),
        ("$exists($states.input.note) and $length($states.input.note) > 2", &truth),
        ("$not($exists($states.input.note)) or $states.input.note = 'x'", &truth),
        ("$check.status = 'READY' ? $check.arn : $string($check.wait)", &text),
        ("$check.status != 'READY' ? $string($check.wait) : $check.arn", &text),
        ("$sum([$states.input.rows.price])", &number),
        ("$count($states.input.rows)", &json!({ "type": "integer", "minimum": 0 })),
        ("($x := $states.input.count; $x / 2)", &json!({ "type": "number", "minimum": 0 })),
        ("$uppercase($states.input.name)", &text),
        // The item of a filter and a parameter are narrowed like variables.
        (
            "$count($states.input.rows[$exists(tag) and tag = 'x'])",
            &json!({ "type": "integer", "minimum": 0 }),
        ),
        (
            "$count($filter($states.input.rows, function($row) { $exists($row.tag) and $row.tag = 'x' }))",
            &json!({ "type": "integer", "minimum": 0 }),
        ),
        // Both parameters of a comparison are items, and a failure has no value.
        ("$sort($states.input.rows, function($l, $r) { $l.price > $r.price })[0] ~> $exists", &truth),
        ("$states.input.flag ? $states.input.name : $error('no flag')", &text),
        ("$max([0, $states.input.rows.price])", &number),
        ("$now()", &json!({ "type": "string", "format": "date-time" })),
        ("$now('[Y]')", &text),
        ("$states.input.name ~> $uppercase", &text),
        ("7", &json!({ "const": 7 })),
        ("null", &json!({ "type": "null" })),
        (
            "{'a': $states.input.count > 1}",
            &json!({ "type": "object", "properties": { "a": truth }, "required": ["a"],
            "additionalProperties": false }),
        ),
    ] {
        assert_eq!(infer_text(expression), (shape.clone(), vec![]), "{expression}");
    }
}

#[test]
fn each_mistake_has_its_code() {
    for (expression, code) in [
        ("$states.input.", Code::InvalidJsonataExpression),
        ("$eval('1')", Code::UnknownFunction),
        ("$upper($states.input.name)", Code::UnknownFunction),
        ("$length($states.input.count)", Code::WrongArgument),
        ("$length()", Code::WrongArgument),
        ("$states.input.name + 1", Code::WrongArgument),
        ("$states.result.x", Code::StatesFieldUnavailable),
        ("$states.errorOutput.Error", Code::StatesFieldUnavailable),
        ("$states.inputs", Code::UnknownField),
        ("$missing", Code::UnassignedVariable),
        ("$later", Code::PerhapsUnassignedVariable),
        ("$states.input.nam", Code::UnknownField),
        ("$states.input.note", Code::PerhapsAbsentField),
        ("$length($states.input.note)", Code::PerhapsAbsentField),
        ("name", Code::UnknownField),
        ("$check.arn", Code::PerhapsAbsentField),
        ("$check.status = 'PENDING' ? $check.arn : 'x'", Code::UnknownField),
        ("$states.input.name ? 1 : 2", Code::ConditionNotBoolean),
        ("$states.input.name = 3", Code::ComparedTypesDiffer),
        ("$check.status = 'DONE'", Code::ComparedTypesDiffer),
        ("$states.input.name < 3", Code::ComparedTypesDiffer),
        ("$states.input.nothing = 'x' and true", Code::PerhapsAbsentField),
        ("$parse($states.input.name)", Code::UntypedExpression),
        ("$states.input.*", Code::UntypedExpression),
        ("$max($states.input.rows.price)", Code::PerhapsAbsentField),
        // Without rows there are no prices, and $sum of nothing is nothing.
        ("$sum($states.input.rows.price)", Code::PerhapsAbsentField),
        ("$merge([$states.input, 3])", Code::WrongArgument),
        ("$contains($states.input.name, $states.input.count)", Code::WrongArgument),
        // The first price of each row: none, one or several.
        ("$states.input.rows.price[0] + 1", Code::WrongArgument),
        // A value to which nothing is appended is returned unchanged.
        ("$append($states.input.note, 'x')[1]", Code::PerhapsAbsentField),
    ] {
        let (_, codes) = infer_text(expression);
        assert!(codes.contains(&code), "{expression}: {codes:?}");
    }
}

#[test]
fn what_is_absent_does_not_affect_what_is_around_it() {
    let outer = json!({ "type": "object", "additionalProperties": false, "properties": {
        "outer": { "type": "object", "additionalProperties": false,
            "properties": { "inner": { "type": "string" } } } } });
    let scope = Scope { input: Shape::from_schema(&outer), ..Scope::default() };
    let codes = |text: &str| {
        let mut found = Vec::new();
        infer_value(&parse(text, "").unwrap(), &scope, "", &mut found);
        found.into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    let asked = "$exists($states.input.outer.inner)";
    assert_eq!(codes(&format!("{asked} ? $string($states.input.outer) : 'none'")), []);
    assert_eq!(
        codes(&format!("{asked} ? 'some' : $string($states.input.outer)")),
        [Code::PerhapsAbsentField]
    );
}

#[test]
fn one_mistake_is_reported_once() {
    for expression in ["$missing.a.b = 'x'", "$states.input.nam & 'x'", "$length($states.input.nam)"] {
        assert_eq!(infer_text(expression).1.len(), 1, "{expression}");
    }
}
