//! For programs: one JSON object.

use contracts::diagnostic::Severity;
use contracts::render;
use serde_json::{Map, Value, json};

use super::{findings, number_of};
use crate::check::Run;

/// Returns the object.
pub(super) fn report(run: &Run, verbose: bool) -> String {
    let diagnostics: Vec<Value> =
        findings(run).map(|(document, finding)| render::json(finding, document)).collect();
    let annotated: usize = run.checked.iter().map(|file| file.report.annotated).sum();
    let ignored: usize = run.checked.iter().map(|file| file.ignored).sum();
    let mut report = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "diagnostics": diagnostics,
        "annotated": annotated,
        "errors": run.errors,
        "skipped": run.skipped,
        "summary": {
            "files": run.checked.len(),
            "unusable": run.errors.len(),
            "errors": number_of(run, Severity::Error),
            "warnings": number_of(run, Severity::Warning),
            "notes": number_of(run, Severity::Note),
            "ignored": ignored,
            "inBaseline": run.known,
        },
    });
    if let Some(members) = report.as_object_mut().filter(|_| verbose) {
        let shown = run.checked.iter().filter(|file| !file.report.states.is_empty());
        let states: Map<String, Value> =
            shown.map(|file| (file.document.file().to_owned(), json!(file.report.states))).collect();
        members.insert("states".to_owned(), Value::Object(states));
    }
    format!("{report:#}")
}
