//! `tablekeeper plan sync`: shows what `sync-settings` would do to a table, setting by setting.
//!
//! The step's own code finds the source, reads both tables and compares them. Nothing is written, not even the settings
//! document of the sync. Two things depend on the deployment and are arguments here: which settings to sync (by default
//! those of the template's defaults), and the settings of a source that was deleted. An execution finds the latter in
//! the stack's bucket and in the backup. Here they are in a file, `--document`, as `capture-settings` writes it.
//!
//! The exit code is 0 if nothing would change, 3 if something would, 1 if a table or a setting cannot be read (the plan
//! is incomplete then), and 2 if the arguments cannot be used. So a script can tell a difference from a failure without
//! reading the plan.

mod rendering;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use tablekeeper_core::aws::arn::Arn;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::table::{Readiness, RestoreSummary, readiness};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::settings::profile::{Profile, SWITCHED_OFF};
use tablekeeper_core::settings::report::{Outcome, SettingReport, SettingsFrom, SourceKind};
use tablekeeper_core::settings::sync::execution_input::ExecutionInput;
use tablekeeper_core::settings::sync::origin::Origin;
use tablekeeper_core::settings::sync::plan::{role, source};
use tablekeeper_core::settings::sync::source::{Found, Wanted};
use tablekeeper_core::settings::{SettingName, SettingsDocument, Table, document};

use super::DIFFERS;
use crate::failure::Unusable;
use crate::session;
use crate::{console, event_file};

/// Show what sync-settings would do to a table, setting by setting. Both tables are only read.
///
/// The exit code is 0 if nothing would change, 3 if something would, 1 if a table or a setting cannot be read, and 2 if
/// the arguments cannot be used.
///
/// The settings are those that the template switches on by default: all except WarmThroughput and Alarms. The profile
/// copy also excludes those that act on other resources: LambdaTriggers, KinesisDestinations and TimeToLive.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper plan sync --source orders --target orders-restored\n  \
                        tablekeeper plan sync --source orders --target orders-2 --settings-profile replacement\n  \
                        tablekeeper plan sync --source orders --target orders-copy --setting Tags --json\n  \
                        tablekeeper plan sync --target orders-restored --document 20260301T020000Z.json")]
pub(crate) struct Arguments {
    /// The table that would get the settings: its name, or its ARN, which may be in another Region.
    #[arg(long, value_name = "TABLE")]
    target: String,
    /// The table that has the settings: its name, or its ARN, which may be in another Region or account. Default: the
    /// table that the target is being restored from, or the table of --backup-arn.
    #[arg(long, value_name = "TABLE")]
    source: Option<String>,
    /// The backup of DynamoDB or AWS Backup that the target was restored from. A source table that was created after it
    /// is another table, and is not read.
    #[arg(long, value_name = "ARN")]
    backup_arn: Option<String>,
    /// The role of the target: a copy of the source, or its replacement.
    #[arg(long = "settings-profile", value_name = "PROFILE", value_parser = profile(), default_value = "copy")]
    settings_profile: Profile,
    /// The IAM role to read the source with, if it is in another account.
    #[arg(long, value_name = "ARN")]
    source_role_arn: Option<String>,
    /// Plan only these settings.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', value_parser = setting_name())]
    setting: Vec<SettingName>,
    /// Plan the default settings without these.
    #[arg(
        long,
        value_name = "NAME",
        num_args = 1..,
        value_delimiter = ',',
        value_parser = setting_name(),
        hide_possible_values = true,
        conflicts_with = "setting"
    )]
    skip: Vec<SettingName>,
    /// Plan to remove what only the target has. Without this option, it is only mentioned.
    #[arg(long)]
    remove_extra: bool,
    /// A settings document to use instead of a source table, as capture-settings writes it: a file, or - for standard
    /// input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source", "source_role_arn"])]
    document: Option<String>,
    /// Print the plan as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The plan that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    source: String,
    target: String,
    settings_from: SettingsFrom,
    differs: bool,
    settings: Vec<SettingReport>,
}

pub(super) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let input = arguments.execution_input();
    input.validate().map_err(|error| Unusable(error.to_string()))?;
    let document = arguments.document.as_deref().map(read_document).transpose()?;
    let plan = plan(&input, document).await?;
    super::print_plan(&plan, arguments.json, rendering::lines)?;
    let failed: Vec<_> = plan.of(Outcome::Failed).map(|report| report.setting.as_str()).collect();
    match failed.as_slice() {
        [] if plan.differs => Ok(ExitCode::from(DIFFERS)),
        [] => Ok(ExitCode::SUCCESS),
        failed => bail!("the plan is incomplete; these settings cannot be read: {}", failed.join(", ")),
    }
}

async fn plan(input: &ExecutionInput, document: Option<Found>) -> anyhow::Result<Plan> {
    let clients = session::clients("tablekeeper").await;
    let clients = match Arn::parse(&input.target) {
        Some(arn) => clients.in_region(arn.region),
        None => clients,
    };
    let aws = clients.settings();
    let region = session::region_of(&aws.dynamodb)?;
    let Some(target) = aws.describe(&input.target).await? else {
        bail!(Unusable(format!("the target table {} does not exist in {region}", input.target)));
    };
    match readiness(&target.description) {
        Readiness::Ready => {}
        Readiness::Pending(reason) => console::print_remark(&format!(
            "the target table {} is not ready, and a sync would wait for it: {reason}",
            target.name
        )),
        Readiness::Failed(reason) => bail!("the target table {} cannot be used: {reason}", target.name),
    }
    let (source, found) = match document {
        Some(found) => (found.document.table_arn.clone(), found),
        None => live(&clients, input, &target).await?,
    };
    let why_off = |name| why_off(input, name);
    let settings = found.plan(&aws, &target, why_off, input.remove_extra == Some(true)).await?;
    Ok(Plan {
        source,
        target: target.arn,
        settings_from: found.from,
        differs: settings.iter().any(|report| report.outcome == Outcome::Planned),
        settings,
    })
}

/// Reads the current settings of the source table. Returns the table's ARN with them.
async fn live(clients: &Clients, input: &ExecutionInput, target: &Table) -> anyhow::Result<(String, Found)> {
    let seen = RestoreSummary::from_table(&target.description);
    let origin = Origin::new(input, seen.as_ref(), target);
    let source_arn = source(input, origin.as_ref(), target).map_err(|error| Unusable(error.to_string()))?;
    let wanted = Wanted {
        source_arn: &source_arn,
        origin: origin.as_ref().filter(|origin| origin.is_of(&source_arn)),
        role_arn: role(input, "", &source_arn, target).map_err(|error| Unusable(error.to_string()))?,
        bucket: "",
        now: Clock::System.now(),
    };
    let moment = wanted.moment(clients).await.context("cannot find out when the backup was made")?;
    let found = wanted.live(clients, moment, |name| why_off(input, name).is_none()).await;
    match found.with_context(|| format!("the source table {source_arn} cannot be read"))? {
        Some(found) => Ok((source_arn, found)),
        None => bail!(
            "the source table {source_arn} was not found; it may have been deleted or created again. If \
             its settings were captured, give the settings document with --document"
        ),
    }
}

/// Returns why a setting is not planned; `None` if it is.
fn why_off(input: &ExecutionInput, name: SettingName) -> Option<&'static str> {
    match input.settings.as_ref().and_then(|settings| settings.get(&name)) {
        Some(true) => None,
        Some(false) => Some(SWITCHED_OFF),
        None => input.profile.unwrap_or(Profile::Copy).why_off(name, name.is_on_by_default()),
    }
}

fn read_document(name: &str) -> anyhow::Result<Found> {
    let read = event_file::read_document(name)?;
    let document = SettingsDocument::read(read.text.as_bytes()).map_err(|reason| {
        let version = document::VERSION;
        Unusable(format!("{} is not a settings document of version {version}: {reason}", read.what))
    })?;
    Ok(Found::from_document(document, SourceKind::SettingsDocument, read.what))
}

impl Arguments {
    /// Returns whether the arguments switch a setting on or off; `None` if profile and defaults decide.
    fn asked_of(&self, name: SettingName) -> Option<bool> {
        match self.setting.as_slice() {
            [] => self.skip.contains(&name).then_some(false),
            chosen => Some(chosen.contains(&name)),
        }
    }

    /// Returns the equivalent input of an execution.
    fn execution_input(&self) -> ExecutionInput {
        let settings = SettingName::ALL.iter().filter_map(|name| Some((*name, self.asked_of(*name)?)));
        ExecutionInput {
            backup_arn: self.backup_arn.clone(),
            profile: Some(self.settings_profile),
            settings: Some(settings.collect()),
            remove_extra: Some(self.remove_extra),
            source_role_arn: self.source_role_arn.clone(),
            ..ExecutionInput::from_restore(self.source.clone(), self.target.clone())
        }
    }
}

impl Plan {
    fn of(&self, outcome: Outcome) -> impl Iterator<Item = &SettingReport> {
        self.settings.iter().filter(move |report| report.outcome == outcome)
    }
}

fn profile() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(["copy", "replacement"]).try_map(|name| name.parse::<Profile>())
}

fn setting_name() -> impl TypedValueParser<Value = SettingName> {
    let names = SettingName::ALL.iter().map(|name| name.as_str());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<SettingName>())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn switched_on(line: &str) -> Vec<&'static str> {
        let line = Line::try_parse_from(["sync", "--target", "t-1"].into_iter().chain(line.split(' ')));
        let input = line.unwrap().arguments.execution_input();
        let on = SettingName::ALL.iter().filter(|name| why_off(&input, **name).is_none());
        on.map(|name| name.as_str()).collect()
    }

    #[test]
    fn settings_are_the_profiles_defaults_unless_named_or_skipped() {
        let of_a_copy = switched_on("--remove-extra");
        assert_eq!(of_a_copy.len(), SettingName::ALL.len() - 5);
        assert!(!of_a_copy.contains(&"LambdaTriggers") && !of_a_copy.contains(&"Alarms"));
        assert_eq!(switched_on("--settings-profile replacement").len(), SettingName::ALL.len() - 2);
        assert_eq!(switched_on("--setting Alarms Tags,TimeToLive"), ["Tags", "Alarms", "TimeToLive"]);
        let skipped = switched_on("--settings-profile replacement --skip Tags");
        assert_eq!(skipped.len(), SettingName::ALL.len() - 3);
        assert!(!skipped.contains(&"Tags") && !skipped.contains(&"Alarms"));
    }

    #[test]
    fn contradictory_arguments_are_refused() {
        for line in ["--setting Tags --skip Stream", "--document d.json --source orders", "--setting"] {
            let line = ["sync", "--target", "t-1"].into_iter().chain(line.split(' '));
            assert!(Line::try_parse_from(line).is_err());
        }
    }
}
