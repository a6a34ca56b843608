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

/// A segment that is done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Done {
    /// How many items it put.
    pub written: u64,
    /// And of how many something was there.
    pub kept: u64,
}

/// What an execution ends with.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// The table.
    pub table_name: String,
    /// How many items were read.
    pub items: u64,
    /// How many of them were put into the bucket.
    pub written: u64,
    /// Of how many something was in the bucket: the item, a later state of it, or its deletion.
    pub kept: u64,
}

/// Why the bucket may lack items.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table is another now.
    #[error("table {0} is not the one that was read: it was deleted and made anew meanwhile")]
    TableReplaced(String),
    /// It, or its stream, is not what it was.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Not all segments are done.
    #[error("{done} segments are done, but the backfill has {all}")]
    Segments {
        /// So many are.
        done: usize,
        /// Of so many.
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

/// Looks at the table once more, writes down that the bucket has all of its items from now on, and counts.
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
