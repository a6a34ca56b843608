//! What the table of a restore test should hold, as the input of `verify-table`.

use chrono::SecondsFormat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::job::RestoreTest;
use crate::input::{InvalidInput, number};
use crate::text::quoted;
use crate::verify::Strength;
use crate::verify::execution_input::{Expected, Incremental, LiveTable};

/// Parameters of the template, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// What to prove: EXACT, SAMPLED or COUNTED.
    pub strength: String,
    /// What to verify against: `table` or `incremental`.
    pub verify_against: String,
    /// Share of the items that may differ from a table that is written to, in percent; empty if the writes since decide.
    pub allowed_difference_percent: String,
    /// Seconds around the time of the recovery point within which a change may be in it or not.
    pub tolerance_seconds: String,
}

/// An input of `verify-table`.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VerifyTableInput {
    /// ARN of the table to verify.
    pub table_arn: String,
    /// What to prove.
    pub strength: Strength,
    /// What the table should hold.
    pub expected: Expected,
}

impl Parameters {
    /// Returns the input that verifies the table of a test. `restored_table_arn` is the ARN of that table.
    pub fn verify(
        &self,
        test: &RestoreTest,
        restored_table_arn: &str,
    ) -> Result<VerifyTableInput, InvalidInput> {
        let strength = match self.strength.as_str() {
            "EXACT" => Strength::Exact,
            "SAMPLED" => Strength::Sampled,
            "COUNTED" => Strength::Counted,
            other => return Err(invalid("Strength", other, "EXACT, SAMPLED or COUNTED")),
        };
        let expected = match self.verify_against.as_str() {
            "table" if strength == Strength::Exact => {
                return Err(invalid("Strength", "EXACT", "SAMPLED or COUNTED if VerifyAgainst is table"));
            }
            "table" => {
                let (at, percent) = (test.recovery_point_created_at, &self.allowed_difference_percent);
                let table =
                    LiveTable::from_source(&test.source_table_arn, at, "AllowedDifferencePercent", percent)?;
                Expected { table: Some(table), ..Expected::default() }
            }
            "incremental" => {
                let incremental = Incremental {
                    table_arn: test.source_table_arn.clone(),
                    at: test.recovery_point_created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
                    tolerance_seconds: Some(i64::from(number(
                        "ToleranceSeconds",
                        None,
                        &self.tolerance_seconds,
                        0,
                        3_600,
                    )?)),
                };
                Expected { incremental: Some(incremental), ..Expected::default() }
            }
            other => return Err(invalid("VerifyAgainst", other, "table or incremental")),
        };
        Ok(VerifyTableInput { table_arn: restored_table_arn.to_owned(), strength, expected })
    }
}

fn invalid(field: &'static str, text: &str, right: &str) -> InvalidInput {
    InvalidInput { field, reason: format!("is {}; it must be {right}", quoted(text)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::restore_test::job::tests::{RESTORED, SOURCE, restore_test};

    fn verify([strength, against, percent, tolerance]: [&str; 4]) -> Result<serde_json::Value, String> {
        let parameters = Parameters {
            strength: strength.to_owned(),
            verify_against: against.to_owned(),
            allowed_difference_percent: percent.to_owned(),
            tolerance_seconds: tolerance.to_owned(),
        };
        let input = parameters.verify(&restore_test(), RESTORED);
        input.map(|input| json!(input)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_table_is_verified_against_its_source_or_the_second_of_its_recovery_point() {
        let against_table = json!({ "TableArn": RESTORED, "Strength": "SAMPLED",
            "Expected": { "Table": { "TableArn": SOURCE, "AllowedDifferencePercent": 0.5 } } });
        assert_eq!(verify(["SAMPLED", "table", "0.5", "2"]), Ok(against_table));
        let against_history = json!({ "TableArn": RESTORED, "Strength": "EXACT", "Expected": { "Incremental": {
            "TableArn": SOURCE, "At": "2026-09-21T14:13:20Z", "ToleranceSeconds": 30 } } });
        assert_eq!(verify(["EXACT", "incremental", "0", "30"]), Ok(against_history));
    }

    #[test]
    fn wrong_parameters_are_refused_with_the_right_values() {
        for (parameters, expected) in [
            (["HALF", "table", "0", "2"], "Strength is `HALF`; it must be EXACT, SAMPLED or COUNTED"),
            (
                ["EXACT", "table", "0", "2"],
                "Strength is `EXACT`; it must be SAMPLED or COUNTED if VerifyAgainst is table",
            ),
            (["SAMPLED", "export", "0", "2"], "VerifyAgainst is `export`; it must be table or incremental"),
            (
                ["SAMPLED", "table", "101", "2"],
                "AllowedDifferencePercent is `101`; it must be empty, or a number from 0 to 100",
            ),
            (
                ["SAMPLED", "table", "NaN", "2"],
                "AllowedDifferencePercent is `NaN`; it must be empty, or a number from 0 to 100",
            ),
            (
                ["SAMPLED", "incremental", "0", "3601"],
                "ToleranceSeconds is `3601`; it must be between 0 and 3600",
            ),
        ] {
            assert_eq!(verify(parameters), Err(expected.to_owned()));
        }
    }
}
