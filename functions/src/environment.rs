//! The environment of a function: what the template passes to a step that no state machine invokes, and what a state
//! machine cannot pass.

use tablekeeper_core::error_name::{ErrorName, HasErrorName};

/// An environment variable of the function that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the function's environment variable {variable} {reason}")]
pub struct InvalidConfiguration {
    /// The name of the variable.
    pub variable: &'static str,
    /// What is wrong with its value, and what would be right.
    pub reason: String,
}

impl HasErrorName for InvalidConfiguration {
    fn name(&self) -> ErrorName {
        ErrorName::InvalidConfiguration
    }
}

/// Reads a variable that must be set. Its value may be empty.
#[expect(clippy::disallowed_methods, reason = "this is the one place where steps read the environment")]
pub fn present(variable: &'static str) -> Result<String, InvalidConfiguration> {
    let unreadable = |error| InvalidConfiguration { variable, reason: format!("cannot be read: {error}") };
    std::env::var(variable).map_err(unreadable)
}

/// Reads a variable that must have a value. Fails if it is missing or empty.
pub fn required(variable: &'static str) -> Result<String, InvalidConfiguration> {
    match present(variable)? {
        value if value.is_empty() => Err(InvalidConfiguration { variable, reason: "is empty".to_owned() }),
        value => Ok(value),
    }
}

/// Reads a variable that may be missing or empty. Both are `None`.
pub fn optional(variable: &'static str) -> Option<String> {
    required(variable).ok()
}
