//! Why sides cannot be compared.

use item_compare::InvalidRun;
use item_formats::Malformed;

use crate::aws::failure::AwsFailure;
use crate::error_name::{ErrorName, HasErrorName};
use crate::import::item_files;
use crate::snapshot::as_of::AsOfError;
use crate::storage::FilesError;

/// A side that cannot be read, or runs that cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The table was deleted.
    #[error("table {0} does not exist, or was deleted while it was read")]
    TableMissing(String),
    /// An item of a table or of an incremental backup cannot be read.
    #[error("item {number} after {cursor} of {side} cannot be compared: {source}")]
    Item {
        /// Position of the item after the cursor, starting at 1.
        number: usize,
        /// Cursor after which the items were read.
        cursor: String,
        /// Name of the side.
        side: String,
        /// What is wrong with the item, and where.
        source: Malformed,
    },
    /// A cursor is not one of the side.
    #[error("{cursor} is not a position in {side}")]
    Cursor {
        /// The cursor.
        cursor: String,
        /// Name of the side.
        side: String,
    },
    /// A run that was written is missing or damaged.
    #[error("{location}: {reason}; start the comparison again")]
    Run {
        /// Location of the run.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The files of a side cannot be read.
    #[error(transparent)]
    Items(#[from] item_files::Error),
    /// The state of a second cannot be read.
    #[error(transparent)]
    AsOf(#[from] AsOfError),
    /// A run could not be written or read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl CompareError {
    pub(super) fn run(location: String, reason: InvalidRun) -> CompareError {
        CompareError::Run { location, reason: reason.to_string() }
    }
}

impl HasErrorName for CompareError {
    fn name(&self) -> ErrorName {
        match self {
            CompareError::TableMissing(_) => ErrorName::SourceTableMissing,
            CompareError::Item { .. } | CompareError::Cursor { .. } | CompareError::Run { .. } => {
                ErrorName::InvalidExport
            }
            CompareError::Items(error) => error.name(),
            CompareError::AsOf(error) => error.name(),
            CompareError::Files(error) => error.name(),
            CompareError::Aws(failure) => failure.name,
        }
    }
}
