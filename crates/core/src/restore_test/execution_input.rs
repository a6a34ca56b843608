//! The input of an execution of `restore-test`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::job::FIELD;
use crate::input::InvalidInput;
use crate::text::quoted;

/// The input of an execution of `restore-test`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// Id of AWS Backup's restore job, which a restore testing plan started.
    pub restore_job_id: String,
    /// Id of the execution that started this one. Users of Step Functions add it to link the two.
    #[serde(
        rename = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub started_by_execution_id: Option<String>,
}

impl ExecutionInput {
    /// Creates the input for a restore job.
    pub fn new(restore_job_id: String) -> ExecutionInput {
        ExecutionInput { restore_job_id, started_by_execution_id: None }
    }

    /// Checks what can be checked without AWS.
    pub fn check(&self) -> Result<(), InvalidInput> {
        let id = &self.restore_job_id;
        let is_allowed = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-';
        if (1..=64).contains(&id.len()) && id.bytes().all(is_allowed) {
            return Ok(());
        }
        let right = "it must be the id of a restore job, such as 1f1b3c5e-0b7d-4c62-9b1a-5d0e8f2a7c44";
        Err(InvalidInput { field: FIELD, reason: format!("is {}; {right}", quoted(id)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_is_accepted() {
        let check = |id: &str| ExecutionInput::new(id.to_owned()).check();
        assert_eq!(check("1F1B3C5E-0b7d-4c62-9b1a-5d0e8f2a7c44"), Ok(()));
        for id in ["", "arn:aws:backup:eu-west-1:1:restore-job:1", "a/b", &"1".repeat(65)] {
            let error = check(id).unwrap_err().to_string();
            assert!(error.starts_with(&format!("RestoreJobId is `{id}`; it must be the id")), "{error}");
        }
    }
}
