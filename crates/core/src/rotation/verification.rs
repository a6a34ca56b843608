//! What the table of a rotation is compared with.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::input::{InvalidInput, number};
use crate::text::quoted;
use crate::verify::execution_input::{Expected, Incremental, LiveTable};

/// The template's parameters for the verification of new tables, as text.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Verification {
    /// `VerifyAgainst`: `table` or `incremental`.
    pub against: String,
    /// `VerifyAllowedDifferencePercent`: 0 to 100, or empty.
    pub allowed_difference_percent: String,
    /// `VerifyToleranceSeconds`: 0 to 3,600.
    pub tolerance_seconds: String,
}

impl Verification {
    /// Returns what a table that was restored from a backup of this second should hold.
    pub fn expected(
        &self,
        source_table_arn: &str,
        backed_up_at: DateTime<Utc>,
    ) -> Result<Expected, InvalidInput> {
        let against_a_table = match self.against.as_str() {
            "table" => true,
            "incremental" => false,
            other => {
                let reason = format!("is {}; it must be table or incremental", quoted(other));
                return Err(InvalidInput { field: "VerifyAgainst", reason });
            }
        };
        if against_a_table {
            let (field, percent) = ("VerifyAllowedDifferencePercent", &self.allowed_difference_percent);
            let table = LiveTable::from_source(source_table_arn, backed_up_at, field, percent)?;
            return Ok(Expected { table: Some(table), ..Expected::default() });
        }
        let seconds = number("VerifyToleranceSeconds", None, &self.tolerance_seconds, 0, 3_600)?;
        let incremental = Incremental {
            table_arn: source_table_arn.to_owned(),
            at: backed_up_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            tolerance_seconds: Some(i64::from(seconds)),
        };
        Ok(Expected { incremental: Some(incremental), ..Expected::default() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expected(against: &str, percent: &str, seconds: &str) -> Result<serde_json::Value, String> {
        let parameters = Verification {
            against: against.to_owned(),
            allowed_difference_percent: percent.to_owned(),
            tolerance_seconds: seconds.to_owned(),
        };
        let at = DateTime::from_timestamp_millis(1_568_804_569_946).unwrap();
        parameters.expected("arn", at).map(|expected| json!(expected)).map_err(|error| error.to_string())
    }

    #[test]
    fn an_expectation_is_a_table_or_a_second() {
        let table = json!({ "Table": { "TableArn": "arn", "AllowedDifferencePercent": 2.5 } });
        assert_eq!(expected("table", "2.5", "2"), Ok(table));
        let table = json!({ "Table": { "TableArn": "arn", "CopiedAt": "2019-09-18T11:02:49.946Z" } });
        assert_eq!(expected("table", "", "2"), Ok(table));
        let second = json!({ "TableArn": "arn", "At": "2019-09-18T11:02:49Z", "ToleranceSeconds": 2 });
        assert_eq!(expected("incremental", "0", "2"), Ok(json!({ "Incremental": second })));
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (against, percent, seconds, parameter) in [
            ("both", "0", "0", "VerifyAgainst is `both`; it must be table or incremental"),
            (
                "table",
                "101",
                "0",
                "VerifyAllowedDifferencePercent is `101`; it must be empty, or a number from 0 to 100",
            ),
            (
                "table",
                "few",
                "0",
                "VerifyAllowedDifferencePercent is `few`; it must be empty, or a number from 0 to 100",
            ),
            ("incremental", "0", "1.5", "VerifyToleranceSeconds is `1.5`; it must be between 0 and 3600"),
        ] {
            assert_eq!(expected(against, percent, seconds), Err(parameter.to_owned()));
        }
    }
}
