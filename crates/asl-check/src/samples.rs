//! Checks the samples of a project: `events/<workflow>/<what>.<anything>.json`. `input` as `<what>` means the input of the
//! execution; anything else names a step.

use std::path::{Path, PathBuf};

use contracts::diagnostic::Diagnostic;
use contracts::document::Document;
use contracts::{check_sample, sample_without_schema};

use crate::read::{self, FileError};
use crate::resolver::Schemas;

const FOLDER: &str = "events";

/// Finds every sample, with the workflow that its directory is named after.
pub(crate) fn files() -> Result<Vec<(String, PathBuf)>, FileError> {
    let mut found = Vec::new();
    for folder in read::entries(Path::new(FOLDER))?.into_iter().filter(|path| path.is_dir()) {
        let workflow = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.extend(read::files(&folder, &[".json"])?.into_iter().map(|path| (workflow.clone(), path)));
    }
    Ok(found)
}

/// Checks one.
pub(crate) fn check(path: &Path, document: &Document, schemas: &Schemas, folder: &Path) -> Vec<Diagnostic> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let claimed = file.split_once('.').map_or(file.as_str(), |(claimed, _)| claimed);
    let workflow = &schemas.workflow;
    let (name, schema) = match claimed {
        "input" => (format!("{workflow}.input.json"), schemas.execution_input(workflow)),
        step => (format!("{workflow}/{step}.input.json"), schemas.step_input(workflow, step)),
    };
    let name = folder.join(name).display().to_string();
    match schema {
        Some(schema) => check_sample(document, &schema, &name),
        None => vec![sample_without_schema(&name)],
    }
}
