//! Definitions that are a part of another file: a value in a template, or the text in one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Document, Place, Unusable, json};

/// The text of a definition that is put together from values of a file. It knows where in the file each part is.
#[derive(Clone, Debug, Default)]
pub struct Excerpt {
    text: String,
    /// The offset in the file of each byte of the text.
    origins: Vec<usize>,
}

impl Excerpt {
    /// Returns the text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds text that has no place of its own in the file. It gets the place of a pointer.
    pub fn push(&mut self, text: &str, document: &Document, pointer: &str) {
        let origin = document.place(pointer).start;
        self.text.push_str(text);
        self.origins.extend(std::iter::repeat_n(origin, text.len()));
    }

    /// Adds the string at a pointer. Does nothing if there is none.
    pub fn push_string(&mut self, document: &Document, pointer: &str) {
        if let Some(text) = document.value.pointer(pointer).and_then(Value::as_str) {
            let place = document.place(pointer);
            let raw = document.lines.text().get(place.start..place.end).unwrap_or_default();
            self.origins.extend(origins(text, raw, place.start));
            self.text.push_str(text);
        }
    }

    /// Replaces a range of the text. The new text gets the place of the range's start.
    pub fn replace(&mut self, range: std::ops::Range<usize>, text: &str) {
        if self.text.get(range.clone()).is_none() {
            return;
        }
        let origin = self.origins.get(range.start).copied().unwrap_or_default();
        self.text.replace_range(range.clone(), text);
        self.origins.splice(range, std::iter::repeat_n(origin, text.len()));
    }
}

impl Document {
    /// Returns the document of a value in this one, at a pointer, under the name of a part. `value` may differ from the
    /// value that is there, for example because its placeholders are replaced.
    #[must_use]
    pub fn embedded(&self, part: &str, pointer: &str, value: Value) -> Document {
        let below = |all: &str| {
            let rest = all.strip_prefix(pointer)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
        };
        let near = |places: &BTreeMap<String, Place>| {
            let range = places.range(pointer.to_owned()..);
            let near = range.take_while(|(all, _)| all.starts_with(pointer));
            near.filter_map(|(all, place)| Some((below(all)?, *place))).collect()
        };
        Document {
            file: self.file.clone(),
            part: Some(part.to_owned()),
            lines: Arc::clone(&self.lines),
            value,
            places: near(&self.places),
            names: near(&self.names),
            repeated: self.repeated.iter().filter_map(|(all, place)| Some((below(all)?, *place))).collect(),
        }
    }

    /// Parses text of this document as JSON, under the name of a part. Positions lead into this document's file.
    pub fn parse_excerpt(&self, part: &str, excerpt: &Excerpt) -> Result<Document, Unusable> {
        let origin = |at: usize| {
            let last = excerpt.origins.last().copied().unwrap_or_default();
            excerpt.origins.get(at).copied().unwrap_or(last)
        };
        let place = |place: Place| {
            let start = origin(place.start);
            let end = place.end.checked_sub(1).map_or(start, origin) + 1;
            Place { start, end: end.max(start + 1) }
        };
        let contents = json::contents(&excerpt.text).map_err(|problem| {
            let position = self.lines.position(Place::at(origin(problem.at)));
            Unusable {
                file: format!("{} of {}", part, self.file),
                language: "JSON",
                line: position.line,
                column: position.column,
                problem: problem.text,
            }
        })?;
        Ok(Document {
            file: self.file.clone(),
            part: Some(part.to_owned()),
            lines: Arc::clone(&self.lines),
            value: contents.value,
            places: contents.places.into_iter().map(|(pointer, at)| (pointer, place(at))).collect(),
            names: contents.names.into_iter().map(|(pointer, at)| (pointer, place(at))).collect(),
            repeated: contents.repeated.into_iter().map(|(pointer, at)| (pointer, place(at))).collect(),
        })
    }
}

/// Returns where each byte of a string is in its source, which begins at `start` and is quoted or is a block of YAML.
///
/// The two are read side by side. Indentation and line breaks, of which a string keeps only some, are passed over.
fn origins(text: &str, raw: &str, start: usize) -> Vec<usize> {
    let opening = raw.chars().next().filter(|first| ['"', '\''].contains(first));
    let mut rest = opening.map_or(raw, |quote| raw.strip_prefix(quote).unwrap_or(raw));
    let mut origins = Vec::with_capacity(text.len());
    for letter in text.chars() {
        let taken = loop {
            let Some(next) = rest.chars().next() else { break 0 };
            if next == '\\' && opening == Some('"') {
                match escape(rest) {
                    // A line that goes on after its break adds nothing to the text.
                    (length, false) => rest = rest.get(length..).unwrap_or_default(),
                    (length, true) => break length,
                }
            } else if next == '\'' && letter == '\'' && opening == Some('\'') {
                break 2;
            } else if next == letter || (next.is_whitespace() && letter.is_whitespace()) {
                break next.len_utf8();
            } else if next.is_whitespace() {
                rest = rest.get(next.len_utf8()..).unwrap_or_default();
            } else {
                break 0;
            }
        };
        let at = start + raw.len() - rest.len();
        origins.extend(std::iter::repeat_n(at, letter.len_utf8()));
        rest = rest.get(taken..).unwrap_or_default();
    }
    origins
}

/// Returns the length of the escape that a text begins with, and whether it stands for a character.
fn escape(text: &str) -> (usize, bool) {
    let unicode = |at: usize| text.get(at..).is_some_and(|rest| rest.starts_with("\\u"));
    let is_first_of_two = |digits: Option<&str>| {
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        code.is_some_and(|code| (0xD800..0xDC00).contains(&code))
    };
    match text.chars().nth(1) {
        Some('u') if is_first_of_two(text.get(2..6)) && unicode(6) => (12, true),
        Some('u') => (6, true),
        Some('U') => (10, true),
        Some('x') => (4, true),
        Some('\n') => (2, false),
        Some(other) => (1 + other.len_utf8(), true),
        None => (1, true),
    }
}
