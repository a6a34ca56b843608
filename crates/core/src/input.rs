//! What is wrong with an input, and numbers that an input or a template gives.

use crate::text::quoted;

/// Why an input cannot be followed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct InvalidInput {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

/// A whole number that an input asks for, or else a parameter of the template gives as text, within these bounds.
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
            reason: format!("is {}; {least} to {most} may be given", quoted(&value)),
        }),
    }
}
