//! `export-table.finish-export`: verifies what a scan wrote and of which table, and writes the manifests
//! that say so.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::finish::FinishError;
use tablekeeper_core::export::plan::Mode;
use tablekeeper_core::export::{ExportConfig, Plan, finish, same_table};
use tablekeeper_core::text::message_of;

use super::table_report::{TableOutcome, TableReport, fitting};
use crate::step::{Failure, Step};

/// Verifies a scan's export and writes its manifests. Use it once all segments are read.
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
    /// What the run went by.
    pub run: ExportConfig,
    /// What was exported.
    pub plan: Plan,
    /// Where the table's settings were written down; null where they were not.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub settings: Option<String>,
    /// Why they were not; null where they were.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub settings_failure: Option<String>,
    /// What `capture-settings` had to say.
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
            .map(|failure| format!("its settings were not written down: {}", message_of(&failure)));
        // What a reader of the items has to know comes first, since what does not fit is left out at the end.
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
