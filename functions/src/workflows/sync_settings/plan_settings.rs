//! `sync-settings.plan-settings`: finds the settings of the source, and the differences of the target.
//!
//! The step writes the settings to S3. So the later steps use the same settings, however long the sync takes and
//! whatever happens to the source during that time. And a list of triggers or policies never approaches the size limit
//! of an execution's state. If the step runs again, it writes the document again.

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

/// The step that compares the settings of source and target before any is applied.
#[derive(Debug)]
pub struct PlanSettings {
    clients: Clients,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution. The document of the sync is named after it.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Time when this step first began. The timeout of the settings counts from here, because the table may have taken
    /// days until then.
    pub started_at: DateTime<Utc>,
    /// What DynamoDB reported about the restore while the table was being made; null if no poll came in time.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable::<RestoreSummary>")]
    pub restore_summary: Option<RestoreSummary>,
    /// What the target is to its source, if the input does not say it: the template's parameter.
    pub profile: Profile,
    /// The template's switch for each setting, by name.
    #[schemars(schema_with = "a_switch_for_each_setting")]
    pub enabled: BTreeMap<SettingName, Switch>,
    /// Whether settings that only the target has may be removed: the template's parameter.
    pub remove_extra: Switch,
    /// How long to retry a setting that AWS does not accept yet, in minutes: the template's parameter, 1 to 1440.
    pub setting_timeout_minutes: String,
    /// ARN of the role for reading sources in another account; empty for none.
    pub source_role_arn: String,
    /// Name of the bucket of settings documents.
    pub settings_bucket: String,
}

/// Returns the schema of an object with a switch for each setting and nothing else. A map would accept a misspelt name.
fn a_switch_for_each_setting(generator: &mut SchemaGenerator) -> Schema {
    let switch = generator.subschema_for::<Switch>();
    let names = SettingName::ALL.iter().map(|name| name.as_str());
    let properties: BTreeMap<&str, Schema> = names.clone().map(|name| (name, switch.clone())).collect();
    let required: Vec<&str> = names.collect();
    schemars::json_schema!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false
    })
}

/// A template's parameter that is on or off. Both values are accepted in capitals as well.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = in_capitals_too)]
pub enum Switch {
    /// The parameter is on.
    #[serde(alias = "TRUE")]
    True,
    /// The parameter is off.
    #[serde(alias = "FALSE")]
    False,
}

/// Adds the spellings in capitals, because the derived schema ignores aliases.
fn in_capitals_too(schema: &mut Schema) {
    schema.remove("oneOf");
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), serde_json::json!(["true", "false", "TRUE", "FALSE"]));
}

/// The plan, and what is to be changed.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The plan of the sync.
    pub plan: Plan,
    /// Settings to change, in the order in which they can be changed.
    #[schemars(length(max = 14))]
    pub changes: Vec<SettingToApply>,
    /// What is planned for each setting.
    #[schemars(length(max = 14))]
    pub settings: Vec<SettingReport>,
}

/// A setting that has to be changed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingToApply {
    /// Name of the setting.
    pub setting: SettingName,
}

/// If planning takes longer than this, the step was retried many times.
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
        // Failed attempts may have taken hours. That time must not be missing when settings are changed.
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

/// Returns why a setting is left alone; `None` if it is copied. A switch in the input overrides the template's.
fn why_off(input: &Input, name: SettingName) -> Option<&'static str> {
    let profile = input.execution_input.profile.unwrap_or(input.profile);
    let asked = input.execution_input.settings.as_ref().and_then(|settings| settings.get(&name).copied());
    match asked {
        Some(true) => None,
        Some(false) => Some(SWITCHED_OFF),
        None => profile.why_off(name, input.enabled.get(&name) == Some(&Switch::True)),
    }
}

/// Returns the location of the document of this sync. It is named after the execution, so a repetition overwrites it.
fn location(input: &Input) -> Location {
    let execution = input.execution_arn.rsplit(':').next().unwrap_or_default();
    Location { bucket: input.settings_bucket.clone(), key: format!("syncs/{execution}.json") }
}

#[cfg(test)]
mod tests;
