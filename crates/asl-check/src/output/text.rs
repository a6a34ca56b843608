//! For people.

use contracts::diagnostic::Severity;
use contracts::render;

use super::{counted, findings, number_of};
use crate::check::Run;

/// Returns each finding, and before them the states if they are asked for.
pub(super) fn blocks(run: &Run, verbose: bool, colours: bool) -> Vec<String> {
    let mut blocks = Vec::new();
    for file in run.checked.iter().filter(|_| verbose) {
        for (pointer, shapes) in &file.report.states {
            blocks.push(format!("{} at {pointer}", file.document.file()));
            blocks.push(serde_json::to_string_pretty(shapes).unwrap_or_default());
        }
    }
    blocks.extend(findings(run).map(|(document, finding)| render::text(finding, document, colours)));
    blocks
}

/// Returns the lines that sum it up.
pub(super) fn remarks(run: &Run, verbose: bool) -> Vec<String> {
    let mut remarks = Vec::new();
    let number = findings(run).count();
    let files = run.checked.iter().filter(|file| !file.report.diagnostics.is_empty()).count();
    if number > 0 {
        let by_severity = [Severity::Error, Severity::Warning, Severity::Note]
            .map(|severity| (number_of(run, severity), severity.as_str()));
        let by_severity: Vec<String> = by_severity
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, name)| counted(number, name))
            .collect();
        remarks.push(format!("{} in {}", by_severity.join(", "), counted(files, "file")));
    }
    if run.known > 0 {
        remarks.push(format!("{} in the baseline", counted(run.known, "finding")));
    }
    if run.gone > 0 {
        let message = "of the baseline not there any more; write it again with --write-baseline";
        remarks.push(format!("{} {message}", counted(run.gone, "finding")));
    }
    if verbose {
        let annotated: usize = run.checked.iter().map(|file| file.report.annotated).sum();
        let ignored: usize = run.checked.iter().map(|file| file.ignored).sum();
        remarks.push(format!(
            "{} checked, {} annotated as untyped or bounded, {} ignored by comments",
            counted(run.checked.len(), "file"),
            counted(annotated, "state"),
            counted(ignored, "finding")
        ));
    }
    remarks
}
