//! `sync-settings.verify-settings`: reads the target back, and reports the result.
//!
//! AWS's reads may lag behind its writes. So a setting that was changed, but does not read as changed yet, is polled
//! again. A refused change is not waited for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::Wait;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::settings::profile::SWITCHED_OFF;
use tablekeeper_core::settings::report::{Outcome, SettingReport, SettingsFrom, plan};
use tablekeeper_core::settings::store::StoreError;
use tablekeeper_core::settings::{Aws, SettingName, store};
use tablekeeper_core::text::cut;

use super::Plan;
use crate::step::{Failure, Step};

/// The step that reads the target's settings back after all changes, and reports the result.
#[derive(Debug)]
pub struct VerifySettings {
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
    /// What was planned for each setting.
    #[schemars(length(max = 14))]
    pub settings: Vec<SettingReport>,
    /// Results of the settings that were changed.
    #[schemars(length(max = 14))]
    pub results: Vec<SettingResult>,
}

/// The result of a setting that was changed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingResult {
    /// Name of the setting.
    pub setting: SettingName,
    /// Changes that AWS refused, each with the reason.
    pub refused: Vec<String>,
}

/// The state of the target.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// Every setting is as it should be.
    Equal {
        /// Report of the execution.
        report: Report,
    },
    /// A change is not visible yet.
    Pending {
        /// Seconds to wait before the next poll.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
        /// What is not visible yet, as a sentence.
        reason: String,
    },
}

/// The report that an execution ends with.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// ARN of the source table.
    pub source: String,
    /// ARN of the target table.
    pub target: String,
    /// Where the source's settings were taken from.
    pub settings_from: SettingsFrom,
    /// The outcome of each setting.
    #[schemars(length(max = 14))]
    pub settings: Vec<SettingReport>,
}

/// Why the target differs, or could not be checked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Some settings differ; holds the report.
    #[error("{0}")]
    SettingsNotEqual(String),
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
            Error::SettingsNotEqual(_) => ErrorName::SettingsNotEqual,
            Error::TargetTableMissing(_) => ErrorName::TargetTableMissing,
            Error::Store(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for VerifySettings {
    const NAME: &'static str = "sync-settings.verify-settings";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[ErrorName::InvalidSettingsDocument, ErrorName::SettingsNotEqual, ErrorName::TargetTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<VerifySettings, Failure> {
        Ok(VerifySettings { aws: clients.settings(), s3: clients.s3(), clock: Clock::System })
    }

    async fn run(&self, Input { plan: sync, settings, results, .. }: Input) -> Result<Output, Error> {
        let document = store::get(&self.s3, &sync.document).await?;
        let Some(target) = self.aws.describe(&sync.target).await? else {
            return Err(Error::TargetTableMissing(sync.target));
        };
        let planned = |name| settings.iter().find(|report| report.setting == name);
        let is_verified = |name| planned(name).is_some_and(|report| is_to_be_equal(report.outcome));
        // The plan already says why a setting is left out.
        let why_off = |name| (!is_verified(name)).then_some(SWITCHED_OFF);
        let now = plan(&document.settings, &self.aws, &target, why_off, sync.remove_extra).await?;
        let mut lagging = None;
        let mut verified = Vec::new();
        for planned in settings {
            let refused = results.iter().find(|result| result.setting == planned.setting);
            let refused =
                refused.map(|result| result.refused.join("; ")).filter(|reasons| !reasons.is_empty());
            let seen = now.iter().find(|report| report.setting == planned.setting);
            let report = verify(planned, refused, seen, &mut lagging);
            verified.push(report);
        }
        if let (Some(reason), Wait::Seconds(wait_seconds)) = (lagging, sync.schedule().wait(self.clock.now()))
        {
            return Ok(Output::Pending { wait_seconds, reason });
        }
        let Plan { source, target, settings_from, .. } = sync;
        let report = Report { source, target, settings_from, settings: verified };
        match report.settings.iter().any(|setting| setting.outcome == Outcome::Failed) {
            true => Err(Error::SettingsNotEqual(report.to_text())),
            false => Ok(Output::Equal { report }),
        }
    }
}

fn is_to_be_equal(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Planned | Outcome::Unchanged)
}

/// Returns the outcome of a setting. If a setting still differs but nothing was refused, the change may just not be
/// visible yet.
fn verify(
    planned: SettingReport,
    refused: Option<String>,
    seen: Option<&SettingReport>,
    lagging: &mut Option<String>,
) -> SettingReport {
    let Some(seen) = seen.filter(|_| is_to_be_equal(planned.outcome)) else { return planned };
    let failed = |reason: String| SettingReport {
        changes: planned.changes.clone(),
        notes: planned.notes.clone(),
        ..SettingReport::failed(planned.setting, reason)
    };
    match (seen.outcome, refused) {
        (Outcome::Planned, Some(refused)) => failed(format!("refused: {refused}")),
        (Outcome::Planned, None) => {
            let reason = format!("{} still differs: {}", seen.setting, seen.changes.join("; "));
            lagging.get_or_insert_with(|| reason.clone());
            failed(reason)
        }
        (Outcome::Failed, _) => failed(seen.reason.clone().unwrap_or_default()),
        // What the setting depends on (the stream, an index) was not created, or is gone.
        (Outcome::Skipped, _) if planned.outcome == Outcome::Planned => {
            failed(seen.reason.clone().unwrap_or_default())
        }
        _ if planned.outcome == Outcome::Planned => SettingReport { outcome: Outcome::Applied, ..planned },
        _ => planned,
    }
}

impl Report {
    /// Returns the report as lines: what was to be done, and the outcome of each setting.
    pub fn to_text(&self) -> String {
        let lines = self.settings.iter().map(SettingReport::to_text);
        let head = format!("the settings of {} are not those of {}", self.target, self.source);
        cut(std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n"), 20_000)
    }
}

#[cfg(test)]
mod tests;
