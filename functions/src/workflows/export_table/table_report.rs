//! What became of a table, as an execution's output says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::export::plan::Mode;
use tablekeeper_core::text::bounded;

/// Lines of a report's notes: those of a hundred tables have to fit an execution's state.
const MOST_NOTES: usize = 6;
/// Characters of a note.
const LONGEST_NOTE: usize = 200;
/// The longest cause, in characters.
pub(super) const LONGEST_CAUSE: usize = 300;

/// What became of a table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TableReport {
    /// The table.
    pub table_name: String,
    /// In a word.
    pub outcome: TableOutcome,
    /// Who read the items; null where that was not decided.
    pub mode: Option<Mode>,
    /// Where its `manifest-summary.json` is; null where there is none.
    pub manifest: Option<String>,
    /// How many items were exported.
    pub item_count: u64,
    /// How many bytes they are, before they are compressed. Of an export that DynamoDB made, what it bills.
    pub bytes: u64,
    /// How many data files.
    pub files: u64,
    /// Where the table's settings were written down; null where they were not.
    pub settings: Option<String>,
    /// What else there is to say.
    #[schemars(length(max = 7))]
    pub notes: Vec<String>,
    /// The name of the failure; null where it was exported.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
}

/// What became of a table, in a word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TableOutcome {
    /// It was exported, and its manifest says what and where.
    Done,
    /// It was not. Said by the state machine alone.
    Failed,
}

/// The notes that a report has room for, and how many more there are.
pub(super) fn fitting(notes: Vec<String>) -> Vec<String> {
    bounded(notes.into_iter(), MOST_NOTES, LONGEST_NOTE)
}
