//! Checks what was found, file by file.

use std::path::{Path, PathBuf};

use contracts::diagnostic::Severity;
use contracts::document::Document;
use contracts::{Checker, Report};

use crate::filter::{self, Filtered};
use crate::read::{self, FileError};
use crate::resolver::{Folders, Schemas};
use crate::settings::{Finder, Settings};
use crate::subject::{Found, Subject};
use crate::{Unusable, samples};

/// A checked file with its findings.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) document: Document,
    /// What is left of the findings after what is ignored.
    pub(crate) report: Report,
    /// Number of findings that are ignored by a comment.
    pub(crate) ignored: usize,
    /// The least severity that makes the exit code 1.
    pub(crate) error_on: Severity,
    /// The baseline of its configuration.
    pub(crate) baseline: Option<PathBuf>,
}

/// All checked files, and those that cannot be used.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) checked: Vec<Checked>,
    pub(crate) errors: Vec<FileError>,
    pub(crate) skipped: Vec<String>,
    /// Number of findings that are in the baseline.
    pub(crate) known: usize,
    /// Number of findings in the baseline that are not there any more.
    pub(crate) gone: usize,
}

/// Checks what was found.
pub(crate) fn run(found: Found, settings: &mut Finder<'_>) -> Result<Run, Unusable> {
    let mut run = Run { errors: found.errors, skipped: found.skipped, ..Run::default() };
    let mut folders = Folders::default();
    for subject in found.subjects {
        let settings = settings.settings(&subject.path)?;
        machine(subject, settings, &mut folders, &mut run);
    }
    if found.is_project {
        of_samples(settings, &mut folders, &mut run)?;
    }
    Ok(run)
}

fn machine(subject: Subject, settings: Settings, folders: &mut Folders, run: &mut Run) {
    let Subject { path, document, workflow, template } = subject;
    let files = folders.get(&settings.schemas, &mut run.errors);
    let schemas = Schemas { files, config: settings.config.clone(), workflow, template };
    let input = schemas.execution_input(&schemas.workflow);
    let output = schemas.execution_output(&schemas.workflow);
    let mut report = Checker::new(settings.options).check(
        &document,
        &schemas,
        input.as_ref(),
        output.as_ref(),
        schemas.template.as_ref(),
    );
    for problem in std::mem::take(&mut report.unusable) {
        run.errors.push(FileError::new(&path, problem));
    }
    run.checked.push(checked(document, report, settings));
}

fn checked(document: Document, report: Report, settings: Settings) -> Checked {
    let Filtered { diagnostics, ignored } = filter::apply(report.diagnostics, &document, &settings);
    let report = Report { diagnostics, ..report };
    Checked { document, report, ignored, error_on: settings.error_on, baseline: settings.baseline }
}

fn of_samples(settings: &mut Finder<'_>, folders: &mut Folders, run: &mut Run) -> Result<(), Unusable> {
    let files = match samples::files() {
        Ok(files) => files,
        Err(error) => {
            run.errors.push(error);
            return Ok(());
        }
    };
    for (workflow, path) in files {
        let document = match read::document(&path) {
            Ok(document) => document,
            Err(error) => {
                run.errors.push(error);
                continue;
            }
        };
        let settings = settings.settings(&path)?;
        let diagnostics = sample(&path, &document, workflow, &settings, folders, run);
        run.checked.push(checked(document, Report { diagnostics, ..Report::default() }, settings));
    }
    Ok(())
}

fn sample(
    path: &Path,
    document: &Document,
    workflow: String,
    settings: &Settings,
    folders: &mut Folders,
    run: &mut Run,
) -> Vec<contracts::diagnostic::Diagnostic> {
    let files = folders.get(&settings.schemas, &mut run.errors);
    let schemas = Schemas { files, config: settings.config.clone(), workflow, template: None };
    let mut found = samples::check(path, document, &schemas, &settings.schemas);
    if settings.options.strict {
        found = found.into_iter().map(|finding| finding.severity(Severity::Error)).collect();
    }
    found
}
