//! Why a schema refuses an example, apart from what is unknown in the example.

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Value, json};

use super::witness::{UNKNOWN, UNKNOWN_NUMBER, UNKNOWN_TEXT};
use super::{Alternative, Shape};

/// An example that a schema refuses.
pub(super) struct Refusal<'a> {
    pub(super) example: &'a Value,
    pub(super) place: String,
    pub(super) reason: String,
    /// Whether it is refused by a type, by the names of its fields or by a constant, which other examples would not
    /// change.
    pub(super) by_form: bool,
}

/// Returns why a schema refuses an example, apart from what is unknown in the example.
pub(super) fn refusal<'a>(validator: &Validator, example: &'a Value, shape: &Shape) -> Option<Refusal<'a>> {
    let refused = validator.iter_errors(example).find(|error| {
        let whole = error.instance();
        let one_of_several = matches!(
            error.kind(),
            ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. }
        );
        let by_type = matches!(error.kind(), ValidationErrorKind::Type { .. });
        let unknown = whole.as_str() == Some(UNKNOWN) || (is_of_unknown_value(whole) && !by_type);
        !(unknown || one_of_several && holds_unknown(whole))
    })?;
    let by_form = matches!(
        refused.kind(),
        ValidationErrorKind::Type { .. }
            | ValidationErrorKind::Required { .. }
            | ValidationErrorKind::AdditionalProperties { .. }
    );
    let (place, reason) = (refused.instance_path().to_string(), refused.to_string());
    let by_form = by_form || is_constant_at(shape, &place);
    Some(Refusal { example, place, reason, by_form })
}

/// Returns whether a shape has only constants at a pointer.
fn is_constant_at(shape: &Shape, pointer: &str) -> bool {
    let at = pointer.split('/').skip(1).fold(shape.clone(), |shape, token| {
        let name = token.replace("~1", "/").replace("~0", "~");
        let part = |alternative: &Alternative| match alternative {
            Alternative::Object(object) => object.field(&name).shape,
            Alternative::Array { items, first, .. } => {
                let position = name.parse::<usize>().ok();
                position.and_then(|position| first.get(position)).unwrap_or(items).clone()
            }
            _ => Shape::never(),
        };
        shape.alternatives().iter().map(part).fold(Shape::never(), Shape::or)
    });
    let is_constant = |alternative: &Alternative| match alternative {
        Alternative::Scalar(_, facets) => facets.contains_key("const"),
        _ => false,
    };
    !at.is_never() && at.alternatives().iter().all(is_constant)
}

/// Returns whether of an example only the type is known.
fn is_of_unknown_value(example: &Value) -> bool {
    example.as_str() == Some(UNKNOWN_TEXT) || example.as_u64() == Some(UNKNOWN_NUMBER)
}

/// Returns an example as it is shown.
pub(super) fn named(example: &Value) -> Value {
    match example {
        number if number.as_u64() == Some(UNKNOWN_NUMBER) => json!("(unknown number)"),
        Value::Array(items) => items.iter().map(named).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), named(field))).collect(),
        other => other.clone(),
    }
}

fn holds_unknown(value: &Value) -> bool {
    match value {
        Value::String(text) => text == UNKNOWN || text == UNKNOWN_TEXT,
        Value::Number(_) => is_of_unknown_value(value),
        Value::Array(items) => items.iter().any(holds_unknown),
        Value::Object(fields) => fields.values().any(holds_unknown),
        _ => false,
    }
}
