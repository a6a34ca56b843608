//! `export-table.finish-managed-export`: tags the objects that DynamoDB wrote like those of an export by scan.
//!
//! DynamoDB does not tag its objects, but lifecycle rules use tags. Until this step is done, a rule finds only some
//! objects of an export. That does no harm, because rules count in days.

use aws_sdk_s3::types::{Tag, Tagging};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::export::plan::Mode;
use tablekeeper_core::export::{ExportConfig, Plan};
use tablekeeper_core::storage::FilesError;

use super::table_report::{TableOutcome, TableReport, fitting};
use crate::step::{Failure, Step};

/// How many objects are tagged at a time.
const AT_A_TIME: usize = 16;

/// The step that tags the objects of DynamoDB's own export. It runs after the export is done.
#[derive(Debug)]
pub struct FinishManagedExport {
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
    /// Key of the export's `manifest-summary.json`.
    pub manifest: String,
    /// Number of exported items.
    pub item_count: u64,
    /// Bytes that DynamoDB bills.
    pub bytes: u64,
}

/// Why the export fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The export's manifest does not exist; holds its location.
    #[error("DynamoDB says that its export is done, but there is no {0}")]
    ExportNotVerified(String),
    /// The objects could not be listed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An object could not be tagged.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::ExportNotVerified(_) => ErrorName::ExportNotVerified,
            Error::Files(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for FinishManagedExport {
    const NAME: &'static str = "export-table.finish-managed-export";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::ExportNotVerified]];
    type Input = Input;
    type Output = TableReport;
    type Error = Error;

    fn new(clients: &Clients) -> Result<FinishManagedExport, Failure> {
        Ok(FinishManagedExport { s3: clients.s3() })
    }

    async fn run(&self, input: Input) -> Result<TableReport, Error> {
        let Input { run, plan, manifest, item_count, bytes, .. } = input;
        let files = run.files(self.s3.clone(), &plan.table_name);
        let objects = files.list(&plan.folder).await?;
        if !objects.iter().any(|file| file.key == manifest) {
            return Err(Error::ExportNotVerified(files.location(&manifest)));
        }
        let tagging = tagging(run.tags(&plan.table_name))?;
        let tag = |key: String| {
            let tagging = self.s3.put_object_tagging().bucket(&run.bucket).key(key).tagging(tagging.clone());
            async move { tagging.send().await.map(drop).map_err(AwsFailure::from_call("s3:PutObjectTagging")) }
        };
        let keys: Vec<String> = objects.iter().map(|file| file.key.clone()).collect();
        stream::iter(keys.into_iter().map(tag)).buffer_unordered(AT_A_TIME).try_collect::<Vec<()>>().await?;
        let data = objects.iter().filter(|file| file.key.contains("/data/")).count();
        Ok(TableReport {
            table_name: plan.table_name,
            outcome: TableOutcome::Done,
            mode: Some(Mode::Managed),
            manifest: Some(files.location(&manifest)),
            item_count,
            bytes,
            files: u64::try_from(data).unwrap_or(u64::MAX),
            settings: None,
            notes: fitting(plan.notes),
            error: None,
            cause: None,
        })
    }
}

fn tagging(tags: Vec<(String, String)>) -> Result<Tagging, AwsFailure> {
    const ACTION: &str = "s3:PutObjectTagging";
    let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags = tags.collect::<Result<Vec<Tag>, _>>().map_err(AwsFailure::unbuilt(ACTION))?;
    Tagging::builder().set_tag_set(Some(tags)).build().map_err(AwsFailure::unbuilt(ACTION))
}

#[cfg(test)]
mod tests;
