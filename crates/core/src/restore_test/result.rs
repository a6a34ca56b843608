//! What a verification found, and the validation result that AWS Backup holds.

use aws_sdk_backup::operation::describe_restore_job::DescribeRestoreJobOutput as Job;
use aws_sdk_backup::types::RestoreValidationStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schemas;
use crate::text::cut;

/// Longest message of a result, in characters. AWS documents no limit.
const LONGEST_MESSAGE: usize = 1_000;
/// The counts of a verification that a message has, with their meaning.
const COUNTS: &[(&str, &str)] = &[
    ("Items", "items"),
    ("ItemsExpected", "expected"),
    ("Sampled", "sampled"),
    ("Equal", "equal"),
    ("Missing", "missing"),
    ("Extra", "extra"),
    ("Changed", "changed"),
    ("WithinTolerance", "within the tolerance"),
];

/// What `verify-table` found in the table.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Verification {
    /// Whether the table does not hold what it should.
    pub damaged: bool,
    /// What was found, in a sentence with the numbers.
    pub finding: String,
    /// Output of the execution of `verify-table`, verbatim; null if the table is damaged.
    pub output: Value,
}

/// The validation result of a restore job, which cannot be changed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ValidationResult {
    /// Status of the validation.
    pub status: ValidationStatus,
    /// Message of the result; null if there is none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable_string")]
    pub message: Option<String>,
    /// Who put the result.
    pub put_by: PutBy,
}

/// The final status of a validation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ValidationStatus {
    /// The table holds what it should.
    Successful,
    /// The table does not hold what it should.
    Failed,
    /// Nobody put a result before the validation window closed.
    TimedOut,
}

/// Who put a result.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PutBy {
    /// The execution that recorded the evidence.
    ThisExecution,
    /// Another execution, a person, another program, or AWS Backup itself.
    Another,
}

impl Verification {
    /// Reads the output of an execution of `verify-table` that succeeded.
    pub fn from_output(output: Value) -> Verification {
        let text = |field: &str| output.get(field).and_then(Value::as_str).unwrap_or("unknown");
        let counts = COUNTS.iter().filter_map(|(field, meaning)| {
            output.get(field)?.as_u64().map(|number| format!(", {number} {meaning}"))
        });
        let (strength, against, report) = (text("Strength"), text("Against"), text("Report"));
        let finding =
            format!("{strength} against {against}{}; the report is {report}", counts.collect::<String>());
        Verification { damaged: false, finding, output }
    }

    /// Reads the failure of an execution of `verify-table` that found damage: the description of the execution, as Step
    /// Functions passes it on. Text of another form is the finding itself.
    pub fn from_failure(failure: &str) -> Verification {
        let description: Option<Value> = serde_json::from_str(failure).ok();
        let cause = description.as_ref().and_then(|description| description.get("Cause")?.as_str());
        let finding = execution_report::message_of(cause.unwrap_or(failure));
        Verification { damaged: true, finding, output: Value::Null }
    }

    /// Returns the result to put.
    pub fn result(&self) -> ValidationResult {
        let status = if self.damaged { ValidationStatus::Failed } else { ValidationStatus::Successful };
        let message = Some(cut(self.finding.clone(), LONGEST_MESSAGE));
        ValidationResult { status, message, put_by: PutBy::ThisExecution }
    }
}

impl ValidationResult {
    /// Returns the final result of a job, as one that another put. `None` if there is none yet.
    pub fn from_job(job: &Job) -> Option<ValidationResult> {
        let status = match job.validation_status()? {
            RestoreValidationStatus::Successful => ValidationStatus::Successful,
            RestoreValidationStatus::Failed => ValidationStatus::Failed,
            RestoreValidationStatus::TimedOut => ValidationStatus::TimedOut,
            _ => return None,
        };
        let message = job.validation_status_message().map(str::to_owned);
        Some(ValidationResult { status, message, put_by: PutBy::Another })
    }

    /// Returns `own` if it is this result, and otherwise this result.
    pub fn or_own(self, own: &ValidationResult) -> ValidationResult {
        let is_own = self.status == own.status && self.message == own.message;
        if is_own { own.clone() } else { self }
    }
}

impl From<ValidationStatus> for RestoreValidationStatus {
    fn from(status: ValidationStatus) -> RestoreValidationStatus {
        match status {
            ValidationStatus::Successful => RestoreValidationStatus::Successful,
            ValidationStatus::Failed => RestoreValidationStatus::Failed,
            ValidationStatus::TimedOut => RestoreValidationStatus::TimedOut,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// Returns the output of a verification by a sample of 5 items.
    pub(crate) fn sampled() -> Value {
        json!({ "TableArn": "arn:t", "Strength": "SAMPLED", "Against": "table orders", "Sampled": 5,
            "Equal": 5, "Changed": 0, "Report": "s3://reports/r/report.json", "Notes": [],
            "StartedAt": "2027-01-15T08:02:00Z", "FinishedAt": "2027-01-15T08:03:00Z" })
    }

    #[test]
    fn a_success_is_told_with_its_numbers() {
        let verification = Verification::from_output(sampled());
        let finding = "SAMPLED against table orders, 5 sampled, 5 equal, 0 changed; the report is \
                       s3://reports/r/report.json";
        assert_eq!((verification.damaged, verification.finding.as_str()), (false, finding));
        let result = verification.result();
        assert_eq!((result.status, result.message.as_deref()), (ValidationStatus::Successful, Some(finding)));
    }

    #[test]
    fn damage_is_told_with_the_cause_of_the_nested_execution() {
        let description = json!({ "Error": "VerificationFailed", "Cause": "2 of 5 items are missing" });
        let wrapped = json!({ "Error": "VerificationFailed",
            "Cause": json!({ "errorType": "VerificationFailed", "errorMessage": "2 of 5 items are missing" }).to_string() });
        let text = "2 of 5 items are missing";
        for failure in [description.to_string(), wrapped.to_string(), text.to_owned()] {
            let verification = Verification::from_failure(&failure);
            assert_eq!((verification.damaged, verification.finding.as_str()), (true, text), "{failure}");
            assert_eq!(verification.result().status, ValidationStatus::Failed);
        }
    }

    #[test]
    fn a_long_message_is_cut() {
        let message = Verification::from_failure(&"é".repeat(2_000)).result().message.unwrap();
        assert_eq!(message, format!("{}…", "é".repeat(1_000)));
    }

    #[test]
    fn only_a_final_status_is_a_result() {
        let job = |status: Option<RestoreValidationStatus>| {
            let job = Job::builder().set_validation_status(status).validation_status_message("m").build();
            ValidationResult::from_job(&job)
        };
        assert_eq!((job(None), job(Some(RestoreValidationStatus::Validating))), (None, None));
        for status in [ValidationStatus::Successful, ValidationStatus::Failed, ValidationStatus::TimedOut] {
            let message = Some("m".to_owned());
            let expected = ValidationResult { status, message, put_by: PutBy::Another };
            assert_eq!(job(Some(status.into())), Some(expected));
        }
    }

    #[test]
    fn a_result_is_ours_if_it_has_our_status_and_message() {
        let own = Verification::from_failure("damage").result();
        let found = ValidationResult { put_by: PutBy::Another, ..own.clone() };
        assert_eq!(found.clone().or_own(&own), own);
        for other in [
            ValidationResult { status: ValidationStatus::Successful, ..found.clone() },
            ValidationResult { message: None, ..found },
        ] {
            assert_eq!(other.clone().or_own(&own), other);
        }
    }
}
