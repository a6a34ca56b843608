//! `restore-snapshot.plan-restore`: whether the table can take the snapshot, and which files it is written from.
//!
//! Whatever can be wrong before the first item is found here. Nothing is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::execution_input::{Defaults, ExecutionInput};
use crate::aws_failure::AwsFailure;
use crate::clients::Clients;
use crate::error_name::ErrorName;
use crate::export_table::layout::document_in;
use crate::files::{Files, FilesError};
use crate::import_table::execution_input::{InvalidInput, Wanted};
use crate::import_table::plan_import::{self, Output};
use crate::import_table::source::Source;
use crate::import_table::{self, Import, bucket};
use crate::snapshot::document::{self, Document};
use crate::step::{Failure, Named, Step};

/// Checks that a table can take a snapshot, and lists the files that it is written from.
#[derive(Debug)]
pub struct PlanRestore {
    clients: Clients,
    dynamodb: aws_sdk_dynamodb::Client,
}

/// What the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The execution, for the logs.
    pub execution_arn: String,
    /// The execution's input.
    pub execution_input: ExecutionInput,
    /// The template's parameters.
    pub defaults: Defaults,
}

/// Why nothing is restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no snapshot.
    #[error("{location}: {reason}")]
    NoSnapshot {
        /// Where its document should be.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What an import refuses.
    #[error(transparent)]
    Import(#[from] plan_import::Error),
    /// A file could not be read.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl From<InvalidInput> for Error {
    fn from(error: InvalidInput) -> Error {
        Error::Import(error.into())
    }
}

impl Named for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::NoSnapshot { .. } => ErrorName::InvalidExport,
            Error::Import(error) => error.name(),
            Error::Files(error) => error.name(),
        }
    }
}

impl Step for PlanRestore {
    const NAME: &'static str = "restore-snapshot.plan-restore";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        FilesError::NAMES,
        &[ErrorName::InvalidExport, ErrorName::TableNotEmpty, ErrorName::TargetTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanRestore, Failure> {
        Ok(PlanRestore { clients: clients.clone(), dynamodb: clients.dynamodb() })
    }

    async fn run(&self, Input { execution_input, defaults, .. }: Input) -> Result<Output, Error> {
        let (input, defaults) = execution_input.of_import(&defaults)?;
        let wanted = input.wanted(&defaults)?;
        let files = bucket(&self.clients, &wanted.bucket);
        let (import, _) = plan(&self.dynamodb, &files, input, wanted).await?;
        Ok(Output::of(import))
    }
}

/// Looks at the snapshot and at the table, as an import does, and holds their key attributes against each other. Answers
/// as [`plan_import::plan`] does.
pub async fn plan(
    dynamodb: &aws_sdk_dynamodb::Client,
    files: &Files,
    input: import_table::ExecutionInput,
    wanted: Wanted,
) -> Result<(Import, Source), Error> {
    let key = document_in(&folder_of(&wanted.place));
    let Document { snapshot, .. } = match document::read(files, &key).await? {
        Ok(document) => document,
        Err(reason) => return Err(Error::NoSnapshot { location: files.location(&key), reason }),
    };
    let (import, source) = plan_import::plan(dynamodb, files, input, wanted).await?;
    if import.key_names != snapshot.key_names {
        let (own, others) = (import.key_names.join(", "), snapshot.key_names.join(", "));
        let reason = format!(
            "is {}, whose key attributes are {own}; those of the snapshot's items are {others}",
            import.table_name
        );
        return Err(InvalidInput { field: "TableName", reason }.into());
    }
    Ok((import, source))
}

/// The folder of a snapshot, of which `place` is the folder, or a manifest in it.
fn folder_of(place: &str) -> String {
    let folder = place.split_once("AWSDynamoDB/").map_or(place, |(folder, _)| folder);
    match folder {
        "" => String::new(),
        folder => format!("{}/", folder.trim_end_matches('/')),
    }
}

#[cfg(test)]
mod tests;
