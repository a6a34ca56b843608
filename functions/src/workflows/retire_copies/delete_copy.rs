//! `retire-copies.delete-copy`: decides again whether a copy stays, and deletes it if nothing keeps it.
//!
//! Everything that the plan read is read again, the parameters last. The table must still be that of the plan, and have
//! this execution's mark. This step never removes the mark: an earlier invocation of it might still be about to delete
//! the table.

use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{BackupStatus, TableStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::retire::copies::{self, Bases, Copy};
use tablekeeper_core::retire::mark::USABLE_FOR;
use tablekeeper_core::retire::plan::Readers;
use tablekeeper_core::retire::{CopyToRetire, RetireConfig};
use tablekeeper_core::rotation::naming::split_time;

use super::mark_copy::unreadable;
use super::plan_retirement::readers;
use super::report::CopyReport;
use crate::step::{Failure, Step};
use crate::workflows::backup_prune::check_backup::status;

/// The step that deletes a copy.
#[derive(Debug)]
pub struct DeleteCopy {
    readers: Readers,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, whose mark the table must have.
    pub execution_arn: String,
    /// The options of the execution.
    pub run: RetireConfig,
    /// The copy.
    pub copy: CopyToRetire,
    /// ARN of the backup of the copy; null if none was made.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub backup_arn: Option<String>,
}

/// Whether the table was deleted.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Whether the table was deleted, by this invocation or before.
    pub deleted: bool,
    /// Report of the copy.
    pub report: CopyReport,
}

/// Why the copy was not deleted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The backup of the copy is not available.
    #[error("the backup of {0} is no longer available, so the table is not deleted")]
    BackupNotAvailable(String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::BackupNotAvailable(_) => ErrorName::BackupNotAvailable,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for DeleteCopy {
    const NAME: &'static str = "retire-copies.delete-copy";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::BackupNotAvailable]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<DeleteCopy, Failure> {
        Ok(DeleteCopy { readers: readers(clients), clock: Clock::System })
    }

    async fn run(&self, Input { execution_arn, run, copy, backup_arn }: Input) -> Result<Output, Error> {
        let dynamodb = &self.readers.dynamodb;
        let deleted = |reason: Option<&str>| {
            Ok(Output { deleted: true, report: CopyReport::retired(&copy, reason, backup_arn.clone()) })
        };
        if run.back_up {
            let status = match &backup_arn {
                Some(backup_arn) => status(dynamodb, backup_arn).await?,
                None => None,
            };
            if status != Some(BackupStatus::Available) {
                return Err(Error::BackupNotAvailable(copy.table_name));
            }
        }
        let base = split_time(&copy.table_name).map_or(copy.table_name.as_str(), |(base, _)| base);
        let bases = Bases::Names(vec![base.to_owned()]);
        let decisions = self.readers.plan(&run, &execution_arn, &bases).await?;
        let decision = decisions.iter().find(|decision| decision.copy.table_name == copy.table_name);
        let Some(decision) = decision else { return deleted(Some("it was gone already")) };
        if decision.copy.table_id == copy.table_id && decision.copy.status == TableStatus::Deleting.as_str() {
            return deleted(Some("it was being deleted already"));
        }
        // The tags of the others decide which copies are verified, and so which one of them stays.
        if let Some(detail) = decisions.iter().find_map(|decision| decision.copy.tags.as_ref().err()) {
            return Err(unreadable(detail).into());
        }
        let kept = |reason: String| {
            let report = CopyReport::kept(&copy.table_name, reason, backup_arn.clone());
            Ok(Output { deleted: false, report })
        };
        if decision.copy.table_id == copy.table_id && !decision.reasons.is_empty() {
            return kept(decision.text());
        }
        // The reading took its time. DeleteTable goes by the name, and the table may be another one by now.
        let now = copies::read(dynamodb, std::slice::from_ref(&copy.table_name)).await?.pop();
        let Some(now) = now else { return deleted(Some("it was gone already")) };
        if let Some(reason) = self.is_not_to_be_deleted(&now, &copy, &execution_arn)? {
            return kept(reason);
        }
        // Without SDK retries: after a lost response, a retry might meet a new table of this name.
        let once = aws_sdk_dynamodb::config::Builder::new().retry_config(RetryConfig::disabled());
        let delete = dynamodb.delete_table().table_name(&copy.table_name).customize().config_override(once);
        match delete.send().await {
            Ok(_) => deleted(None),
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                deleted(Some("it was gone already"))
            }
            Err(error) => Err(AwsFailure::from_call("dynamodb:DeleteTable")(error).into()),
        }
    }
}

impl DeleteCopy {
    /// Returns why this table is not the one that this execution marked; `None` if it is.
    fn is_not_to_be_deleted(
        &self,
        table: &Copy,
        copy: &CopyToRetire,
        execution_arn: &str,
    ) -> Result<Option<String>, AwsFailure> {
        if copy.table_id.is_empty() || table.table_id != copy.table_id {
            return Ok(Some("it was deleted and made again since the plan".to_owned()));
        }
        if let Err(detail) = &table.tags {
            return Err(unreadable(detail));
        }
        if table.status != TableStatus::Active.as_str() {
            return Ok(Some(format!("it is {}", table.status)));
        }
        Ok(match table.mark() {
            Some(mark) if mark.is_of(execution_arn) && mark.is_younger_than(USABLE_FOR, self.clock.now()) => {
                None
            }
            Some(mark) => Some(format!("its mark is of another execution or too old: {}", mark.value())),
            None => Some("its mark was removed meanwhile".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests;
