//! The input of an execution of `backup-prune`, from a schedule or from a person.
//!
//! `{"TableName": "Movies"}` is enough, and works for the predecessor of this workflow, too. `{}` takes everything from
//! the parameters of the template, as the schedule does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::aws::table_selection::{Selection, SelectionError};

use crate::aws::table_selection::{ValueCase, field, named_in, names_of, pattern_of, tag_of};
use crate::prune::retention::{Others, Retention};
use crate::text::quoted;

/// The input of an execution of `backup-prune`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct ExecutionInput {
    /// Name of one table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_name: Option<String>,
    /// Names of several tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 150))]
    pub table_names: Option<Vec<String>>,
    /// Regular expression for the names of tables. It matches anywhere in the name unless it is anchored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_name_pattern: Option<String>,
    /// Tag of the tables to prune, as `key=value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_tag: Option<String>,
    /// Retains the newest N backups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_backups: Option<i64>,
    /// Retains backups younger than N days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<i64>,
    /// Retains the newest backup of each of the last N days with a backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_backups: Option<i64>,
    /// Retains the newest backup of each of the last N weeks with a backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekly_backups: Option<i64>,
    /// Retains the newest backup of each of the last N months with a backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_backups: Option<i64>,
    /// Retains the newest backup of each of the last N years with a backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yearly_backups: Option<i64>,
    /// Whether backups of the predecessor of this workflow, named `<table>-YYYYMMDDHHMMSS`, count like the workflow's
    /// own, and may be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_former: Option<bool>,
    /// Whether backups that were made by hand count like the workflow's own, and may be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_manual: Option<bool>,
}

/// Parameters of the template, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// Comma-separated names of tables; may be empty.
    pub table_names: String,
    /// Regular expression for the names of tables; may be empty.
    pub table_name_pattern: String,
    /// Tag of the tables to prune, as `key=value`; may be empty.
    pub table_tag: String,
    /// Number of newest backups to retain, at least 1.
    pub max_backups: String,
    /// Age in days below which backups are retained; 0 turns the rule off.
    pub max_age_days: String,
    /// Number of days to retain a backup of; 0 turns the rule off.
    pub daily_backups: String,
    /// Number of weeks to retain a backup of; 0 turns the rule off.
    pub weekly_backups: String,
    /// Number of months to retain a backup of; 0 turns the rule off.
    pub monthly_backups: String,
    /// Number of years to retain a backup of; 0 turns the rule off.
    pub yearly_backups: String,
    /// Whether backups of the predecessor of this workflow count: `true` or `false`.
    pub include_former: String,
    /// Whether backups that were made by hand count: `true` or `false`.
    pub include_manual: String,
}

impl ExecutionInput {
    /// Returns the tables that the input selects, or else the template. Refuses an input with more than one selection.
    pub fn selection(&self, defaults: &Defaults) -> Result<Selection, SelectionError> {
        let one = self.table_name.clone().map(|name| vec![name]);
        let asked: Vec<Result<Selection, SelectionError>> = [
            one.map(|names| names_of("TableName", names)),
            self.table_names.clone().map(|names| names_of("TableNames", names)),
            self.table_name_pattern.as_deref().map(pattern_of),
            self.table_tag.as_deref().map(|tag| tag_of(tag, ValueCase::Exact)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let asked = if asked.is_empty() { defaults.selections() } else { asked };
        let mut asked = asked.into_iter();
        match (asked.next(), asked.next()) {
            (Some(selection), None) => selection,
            (None, _) => Err(field(
                "TableName",
                "is missing, and so are TableNames, TableNamePattern and TableTag, in the input and in the template's \
                 parameters; one of them must select the tables",
            )),
            (Some(_), Some(_)) => Err(field(
                "TableName",
                "is not the only selection of tables; use one of TableName, TableNames, TableNamePattern and TableTag",
            )),
        }
    }

    /// Returns the retention rules of the input, or else of the template.
    pub fn retention(&self, defaults: &Defaults) -> Result<Retention, SelectionError> {
        let rule = |name: &'static str, asked: Option<i64>, default: &str, least: u32| {
            let value = asked.map_or_else(|| default.trim().to_owned(), |value| value.to_string());
            match value.parse::<u32>() {
                Ok(number) if (least..=MOST).contains(&number) => Ok(number),
                _ => {
                    Err(field(name, format!("is {}; it must be between {least} and {MOST}", quoted(&value))))
                }
            }
        };
        Ok(Retention {
            max_backups: rule("MaxBackups", self.max_backups, &defaults.max_backups, 1)?,
            max_age_days: rule("MaxAgeDays", self.max_age_days, &defaults.max_age_days, 0)?,
            daily: rule("DailyBackups", self.daily_backups, &defaults.daily_backups, 0)?,
            weekly: rule("WeeklyBackups", self.weekly_backups, &defaults.weekly_backups, 0)?,
            monthly: rule("MonthlyBackups", self.monthly_backups, &defaults.monthly_backups, 0)?,
            yearly: rule("YearlyBackups", self.yearly_backups, &defaults.yearly_backups, 0)?,
        })
    }

    /// Returns which backups count in addition to the workflow's own.
    pub fn others(&self, defaults: &Defaults) -> Result<Others, SelectionError> {
        let switch = |name, asked: Option<bool>, default: &str| match (asked, default) {
            (Some(asked), _) => Ok(asked),
            (None, "true") => Ok(true),
            (None, "false") => Ok(false),
            (None, other) => Err(field(name, format!("is {}; it must be true or false", quoted(other)))),
        };
        Ok(Others {
            former: switch("IncludeFormer", self.include_former, &defaults.include_former)?,
            manual: switch("IncludeManual", self.include_manual, &defaults.include_manual)?,
        })
    }
}

/// Maximum value of a rule: a backup per day for 27 years.
const MOST: u32 = 10_000;

impl Defaults {
    fn selections(&self) -> Vec<Result<Selection, SelectionError>> {
        let names = named_in(&self.table_names);
        let given = |text: &str| !text.is_empty();
        [
            (!names.is_empty()).then(|| names_of("TableNames", names)),
            given(&self.table_name_pattern).then(|| pattern_of(&self.table_name_pattern)),
            given(&self.table_tag).then(|| tag_of(&self.table_tag, ValueCase::Exact)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(crate) fn defaults() -> Defaults {
        let text = str::to_owned;
        Defaults {
            table_names: String::new(),
            table_name_pattern: String::new(),
            table_tag: String::new(),
            max_backups: text("3"),
            max_age_days: text("0"),
            daily_backups: text("0"),
            weekly_backups: text("0"),
            monthly_backups: text("0"),
            yearly_backups: text("0"),
            include_former: text("false"),
            include_manual: text("false"),
        }
    }

    fn input(input: Value) -> ExecutionInput {
        serde_json::from_value(input).unwrap()
    }

    #[test]
    fn exactly_one_table_selection_is_accepted() {
        let names = |given: Value, defaults: &Defaults| match input(given).selection(defaults) {
            Ok(Selection::Names(names)) => names.join(" "),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(names(json!({ "TableName": "Movies" }), &defaults()), "Movies");
        assert_eq!(names(json!({ "TableNames": ["bcd", "abc", "bcd"] }), &defaults()), "bcd abc");
        let by_template = Defaults { table_names: " abc, bcd ,".to_owned(), ..defaults() };
        assert_eq!(names(json!({}), &by_template), "abc bcd");
        assert_eq!(names(json!({ "TableName": "Movies" }), &by_template), "Movies");
        for (wrong, expected) in [
            (json!({}), "TableName is missing, and so are"),
            (json!({ "TableName": "abc", "TableTag": "a=b" }), "TableName is not the only selection"),
            (json!({ "TableNames": [] }), "TableNames is empty"),
            (
                json!({ "TableName": "a b" }),
                "TableName has `a b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
            ),
            (json!({ "TableTag": "backup" }), "TableTag is `backup`; it must have the form key=value"),
            (json!({ "TableNamePattern": "(" }), "TableNamePattern `(` is not a regular expression"),
        ] {
            assert!(
                names(wrong.clone(), &defaults()).starts_with(expected),
                "{wrong}: {}",
                names(wrong.clone(), &defaults())
            );
        }
    }

    #[test]
    fn invalid_retention_is_refused() {
        let retention = |given: Value| input(given).retention(&defaults()).map_err(|error| error.to_string());
        assert_eq!(retention(json!({})).unwrap().max_backups, 3);
        assert_eq!(retention(json!({ "MaxBackups": 5, "DailyBackups": 7 })).unwrap().daily, 7);
        for (wrong, expected) in [
            (json!({ "MaxBackups": 0 }), "MaxBackups is `0`; it must be between 1 and 10000"),
            (json!({ "MaxBackups": -1 }), "MaxBackups is `-1`"),
            (json!({ "WeeklyBackups": -2 }), "WeeklyBackups is `-2`; it must be between 0 and 10000"),
            (json!({ "MaxAgeDays": 20_000 }), "MaxAgeDays is `20000`"),
        ] {
            assert!(retention(wrong.clone()).unwrap_err().starts_with(expected), "{wrong}");
        }
    }
}
