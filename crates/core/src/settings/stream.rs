//! The DynamoDB stream: whether one is enabled, and what its records hold.
//!
//! The view type of an enabled stream cannot be changed. The stream is disabled, and another one is enabled.

use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::stored_as;
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;

/// The stream setting.
#[derive(Clone, Copy, Debug)]
pub struct Stream;

/// The view type of an enabled stream, such as `NEW_AND_OLD_IMAGES`; null if none is enabled.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Value {
    /// Content of a record: KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES.
    pub stream_view_type: Option<String>,
}

/// One call of UpdateTable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Enables a stream of this view type.
    Enable(String),
    /// Disables the stream.
    Disable,
}

impl Setting for Stream {
    const NAME: SettingName = SettingName::Stream;
    const IS_OF_UPDATE_TABLE: bool = true;
    type Value = Value;
    type Change = Change;

    stored_as!(stream);

    async fn read(_aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        Ok(Value::from(table.description.stream_specification()))
    }

    fn compare(wanted: &Value, actual: &Value, _target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        match (&wanted.stream_view_type, &actual.stream_view_type) {
            (wanted, actual) if wanted == actual => comparison.same += 1,
            (Some(wanted), None) => {
                comparison.change(format!("enable the stream with {wanted}"), Change::Enable(wanted.clone()));
            }
            (Some(wanted), Some(actual)) => {
                let text = format!("disable the stream with {actual}, to enable one with {wanted}");
                comparison.change(text, Change::Disable);
            }
            (None, _) => comparison.extra("disable the stream", Change::Disable),
        }
        comparison
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        let action = "dynamodb:UpdateTable";
        let stream = StreamSpecification::builder();
        let stream = match change {
            Change::Enable(view) => {
                stream.stream_enabled(true).stream_view_type(StreamViewType::from(view.as_str()))
            }
            Change::Disable => stream.stream_enabled(false),
        };
        let stream = stream.build().map_err(AwsFailure::unbuilt(action))?;
        let update = aws.dynamodb.update_table().table_name(&target.name).stream_specification(stream);
        update.send().await.map(drop).map_err(AwsFailure::from_call(action))
    }
}

impl From<Option<&StreamSpecification>> for Value {
    fn from(stream: Option<&StreamSpecification>) -> Value {
        let enabled = stream.filter(|stream| stream.stream_enabled());
        let view = enabled.and_then(|stream| stream.stream_view_type());
        Value { stream_view_type: view.map(|view| view.as_str().to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table::tests::table;

    fn compare(wanted: Option<&str>, actual: Option<&str>) -> Comparison<Change> {
        let value = |view: Option<&str>| Value { stream_view_type: view.map(str::to_owned) };
        Stream::compare(&value(wanted), &value(actual), &table())
    }

    #[test]
    fn another_view_type_takes_two_steps_and_an_extra_stream_is_left() {
        assert_eq!(
            compare(Some("KEYS_ONLY"), None).changes[0].change,
            Change::Enable("KEYS_ONLY".to_owned())
        );
        assert_eq!(compare(Some("KEYS_ONLY"), Some("NEW_IMAGE")).changes[0].change, Change::Disable);
        let own = compare(None, Some("NEW_IMAGE"));
        assert_eq!((own.changes.len(), own.extra.len()), (0, 1));
        assert_eq!(compare(None, None).same, 1);
    }
}
