//! Definitions that are to be checked.

use std::path::{Path, PathBuf};

use contracts::document::Document;
use contracts::template::Template;

use crate::read::FileError;

/// The endings of definitions.
pub(crate) const DEFINITIONS: [&str; 4] = [".asl.json", ".asl.yaml", ".asl.yml", ".asl"];

/// A definition with its workflow's name and its template.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The file that it is in.
    pub(crate) path: PathBuf,
    pub(crate) document: Document,
    /// The name under which its schemas are.
    pub(crate) workflow: String,
    pub(crate) template: Option<Template>,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) subjects: Vec<Subject>,
    pub(crate) errors: Vec<FileError>,
    /// Sentences about definitions that are somewhere else.
    pub(crate) skipped: Vec<String>,
    /// Whether it is the project in the current directory, whose samples are checked, too.
    pub(crate) is_project: bool,
}

/// Returns the name of a workflow by its definition's file.
pub(crate) fn workflow(definition: &Path) -> String {
    let file = definition.file_name().unwrap_or_default().to_string_lossy();
    let name =
        [".json", ".yaml", ".yml"].iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(&file);
    name.strip_suffix(".asl").unwrap_or(name).to_owned()
}
