//! `sync-settings.apply-setting`: makes one setting of the target equal to the source's.
//!
//! The step compares, changes what differs, and compares again ([`tablekeeper_core::settings::reconcile`]). If AWS does
//! not accept a change yet, the output is pending. The state machine waits and runs the step again: after a few seconds
//! if the table is being updated, and otherwise at intervals that grow with the age of the sync.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::Wait;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::settings::reconcile::Reconciled;
use tablekeeper_core::settings::report::bounded_refusals;
use tablekeeper_core::settings::store::StoreError;
use tablekeeper_core::settings::{Aws, SettingName, setting, store};

use super::Plan;
use crate::step::{Failure, Step};

/// How long UpdateTable takes for most changes made here, in seconds.
const UPDATE_TAKES_SECONDS: i64 = 10;
/// The maximum number of polls of an updating table in one sync. Each poll takes 9 of the 25,000 events of an
/// execution's history (<https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>), and filling an
/// index may take a day.
const MOST_POLLS: i64 = 1_000;

/// The step that makes one setting of the target equal to the source's. The state machine runs it until the setting is
/// in effect.
#[derive(Debug)]
pub struct ApplySetting {
    aws: Aws,
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The plan of the sync.
    pub plan: Plan,
    /// Name of the setting to apply.
    pub setting: SettingName,
}

/// The state of the setting.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// Nothing is left to do.
    Done {
        /// Name of the setting.
        setting: SettingName,
        /// Changes that AWS refused, each with the reason.
        #[schemars(length(max = 21), inner(length(max = 401)))]
        refused: Vec<String>,
    },
    /// AWS does not accept the change yet, or it is not in effect yet.
    Pending {
        /// Name of the setting.
        setting: SettingName,
        /// Seconds to wait before the next attempt.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
        /// What the setting waits for.
        reason: String,
    },
}

/// Why the setting could not be applied.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The target table does not exist.
    #[error("the target table {0} no longer exists")]
    TargetTableMissing(String),
    /// The document with the source's settings cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::TargetTableMissing(_) => ErrorName::TargetTableMissing,
            Error::Store(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for ApplySetting {
    const NAME: &'static str = "sync-settings.apply-setting";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::InvalidSettingsDocument, ErrorName::TargetTableMissing]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<ApplySetting, Failure> {
        Ok(ApplySetting { aws: clients.settings(), s3: clients.s3(), clock: Clock::System })
    }

    async fn run(&self, Input { plan, setting: name, .. }: Input) -> Result<Output, Error> {
        let document = store::get(&self.s3, &plan.document).await?;
        let reconcile =
            setting(name).reconcile(&document.settings, &self.aws, &plan.target, plan.remove_extra);
        let (reason, table_is_updating, mut refused) = match reconcile.await? {
            Reconciled::TableMissing => return Err(Error::TargetTableMissing(plan.target)),
            Reconciled::Done { refused } => {
                return Ok(Output::Done { setting: name, refused: bounded_refusals(refused) });
            }
            Reconciled::Later { reason, table_is_updating, refused } => (reason, table_is_updating, refused),
        };
        Ok(match plan.schedule().wait(self.clock.now()) {
            Wait::TimedOut => {
                refused.push(format!("not applied by {}: {reason}", plan.deadline.to_rfc3339()));
                Output::Done { setting: name, refused: bounded_refusals(refused) }
            }
            Wait::Seconds(seconds) => {
                let wait_seconds = if table_is_updating { seconds_to_next_poll(&plan) } else { seconds };
                Output::Pending { setting: name, wait_seconds, reason }
            }
        })
    }
}

/// Returns when to poll a table again that is being updated, in seconds.
fn seconds_to_next_poll(plan: &Plan) -> u32 {
    let share = (plan.deadline - plan.started_at).num_seconds() / MOST_POLLS;
    u32::try_from(share.max(UPDATE_TAKES_SECONDS)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
