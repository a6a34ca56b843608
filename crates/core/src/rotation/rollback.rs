//! Finds the table that a rollback points the SSM parameter at. Makes no AWS calls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pointer::{Description, History, NOT_VERIFIED, Version};
use crate::aws::arn::{Arn, is_table_name, table_arn};
use crate::input::InvalidInput;
use crate::text::quoted;

/// The word for the version that was current before.
pub const PREVIOUS: &str = "previous";

/// The input of an execution of `rollback`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// Name of the SSM parameter to move.
    #[serde(rename = "SSMParameterName")]
    pub ssm_parameter_name: String,
    /// Where to move it: `"previous"`, the number of a version, or the name or ARN of a table.
    pub to: To,
    /// Whether rotations leave the parameter alone from then on, until it is unpinned. Default: true. If false, an
    /// earlier pin is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<bool>,
    /// Id of the execution that started this one. Users of Step Functions add it to link the two.
    #[serde(
        rename = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub started_by_execution_id: Option<String>,
}

/// Where a rollback goes.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(
    untagged,
    expecting = "expected \"previous\", the number of a version, or the name or ARN of a table"
)]
pub enum To {
    /// Number of a version of the parameter.
    Version(i64),
    /// `previous`, or the name or ARN of a table.
    Text(String),
}

/// A rollback that was found in the parameter's history. The state machine passes it from step to step, so that a
/// repeated step does not go back once more.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollback {
    /// Name of the SSM parameter.
    pub ssm_parameter_name: String,
    /// Value of the parameter when the execution began.
    pub from_value: String,
    /// Version of the parameter when the execution began.
    pub from_version: i64,
    /// ARN of the table to point at.
    pub table_arn: String,
    /// ARN of the recovery point that the table was made from; null if not known.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "crate::schemas::nullable_string")]
    pub backup: Option<String>,
    /// How the table was compared with its source; `none` if it was not.
    pub verified: String,
    /// Whether the parameter is pinned to the table.
    pub pin: bool,
}

impl Rollback {
    /// Finds the rollback that an input means.
    pub fn find(input: ExecutionInput, history: &History) -> Result<Rollback, InvalidInput> {
        let name = input.ssm_parameter_name;
        let invalid = |field, reason: String| InvalidInput { field, reason };
        let Some(newest) = history.newest() else {
            let reason = format!("is {}, and there is no SSM parameter of that name", quoted(&name));
            return Err(invalid("SSMParameterName", reason));
        };
        let to = |reason: String| invalid("To", reason);
        let value = match &input.to {
            To::Text(text) if text == PREVIOUS => match history.previous() {
                Some(previous) => previous.value.clone(),
                None => {
                    let reason =
                        format!("is \"previous\", but {name} has no retained version with another value");
                    return Err(to(reason));
                }
            },
            To::Text(text) if Arn::parse(text).is_none() && !is_table_name(text) => {
                let reason =
                    "it must be \"previous\", the number of a version, or the name or ARN of a table";
                return Err(to(format!("is {}; {reason}", quoted(text))));
            }
            To::Text(text) => table_arn(text, &newest.value),
            To::Version(number) => match history.version(*number) {
                Some(version) => version.value.clone(),
                None => {
                    let oldest = history.versions.first().map_or(newest.number, |oldest| oldest.number);
                    let newest = newest.number;
                    return Err(to(format!("is {number}; {name} has the versions {oldest} to {newest}")));
                }
            },
        };
        if Arn::parse(&value).and_then(|arn| arn.table_name()).is_none() {
            return Err(to(format!("leads to {}, which is not the ARN of a DynamoDB table", quoted(&value))));
        }
        if value == newest.value {
            return Err(to(format!(
                "leads to {value}, which {name} points at already (version {}); nothing was changed",
                newest.number
            )));
        }
        // What is known of the table, from the version at which the parameter pointed at it.
        let known = history.versions.iter().rfind(|version| version.value == value);
        let known = known.and_then(|version: &Version| version.description.clone());
        let verified = known.as_ref().map_or(NOT_VERIFIED, |known: &Description| known.verified.as_str());
        Ok(Rollback {
            from_value: newest.value.clone(),
            from_version: newest.number,
            table_arn: value,
            verified: verified.to_owned(),
            backup: known.and_then(|known| known.backup),
            pin: input.pin.unwrap_or(true),
            ssm_parameter_name: name,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::fake_aws::arn;

    fn history(values: &[&str]) -> History {
        let version = |(number, value): (i64, &&str)| Version {
            number,
            value: (*value).to_owned(),
            description: None,
            labels: Vec::new(),
            written_at: None,
        };
        History { versions: (4..).zip(values).map(version).collect() }
    }

    fn find(to: Value, values: &[&str]) -> Result<String, String> {
        let input = serde_json::from_value(json!({ "SSMParameterName": "/p", "To": to })).unwrap();
        match Rollback::find(input, &history(values)) {
            Ok(found) => {
                assert!(found.pin);
                Ok(found.table_arn)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_table_is_found_by_version_name_arn_or_as_the_previous_one() {
        let (one, two) = (arn("one"), arn("two"));
        for to in [json!("previous"), json!(4), json!("one"), json!(one)] {
            assert_eq!(find(to, &[&one, &two]), Ok(one.clone()));
        }
        assert_eq!(find(json!("never-pointed-at"), &[&one]), Ok(arn("never-pointed-at")));
    }

    #[test]
    fn what_cannot_be_gone_back_to_is_refused_by_name() {
        let (one, two) = (arn("one"), arn("two"));
        for (to, values, expected) in [
            (json!("previous"), vec![], "SSMParameterName is `/p`, and there is no SSM parameter"),
            (json!("previous"), vec![&*one, &*one], "/p has no retained version with another value"),
            (json!(9), vec![&*one, &*two], "To is 9; /p has the versions 4 to 5"),
            (json!(5), vec![&*one, &*two], "which /p points at already (version 5)"),
            (json!("two"), vec![&*one, &*two], "which /p points at already (version 5)"),
            (json!(4), vec!["x", &*two], "To leads to `x`, which is not the ARN of a DynamoDB table"),
            (json!("a b"), vec![&*one], "To is `a b`; it must be"),
            (json!(format!("{one}/index/i")), vec![&*two], "which is not the ARN of a DynamoDB table"),
        ] {
            let message = find(to, &values).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn another_type_is_refused_with_what_is_expected() {
        let error = serde_json::from_value::<To>(json!([1])).unwrap_err().to_string();
        assert!(error.contains("the number of a version"), "{error}");
    }
}
