//! Annotations of a workflow in GitHub Actions.

use contracts::diagnostic::Severity;

use super::findings;
use crate::check::Run;

/// Returns one command for each finding and for each file that cannot be used.
pub(super) fn lines(run: &Run) -> Vec<String> {
    let of_finding = findings(run).map(|(document, finding)| {
        let place = document.position(&finding.pointer);
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let notes =
            [("expected", &finding.expected), ("produced", &finding.produced), ("help", &finding.help)];
        let notes =
            notes.into_iter().filter_map(|(label, note)| Some(format!("\n{label}: {}", note.as_ref()?)));
        let message: String = std::iter::once(finding.message.clone()).chain(notes).collect();
        format!(
            "::{command} file={},line={},col={},endColumn={},title={}::{}",
            property(document.file()),
            place.line,
            place.column,
            place.column + place.length,
            property(finding.code.as_str()),
            data(&message)
        )
    });
    let of_error = run.errors.iter().map(|error| {
        let line = error.line.unwrap_or(1);
        format!("::error file={},line={line}::{}", property(&error.file), data(&error.message))
    });
    of_finding.chain(of_error).collect()
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
