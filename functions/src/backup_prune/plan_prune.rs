//! `backup-prune.plan-prune`: which of the table's backups go.
//!
//! Decided by [`Retention::plan`], for the machine and for `tablekeeper plan prune` alike. The new backup counts
//! as available, since the step before saw it so, even if the list does not show it yet: a list that lags behind
//! must not cost one backup more or less.
//!
//! Where another run has made a newer backup meanwhile, the retention may let this run's own go. It stays all the same:
//! a run does not delete what it has just made, and looks at it before each deletion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::retention::{Backup, Plan, Scope};
use super::{CHARACTERS_A_LINE, NewBackup, Run, StaleBackup, list};
use crate::aws_failure::AwsFailure;
use crate::clients::Clients;
use crate::error_name::ErrorName;
use crate::step::{Failure, Named, Step};
use crate::words;

/// How many backups of a table one run deletes at most, the oldest first; the next run goes on. A name has up to 255
/// letters and an ARN 80 more, and what is said of a deletion that fails up to 400: so many fit an execution's state.
pub const MOST_DELETIONS: usize = 200;
/// Why the run's own backup stays where the retention would let it go.
const OWN: &str = "made by this run";

/// Decides which of a table's backups are deleted.
#[derive(Debug)]
pub struct PlanPrune {
    dynamodb: aws_sdk_dynamodb::Client,
}

/// What the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The execution, for the logs.
    pub execution_arn: String,
    /// What the run goes by.
    pub run: Run,
    /// The table.
    pub table_name: String,
    /// The backup that was made.
    pub backup: NewBackup,
}

/// What stays and what goes.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// What is said of it in the report.
    pub prune: Prune,
    /// The backups that go.
    #[schemars(length(max = 200))]
    pub delete: Vec<StaleBackup>,
}

/// What stays, in words and numbers.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prune {
    /// How many stay.
    pub kept: u32,
    /// How many do not count.
    pub ignored: u32,
    /// How many go, this run's and, beyond the most that one run deletes, the next ones'.
    pub stale: u32,
    /// Why each stays.
    #[schemars(length(max = 51))]
    pub kept_lines: Vec<String>,
    /// Why each does not count.
    #[schemars(length(max = 51))]
    pub ignored_lines: Vec<String>,
}

/// Why nothing could be decided.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] AwsFailure);

impl Named for Error {
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
        backups.retain(|it| it.arn != backup_arn);
        backups.push(Backup {
            arn: backup_arn.clone(),
            name: backup.backup_name,
            created_at: backup.created_at,
            available: true,
            table_id: backup.table_id.clone(),
        });
        let scope = Scope { table_name: &table_name, table_id: &backup.table_id, others: run.others };
        // What is young is judged at the run's beginning, so that a repetition judges alike.
        let mut plan = run.retention.plan(&backups, scope, run.started_at);
        plan.keep_too(|it| it.arn == backup_arn, OWN);
        let most = usize::try_from(run.deletions).unwrap_or(usize::MAX).min(MOST_DELETIONS);
        let delete = plan
            .delete
            .iter()
            .rev()
            .take(most)
            .map(|it| StaleBackup { backup_arn: it.arn.clone(), backup_name: it.name.clone() });
        Ok(Output { delete: delete.collect(), prune: Prune::of(&plan, run.lines) })
    }
}

impl Prune {
    fn of(plan: &Plan<'_>, lines: u32) -> Prune {
        let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
        let kept = plan.keep.iter().map(|(backup, rules)| format!("{}: {}", backup.name, rules.join(", ")));
        let ignored = plan.ignored.iter().map(|(backup, reason)| format!("{}: {reason}", backup.name));
        Prune {
            kept: count(plan.keep.len()),
            ignored: count(plan.ignored.len()),
            stale: count(plan.delete.len()),
            kept_lines: bounded(kept, lines),
            ignored_lines: bounded(ignored, lines),
        }
    }
}

/// The first lines, and how many more there are.
pub(super) fn bounded(lines: impl ExactSizeIterator<Item = String>, most: u32) -> Vec<String> {
    words::bounded(lines, usize::try_from(most).unwrap_or(usize::MAX), CHARACTERS_A_LINE)
}

#[cfg(test)]
mod tests;
