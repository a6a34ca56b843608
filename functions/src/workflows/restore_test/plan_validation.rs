//! `restore-test.plan-validation`: describes the restore job and says what its table should hold.
//!
//! A job whose restore failed, or whose validation result is final, needs no verification. The first has no table, and
//! the table of the second is being deleted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::restore_test::execution_input::ExecutionInput;
use tablekeeper_core::restore_test::expectation::{Parameters, VerifyTableInput};
use tablekeeper_core::restore_test::job::{JobError, RestoreTest, describe};
use tablekeeper_core::restore_test::result::ValidationResult;

use crate::step::{Failure, Step};

/// The step that describes the restore job.
#[derive(Debug)]
pub struct PlanValidation {
    backup: aws_sdk_backup::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Parameters of the template.
    pub parameters: Parameters,
}

/// What is to be done about the test.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// The table is to be verified.
    Open {
        /// The restore test.
        test: RestoreTest,
        /// Input of the execution that verifies the table.
        verify_table_input: VerifyTableInput,
    },
    /// The test only has to be recorded: its restore failed, or its result is final.
    Decided {
        /// The restore test.
        test: RestoreTest,
        /// The final validation result; null if the restore failed.
        result: Option<ValidationResult>,
    },
}

/// Why the test cannot be validated.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input or a parameter is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The job is no restore test that has ended, or could not be described.
    #[error(transparent)]
    Job(#[from] JobError),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::Job(error) => error.name(),
        }
    }
}

impl Step for PlanValidation {
    const NAME: &'static str = "restore-test.plan-validation";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanValidation, Failure> {
        Ok(PlanValidation { backup: clients.backup() })
    }

    async fn run(&self, Input { execution_input, parameters, .. }: Input) -> Result<Output, Error> {
        execution_input.check()?;
        let id = &execution_input.restore_job_id;
        let job = describe(&self.backup, id).await?;
        let test = RestoreTest::from_job(id, &job)?;
        if let Some(result) = ValidationResult::from_job(&job) {
            return Ok(Output::Decided { test, result: Some(result) });
        }
        let Some(restored) = test.restored_table_arn.clone().filter(|_| test.failure.is_none()) else {
            return Ok(Output::Decided { test, result: None });
        };
        let verify_table_input = parameters.verify(&test, &restored)?;
        Ok(Output::Open { test, verify_table_input })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::testing::fake_aws::{FakeAws, arn, refusal};

    use super::*;
    use crate::step::AnyStep;
    use crate::workflows::restore_test::testing::{EXECUTION, JOB, aws, job, test};

    async fn plan_with(aws: &FakeAws, id: &str, strength: &str) -> Result<Value, Failure> {
        let parameters = json!({ "strength": strength, "verifyAgainst": "table", "allowedDifferencePercent": "1",
            "toleranceSeconds": "2" });
        let step = PlanValidation { backup: aws.clients().backup() };
        let input = json!({ "executionArn": EXECUTION, "executionInput": { "RestoreJobId": id },
            "parameters": parameters });
        step.run_json(input).await
    }

    async fn plan(job: Value) -> Result<Value, Failure> {
        plan_with(&aws(job), JOB, "SAMPLED").await
    }

    #[tokio::test]
    async fn a_restored_table_is_to_be_verified() {
        let expected = json!({ "status": "OPEN", "test": test(), "verifyTableInput": {
            "TableArn": arn("awsbackup-restore-test-1"), "Strength": "SAMPLED",
            "Expected": { "Table": { "TableArn": arn("orders"), "AllowedDifferencePercent": 1.0 } } } });
        assert_eq!(plan(job()).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn a_final_result_and_a_failed_restore_are_only_recorded() {
        let mut decided = job();
        decided["ValidationStatus"] = json!("TIMED_OUT");
        let result = json!({ "Status": "TIMED_OUT", "Message": null, "PutBy": "ANOTHER" });
        let expected = json!({ "status": "DECIDED", "test": test(), "result": result });
        assert_eq!(plan(decided).await.unwrap(), expected);
        let mut failed = job();
        failed["Status"] = json!("FAILED");
        failed["StatusMessage"] = json!("the key is gone");
        let output = plan(failed).await.unwrap();
        assert_eq!((&output["status"], &output["result"]), (&json!("DECIDED"), &Value::Null));
        let reason = format!("AWS Backup's restore job {JOB} is FAILED: the key is gone");
        assert_eq!(output["test"]["Failure"], reason);
    }

    #[tokio::test]
    async fn what_cannot_be_validated_is_refused() {
        let mut running = job();
        running["Status"] = json!("RUNNING");
        let failure = plan(running).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput);
        assert!(failure.message.ends_with("RUNNING; start again when it is COMPLETED"), "{failure}");
        let wrong = plan_with(&aws(job()), JOB, "HALF").await.unwrap_err();
        assert_eq!(wrong.name, ErrorName::InvalidInput);
        let none = FakeAws::default();
        let unread = plan_with(&none, "a/b", "SAMPLED").await.unwrap_err();
        assert_eq!(unread.name, ErrorName::InvalidInput);
        assert_eq!(none.calls("backup:GET").len(), 0, "an id is checked before any call");
    }

    #[tokio::test]
    async fn failed_calls_have_their_names() {
        for (code, name) in [
            ("ResourceNotFoundException", ErrorName::InvalidInput),
            ("AccessDeniedException", ErrorName::AccessDenied),
            ("InvalidRequestException", ErrorName::RequestRefused),
        ] {
            let aws = FakeAws::default();
            aws.response("backup:GET", move |_| refusal(code));
            assert_eq!(plan_with(&aws, JOB, "SAMPLED").await.unwrap_err().name, name, "{code}");
        }
    }
}
