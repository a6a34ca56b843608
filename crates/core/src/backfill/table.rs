//! Describes the table of a backfill, and checks that its stream carries its items.

use aws_sdk_dynamodb::types::{StreamViewType, TableDescription, TableStatus};

use crate::aws::failure::AwsFailure;
use crate::aws::table as table_description;
use crate::aws::table::Unscannable;
use crate::error_name::{ErrorName, HasErrorName};

/// The reason why a table cannot be read, or why its changes would not be backed up.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TableError {
    /// The table does not exist.
    #[error("table {0} does not exist")]
    Missing(String),
    /// The table cannot be read yet.
    #[error("table {table} cannot be read yet: {reason}")]
    Busy {
        /// Name of the table.
        table: String,
        /// The operation that is still in progress.
        reason: &'static str,
    },
    /// The stream of the table is not usable.
    #[error("table {table} {reason}")]
    Stream {
        /// Name of the table.
        table: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for TableError {
    fn name(&self) -> ErrorName {
        match self {
            TableError::Missing(_) => ErrorName::SourceTableMissing,
            TableError::Busy { .. } => ErrorName::ResourceBusy,
            TableError::Stream { .. } => ErrorName::StreamNotUsable,
            TableError::Aws(failure) => failure.name,
        }
    }
}

impl TableError {
    /// The names that [`TableError`] has in addition to [`AwsFailure::NAMES`].
    pub const NAMES: &'static [ErrorName] = &[ErrorName::SourceTableMissing, ErrorName::StreamNotUsable];
}

/// Describes a table, and returns its description and the ARN of its stream. `followed` is the stream that the stack
/// already follows. If it is `None`, any stream that carries the items is accepted.
pub async fn describe(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_name: &str,
    followed: Option<&str>,
) -> Result<(TableDescription, String), TableError> {
    let table = table_description::describe(dynamodb, table_name).await?;
    let table = table.ok_or_else(|| TableError::Missing(table_name.to_owned()))?;
    can_be_read(table_name, &table)?;
    let refused = |reason: String| TableError::Stream { table: table_name.to_owned(), reason };
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled);
    let stream = stream.ok_or_else(|| {
        refused(
            "has no stream, so its changes would not be backed up; enable a stream with the view NEW_IMAGE, and deploy \
             with its ARN as StreamArn"
                .to_owned(),
        )
    })?;
    match stream.stream_view_type() {
        Some(StreamViewType::NewImage | StreamViewType::NewAndOldImages) => {}
        other => {
            let view = other.map_or("unknown", StreamViewType::as_str);
            return Err(refused(format!(
                "has a stream whose view is {view}, which does not carry the items; it must be NEW_IMAGE or \
                 NEW_AND_OLD_IMAGES"
            )));
        }
    }
    let arn = table.latest_stream_arn().unwrap_or_default().to_owned();
    match followed {
        Some(followed) if followed != arn => Err(refused(format!(
            "has the stream {arn}, but the stack reads {followed}, which no longer delivers changes; deploy with the \
             former as StreamArn, and with a new IncrementalPrefix"
        ))),
        _ => Ok((table, arn)),
    }
}

fn can_be_read(table_name: &str, table: &TableDescription) -> Result<(), TableError> {
    table_description::scannable(table).map_err(|unscannable| match unscannable {
        Unscannable::Yet(reason) => TableError::Busy { table: table_name.to_owned(), reason },
        Unscannable::Ever(TableStatus::Deleting) => TableError::Missing(table_name.to_owned()),
        Unscannable::Ever(status) => TableError::Aws(AwsFailure::new(
            "dynamodb:Scan",
            ErrorName::RequestRefused,
            format!("table {table_name} is {} and cannot be read", status.as_str()),
        )),
    })
}
