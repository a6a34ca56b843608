//! The input of an execution of `export-table`, from a schedule or from a person.
//!
//! `{"TableName": "Movies"}` is enough, and `{}` takes everything from the parameters of the template. The predecessor
//! of this workflow was called with `{"action": "create-backups", "frequency": "daily"}` and `{"action":
//! "backup-table", "table_name": "Movies"}`. These inputs still work, so its schedules need no change.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::aws::table_selection::{Selection, SelectionError};

use super::{Compression, ExportConfig, FormatName, Frequency, NullTag};
use crate::aws::table_selection::{ValueCase, field, hours_of, names_of, tag_of};
use crate::text::quoted;

/// Maximum number of segments per table. DynamoDB accepts a million, but more than this read no faster in one
/// execution.
pub const MOST_SEGMENTS: u32 = 64;
/// Maximum number of concurrent segments: the concurrency of an inline Map of Step Functions
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>).
const MOST_AT_A_TIME: u32 = 40;
/// Maximum seconds for which a call reads pages. A function has 900 s. The last page may be followed by 256 s of
/// waiting for its capacity, and by the rest of an upload.
pub const LONGEST_CALL: u32 = 600;

/// Maximum read capacity units per second that an input may ask for.
const MOST_UNITS: u32 = 10_000_000;

/// The valid texts of a boolean parameter, for error messages.
const BOOLEAN: &str = "true or false";

/// The input of an execution of `export-table`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct ExecutionInput {
    /// Name of one table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_name: Option<String>,
    /// Names of several tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub table_names: Option<Vec<String>>,
    /// Tag of the tables to export, as `key=value`. The case of the value does not matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_tag: Option<String>,
    /// How often this runs: `QuarterHourly`, `Hourly`, `Daily`, `Weekly`, `Monthly` or `Yearly`, in any case, with or
    /// without `-` and `_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<String>,
    /// Format of the lines in the data files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<FormatName>,
    /// Name of the tag that Data Pipeline's format uses for a null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_tag: Option<NullTag>,
    /// Compression of the data files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Whether reads are strongly consistent, which doubles their capacity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consistent_read: Option<bool>,
    /// Number of segments per table, up to 64; 0 derives it from the size of the table, or uses the fewest that consume
    /// a whole rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<i64>,
    /// Maximum read capacity units per second for the scan of a table; 0 means no limit. A rate at which the export
    /// would not end in time is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_read_capacity_units: Option<i64>,
    /// Whether DynamoDB itself exports the tables that have point-in-time recovery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed: Option<bool>,
    /// `create-backups` for all tables with the tag of the template, or `backup-table` for one table: the input of the
    /// predecessor of this workflow.
    #[serde(rename = "action", skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Frequency in an input with `action`.
    #[serde(rename = "frequency", skip_serializing_if = "Option::is_none")]
    pub action_frequency: Option<String>,
    /// Name of the table in an input with `action`.
    #[serde(rename = "table_name", skip_serializing_if = "Option::is_none")]
    pub action_table_name: Option<String>,
}

/// Parameters of the template, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// Name of the bucket.
    pub bucket: String,
    /// Prefix of every key; may be empty.
    pub prefix: String,
    /// Tag of the tables to export, as `key=value`; may be empty.
    pub table_tag: String,
    /// Format of the lines: `dynamodb-json`, `data-pipeline` or `plain`.
    pub format: String,
    /// Tag for a null in Data Pipeline's format: `nULL` or `nULLValue`.
    pub null_tag: String,
    /// Compression of the data files: `none`, `gzip` or `zstd`.
    pub compression: String,
    /// Whether reads are strongly consistent: `true` or `false`.
    pub consistent_read: String,
    /// Number of segments per table: 0 to 64.
    pub segments: String,
    /// Number of concurrent segments: 1 to 40.
    pub segment_concurrency: String,
    /// Maximum read capacity units per second; 0 means no limit.
    pub max_read_capacity_units: String,
    /// Whether DynamoDB exports tables with point-in-time recovery: `true` or `false`.
    pub managed: String,
    /// Hours after which a managed export times out: 1 to 168.
    pub timeout_hours: String,
    /// Seconds for which a call reads pages: 1 to 600.
    pub seconds_per_call: String,
}

impl ExecutionInput {
    /// Returns the tables that the input selects, or else the template. Refuses an input with more than one selection.
    pub fn selection(&self, defaults: &Defaults) -> Result<Selection, SelectionError> {
        if let Some(action) = self.action.as_deref() {
            return self.selection_of(action, defaults);
        }
        if self.action_table_name.is_some() || self.action_frequency.is_some() {
            let reason = "is missing; table_name and frequency must be given together with it. Without it, use \
                          TableName and Frequency";
            return Err(field("action", reason));
        }
        let asked: Vec<Result<Selection, SelectionError>> = [
            self.table_name.clone().map(|name| names_of("TableName", vec![name])),
            self.table_names.clone().map(|names| names_of("TableNames", names)),
            self.table_tag.as_deref().map(|tag| tag_of(tag, ValueCase::Any)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut asked = asked.into_iter();
        match (asked.next(), asked.next()) {
            (Some(selection), None) => selection,
            (None, _) => defaults.selection(),
            (Some(_), Some(_)) => Err(field(
                "TableName",
                "is not the only selection of tables; use one of TableName, TableNames and TableTag",
            )),
        }
    }

    fn selection_of(&self, action: &str, defaults: &Defaults) -> Result<Selection, SelectionError> {
        if self.table_name.is_some() || self.table_names.is_some() || self.table_tag.is_some() {
            let reason =
                "already selects the tables; it must be given without TableName, TableNames and TableTag";
            return Err(field("action", reason));
        }
        if self.frequency.is_some() && self.action_frequency.is_some() {
            return Err(field("Frequency", "is given twice, as Frequency and as frequency; use one of them"));
        }
        match (action, &self.action_table_name) {
            ("create-backups", None) => defaults.selection(),
            ("create-backups", Some(_)) => Err(field(
                "table_name",
                "is given together with the action `create-backups`, which exports every table with the tag; use the \
                 action `backup-table` for one table",
            )),
            ("backup-table", Some(name)) => names_of("table_name", vec![name.clone()]),
            ("backup-table", None) => {
                Err(field("table_name", "is missing; the action `backup-table` needs a table name"))
            }
            (other, _) => Err(field(
                "action",
                format!("is {}; it must be `create-backups` or `backup-table`", quoted(other)),
            )),
        }
    }

    /// Returns the options of the export. `most_segments` does not take the number of tables into account yet.
    pub fn run(
        &self,
        defaults: &Defaults,
        started_at: DateTime<Utc>,
    ) -> Result<ExportConfig, SelectionError> {
        if defaults.bucket.is_empty() {
            return Err(field("BucketName", "is empty; an export needs a bucket"));
        }
        let timeout: TimeDelta = hours_of("TimeoutHours", &defaults.timeout_hours)?;
        let format = or("Format", self.format, &defaults.format, "dynamodb-json, data-pipeline or plain")?;
        let managed = or("Managed", self.managed, &defaults.managed, BOOLEAN)?;
        if managed && format != FormatName::DynamodbJson {
            let reason =
                format!("is true, but Format is {format}; DynamoDB itself exports only dynamodb-json");
            return Err(field("Managed", reason));
        }
        let at_a_time = &defaults.segment_concurrency;
        let at_a_time = number("SegmentConcurrency", None, at_a_time, 1, MOST_AT_A_TIME)?;
        let max_read_capacity_units = number(
            "MaxReadCapacityUnits",
            self.max_read_capacity_units,
            &defaults.max_read_capacity_units,
            0,
            MOST_UNITS,
        )?;
        Ok(ExportConfig {
            started_at,
            timestamp: started_at.format("%Y-%m-%d-%H-%M-%S").to_string(),
            frequency: self.frequency()?,
            format,
            null_tag: or("NullTag", self.null_tag, &defaults.null_tag, "nULL or nULLValue")?,
            compression: or("Compression", self.compression, &defaults.compression, "none, gzip or zstd")?,
            consistent_read: or("ConsistentRead", self.consistent_read, &defaults.consistent_read, BOOLEAN)?,
            bucket: defaults.bucket.clone(),
            prefix: prefix_of(&defaults.prefix),
            segments: number("Segments", self.segments, &defaults.segments, 0, MOST_SEGMENTS)?,
            // Segments that share a rate run in parallel.
            most_segments: if max_read_capacity_units > 0 { at_a_time } else { MOST_SEGMENTS },
            max_read_capacity_units,
            managed,
            deadline: started_at + timeout,
            seconds_per_call: number("SecondsPerCall", None, &defaults.seconds_per_call, 1, LONGEST_CALL)?,
        })
    }

    fn frequency(&self) -> Result<Frequency, SelectionError> {
        let asked = self.frequency.as_deref().map(|text| ("Frequency", text));
        let asked = asked.or(self.action_frequency.as_deref().map(|text| ("frequency", text)));
        let Some((name, text)) = asked else { return Ok(Frequency::Manual) };
        Frequency::parse(text).ok_or_else(|| {
            let reason = format!(
                "is {}; it must be QuarterHourly, Hourly, Daily, Weekly, Monthly or Yearly",
                quoted(text)
            );
            field(name, reason)
        })
    }
}

impl Defaults {
    fn selection(&self) -> Result<Selection, SelectionError> {
        match self.table_tag.is_empty() {
            false => tag_of(&self.table_tag, ValueCase::Any),
            true => Err(field(
                "TableName",
                "is missing, and so are TableNames and TableTag, in the input and in the template's parameters; one of \
                 them must select the tables",
            )),
        }
    }
}

/// Returns the text as a prefix of keys: empty, or without leading slashes and with one `/` at its end.
pub fn prefix_of(text: &str) -> String {
    match text.trim_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    }
}

/// Returns the value from the input, or else parses the parameter. `allowed` names the valid values.
fn or<T: std::str::FromStr>(
    of: &'static str,
    asked: Option<T>,
    parameter: &str,
    allowed: &str,
) -> Result<T, SelectionError> {
    let parse = || {
        parameter
            .trim()
            .parse()
            .map_err(|_| field(of, format!("is {}; it must be {allowed}", quoted(parameter))))
    };
    asked.map_or_else(parse, Ok)
}

fn number(
    of: &'static str,
    asked: Option<i64>,
    parameter: &str,
    least: u32,
    most: u32,
) -> Result<u32, SelectionError> {
    let value = asked.map_or_else(|| parameter.trim().to_owned(), |value| value.to_string());
    match value.parse::<u32>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(field(of, format!("is {}; it must be between {least} and {most}", quoted(&value)))),
    }
}

#[cfg(test)]
mod tests;
