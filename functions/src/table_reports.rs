//! The end of an execution that works on several tables: their reports, or an error with a line for every table.

use execution_report::message_of;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::text::cut;

/// The longest cause of a failed table in a report, in characters.
pub(crate) const LONGEST_CAUSE: usize = 300;
/// The longest text of all lines in an error, in characters.
const LONGEST_LINES: usize = 20_000;

/// The result of a table: a full report, or what the state machine says of a table that failed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(rename = "Report")]
#[serde(untagged)]
pub enum Report<Full, Outcome> {
    /// The table was worked on; its report says how far.
    Table(Full),
    /// The table failed.
    Failed(FailedTable<Outcome>),
}

/// A table that failed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(rename = "FailedTable")]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct FailedTable<Outcome> {
    /// Name of the table.
    pub table_name: String,
    /// Outcome of the table: `FAILED`.
    pub outcome: Outcome,
    /// Error name of the failure.
    pub error: String,
    /// Cause of the failure.
    pub cause: String,
}

/// A full report of one table.
pub(crate) trait FullReport: Sized {
    /// How a table can end.
    type Outcome;

    /// Builds the report of a table that failed.
    fn from_failure(failed: FailedTable<Self::Outcome>) -> Self;

    /// Returns whether all went well with the table.
    fn is_done(&self) -> bool;

    /// Describes the result in one line.
    fn line(&self) -> String;
}

impl<Outcome> FailedTable<Outcome> {
    /// Returns the message of the cause, cut to what fits into a report.
    pub(crate) fn message(&self) -> String {
        cut(message_of(&self.cause), LONGEST_CAUSE)
    }
}

/// Returns the full reports of all tables, in their order.
pub(crate) fn full<Full: FullReport>(reports: Vec<Report<Full, Full::Outcome>>) -> Vec<Full> {
    let full = |report| match report {
        Report::Table(report) => report,
        Report::Failed(failed) => Full::from_failure(failed),
    };
    reports.into_iter().map(full).collect()
}

/// Returns the number of tables that did not end well, and a line for every table, those first.
pub(crate) fn failures<Full: FullReport>(tables: &[Full]) -> (usize, String) {
    let (done, mut all): (Vec<&Full>, Vec<&Full>) = tables.iter().partition(|table| table.is_done());
    let failed = all.len();
    all.extend(done);
    let lines: Vec<String> = all.iter().map(|table| table.line()).collect();
    (failed, cut(lines.join("\n"), LONGEST_LINES))
}
