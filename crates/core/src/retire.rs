//! Retires the copies that rotations made: decides which stay and why, and marks a table before it is deleted.
//!
//! [`copies`], [`pointers`] and [`running`] read what exists and what names it. [`decision`] decides without an AWS call,
//! for the workflow and for `tablekeeper plan retire` alike. [`mark`] is what writers of pointers check before they
//! name a table. docs/adr/0029 proves that no table is deleted that a parameter points at.

pub mod copies;
pub mod decision;
pub mod execution_input;
pub mod mark;
#[cfg(test)]
mod model_tests;
pub mod plan;
pub mod pointers;
pub mod running;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The options of a retirement, which are the same from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetireConfig {
    /// Number of newest copies of each table that stay.
    pub keep: u32,
    /// Age in days below which copies stay.
    pub older_than_days: u32,
    /// Prefixes of the names of the SSM parameters that are read; none for all parameters.
    #[schemars(length(max = 50))]
    pub parameter_prefixes: Vec<String>,
    /// ARNs of the state machines whose running executions protect the copies that they work on.
    #[schemars(length(max = 50))]
    pub state_machine_arns: Vec<String>,
    /// Whether a backup of each copy is made before its deletion.
    pub back_up: bool,
    /// Whether copies are deleted. If not, the execution only reports what it would delete.
    pub delete: bool,
    /// Time at which the execution began. Ages are judged at it.
    pub started_at: DateTime<Utc>,
    /// Time at which a pending backup times out.
    pub deadline: DateTime<Utc>,
}

/// A copy that no rule keeps.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CopyToRetire {
    /// Name of the table.
    pub table_name: String,
    /// ARN of the table.
    pub table_arn: String,
    /// Id of the table, which distinguishes it from a later table of its name.
    pub table_id: String,
}

/// Returns every part of a text that could be the name of a table or the id of a recovery point: the longest runs of the
/// characters that such names have.
pub(crate) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let is_of_names = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    text.split(move |letter| !is_of_names(letter)).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_an_arn_in_json_and_in_a_list() {
        let name = "orders-20260301-02-00-00";
        for text in [
            name.to_owned(),
            format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{name}"),
            format!("{{\"table\":\"{name}\",\"n\":1}}"),
            format!("a,{name},b"),
            format!("arn:aws:dynamodb:r:1:table\\/{name}\\/stream"),
        ] {
            assert!(names_in(&text).any(|part| part == name), "{text}");
        }
        assert!(!names_in(&format!("my-{name}")).any(|part| part == name));
    }
}
