//! The forms of the output.

use super::super::*;

fn project() -> Project {
    Project::new(&[("a b.asl.json", &dangling()), ("bad.asl.json", "{")])
}

#[test]
fn json_says_where_a_finding_ends_and_sums_up() {
    let ran = project().run(&[".", "--json"]);
    let report = ran.json();
    let found = &report["diagnostics"][0];
    assert_eq!(
        (&found["severity"], &found["line"], &found["column"]),
        (&json!("error"), &json!(6), &json!(35))
    );
    assert_eq!((&found["endLine"], &found["endColumn"]), (&json!(6), &json!(38)));
    assert!(found["docs"].as_str().unwrap().ends_with("#missing_transition_target"), "{found}");
    let summary = json!({
        "files": 1, "unusable": 1, "errors": 1, "warnings": 0, "notes": 0, "ignored": 0, "inBaseline": 0,
    });
    assert_eq!(report["summary"], summary);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(project().run(&[".", "--format", "json"]).stdout, ran.stdout);
}

#[test]
fn github_gets_a_command_for_each_finding() {
    let lines = project().run(&[".", "--format", "github"]).stdout;
    let first = "::error file=a b.asl.json,line=6,col=35,endColumn=38,title=MISSING_TRANSITION_TARGET::Next of \"A\" leads";
    assert!(lines.starts_with(first), "{lines}");
    assert!(lines.contains("\n::error file=bad.asl.json,line=1::bad.asl.json:1:"), "{lines}");
}

/// What section 3 of SARIF 2.1.0 requires of the objects that are written here.
fn essentials() -> Value {
    let message = json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}});
    let level = json!({"enum": ["none", "note", "warning", "error"]});
    let positive = json!({"type": "integer", "minimum": 1});
    let location = json!({"type": "object", "required": ["physicalLocation"], "properties": {"physicalLocation": {
        "type": "object", "required": ["artifactLocation"], "properties": {
            "artifactLocation": {"type": "object", "required": ["uri"], "properties": {
                "uri": {"type": "string", "format": "uri-reference"}, "uriBaseId": {"type": "string"},
            }, "additionalProperties": false},
            "region": {"type": "object", "required": ["startLine"], "properties": {
                "startLine": positive, "startColumn": positive, "endLine": positive, "endColumn": positive,
            }, "additionalProperties": false},
        }, "additionalProperties": false,
    }}});
    let rule = json!({"type": "object", "required": ["id"], "properties": {
        "id": {"type": "string"}, "shortDescription": message, "fullDescription": message, "help": message,
        "defaultConfiguration": {"type": "object", "properties": {"level": level}},
    }, "additionalProperties": false});
    let result = json!({"type": "object", "required": ["message", "ruleId", "locations"], "properties": {
        "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0}, "level": level, "message": message,
        "locations": {"type": "array", "items": location, "minItems": 1},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
    }, "additionalProperties": false});
    let invocation = json!({"type": "object", "required": ["executionSuccessful"], "properties": {
        "executionSuccessful": {"type": "boolean"},
        "toolExecutionNotifications": {"type": "array", "items": {"type": "object", "required": ["message"], "properties": {
            "message": message, "level": level, "locations": {"type": "array", "items": location},
        }, "additionalProperties": false}},
    }, "additionalProperties": false});
    json!({"type": "object", "required": ["version", "runs"], "properties": {
        "$schema": {"type": "string"}, "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["tool", "results"], "properties": {
            "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
                "type": "object", "required": ["name"], "properties": {
                    "name": {"type": "string"}, "rules": {"type": "array", "items": rule, "uniqueItems": true},
                },
            }}},
            "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            "invocations": {"type": "array", "items": invocation},
            "results": {"type": "array", "items": result},
        }, "additionalProperties": false}},
    }, "additionalProperties": false})
}

#[test]
fn sarif_has_what_the_standard_requires() {
    let ran = project().run(&[".", "--format", "sarif"]);
    let log = ran.json();
    let validator = jsonschema::options().should_validate_formats(true).build(&essentials()).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(wrong, Vec::<String>::new());
    let run = &log["runs"][0];
    let result = &run["results"][0];
    let index = result["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b.asl.json");
    assert_eq!(place["region"]["startLine"], 6);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(ran.code, 2);
}
