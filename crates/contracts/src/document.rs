//! Definitions and schemas as files, with the line and column of every value.
//!
//! A deserializer alone would lose the positions. Of two members of one name it would silently keep the last. So a text is
//! first parsed into a syntax tree or into events, and the value, the positions and the repeated members come from that.
//! A definition may also be a part of another file, such as a template: then its positions lead into that file.

mod embedded;
mod json;
mod lines;
mod yaml;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;

use lines::{Lines, Place};

use crate::diagnostic::Diagnostic;

pub use embedded::Excerpt;

/// The error for a text that cannot be read and so cannot be checked.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{file}:{line}:{column}: this is not {language}: {problem}")]
pub struct Unusable {
    /// Name of the file, as given.
    pub file: String,
    /// `JSON` or `YAML`.
    pub language: &'static str,
    /// Line, starting at 1.
    pub line: usize,
    /// Column in characters, starting at 1.
    pub column: usize,
    /// What is wrong at this position.
    pub problem: String,
}

/// A range of characters within one line.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// Line, starting at 1.
    pub line: usize,
    /// Column in characters, starting at 1.
    pub column: usize,
    /// Number of characters, at least 1.
    pub length: usize,
}

/// A file, or a part of one, with the positions of its values.
#[derive(Clone, Debug)]
pub struct Document {
    file: String,
    part: Option<String>,
    lines: Arc<Lines>,
    value: Value,
    places: BTreeMap<String, Place>,
    names: BTreeMap<String, Place>,
    repeated: Vec<(String, Place)>,
}

/// What a reader gets out of a text.
#[derive(Debug, Default)]
struct Contents {
    value: Value,
    places: BTreeMap<String, Place>,
    /// The names of members.
    names: BTreeMap<String, Place>,
    repeated: Vec<(String, Place)>,
}

/// What a reader cannot read, and where.
#[derive(Debug)]
struct Problem {
    /// Offset in bytes.
    at: usize,
    text: String,
}

/// The mark of UTF-8 that some editors put at the start of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

impl Document {
    /// Parses a text strictly as JSON. `file` is only a name for diagnostics.
    pub fn parse(file: impl Into<String>, text: impl Into<String>) -> Result<Document, Unusable> {
        Document::read(file.into(), text.into(), "JSON", json::contents)
    }

    /// Parses a text as YAML, of which JSON is a part. CloudFormation's short tags are given in their long form:
    /// `!Ref A` is `{"Ref": "A"}`.
    pub fn parse_yaml(file: impl Into<String>, text: impl Into<String>) -> Result<Document, Unusable> {
        Document::read(file.into(), text.into(), "YAML", yaml::contents)
    }

    fn read(
        file: String,
        text: String,
        language: &'static str,
        contents: impl Fn(&str) -> Result<Contents, Problem>,
    ) -> Result<Document, Unusable> {
        let text = text.strip_prefix(BYTE_ORDER_MARK).map(str::to_owned).unwrap_or(text);
        let lines = Lines::new(text);
        match contents(lines.text()) {
            Ok(Contents { value, places, names, repeated }) => {
                Ok(Document { file, part: None, lines: Arc::new(lines), value, places, names, repeated })
            }
            Err(problem) => {
                let Position { line, column, .. } = lines.position(Place::at(problem.at));
                Err(Unusable { file, language, line, column, problem: problem.text })
            }
        }
    }

    /// Returns the name of the file, as given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the name of the part of the file that this is, such as the logical id of a template's resource.
    pub fn part(&self) -> Option<&str> {
        self.part.as_deref()
    }

    /// Returns the value. Of two members of one name it has the last.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the position of a JSON Pointer: that of the value if it is on one line, else that of its name. A missing
    /// field has the position of the nearest enclosing value that exists.
    pub fn position(&self, pointer: &str) -> Position {
        self.lines.position(self.place(pointer))
    }

    fn place(&self, pointer: &str) -> Place {
        let mut nearest = pointer;
        loop {
            if let Some(place) = self.places.get(nearest) {
                return *place;
            }
            match nearest.rsplit_once('/') {
                Some((parent, _)) => nearest = parent,
                None => return Place::at(0),
            }
        }
    }

    /// Returns the position of the name of a member. A pointer that is no member has its own position.
    pub fn name_position(&self, pointer: &str) -> Position {
        self.names.get(pointer).map_or_else(|| self.position(pointer), |place| self.lines.position(*place))
    }

    /// Returns the position of a finding.
    pub fn position_of(&self, finding: &Diagnostic) -> Position {
        match finding.is_at_key {
            true => self.name_position(&finding.pointer),
            false => self.position(&finding.pointer),
        }
    }

    /// Returns a line of the text. Lines start at 1.
    pub fn line(&self, line: usize) -> &str {
        self.lines.line(line)
    }

    /// Returns each member whose object has an earlier member of the same name, as pointer and position.
    pub fn repeated(&self) -> impl Iterator<Item = (&str, Position)> {
        self.repeated.iter().map(|(pointer, place)| (pointer.as_str(), self.lines.position(*place)))
    }
}

#[cfg(test)]
mod tests;
