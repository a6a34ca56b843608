//! The input of an execution of `retire-copies`, from a schedule or from a person.
//!
//! `{}` takes everything from the parameters of the template, as the schedule does.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RetireConfig;
use super::copies::Bases;
use crate::aws::arn::Arn;
use crate::aws::table_selection::{
    Selection, SelectionError, field, hours_of, named_in, names_of, pattern_of,
};
use crate::text::quoted;

/// Maximum of `Keep` and of `OlderThanDays`.
const MOST: u32 = 10_000;
/// Maximum number of prefixes, and of state machines. They are part of the state of the execution.
const LONGEST_LIST: usize = 50;

/// The input of an execution of `retire-copies`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct ExecutionInput {
    /// Name of the copies of one table, without the time at its end: `orders-staging`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_name: Option<String>,
    /// Names of the copies of several tables, without the times.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 150))]
    pub table_names: Option<Vec<String>>,
    /// Regular expression for the names of copies without the time. It matches anywhere in the name unless it is
    /// anchored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_name_pattern: Option<String>,
    /// Keeps the newest N copies of each table, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<i64>,
    /// Keeps copies that were made less than N days ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_than_days: Option<i64>,
    /// Prefixes of the names of the SSM parameters that may point at copies. Without any, all parameters of the account
    /// and Region are read. A parameter with another name is not seen.
    #[serde(rename = "SSMParameterPrefixes", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    pub ssm_parameter_prefixes: Option<Vec<String>>,
    /// ARNs of the state machines whose running executions protect the copies that they work on.
    #[serde(rename = "StateMachineARNs", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    pub state_machine_arns: Option<Vec<String>>,
    /// Whether a backup of each copy is made, and available, before the copy is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_up: Option<bool>,
    /// Whether copies are deleted. If not true, the execution only reports which it would delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete: Option<bool>,
}

/// Parameters of the template, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// Comma-separated names of copies without the times; may be empty.
    pub table_names: String,
    /// Regular expression for the names of copies without the times; may be empty.
    pub table_name_pattern: String,
    /// Number of newest copies to keep, at least 1.
    pub keep: String,
    /// Age in days below which copies stay.
    pub older_than_days: String,
    /// Comma-separated prefixes of parameters; empty for all parameters.
    pub ssm_parameter_prefixes: String,
    /// Comma-separated ARNs of state machines; may be empty.
    pub state_machine_arns: String,
    /// Whether a backup of each copy is made first: `true` or `false`.
    pub back_up: String,
    /// Whether copies are deleted: `true` or `false`.
    pub delete: String,
    /// How long a backup may take, in hours: 1 to 168.
    pub backup_timeout_hours: String,
}

impl ExecutionInput {
    /// Returns the tables that the input selects, or else the template. Refuses an input with more than one selection.
    pub fn bases(&self, defaults: &Defaults) -> Result<Bases, SelectionError> {
        let one = self.table_name.clone().map(|name| vec![name]);
        let asked: Vec<_> = [
            one.map(|names| names_of("TableName", names)),
            self.table_names.clone().map(|names| names_of("TableNames", names)),
            self.table_name_pattern.as_deref().map(|pattern| match pattern {
                "" => Err(field("TableNamePattern", "is empty; .* selects the copies of all tables")),
                pattern => pattern_of(pattern),
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        let asked = if asked.is_empty() { defaults.selections() } else { asked };
        let mut asked = asked.into_iter();
        match (asked.next(), asked.next()) {
            (Some(Ok(Selection::Names(names))), None) => Ok(Bases::Names(names)),
            (Some(Ok(Selection::Pattern(pattern))), None) => Ok(Bases::Pattern(pattern)),
            (Some(Err(error)), None) => Err(error),
            (None | Some(Ok(Selection::Tag { .. })), _) => Err(field(
                "TableName",
                "is missing, and so are TableNames and TableNamePattern, in the input and in the template's \
                 parameters; one of them must select the copies",
            )),
            (Some(_), Some(_)) => Err(field(
                "TableName",
                "is not the only selection of copies; use one of TableName, TableNames and TableNamePattern",
            )),
        }
    }

    /// Returns the options of the execution, of the input or else of the template.
    pub fn config(
        &self,
        defaults: &Defaults,
        started_at: DateTime<Utc>,
    ) -> Result<RetireConfig, SelectionError> {
        let timeout = hours_of("BackupTimeoutHours", &defaults.backup_timeout_hours)?;
        Ok(RetireConfig {
            keep: number("Keep", self.keep, &defaults.keep, 1)?,
            older_than_days: number("OlderThanDays", self.older_than_days, &defaults.older_than_days, 0)?,
            parameter_prefixes: self.prefixes(defaults)?,
            state_machine_arns: self.machines(defaults)?,
            back_up: switch("BackUp", self.back_up, &defaults.back_up)?,
            delete: switch("Delete", self.delete, &defaults.delete)?,
            started_at,
            deadline: started_at + timeout,
        })
    }

    fn prefixes(&self, defaults: &Defaults) -> Result<Vec<String>, SelectionError> {
        let given = self.ssm_parameter_prefixes.clone();
        let prefixes = given.unwrap_or_else(|| named_in(&defaults.ssm_parameter_prefixes));
        if prefixes.iter().any(String::is_empty) {
            return Err(field(
                "SSMParameterPrefixes",
                "has an empty prefix; leave the list out for all parameters",
            ));
        }
        not_too_many("SSMParameterPrefixes", prefixes)
    }

    fn machines(&self, defaults: &Defaults) -> Result<Vec<String>, SelectionError> {
        let given = self.state_machine_arns.clone();
        let arns = given.unwrap_or_else(|| named_in(&defaults.state_machine_arns));
        let is_machine = |arn: &String| {
            Arn::parse(arn)
                .is_some_and(|arn| arn.service == "states" && arn.resource.starts_with("stateMachine:"))
        };
        match arns.iter().find(|arn| !is_machine(arn)) {
            Some(wrong) => Err(field(
                "StateMachineARNs",
                format!(
                    "has {}; it must be the ARN of a state machine, such as \
                     arn:aws:states:eu-west-1:123456789012:stateMachine:rotate-restore",
                    quoted(wrong)
                ),
            )),
            None => not_too_many("StateMachineARNs", arns),
        }
    }
}

fn number(of: &'static str, asked: Option<i64>, default: &str, least: u32) -> Result<u32, SelectionError> {
    let value = asked.map_or_else(|| default.trim().to_owned(), |value| value.to_string());
    match value.parse::<u32>() {
        Ok(number) if (least..=MOST).contains(&number) => Ok(number),
        _ => Err(field(of, format!("is {}; it must be between {least} and {MOST}", quoted(&value)))),
    }
}

fn not_too_many(of: &'static str, list: Vec<String>) -> Result<Vec<String>, SelectionError> {
    match list.len() {
        0..=LONGEST_LIST => Ok(list),
        many => Err(field(of, format!("has {many} entries; it must have at most {LONGEST_LIST}"))),
    }
}

fn switch(of: &'static str, asked: Option<bool>, default: &str) -> Result<bool, SelectionError> {
    match (asked, default) {
        (Some(asked), _) => Ok(asked),
        (None, "true") => Ok(true),
        (None, "false") => Ok(false),
        (None, other) => Err(field(of, format!("is {}; it must be true or false", quoted(other)))),
    }
}

impl Defaults {
    fn selections(&self) -> Vec<Result<Selection, SelectionError>> {
        let names = named_in(&self.table_names);
        let pattern = Some(&self.table_name_pattern).filter(|pattern| !pattern.is_empty());
        let names = (!names.is_empty()).then(|| names_of("TableNames", names));
        names.into_iter().chain(pattern.map(|pattern| pattern_of(pattern))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::retire::decision::testing::now;

    fn defaults() -> Defaults {
        let text = str::to_owned;
        Defaults {
            keep: text("3"),
            older_than_days: text("7"),
            back_up: text("true"),
            delete: text("false"),
            backup_timeout_hours: text("24"),
            ..Defaults::default()
        }
    }

    fn config(given: Value) -> Result<RetireConfig, String> {
        let input: ExecutionInput = serde_json::from_value(given).unwrap();
        input.config(&defaults(), now()).map_err(|error| error.to_string())
    }

    fn selected(given: Value, defaults: &Defaults) -> String {
        let input: ExecutionInput = serde_json::from_value(given).unwrap();
        match input.bases(defaults) {
            Ok(Bases::Names(names)) => names.join(" "),
            Ok(Bases::Pattern(pattern)) => format!("/{pattern}/"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn exactly_one_selection_is_accepted() {
        let of_template = Defaults { table_names: " abc, bcd ,".to_owned(), ..defaults() };
        assert_eq!(selected(json!({}), &of_template), "abc bcd");
        assert_eq!(selected(json!({ "TableName": "orders" }), &of_template), "orders");
        assert_eq!(selected(json!({ "TableNames": ["bcd", "abc", "bcd"] }), &defaults()), "bcd abc");
        assert_eq!(selected(json!({ "TableNamePattern": "-staging$" }), &defaults()), "/-staging$/");
        for (wrong, expected) in [
            (json!({}), "TableName is missing, and so are"),
            (json!({ "TableName": "abc", "TableNamePattern": "a" }), "TableName is not the only selection"),
            (json!({ "TableNames": [] }), "TableNames is empty"),
            (json!({ "TableNamePattern": "(" }), "TableNamePattern `(` is not a regular expression"),
        ] {
            assert!(selected(wrong.clone(), &defaults()).starts_with(expected), "{wrong}");
        }
    }

    #[test]
    fn nothing_is_deleted_by_default() {
        let config = config(json!({})).unwrap();
        assert!(!config.delete && config.back_up);
        assert_eq!((config.keep, config.older_than_days), (3, 7));
        assert_eq!(config.deadline - config.started_at, chrono::TimeDelta::hours(24));
    }

    #[test]
    fn invalid_options_are_refused() {
        for (wrong, expected) in [
            (json!({ "Keep": 0 }), "Keep is `0`; it must be between 1 and 10000"),
            (json!({ "OlderThanDays": -1 }), "OlderThanDays is `-1`; it must be between 0 and 10000"),
            (json!({ "SSMParameterPrefixes": [""] }), "SSMParameterPrefixes has an empty prefix"),
            (
                json!({ "SSMParameterPrefixes": vec!["/p"; 51] }),
                "SSMParameterPrefixes has 51 entries; it must",
            ),
            (
                json!({ "StateMachineARNs": ["rotate-restore"] }),
                "StateMachineARNs has `rotate-restore`; it must be the ARN of a state machine",
            ),
        ] {
            let refusal = config(wrong.clone()).unwrap_err();
            assert!(refusal.starts_with(expected), "{wrong}: {refusal}");
        }
        let wrong = Defaults { delete: "yes".to_owned(), ..defaults() };
        let refusal = ExecutionInput::default().config(&wrong, now()).unwrap_err().to_string();
        assert_eq!(refusal, "Delete is `yes`; it must be true or false");
    }
}
