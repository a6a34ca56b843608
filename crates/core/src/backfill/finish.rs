//! Checks that a whole table was read, and records since when the item history is complete.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backfill::Backfill;
use crate::backfill::table::{TableError, describe};
use crate::clock::Clock;
use crate::error_name::{ErrorName, HasErrorName};
use crate::item_history::change::label_of_stream;
use crate::item_history::coverage;
use crate::item_history::coverage::{Coverage, Present};

/// The result of a finished segment.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Done {
    /// Number of items that were written.
    pub written: u64,
    /// Number of items that already had an object in the bucket.
    pub kept: u64,
}

/// The output of an execution.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Name of the table.
    pub table_name: String,
    /// Number of items that were read.
    pub items: u64,
    /// Number of items that were written to the bucket.
    pub written: u64,
    /// Number of items that already had an object in the bucket: the item, a later state of it, or its tombstone.
    pub kept: u64,
}

/// The reason why the bucket may lack items.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table was replaced by another one of the same name.
    #[error("table {0} was deleted and re-created while it was being read")]
    TableReplaced(String),
    /// The table or its stream is no longer usable.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Some segments are not finished.
    #[error("{done} segments are finished, but the backfill has {all}")]
    Segments {
        /// Number of segments that are finished.
        done: usize,
        /// Number of segments of the backfill.
        all: u32,
    },
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::TableReplaced(_) => ErrorName::SourceTableMissing,
            Error::Table(error) => error.name(),
            Error::Segments { .. } => ErrorName::InvalidInput,
        }
    }
}

/// Checks the table again, records that the bucket has all of its items from now on, and adds up the counters.
pub async fn finish(
    dynamodb: &aws_sdk_dynamodb::Client,
    s3: &aws_sdk_s3::Client,
    backfill: Backfill,
    segments: &[Done],
) -> Result<Output, Error> {
    if u32::try_from(segments.len()) != Ok(backfill.segments) {
        return Err(Error::Segments { done: segments.len(), all: backfill.segments });
    }
    let (table, _) = describe(dynamodb, &backfill.table_name, Some(&backfill.stream_arn)).await?;
    if table.table_id().unwrap_or_default() != backfill.table_id {
        return Err(Error::TableReplaced(backfill.table_name));
    }
    let present = Present {
        stream: label_of_stream(&backfill.stream_arn),
        noncurrent_days: None,
        now: Clock::System.now(),
    };
    let backfilled = |coverage: Coverage| coverage.backfilled(&present);
    let Backfill { bucket, prefix, .. } = &backfill;
    coverage::update(s3, bucket, prefix, backfilled).await.map_err(TableError::Aws)?;
    let written = segments.iter().map(|segment| segment.written).sum();
    let kept = segments.iter().map(|segment| segment.kept).sum();
    Ok(Output { table_name: backfill.table_name, items: written + kept, written, kept })
}
