//! Messages say what to do, and the place is that of the mistake.

use contracts::diagnostic::Diagnostic;
use contracts::document::Document;
use contracts::render;
use serde_json::json;

use super::harness::{Schemas, machine, object};

fn of_expression(expression: &str) -> Diagnostic {
    let rows =
        json!({ "type": "array", "maxItems": 9, "items": object(json!({ "id": { "type": "string" } })) });
    let input = object(json!({ "rows": rows, "name?": { "type": "string" } }));
    let state = json!({ "A": { "Type": "Pass", "Output": format!("{{% {expression} %}}"), "End": true } });
    let mut found =
        super::harness::report(&machine(&state.to_string()), &Schemas::default(), Some(&input)).diagnostics;
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

#[test]
fn a_message_names_the_part_that_is_wrong_and_what_to_write() {
    for (expression, message, help) in [
        (
            "$states.input.rows[0].id",
            "$states.input.rows[0].id may be absent",
            "$exists($states.input.rows[0].id) ? ",
        ),
        (
            "$uppercase($trim($states.input.name))",
            "$states.input.name may be absent",
            "$exists($states.input.name) ? ",
        ),
        ("$states.input.nane & 'x'", "$states.input.nane never exists", "did you mean name?"),
        ("name", "name never exists", "$states.input.name"),
        ("$uppercse('a')", "Step Functions has no function $uppercse", "did you mean $uppercase?"),
        (
            "$exists($states.input.name) ? $states.input.name",
            "yields nothing if the condition is false",
            "add `: …`",
        ),
        ("$states.input.name ?? 'a'", "newer than JSONata 2.0.6", "$exists(a) ? a : b"),
    ] {
        let found = of_expression(expression);
        let given = found.help.unwrap_or_default();
        assert!(found.message.contains(message), "{expression}: {}", found.message);
        assert!(given.contains(help), "{expression}: {given}");
    }
}

#[test]
fn a_long_expression_is_cut() {
    let found = of_expression(&format!("$states.input.name + + {}", "1 + ".repeat(3_000)));
    assert!(found.message.len() < 400, "{}", found.message.len());
}

#[test]
fn a_wrong_name_is_marked_itself() {
    let text = "{\"QueryLanguage\": \"JSONata\", \"TimeoutSeconds\": 9, \"StartAt\": \"A\", \"States\": {\"A\": {\n\"Type\": \"Pass\", \"Nxt\": \"x\", \"End\": true}}}";
    let document = Document::parse("m.json", text).unwrap();
    let found = contracts::check(&document, &Schemas::default(), None, None, None).diagnostics;
    let json = render::json(&found[0], &document);
    let expected = json!({ "line": 2, "column": 17, "endLine": 2, "endColumn": 22, "severity": "error",
        "docs": "docs/contracts.md#schema_validation_failed" });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&json[name], value, "{name} of {json}");
    }
    assert!(render::text(&found[0], &document, false).starts_with("error[SCHEMA_VALIDATION_FAILED]"));
}
