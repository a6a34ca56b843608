//! `export-table.finish-export`: verifies what a scan wrote and that the table is still the same, and writes the
//! manifests.

use execution_report::message_of;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::finish::FinishError;
use tablekeeper_core::export::plan::Mode;
use tablekeeper_core::export::{ExportConfig, Plan, finish, same_table};

use super::table_report::{TableOutcome, TableReport, fitting};
use crate::step::{Failure, Step};

/// The step that verifies the export of a scan and writes its manifests. It runs after all segments.
#[derive(Debug)]
pub struct FinishExport {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The configuration of the export.
    pub run: ExportConfig,
    /// The plan of the table's export.
    pub plan: Plan,
    /// Location of the document with the table's settings; null if they were not captured.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub settings: Option<String>,
    /// Why the settings were not captured; null if they were.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub settings_failure: Option<String>,
    /// Notes of `capture-settings`.
    #[schemars(length(max = 61))]
    pub notes: Vec<String>,
}

impl Step for FinishExport {
    const NAME: &'static str = "export-table.finish-export";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::ExportNotVerified]];
    type Input = Input;
    type Output = TableReport;
    type Error = FinishError;

    fn new(clients: &Clients) -> Result<FinishExport, Failure> {
        Ok(FinishExport { dynamodb: clients.dynamodb(), s3: clients.s3() })
    }

    async fn run(&self, input: Input) -> Result<TableReport, FinishError> {
        let Input { run, plan, settings, settings_failure, notes, .. } = input;
        let files = run.files(self.s3.clone(), &plan.table_name);
        let is_gone = same_table::check(&self.dynamodb, &plan).await?;
        let finished = finish::finish(&files, &run, &plan).await?;
        let not_captured = settings_failure
            .map(|failure| format!("its settings were not captured: {}", message_of(&failure)));
        // The notes that a reader of the items needs come first, because notes that do not fit are cut off at the end.
        let notes = [
            is_gone.into_iter().collect(),
            finished.notes,
            plan.notes,
            not_captured.into_iter().collect(),
            notes,
        ]
        .concat();
        Ok(TableReport {
            table_name: plan.table_name,
            outcome: TableOutcome::Done,
            mode: Some(Mode::Scan),
            manifest: Some(finished.manifest),
            item_count: finished.items,
            bytes: finished.bytes,
            files: finished.files,
            settings,
            notes: fitting(notes),
            error: None,
            cause: None,
        })
    }
}

#[cfg(test)]
mod tests;
