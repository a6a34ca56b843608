//! `sync-settings.plan-settings`: what the source has, and in what the target differs.
//!
//! What was found is written to S3, so that the steps behind this one go by the same settings, however long
//! the sync takes and whatever happens to the source meanwhile, and a list of triggers or policies never comes
//! near what an execution's state may hold. Planned again, it is written again.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::table::RestoreSummary;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::settings::profile::{Profile, SWITCHED_OFF};
use tablekeeper_core::settings::report::{Outcome, SettingReport};
use tablekeeper_core::settings::store::Location;
use tablekeeper_core::settings::sync::execution_input::ExecutionInput;
use tablekeeper_core::settings::sync::origin::Origin;
use tablekeeper_core::settings::sync::plan::{Error, role, source};
use tablekeeper_core::settings::sync::source::Wanted;
use tablekeeper_core::settings::{SettingName, store};

use super::Plan;
use crate::step::{Failure, Step};

/// Compares the settings of source and target. Use it before any is applied.
#[derive(Debug)]
pub struct PlanSettings {
    clients: Clients,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The execution: the document of the sync is named after it.
    pub execution_arn: String,
    /// The execution's input.
    pub execution_input: ExecutionInput,
    /// When this step was begun: the table may have taken days until then, and the settings' time counts from here.
    pub started_at: DateTime<Utc>,
    /// What DynamoDB said of the restore while the table was being made; null where nobody looked in time.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable::<RestoreSummary>")]
    pub restore_summary: Option<RestoreSummary>,
    /// What the target is to its source where the input does not say: the template's parameter.
    pub profile: Profile,
    /// Which settings the template's parameters switch on, by name.
    #[schemars(schema_with = "a_switch_for_each_setting")]
    pub enabled: BTreeMap<SettingName, Switch>,
    /// Whether the template's parameter lets settings of the target's own be removed.
    pub remove_extra: Switch,
    /// How long a setting may take that AWS does not take yet: the template's parameter, 1 to 1440.
    pub setting_timeout_minutes: String,
    /// The role that sources in another account are read with; empty for none.
    pub source_role_arn: String,
    /// The bucket of settings documents.
    pub settings_bucket: String,
}

/// An object with a switch for each setting, and nothing else: a map would let a misspelt name pass.
fn a_switch_for_each_setting(generator: &mut SchemaGenerator) -> Schema {
    let switch = generator.subschema_for::<Switch>();
    let names = SettingName::ALL.iter().map(|name| name.as_str());
    let properties: BTreeMap<&str, Schema> = names.clone().map(|name| (name, switch.clone())).collect();
    let required: Vec<&str> = names.collect();
    schemars::json_schema!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false
    })
}

/// A template's parameter that is on or off. Both are taken in capitals as well.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = in_capitals_too)]
pub enum Switch {
    /// On.
    #[serde(alias = "TRUE")]
    True,
    /// Off.
    #[serde(alias = "FALSE")]
    False,
}

/// The derived schema does not know of aliases.
fn in_capitals_too(schema: &mut Schema) {
    schema.remove("oneOf");
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), serde_json::json!(["true", "false", "TRUE", "FALSE"]));
}

/// What is to be done.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// What the sync goes by.
    pub plan: Plan,
    /// The settings that have to be changed, in the order in which they can be.
    #[schemars(length(max = 14))]
    pub changes: Vec<SettingToApply>,
    /// What is planned for every setting.
    #[schemars(length(max = 14))]
    pub settings: Vec<SettingReport>,
}

/// A setting that has to be changed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingToApply {
    /// The setting's name.
    pub setting: SettingName,
}

/// A plan that is not made until then was tried again and again.
const A_FEW_TRIES: TimeDelta = TimeDelta::minutes(5);

impl Step for PlanSettings {
    const NAME: &'static str = "sync-settings.plan-settings";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[ErrorName::InvalidSettingsDocument, ErrorName::SourceTableMissing, ErrorName::TargetTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanSettings, Failure> {
        Ok(PlanSettings { clients: clients.clone(), clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let wanted = &input.execution_input;
        wanted.validate()?;
        let now = self.clock.now();
        // Tries that failed may have taken hours, which are not to be missing where settings are changed.
        let started_at = if now - input.started_at > A_FEW_TRIES { now } else { input.started_at };
        let deadline = started_at + wanted.setting_timeout(&input.setting_timeout_minutes)?;
        let aws = self.clients.settings();
        let Some(target) = aws.describe(&wanted.target).await? else {
            return Err(Error::TargetTableMissing(wanted.target.clone()));
        };
        let origin = Origin::new(wanted, input.restore_summary.as_ref(), &target);
        let source = source(wanted, origin.as_ref(), &target)?;
        let find = Wanted {
            source_arn: &source,
            origin: origin.as_ref().filter(|origin| origin.is_of(&source)),
            role_arn: role(wanted, &input.source_role_arn, &source, &target)?,
            bucket: &input.settings_bucket,
            now,
        };
        let why_off = |name| why_off(&input, name);
        let found = find.find(&self.clients, |name| why_off(name).is_none()).await?;
        let location = location(&input);
        store::put(&self.clients.s3(), &location, &found.document).await?;
        let remove_extra = wanted.remove_extra.unwrap_or(input.remove_extra == Switch::True);
        let settings = found.plan(&aws, &target, why_off, remove_extra).await?;
        let to_apply = settings.iter().filter(|report| report.outcome == Outcome::Planned);
        let changes = to_apply.map(|report| SettingToApply { setting: report.setting }).collect();
        let plan = Plan {
            source,
            target: target.arn,
            settings_from: found.from,
            document: location,
            remove_extra,
            started_at,
            deadline,
        };
        Ok(Output { plan, changes, settings })
    }
}

/// Why a setting is left alone; `None` where it is carried over. What the input says of it by name comes first.
fn why_off(input: &Input, name: SettingName) -> Option<&'static str> {
    let profile = input.execution_input.profile.unwrap_or(input.profile);
    let asked = input.execution_input.settings.as_ref().and_then(|settings| settings.get(&name).copied());
    match asked {
        Some(true) => None,
        Some(false) => Some(SWITCHED_OFF),
        None => profile.why_off(name, input.enabled.get(&name) == Some(&Switch::True)),
    }
}

/// Where the document of this sync lies; named after the execution, so that a repetition writes it again.
fn location(input: &Input) -> Location {
    let execution = input.execution_arn.rsplit(':').next().unwrap_or_default();
    Location { bucket: input.settings_bucket.clone(), key: format!("syncs/{execution}.json") }
}

#[cfg(test)]
mod tests;
