//! Leaves out of a file's findings what is ignored.

use contracts::diagnostic::{Code, Diagnostic, Severity};
use contracts::document::Document;

use crate::ignores::Ignores;
use crate::settings::Settings;

/// What is left.
#[derive(Debug)]
pub(crate) struct Filtered {
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Number of findings that a comment ignores.
    pub(crate) ignored: usize,
}

/// Applies the comments, the codes and the severities of the settings. Comments come first, so that one is not called
/// unused because its code is not selected.
pub(crate) fn apply(found: Vec<Diagnostic>, document: &Document, settings: &Settings) -> Filtered {
    let mut ignores = Ignores::read(document);
    let before = found.len();
    let mut diagnostics: Vec<Diagnostic> =
        found.into_iter().filter(|finding| !ignores.cover(finding)).collect();
    let ignored = before - diagnostics.len();

    let is_off = |code: Code| code == Code::IgnoredByLocalEngine && !settings.options.local_engine;
    for ignore in ignores.all.iter().filter(|ignore| !ignore.is_used && !is_off(ignore.code)) {
        let message = format!("there is no {} here to ignore", ignore.code);
        let unused = Diagnostic::new(Code::UnusedIgnore, &ignore.pointer, message);
        diagnostics.push(unused.help("delete it from the Comment"));
    }
    diagnostics.append(&mut ignores.refused);

    diagnostics.retain(|finding| settings.reports(finding.code));
    for finding in &mut diagnostics {
        if settings.options.strict {
            finding.severity = Severity::Error;
        }
        if let Some(severity) = settings.severity(finding.code) {
            finding.severity = severity;
        }
    }
    diagnostics.sort_by_key(|finding| document.position(&finding.pointer));
    Filtered { diagnostics, ignored }
}
