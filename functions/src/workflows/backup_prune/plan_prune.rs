//! `backup-prune.plan-prune`: decides which of the table's backups are deleted.
//!
//! [`tablekeeper_core::prune::retention::Retention::plan`] decides, for the state machine and for `tablekeeper plan
//! prune` alike. The new backup counts as available, because the previous step saw it so, even if the list does not
//! show it yet. A list that lags behind must not cause one deletion more or less.
//!
//! If another run has made a newer backup since then, the retention may not retain this run's own backup. It stays
//! nevertheless. A run does not delete its own new backup, whose status it checks before each deletion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::prune::report::{MOST_DELETIONS, Prune};
use tablekeeper_core::prune::retention::{Backup, Scope};
use tablekeeper_core::prune::{NewBackup, PruneConfig, StaleBackup, list};

use crate::step::{Failure, Step};

/// Why the run's own backup stays if the retention would not retain it.
const OWN: &str = "made by this run";

/// The step that decides which of a table's backups are deleted.
#[derive(Debug)]
pub struct PlanPrune {
    dynamodb: aws_sdk_dynamodb::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The configuration of the prune.
    pub run: PruneConfig,
    /// Name of the table.
    pub table_name: String,
    /// The new backup.
    pub backup: NewBackup,
}

/// The backups that stay and those that are deleted.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Counts and lines for the report.
    pub prune: Prune,
    /// Backups to delete.
    #[schemars(length(max = 200))]
    pub delete: Vec<StaleBackup>,
}

/// Why nothing could be decided.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] AwsFailure);

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        self.0.name
    }
}

impl Step for PlanPrune {
    const NAME: &'static str = "backup-prune.plan-prune";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanPrune, Failure> {
        Ok(PlanPrune { dynamodb: clients.dynamodb() })
    }

    async fn run(&self, Input { run, table_name, backup, .. }: Input) -> Result<Output, Error> {
        let mut backups = list::backups(&self.dynamodb, &table_name).await?;
        let backup_arn = backup.backup_arn;
        backups.retain(|earlier| earlier.arn != backup_arn);
        backups.push(Backup {
            arn: backup_arn.clone(),
            name: backup.backup_name,
            created_at: backup.created_at,
            available: true,
            table_id: backup.table_id.clone(),
        });
        let scope = Scope { table_name: &table_name, table_id: &backup.table_id, others: run.others };
        // The age of a backup is judged at the run's beginning, so that a repetition decides the same.
        let mut plan = run.retention.plan(&backups, scope, run.started_at);
        plan.keep_too(|backup| backup.arn == backup_arn, OWN);
        let most = usize::try_from(run.deletions).unwrap_or(usize::MAX).min(MOST_DELETIONS);
        let delete = plan
            .delete
            .iter()
            .rev()
            .take(most)
            .map(|stale| StaleBackup { backup_arn: stale.arn.clone(), backup_name: stale.name.clone() });
        Ok(Output { delete: delete.collect(), prune: Prune::from_plan(&plan, run.lines) })
    }
}

#[cfg(test)]
mod tests;
