//! Why a table cannot be verified, or is not what it should be.

use chrono::{DateTime, Utc};

use crate::aws::failure::AwsFailure;
use crate::compare::CompareError;
use crate::error_name::{ErrorName, HasErrorName};
use crate::import::source;
use crate::import::unchanged::Changed;
use crate::input::InvalidInput;
use crate::item_history::coverage::Uncovered;
use crate::snapshot::as_of::AsOfError;
use crate::storage::FilesError;

/// The reason why a verification does not succeed.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The input is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The table to verify does not exist.
    #[error("table {0} does not exist, so it cannot be verified")]
    TableMissing(String),
    /// The table is not the one that the verification began with.
    #[error("table {0} was deleted or replaced while it was verified; start the verification again")]
    TableReplaced(String),
    /// A table cannot be read yet.
    #[error("table {table} cannot be read yet: {reason}")]
    TableBusy {
        /// Name of the table.
        table: String,
        /// What is in progress.
        reason: &'static str,
    },
    /// The stream may not have delivered every change of the second yet.
    #[error(
        "the items of {at} are known at {settled_at}, when the stream has delivered the changes until then"
    )]
    NotSettled {
        /// The second.
        at: DateTime<Utc>,
        /// Time from which on the second can be read.
        settled_at: DateTime<Utc>,
    },
    /// The item history does not cover the seconds.
    #[error("the items of {at} in {location} are not all known: {why}")]
    HistoryIncomplete {
        /// The second.
        at: DateTime<Utc>,
        /// Location of the item history.
        location: String,
        /// What is unknown, and what to do.
        why: Uncovered,
    },
    /// The item history may have lost versions while it was read.
    #[error(
        "versions are retained until {0} (NoncurrentDays), but the verification did not end by then: some may be gone; use a \
         later second"
    )]
    Outlived(DateTime<Utc>),
    /// There is no item history.
    #[error("table {table} does not exist, and there is no version of its items in {location}")]
    NoHistory {
        /// Name of the table that was backed up.
        table: String,
        /// Location of the item history.
        location: String,
    },
    /// The versions of an item cannot be read.
    #[error(transparent)]
    AsOf(#[from] AsOfError),
    /// The expected files cannot be determined.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// The expected files have changed.
    #[error(transparent)]
    Changed(#[from] Changed),
    /// A side cannot be read or compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// A work file cannot be used.
    #[error("{location}: {reason}; start the verification again")]
    Work {
        /// Location of the file.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The backup whose description was wanted does not exist.
    #[error("backup {0} does not exist")]
    BackupMissing(String),
    /// The user's function gave no answer that can be read.
    #[error("the check function {0}")]
    CheckFailed(String),
    /// The write metrics of a table are not complete yet.
    #[error("the write metrics of table {table} until {until} are complete at {settled_at}")]
    MetricsNotSettled {
        /// Name of the table.
        table: String,
        /// Last time that counts.
        until: DateTime<Utc>,
        /// Time from which on the metrics are taken as complete.
        settled_at: DateTime<Utc>,
    },
    /// The table does not hold what it should.
    #[error("{0}")]
    Damage(String),
    /// A file could not be written or read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl VerifyError {
    /// Error names of reading a side, in addition to [`AwsFailure::NAMES`].
    pub const OF_READING: &'static [ErrorName] = &[
        ErrorName::ExportFailed,
        ErrorName::HistoryIncomplete,
        ErrorName::ImportChanged,
        ErrorName::InvalidExport,
        ErrorName::InvalidVersion,
        ErrorName::SourceTableMissing,
    ];
}

impl HasErrorName for VerifyError {
    fn name(&self) -> ErrorName {
        match self {
            VerifyError::Input(_) => ErrorName::InvalidInput,
            VerifyError::TableMissing(_) | VerifyError::TableReplaced(_) => ErrorName::TargetTableMissing,
            VerifyError::TableBusy { .. }
            | VerifyError::NotSettled { .. }
            | VerifyError::MetricsNotSettled { .. } => ErrorName::ResourceBusy,
            VerifyError::CheckFailed(_) => ErrorName::CheckFunctionFailed,
            VerifyError::BackupMissing(_) => ErrorName::BackupNotFound,
            VerifyError::HistoryIncomplete { .. } | VerifyError::Outlived(_) => ErrorName::HistoryIncomplete,
            VerifyError::NoHistory { .. } => ErrorName::SourceTableMissing,
            VerifyError::AsOf(error) => error.name(),
            VerifyError::Source(error) => error.name(),
            VerifyError::Changed(error) => error.name(),
            VerifyError::Compare(error) => error.name(),
            VerifyError::Work { .. } => ErrorName::InvalidExport,
            VerifyError::Damage(_) => ErrorName::VerificationFailed,
            VerifyError::Files(error) => error.name(),
            VerifyError::Aws(failure) => failure.name,
        }
    }
}
