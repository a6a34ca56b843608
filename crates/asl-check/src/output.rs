//! Prints a run in one of its forms.

mod github;
mod json;
mod sarif;
mod text;

use contracts::diagnostic::{Diagnostic, Severity};
use contracts::document::Document;

use crate::check::{Checked, Run};
use crate::{Arguments, Format, Outcome};

/// Returns what a run prints.
pub(crate) fn outcome(run: &Run, arguments: &Arguments, colours: bool) -> Outcome {
    let data = match arguments.format() {
        Format::Text => text::blocks(run, arguments.verbose, colours),
        Format::Json => vec![json::report(run, arguments.verbose)],
        Format::Sarif => vec![sarif::report(run)],
        Format::Github => github::lines(run),
    };
    let mut remarks: Vec<String> = run.skipped.clone();
    // A program reads the same in the data.
    if matches!(arguments.format(), Format::Text | Format::Github) {
        remarks.extend(text::remarks(run, arguments.verbose));
    }
    Outcome { data, remarks, errors: errors(run), code: code(run) }
}

/// Returns what is printed when the findings are in a file instead.
pub(crate) fn written(run: &Run, remark: String) -> Outcome {
    let errors = errors(run);
    let code = if errors.is_empty() { 0 } else { 2 };
    Outcome { data: Vec::new(), remarks: vec![remark], errors, code }
}

fn errors(run: &Run) -> Vec<String> {
    run.errors.iter().map(|error| error.message.clone()).collect()
}

fn code(run: &Run) -> u8 {
    let fatal = run
        .checked
        .iter()
        .any(|file| file.report.diagnostics.iter().any(|finding| finding.severity >= file.error_on));
    match (run.errors.is_empty(), fatal) {
        (false, _) => 2,
        (true, true) => 1,
        (true, false) => 0,
    }
}

/// Returns all findings with their files.
fn findings(run: &Run) -> impl Iterator<Item = (&Document, &Diagnostic)> {
    run.checked.iter().flat_map(|Checked { document, report, .. }| {
        report.diagnostics.iter().map(move |finding| (document, finding))
    })
}

/// Returns the number of findings of a severity.
fn number_of(run: &Run, severity: Severity) -> usize {
    findings(run).filter(|(_, finding)| finding.severity == severity).count()
}

/// Returns `1 finding` or `2 findings`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
