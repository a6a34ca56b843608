//! `sync-settings.verify-settings`: reads the target back, and reports.
//!
//! AWS's reads may lag behind its writes, so a setting that was changed and is not yet seen so is looked at
//! again. What was refused is not waited for.

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

/// Reads the target's settings back and reports. Use it once all were applied.
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
    /// What the sync went by.
    pub plan: Plan,
    /// What was planned for every setting.
    #[schemars(length(max = 14))]
    pub settings: Vec<SettingReport>,
    /// What became of those that were changed.
    #[schemars(length(max = 14))]
    pub results: Vec<SettingResult>,
}

/// What became of a setting that was changed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingResult {
    /// The setting.
    pub setting: SettingName,
    /// What was refused, each with the reason.
    pub refused: Vec<String>,
}

/// What was seen.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// Every setting is as it should be.
    Equal {
        /// What the execution ends with.
        report: Report,
    },
    /// Something is not yet seen as it was set.
    Pending {
        /// How long to wait before looking again.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
        /// What is not seen yet, as a sentence.
        reason: String,
    },
}

/// What an execution ends with.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// The source table's ARN.
    pub source: String,
    /// The target table's ARN.
    pub target: String,
    /// What the source's settings were taken from.
    pub settings_from: SettingsFrom,
    /// What became of each setting.
    #[schemars(length(max = 14))]
    pub settings: Vec<SettingReport>,
}

/// Why the target is not, or not known to be, as it should be.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// It is not.
    #[error("{0}")]
    SettingsNotEqual(String),
    /// It is gone.
    #[error("the target table {0} does not exist any more")]
    TargetTableMissing(String),
    /// The document of the sync cannot be read.
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
        // Why one is left out, its plan says already.
        let why_off = |name| (!is_verified(name)).then_some(SWITCHED_OFF);
        let now = plan(&document.settings, &self.aws, &target, why_off, sync.remove_extra).await?;
        let mut lagging = None;
        let mut verified = Vec::new();
        for planned in settings {
            let refused = results.iter().find(|result| result.setting == planned.setting);
            let refused = refused.map(|result| result.refused.join("; ")).filter(|words| !words.is_empty());
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
            true => Err(Error::SettingsNotEqual(report.in_words())),
            false => Ok(Output::Equal { report }),
        }
    }
}

fn is_to_be_equal(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Planned | Outcome::Unchanged)
}

/// What became of a setting. One that still differs, though nothing was refused, may only not be seen yet.
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
        // What it depends on (the stream, an index) did not come, or is gone.
        (Outcome::Skipped, _) if planned.outcome == Outcome::Planned => {
            failed(seen.reason.clone().unwrap_or_default())
        }
        _ if planned.outcome == Outcome::Planned => SettingReport { outcome: Outcome::Applied, ..planned },
        _ => planned,
    }
}

impl Report {
    /// The report as lines: what was to be done, and what became of each setting.
    pub fn in_words(&self) -> String {
        let lines = self.settings.iter().map(SettingReport::in_words);
        let head = format!("the settings of {} are not those of {}", self.target, self.source);
        cut(std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n"), 20_000)
    }
}

#[cfg(test)]
mod tests;
