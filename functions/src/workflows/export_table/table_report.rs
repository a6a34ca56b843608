//! The report of a table in an execution's output.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::export::plan::Mode;
use tablekeeper_core::text::bounded;

/// Maximum number of notes in a report. The notes of a hundred tables have to fit into an execution's state.
const MOST_NOTES: usize = 6;
/// Maximum length of a note, in characters.
const LONGEST_NOTE: usize = 200;

/// The result of a table's export.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TableReport {
    /// Name of the table.
    pub table_name: String,
    /// Whether the table was exported.
    pub outcome: TableOutcome,
    /// Who read the items; null if that was not decided.
    pub mode: Option<Mode>,
    /// Location of the export's `manifest-summary.json`; null if there is none.
    pub manifest: Option<String>,
    /// Number of exported items.
    pub item_count: u64,
    /// Size of the items in bytes, before compression. For DynamoDB's own export, the bytes that it bills.
    pub bytes: u64,
    /// Number of data files.
    pub files: u64,
    /// Location of the document with the table's settings; null if they were not captured.
    pub settings: Option<String>,
    /// Notes about the export.
    #[schemars(length(max = 7))]
    pub notes: Vec<String>,
    /// Error name of the failure; null if the table was exported.
    pub error: Option<String>,
    /// Cause of the failure; null if the table was exported.
    pub cause: Option<String>,
}

/// Whether a table was exported.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TableOutcome {
    /// The table was exported. Its manifest describes the files.
    Done,
    /// The table was not exported. Only the state machine sets this outcome.
    Failed,
}

/// Returns the notes that fit into a report, and how many more there are.
pub(super) fn fitting(notes: Vec<String>) -> Vec<String> {
    bounded(notes.into_iter(), MOST_NOTES, LONGEST_NOTE)
}
