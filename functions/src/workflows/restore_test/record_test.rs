//! `restore-test.record-test`: writes the evidence of a restore test, and fails if the test was not successful.
//!
//! The evidence is written first, so it exists however the execution ends. If the bucket has evidence of this test, that
//! decides, so every execution for the same test ends alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::restore_test::evidence::{Evidence, EvidenceError, Problem};
use tablekeeper_core::restore_test::job::RestoreTest;
use tablekeeper_core::restore_test::result::{ValidationResult, Verification};
use tablekeeper_core::schemas;
use tablekeeper_core::storage::bucket;

use crate::step::{Failure, Step};

/// The step that writes the evidence.
#[derive(Debug)]
pub struct RecordTest {
    clients: Clients,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution.
    pub execution_arn: String,
    /// The restore test.
    pub test: RestoreTest,
    /// What the verification found; null if the table was not verified.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable::<Verification>")]
    pub verification: Option<Verification>,
    /// The validation result; null if the restore failed.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable::<ValidationResult>")]
    pub result: Option<ValidationResult>,
    /// Name of the bucket of the evidence.
    pub evidence_bucket: String,
}

/// The evidence of a successful test.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Location of the document, `s3://bucket/key`.
    pub location: String,
    /// The document.
    pub evidence: Evidence,
}

/// Why the step fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The test was not successful. Its evidence is written.
    #[error("{problem}; the evidence is {location}")]
    Unsuccessful {
        /// Why the test was not successful.
        problem: Problem,
        /// Location of the evidence.
        location: String,
    },
    /// The evidence could not be written or read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Unsuccessful { problem, .. } => problem.name(),
            Error::Evidence(error) => error.name(),
        }
    }
}

impl Step for RecordTest {
    const NAME: &'static str = "restore-test.record-test";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[ErrorName::RestoreFailed, ErrorName::ValidationTimedOut, ErrorName::VerificationFailed],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<RecordTest, Failure> {
        Ok(RecordTest { clients: clients.clone(), clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let Input { execution_arn, test, verification, result, evidence_bucket } = input;
        let files = bucket(&self.clients, &evidence_bucket);
        let evidence = Evidence::new(test, verification, result, execution_arn, self.clock.now());
        let location = files.location(&evidence.key());
        let evidence = evidence.record(&files).await?;
        match evidence.problem() {
            Some(problem) => Err(Error::Unsuccessful { problem, location }),
            None => Ok(Output { location, evidence }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::testing::fake_aws::arn;
    use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

    use super::*;
    use crate::step::AnyStep;
    use crate::workflows::restore_test::testing::{EXECUTION, JOB, test};

    fn key() -> String {
        let job = JOB.to_ascii_lowercase();
        format!("tests/123456789012/eu-west-1/orders/2027-01-15T08-01-30Z-{job}.json")
    }

    async fn record(store: &FakeStore, verification: Value, result: Value) -> Result<Value, Failure> {
        record_test(store, test(), verification, result).await
    }

    async fn record_test(
        store: &FakeStore,
        test: Value,
        verification: Value,
        result: Value,
    ) -> Result<Value, Failure> {
        let clock = Clock::Fixed("2027-01-15T09:00:00Z".parse().unwrap());
        let step = RecordTest { clients: store.clients(), clock };
        let input = json!({ "executionArn": EXECUTION, "test": test, "verification": verification,
            "result": result, "evidenceBucket": "evidence" });
        step.run_json(input).await
    }

    fn verification(damaged: bool) -> Value {
        json!({ "Damaged": damaged, "Finding": "2 of 5 items are missing", "Output": null })
    }

    fn result(status: &str) -> Value {
        json!({ "Status": status, "Message": "m", "PutBy": "THIS_EXECUTION" })
    }

    #[tokio::test]
    async fn a_successful_test_is_recorded_once() {
        let store = FakeStore::default();
        let output = record(&store, verification(false), result("SUCCESSFUL")).await.unwrap();
        let evidence = json!({ "Version": 1, "Successful": true, "Test": test(),
            "Verification": verification(false), "Result": result("SUCCESSFUL"), "ExecutionArn": EXECUTION,
            "RecordedAt": "2027-01-15T09:00:00Z" });
        let location = format!("s3://evidence/{}", key());
        assert_eq!(output, json!({ "Location": location, "Evidence": evidence }));
        let written = store.text(&key()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), evidence);
        let again = record(&store, Value::Null, result("SUCCESSFUL")).await.unwrap();
        assert_eq!(again, output, "the first evidence stays");
        assert_eq!(store.text(&key()).unwrap(), written);
    }

    #[tokio::test]
    async fn an_unsuccessful_test_is_recorded_and_fails_by_name() {
        let mut failed = test();
        failed["Failure"] = json!("the key is gone");
        for (test, verification, result, name, reason) in [
            (failed, Value::Null, Value::Null, ErrorName::RestoreFailed, "failed: the key is gone"),
            (
                test(),
                verification(true),
                result("FAILED"),
                ErrorName::VerificationFailed,
                "found damage: 2 of 5 items are missing",
            ),
            (test(), Value::Null, result("TIMED_OUT"), ErrorName::ValidationTimedOut, "has no result"),
        ] {
            let store = FakeStore::default();
            let failure = record_test(&store, test, verification, result).await.unwrap_err();
            assert_eq!(failure.name, name);
            let start = format!("the restore test of {} {reason}", arn("orders"));
            assert!(failure.message.starts_with(&start), "{failure}");
            assert!(
                failure.message.ends_with(&format!("; the evidence is s3://evidence/{}", key())),
                "{failure}"
            );
            assert!(store.text(&key()).unwrap().contains("\"Successful\": false"));
        }
    }

    #[tokio::test]
    async fn a_later_execution_ends_as_the_first_one() {
        let store = FakeStore::default();
        record(&store, verification(true), result("FAILED")).await.unwrap_err();
        let later = record(&store, Value::Null, result("FAILED")).await.unwrap_err();
        assert!(later.message.contains("2 of 5 items are missing"), "{later}");
    }

    #[tokio::test]
    async fn failed_calls_have_their_names() {
        let refused = FakeStore::default();
        refused.fail_action("s3:PutObject", 0, Fault::Refused(403, "AccessDenied"));
        let failure = record(&refused, verification(false), result("SUCCESSFUL")).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::AccessDenied);
        let other = FakeStore::default().with_object(&key(), "{}");
        let failure = record(&other, verification(false), result("SUCCESSFUL")).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::RequestRefused);
        assert!(failure.message.contains("is not the evidence of a restore test"), "{failure}");
    }
}
