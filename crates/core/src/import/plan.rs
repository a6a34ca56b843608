//! Plans an import: checks that the table can be written to, and lists the files.

use aws_sdk_dynamodb::types::{Select, TableDescription, TableStatus};

use crate::aws::failure::AwsFailure;
use crate::aws::table as table_description;
use crate::error_name::{ErrorName, HasErrorName};
use crate::import::execution_input::{ExecutionInput, Wanted};
use crate::import::source::Source;
use crate::import::{Binary, Format, Import, shares, source};
use crate::input::InvalidInput;
use crate::storage::Files;
use crate::text::quoted;

/// An import that cannot be planned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The table does not exist.
    #[error("table {0} does not exist; an import needs an existing table")]
    TableMissing(String),
    /// The table cannot be written to now.
    #[error("table {table} is {status}; it can be written to once it is ACTIVE")]
    TableBusy {
        /// Name of the table.
        table: String,
        /// Status of the table.
        status: String,
    },
    /// The table holds items.
    #[error(
        "table {0} holds items; with `\"Merge\": true` they stay, and items with the same keys are replaced"
    )]
    TableNotEmpty(String),
    /// The files of the import could not be determined.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::TableMissing(_) => ErrorName::TargetTableMissing,
            Error::TableBusy { .. } => ErrorName::ResourceBusy,
            Error::TableNotEmpty(_) => ErrorName::TableNotEmpty,
            Error::Source(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

/// Checks the table and finds the files. Returns the plan of the import, and the files. `found` are the files if they
/// were found before.
pub async fn plan(
    dynamodb: &aws_sdk_dynamodb::Client,
    files: &Files,
    input: ExecutionInput,
    wanted: Wanted,
    found: Option<Source>,
) -> Result<(Import, Source), Error> {
    let table = check_table(dynamodb, &input.table_name, input.merge == Some(true)).await?;
    let source = match found {
        Some(source) => source,
        None => source::find(files, &wanted.place).await?,
    };
    let table_name = input.table_name;
    let format = format(input.format, source.format)?;
    let binary = binary(input.binary, format, &source)?;
    let number = u32::try_from(source.files.len()).unwrap_or(u32::MAX);
    let compression = input.compression.unwrap_or_default();
    let segments = shares::segments(&wanted, &source, compression)?;
    let import = Import {
        table_arn: table.table_arn().unwrap_or_default().to_owned(),
        table_id: table.table_id().unwrap_or_default().to_owned(),
        key_names: table_description::key_names(&table),
        key_types: table_description::key_types(&table)?,
        table_name,
        bucket: wanted.bucket,
        root: source.root.clone(),
        manifest: source.manifest.clone(),
        format,
        binary,
        compression,
        files: number,
        files_digest: source.digest(),
        item_count: source.item_count,
        segments,
        max_write_capacity_units: wanted.max_write_capacity_units,
        seconds_per_call: wanted.seconds_per_call,
    };
    Ok((import, source))
}

/// Checks that the table exists and can be written to, and that it is empty unless `merge` is true.
pub async fn check_table(
    dynamodb: &aws_sdk_dynamodb::Client,
    name: &str,
    merge: bool,
) -> Result<TableDescription, Error> {
    let table = table_description::describe(dynamodb, name).await?;
    let table = table.ok_or_else(|| Error::TableMissing(name.to_owned()))?;
    can_be_written(name, &table)?;
    if !merge && holds_items(dynamodb, name).await? {
        return Err(Error::TableNotEmpty(name.to_owned()));
    }
    Ok(table)
}

async fn holds_items(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> Result<bool, AwsFailure> {
    let scan = dynamodb.scan().table_name(table).limit(1).consistent_read(true).select(Select::Count);
    let page = scan.send().await.map_err(AwsFailure::from_call("dynamodb:Scan"))?;
    Ok(page.count() > 0)
}

/// Checks that a table can be written to. This is possible during an update, too. Another status is either transient or
/// permanent.
fn can_be_written(name: &str, table: &TableDescription) -> Result<(), Error> {
    match table.table_status() {
        Some(TableStatus::Active | TableStatus::Updating) => Ok(()),
        // These statuses are transient. The last one takes up to an hour after the key can be used again.
        Some(
            status @ (TableStatus::Creating
            | TableStatus::Deleting
            | TableStatus::InaccessibleEncryptionCredentials),
        ) => Err(Error::TableBusy { table: name.to_owned(), status: status.as_str().to_owned() }),
        status => Err(Error::Aws(AwsFailure::new(
            "dynamodb:BatchWriteItem",
            ErrorName::RequestRefused,
            format!(
                "table {name} is {}, and cannot be written to",
                status.map_or("unknown", TableStatus::as_str)
            ),
        ))),
    }
}

/// Returns the representation of binaries. Every writer of a manifest writes base64: DynamoDB, the EMR connector and
/// `export-table`. JSON without types has no binaries.
fn binary(asked: Option<Binary>, format: Format, source: &Source) -> Result<Binary, InvalidInput> {
    let refused = |reason| Err(InvalidInput { field: "Binary", reason });
    match (asked.unwrap_or_default(), &source.manifest) {
        (Binary::Text, Some(manifest)) => refused(format!(
            "is text, but the writer of the manifest {} writes base64; leave it out",
            quoted(manifest)
        )),
        (Binary::Text, None) if format == Format::Json => {
            refused("is text, but the format json has no binaries; leave it out".to_owned())
        }
        (binary, _) => Ok(binary),
    }
}

/// Returns the format of the manifest, or else of the input.
fn format(asked: Option<Format>, in_manifest: Option<Format>) -> Result<Format, InvalidInput> {
    let refused = |reason: String| Err(InvalidInput { field: "Format", reason });
    match (asked, in_manifest) {
        (Some(asked), Some(in_manifest)) if asked != in_manifest => refused(format!(
            "is {}, but the manifest says {}; leave it out",
            asked.as_str(),
            in_manifest.as_str()
        )),
        (_, Some(format)) | (Some(format), None) => Ok(format),
        (None, None) => refused(
            "is missing, and no manifest has it; it must be dynamodb-json, data-pipeline, plain or json"
                .to_owned(),
        ),
    }
}
