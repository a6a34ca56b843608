//! The report of one copy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::retire::CopyToRetire;
use tablekeeper_core::text::cut;

use crate::table_reports::{FailedTable, FullReport, LONGEST_CAUSE};

/// The result of a copy.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CopyReport {
    /// Name of the table.
    pub table_name: String,
    /// What was done with the table.
    pub outcome: CopyOutcome,
    /// Why the table stays, or what is known of its deletion; null if it was just deleted, would be, or failed.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub reason: Option<String>,
    /// ARN of the backup that was made of the table; null if none was.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub backup_arn: Option<String>,
    /// Error name if the copy failed; else null.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub error: Option<String>,
    /// Cause of the error; else null.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub cause: Option<String>,
}

/// What was done with a copy.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CopyOutcome {
    /// The table was deleted.
    Retired,
    /// The table would be deleted if `Delete` were true.
    WouldRetire,
    /// The table stays.
    Kept,
    /// The table was to be deleted and was not, or this is not known, or the table cannot be read.
    Failed,
}

impl CopyReport {
    /// Creates the report of a table that stays.
    pub(super) fn kept(table_name: &str, reason: String, backup_arn: Option<String>) -> CopyReport {
        let reason = Some(cut(reason, LONGEST_CAUSE));
        CopyReport { reason, backup_arn, ..CopyReport::new(table_name, CopyOutcome::Kept) }
    }

    /// Creates the report of a table that was deleted.
    pub(super) fn retired(
        copy: &CopyToRetire,
        reason: Option<&str>,
        backup_arn: Option<String>,
    ) -> CopyReport {
        let reason = reason.map(str::to_owned);
        CopyReport { reason, backup_arn, ..CopyReport::new(&copy.table_name, CopyOutcome::Retired) }
    }

    /// Creates the report of a table whose tags cannot be read. It stays, and the execution fails.
    pub(super) fn unreadable(table_name: &str, detail: &str) -> CopyReport {
        let error = Some(ErrorName::AccessDenied.as_str().to_owned());
        let cause = Some(cut(detail.to_owned(), LONGEST_CAUSE));
        CopyReport { error, cause, ..CopyReport::new(table_name, CopyOutcome::Failed) }
    }

    /// Creates a report without anything to add.
    pub(super) fn new(table_name: &str, outcome: CopyOutcome) -> CopyReport {
        let table_name = table_name.to_owned();
        CopyReport { table_name, outcome, reason: None, backup_arn: None, error: None, cause: None }
    }
}

impl FullReport for CopyReport {
    type Outcome = CopyOutcome;

    fn from_failure(failed: FailedTable<CopyOutcome>) -> CopyReport {
        let cause = Some(failed.message());
        CopyReport { error: Some(failed.error), cause, ..CopyReport::new(&failed.table_name, failed.outcome) }
    }

    fn is_done(&self) -> bool {
        self.outcome != CopyOutcome::Failed
    }

    fn line(&self) -> String {
        let (table, reason) = (&self.table_name, self.reason.as_deref().unwrap_or_default());
        match self.outcome {
            CopyOutcome::Retired => format!("{table}: deleted"),
            CopyOutcome::WouldRetire => format!("{table}: would be deleted"),
            CopyOutcome::Kept => format!("{table}: kept: {reason}"),
            CopyOutcome::Failed => {
                let error = self.error.as_deref().unwrap_or_default();
                format!("{table}: failed: {error}: {}", self.cause.as_deref().unwrap_or_default())
            }
        }
    }
}
