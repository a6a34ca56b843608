//! Reads JSON, strictly.

use jsonc_parser::ast;
use jsonc_parser::common::{Range, Ranged as _};
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

use super::{Contents, Place, Problem};
use crate::machine::join;

/// Reads a whole text.
pub(super) fn contents(text: &str) -> Result<Contents, Problem> {
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
    let parsed = parse_to_ast(text, &CollectOptions::default(), &strict).map_err(|error| {
        let text = match error.kind() {
            ParseErrorKind::CommentsNotAllowed => {
                "JSON has no comments. Write it into the Comment of the state or of the state machine"
                    .to_owned()
            }
            kind => kind.to_string().to_lowercase(),
        };
        Problem { at: error.range().start, text }
    })?;
    let Some(root) = parsed.value else {
        return Err(Problem { at: 0, text: "the file is empty".to_owned() });
    };
    let mut contents = Contents::default();
    contents.value = value(&mut contents, &root, "")?;
    contents.places.insert(String::new(), Place::at(root.start()));
    Ok(contents)
}

fn value(contents: &mut Contents, node: &ast::Value<'_>, pointer: &str) -> Result<Value, Problem> {
    Ok(match node {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
        ast::Value::StringLit(literal) => Value::String(literal.value.clone().into_owned()),
        ast::Value::NumberLit(literal) => {
            let number = literal.value.parse().map(Value::Number);
            number.map_err(|_| Problem {
                at: literal.range.start,
                text: format!("{} is not a number", literal.value),
            })?
        }
        ast::Value::Array(array) => {
            let mut items = Vec::new();
            for (index, item) in array.elements.iter().enumerate() {
                let pointer = join(pointer, &index.to_string());
                let opening = Place::at(item.start());
                let place = if is_scalar(item) { place(item.range()) } else { opening };
                contents.places.insert(pointer.clone(), place);
                items.push(value(contents, item, &pointer)?);
            }
            Value::Array(items)
        }
        ast::Value::Object(object) => {
            let mut members = Map::new();
            for member in &object.properties {
                let pointer = join(pointer, member.name.as_str());
                let name = place(member.name.range());
                if members.contains_key(member.name.as_str()) {
                    contents.repeated.push((pointer.clone(), name));
                }
                contents.names.insert(pointer.clone(), name);
                let place = if is_scalar(&member.value) { place(member.value.range()) } else { name };
                contents.places.insert(pointer.clone(), place);
                let value = value(contents, &member.value, &pointer)?;
                members.insert(member.name.as_str().to_owned(), value);
            }
            Value::Object(members)
        }
    })
}

fn is_scalar(value: &ast::Value<'_>) -> bool {
    !matches!(value, ast::Value::Array(_) | ast::Value::Object(_))
}

fn place(range: Range) -> Place {
    Place { start: range.start, end: range.end }
}
