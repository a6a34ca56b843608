//! What is known of one thing: that it exists, that it does not, or neither.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::failure::AwsFailure;

/// What is known of one thing.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Finding<T> {
    /// It exists.
    Found {
        /// What AWS says of it.
        value: T,
    },
    /// It does not exist.
    None {},
    /// Whether it exists is not known.
    NotKnown {
        /// Why not.
        reason: String,
    },
    /// Nobody asked for it.
    NotAsked {},
}

impl<T> Finding<T> {
    /// Returns what was found.
    pub fn found(&self) -> Option<&T> {
        match self {
            Finding::Found { value } => Some(value),
            _ => None,
        }
    }

    /// Returns why it is not known.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Finding::NotKnown { reason } => Some(reason),
            _ => None,
        }
    }

    /// Returns whether it certainly does not exist.
    pub fn is_none(&self) -> bool {
        matches!(self, Finding::None {})
    }

    /// Creates a finding of a value that was read.
    pub fn from_value(value: Option<T>) -> Finding<T> {
        value.map_or(Finding::None {}, |value| Finding::Found { value })
    }

    /// Creates a finding that a failed call leaves open.
    pub fn from_failure(failure: &AwsFailure) -> Finding<T> {
        Finding::NotKnown { reason: failure.to_string() }
    }

    /// Creates a finding of the result of a call.
    pub fn from_result(result: Result<Option<T>, AwsFailure>) -> Finding<T> {
        result.map_or_else(|failure| Finding::from_failure(&failure), Finding::from_value)
    }

    /// Converts what was found. It does not exist if `change` returns `None`.
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Option<U>) -> Finding<U> {
        match self {
            Finding::Found { value } => Finding::from_value(change(value)),
            Finding::None {} => Finding::None {},
            Finding::NotKnown { reason } => Finding::NotKnown { reason },
            Finding::NotAsked {} => Finding::NotAsked {},
        }
    }
}
