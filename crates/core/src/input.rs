//! Errors of an input, and numbers from an input or a template parameter.

use crate::text::quoted;

/// An input with an invalid field.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct InvalidInput {
    /// The name of the field.
    pub field: &'static str,
    /// What is wrong with the value, and what would be right.
    pub reason: String,
}

/// Reads a whole number between `least` and `most`: `asked` from the input, or else `default`, the text of a template
/// parameter.
pub fn number(
    field: &'static str,
    asked: Option<i64>,
    default: &str,
    least: u32,
    most: u32,
) -> Result<u32, InvalidInput> {
    let value = asked.map_or_else(|| default.trim().to_owned(), |value| value.to_string());
    match value.parse::<u32>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(InvalidInput {
            field,
            reason: format!("is {}; it must be between {least} and {most}", quoted(&value)),
        }),
    }
}
