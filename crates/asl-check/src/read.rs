//! Reads files, and says which cannot be used.

use std::path::{Component, Path, PathBuf};

use contracts::document::{Document, Unusable};
use serde::Serialize;

/// A file that cannot be used, which does not keep the others from being checked.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct FileError {
    pub(crate) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    /// A sentence that names the file and the position.
    pub(crate) message: String,
}

impl FileError {
    pub(crate) fn new(path: &Path, message: impl Into<String>) -> FileError {
        FileError { file: shown(path), line: None, column: None, message: message.into() }
    }
}

impl From<Unusable> for FileError {
    fn from(error: Unusable) -> FileError {
        let message = error.to_string();
        FileError { file: error.file, line: Some(error.line), column: Some(error.column), message }
    }
}

/// Reads the text of a file.
pub(crate) fn text(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path)
        .map_err(|error| FileError::new(path, format!("{} cannot be read: {}", shown(path), reason(&error))))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::InvalidData => "its text is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads a file as JSON, or as YAML if its name says so.
pub(crate) fn document(path: &Path) -> Result<Document, FileError> {
    parse(path, text(path)?)
}

/// Parses a text by the name of its file. What is neither called JSON nor YAML may be both.
pub(crate) fn parse(path: &Path, text: String) -> Result<Document, FileError> {
    let name = shown(path);
    let is_json = match path.extension().and_then(|ending| ending.to_str()) {
        Some("yaml" | "yml") => false,
        Some("json") => true,
        _ => text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']),
    };
    let parsed = if is_json { Document::parse(name, text) } else { Document::parse_yaml(name, text) };
    Ok(parsed?)
}

/// Returns a path as it is shown, without a leading `./`.
pub(crate) fn shown(path: &Path) -> String {
    let short = path.strip_prefix(".").unwrap_or(path);
    let short = if short.as_os_str().is_empty() { path } else { short };
    short.display().to_string()
}

/// Returns the absolute path without `.` and `..`, by which files are compared. The file need not exist.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut normal = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// Returns the entries of a directory, sorted; none if it does not exist.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable =
        |error: std::io::Error| FileError::new(folder, format!("{} cannot be read: {error}", shown(folder)));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        found.push(entry.map_err(unreadable)?.path());
    }
    found.sort();
    Ok(found)
}

/// Returns the files of a directory with one of these endings, sorted.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, FileError> {
    let mut found = entries(folder)?;
    found.retain(|path| path.is_file() && has_ending(path, endings));
    Ok(found)
}

/// Returns whether the name of a file has one of these endings.
pub(crate) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    endings.iter().any(|ending| name.ends_with(ending) && name.len() > ending.len())
}
