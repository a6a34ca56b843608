//! Time to Live: the attribute with the time at which an item expires.
//!
//! DynamoDB accepts one change per hour ("Enable TTL", developer guide), or per about 31 minutes as measured
//! (DDB-TABLE-143). Until then it refuses a second change, which must be retried later. Changing the attribute takes
//! two changes.

use aws_sdk_dynamodb::types::{TimeToLiveDescription, TimeToLiveSpecification, TimeToLiveStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::stored_as;
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;

/// The Time to Live setting.
#[derive(Clone, Copy, Debug)]
pub struct TimeToLive;

/// The attribute of a table with Time to Live.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Value {
    /// Name of the attribute with the expiry time; null if items do not expire.
    pub attribute_name: Option<String>,
}

/// One call of UpdateTimeToLive, with the attribute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Enables Time to Live.
    Enable(String),
    /// Disables Time to Live.
    Disable(String),
}

impl Setting for TimeToLive {
    const NAME: SettingName = SettingName::TimeToLive;
    type Value = Value;
    type Change = Change;

    stored_as!(time_to_live);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let describe = aws.dynamodb.describe_time_to_live().table_name(&table.name).send().await;
        let response = describe.map_err(AwsFailure::from_call("dynamodb:DescribeTimeToLive"))?;
        Ok(Value::from(response.time_to_live_description.as_ref()))
    }

    fn compare(wanted: &Value, actual: &Value, _target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        match (&wanted.attribute_name, &actual.attribute_name) {
            (wanted, actual) if wanted == actual => comparison.same += 1,
            (Some(wanted), None) => {
                comparison.change(format!("expire items by {wanted}"), Change::Enable(wanted.clone()));
            }
            (Some(wanted), Some(actual)) => {
                let text = format!("stop expiring items by {actual}, to expire them by {wanted}");
                comparison.change(text, Change::Disable(actual.clone()));
            }
            (None, Some(actual)) => {
                let text = format!("stop expiring items by {actual}");
                comparison.extra(text, Change::Disable(actual.clone()));
            }
            (None, None) => {}
        }
        comparison
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        let action = "dynamodb:UpdateTimeToLive";
        let (enabled, attribute) = match change {
            Change::Enable(attribute) => (true, attribute),
            Change::Disable(attribute) => (false, attribute),
        };
        let specification = TimeToLiveSpecification::builder().enabled(enabled).attribute_name(attribute);
        let specification = specification.build().map_err(AwsFailure::unbuilt(action))?;
        let update = aws.dynamodb.update_time_to_live().table_name(&target.name);
        let updated = update.time_to_live_specification(specification).send().await;
        updated.map(drop).map_err(AwsFailure::from_call(action))
    }
}

impl From<Option<&TimeToLiveDescription>> for Value {
    fn from(description: Option<&TimeToLiveDescription>) -> Value {
        let on = |status: &TimeToLiveStatus| {
            matches!(status, TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        };
        let description = description.filter(|description| description.time_to_live_status().is_some_and(on));
        Value {
            attribute_name: description
                .and_then(|description| description.attribute_name())
                .map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table::tests::table;

    #[test]
    fn another_attribute_takes_two_changes() {
        let value = |name: Option<&str>| Value { attribute_name: name.map(str::to_owned) };
        let compare = |wanted, actual| TimeToLive::compare(&value(wanted), &value(actual), &table());
        assert_eq!(compare(Some("a"), Some("b")).changes[0].change, Change::Disable("b".to_owned()));
        assert_eq!(compare(Some("a"), None).changes[0].change, Change::Enable("a".to_owned()));
        assert_eq!((compare(None, Some("b")).changes.len(), compare(None, Some("b")).extra.len()), (0, 1));
        assert!(compare(Some("a"), Some("a")).changes.is_empty());
    }

    #[test]
    fn an_attribute_that_is_being_disabled_is_off() {
        let description = |status: TimeToLiveStatus| {
            let description =
                TimeToLiveDescription::builder().attribute_name("a").time_to_live_status(status);
            Value::from(Some(&description.build())).attribute_name
        };
        assert_eq!(description(TimeToLiveStatus::Disabling), None);
        assert_eq!(description(TimeToLiveStatus::Enabling).as_deref(), Some("a"));
    }
}
