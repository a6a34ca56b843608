//! SARIF 2.1.0, the form in which code scanning of GitHub and editors read findings.

use std::collections::BTreeSet;

use contracts::diagnostic::{Code, Diagnostic, Severity};
use contracts::document::Document;
use serde_json::{Value, json};

use super::findings;
use crate::Explanation;
use crate::check::Run;
use crate::read::FileError;

/// Returns the log.
pub(super) fn report(run: &Run) -> String {
    let codes: Vec<Code> =
        findings(run).map(|(_, finding)| finding.code).collect::<BTreeSet<_>>().into_iter().collect();
    let results: Vec<Value> =
        findings(run).map(|(document, finding)| result(document, finding, &codes)).collect();
    let notifications: Vec<Value> = run.errors.iter().map(notification).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().copied().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": run.errors.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    format!("{log:#}")
}

fn rule(code: Code) -> Value {
    let explanation = Explanation::of(code);
    let text =
        explanation.map_or_else(|| code.as_str().to_owned(), |explanation| explanation.text.to_owned());
    let short = explanation.map_or_else(|| code.as_str().to_owned(), |explanation| explanation.in_short());
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": short },
        "fullDescription": { "text": text },
        "help": { "text": text, "markdown": text },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(document: &Document, finding: &Diagnostic, codes: &[Code]) -> Value {
    let place = document.position(&finding.pointer);
    let part = document.part().map(|part| format!("{part}: ")).unwrap_or_default();
    json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": codes.iter().position(|code| *code == finding.code),
        "level": level(finding.severity),
        "message": { "text": message(finding) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": artifact(document.file()),
                "region": {
                    "startLine": place.line,
                    "startColumn": place.column,
                    "endLine": place.line,
                    "endColumn": place.column + place.length,
                },
            },
            "logicalLocations": [{ "fullyQualifiedName": format!("{part}{}", finding.pointer) }],
        }],
        // The line is left out, so that a finding is the same one after others have moved it.
        "partialFingerprints": {
            "codeAndPointer/v1": format!("{} {part}{}", finding.code, finding.pointer),
        },
    })
}

/// Returns the message with everything that the text for people has below it.
fn message(finding: &Diagnostic) -> String {
    let counterexample = finding.counterexample.as_ref().map(Value::to_string);
    let notes = [
        ("expected", &finding.expected),
        ("produced", &finding.produced),
        ("counterexample", &counterexample),
        ("help", &finding.help),
    ];
    let notes = notes.into_iter().filter_map(|(label, note)| Some(format!("\n{label}: {}", note.as_ref()?)));
    std::iter::once(finding.message.clone()).chain(notes).collect()
}

fn notification(error: &FileError) -> Value {
    let artifact = artifact(&error.file);
    let place = match (error.line, error.column) {
        (Some(line), Some(column)) => json!({ "artifactLocation": artifact,
            "region": { "startLine": line, "startColumn": column } }),
        _ => json!({ "artifactLocation": artifact }),
    };
    json!({
        "level": "error",
        "message": { "text": error.message },
        "locations": [{ "physicalLocation": place }],
    })
}

fn level(severity: Severity) -> &'static str {
    severity.as_str()
}

/// Returns a file as a URI below the directory of the run.
fn artifact(file: &str) -> Value {
    let mut uri = String::new();
    for byte in file.replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(byte.into())
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    if uri.starts_with('/') {
        return json!({ "uri": format!("file://{uri}") });
    }
    json!({ "uri": uri, "uriBaseId": "%SRCROOT%" })
}
