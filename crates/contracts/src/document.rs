//! JSON files with the line and column of every value.
//!
//! `serde_json` alone would lose the positions. Of two members of one name it would silently keep the last. So the text
//! is first parsed into a syntax tree, strictly as JSON. The value, the positions and the repeated members come from
//! that one tree.

use std::collections::BTreeMap;

use jsonc_parser::ast;
use jsonc_parser::common::{Range, Ranged as _};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::diagnostic::Diagnostic;
use crate::machine::join;

/// The error for a text that is not JSON and so cannot be checked.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{file}:{line}:{column}: this is not JSON: {problem}")]
pub struct Unusable {
    /// Name of the file, as given.
    pub file: String,
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

/// A JSON file with the positions of its values.
#[derive(Clone, Debug)]
pub struct Document {
    file: String,
    text: String,
    value: Value,
    places: BTreeMap<String, Range>,
    names: BTreeMap<String, Range>,
    repeated: Vec<(String, Range)>,
}

impl Document {
    /// Parses a text strictly as JSON. `file` is only a name for diagnostics.
    pub fn parse(file: impl Into<String>, text: impl Into<String>) -> Result<Document, Unusable> {
        let (file, text) = (file.into(), text.into());
        let unusable = |line, column, problem| Unusable { file: file.clone(), line, column, problem };
        let strict = ParseOptions {
            allow_comments: false,
            allow_loose_object_property_names: false,
            allow_trailing_commas: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        let parsed = parse_to_ast(&text, &CollectOptions::default(), &strict).map_err(|error| {
            unusable(error.line_display(), error.column_display(), error.kind().to_string().to_lowercase())
        })?;
        let Some(root) = parsed.value else {
            return Err(unusable(1, 1, "the file is empty".to_owned()));
        };
        let mut reader = Reader::default();
        let value = reader.value(&root, "").map_err(|problem| {
            let Position { line, column, .. } = position(&text, problem.range);
            unusable(line, column, problem.text)
        })?;
        reader.places.insert(String::new(), Range::new(root.start(), root.start() + 1));
        let Reader { places, names, repeated } = reader;
        Ok(Document { file, value, places, names, repeated, text: text.clone() })
    }

    /// Returns the name of the file, as given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the JSON value. Of two members of one name it has the last.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the position of a JSON Pointer: that of the value if it is on one line, else that of its name. A missing
    /// field has the position of the nearest enclosing value that exists.
    pub fn position(&self, pointer: &str) -> Position {
        let mut nearest = pointer;
        loop {
            if let Some(place) = self.places.get(nearest) {
                return position(&self.text, *place);
            }
            match nearest.rsplit_once('/') {
                Some((parent, _)) => nearest = parent,
                None => return Position { line: 1, column: 1, length: 1 },
            }
        }
    }

    /// Returns the position of the name of a member. A pointer that is no member has its own position.
    pub fn name_position(&self, pointer: &str) -> Position {
        self.names.get(pointer).map_or_else(|| self.position(pointer), |place| position(&self.text, *place))
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
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default()
    }

    /// Returns each member whose object has an earlier member of the same name, as pointer and position.
    pub fn repeated(&self) -> impl Iterator<Item = (&str, Position)> {
        self.repeated.iter().map(|(pointer, place)| (pointer.as_str(), position(&self.text, *place)))
    }
}

#[derive(Debug, Default)]
struct Reader {
    places: BTreeMap<String, Range>,
    names: BTreeMap<String, Range>,
    repeated: Vec<(String, Range)>,
}

struct Problem {
    range: Range,
    text: String,
}

impl Reader {
    fn value(&mut self, node: &ast::Value<'_>, pointer: &str) -> Result<Value, Problem> {
        Ok(match node {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
            ast::Value::StringLit(literal) => Value::String(literal.value.clone().into_owned()),
            ast::Value::NumberLit(literal) => literal.value.parse().map(Value::Number).map_err(|_| {
                Problem { range: literal.range, text: format!("{} is not a number", literal.value) }
            })?,
            ast::Value::Array(array) => {
                let mut items = Vec::new();
                for (index, item) in array.elements.iter().enumerate() {
                    let pointer = join(pointer, &index.to_string());
                    let opening = Range::new(item.start(), item.start() + 1);
                    let place = if is_scalar(item) { item.range() } else { opening };
                    self.places.insert(pointer.clone(), place);
                    items.push(self.value(item, &pointer)?);
                }
                Value::Array(items)
            }
            ast::Value::Object(object) => {
                let mut members = Map::new();
                for member in &object.properties {
                    let pointer = join(pointer, member.name.as_str());
                    let name = member.name.range();
                    if members.contains_key(member.name.as_str()) {
                        self.repeated.push((pointer.clone(), name));
                    }
                    self.names.insert(pointer.clone(), name);
                    let place = if is_scalar(&member.value) { member.value.range() } else { name };
                    self.places.insert(pointer.clone(), place);
                    let value = self.value(&member.value, &pointer)?;
                    members.insert(member.name.as_str().to_owned(), value);
                }
                Value::Object(members)
            }
        })
    }
}

fn is_scalar(value: &ast::Value<'_>) -> bool {
    !matches!(value, ast::Value::Array(_) | ast::Value::Object(_))
}

fn position(text: &str, place: Range) -> Position {
    let before = text.get(..place.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let meant = text.get(place.start..place.end).unwrap_or_default();
    Position {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        length: meant.chars().take_while(|letter| *letter != '\n').count().max(1),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Document, Position};

    fn at(line: usize, column: usize, length: usize) -> Position {
        Position { line, column, length }
    }

    #[test]
    fn every_value_has_its_position_and_what_is_missing_has_that_of_its_parent() {
        let text = "{\n  \"ä\": {\"b/c\": \"\\u00e9\", \"d\": [1, {\"e\": null}]}\n}";
        let document = Document::parse("x.json", text).unwrap();
        assert_eq!(document.value(), &json!({"ä": {"b/c": "é", "d": [1, {"e": null}]}}));
        let places = [
            ("", at(1, 1, 1)),
            ("/ä", at(2, 3, 3)),
            ("/ä/b~1c", at(2, 16, 8)),
            ("/ä/d", at(2, 26, 3)),
            ("/ä/d/0", at(2, 32, 1)),
            ("/ä/d/1", at(2, 35, 1)),
            ("/ä/d/1/e", at(2, 41, 4)),
            ("/ä/missing/deeper", at(2, 3, 3)),
            ("/nothing", at(1, 1, 1)),
        ];
        for (pointer, expected) in places {
            assert_eq!(document.position(pointer), expected, "{pointer}");
        }
        assert_eq!(document.line(3), "}");
    }

    #[test]
    fn members_of_one_name_are_reported_at_the_later_position() {
        let document = Document::parse("x.json", r#"{"a": {"b": 1, "b": 2}, "c": {"b": 3}}"#).unwrap();
        assert_eq!(document.repeated().collect::<Vec<_>>(), [("/a/b", at(1, 16, 3))]);
        assert_eq!(document.value()["a"]["b"], 2);
    }

    #[test]
    fn only_json_is_accepted() {
        let not_json = [
            "",
            "{",
            "{\"a\": 1,}",
            "{a: 1}",
            "// x\n1",
            "{'a': 1}",
            "[1 2]",
            "[01]",
            "[+1]",
            "[0x1]",
            "[NaN]",
            "1 2",
            "[.5]",
            "[\"\\x41\"]",
        ];
        for text in not_json {
            let refused = Document::parse("x.json", text);
            assert!(refused.is_err(), "{text} is read as {:?}", refused.map(|document| document.value));
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text} is JSON");
        }
        let refused = Document::parse("x.json", "{\n  \"a\": 1,\n}").unwrap_err();
        assert!(refused.to_string().starts_with("x.json:2:"), "{refused}");
    }
}
