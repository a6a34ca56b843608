//! The evidence of restore tests: one JSON document for each test in a bucket.
//!
//! The key `tests/<account>/<Region>/<table>/<time>-<job>.json` derives from the source table, the end of the restore
//! and the id of the restore job. A document is written once, and never changed. So a repeated step, or another
//! execution for the same job, finds the first document.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::job::RestoreTest;
use super::result::{ValidationResult, ValidationStatus, Verification};
use crate::aws::arn::Arn;
use crate::error_name::{ErrorName, HasErrorName};
use crate::schemas;
use crate::storage::{Files, FilesError};

/// The version of the document.
const VERSION: u32 = 1;
/// Prefix of the keys of all documents.
const PREFIX: &str = "tests/";

/// The evidence of a restore test.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Evidence {
    /// Version of the document: 1.
    pub version: u32,
    /// Whether the table was restored and holds what it should, and AWS Backup has that result.
    pub successful: bool,
    /// The restore.
    pub test: RestoreTest,
    /// What the execution found in the table; null if it did not verify the table, because the restore failed or the
    /// result was final before.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable::<Verification>")]
    pub verification: Option<Verification>,
    /// The validation result; null if the restore failed.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable::<ValidationResult>")]
    pub result: Option<ValidationResult>,
    /// ARN of the execution that recorded the evidence.
    pub execution_arn: String,
    /// Time when the evidence was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// Why evidence could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// An object could not be written or read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An object is not evidence.
    #[error("{location} is not the evidence of a restore test, version {VERSION}: {reason}")]
    Unusable {
        /// Location of the object.
        location: String,
        /// What is wrong with the object.
        reason: String,
    },
}

impl HasErrorName for EvidenceError {
    fn name(&self) -> ErrorName {
        match self {
            // Evidence is never replaced, so this does not happen again.
            EvidenceError::Files(FilesError::Changed { .. }) => ErrorName::ServiceUnavailable,
            EvidenceError::Files(error) => error.name(),
            EvidenceError::Unusable { .. } => ErrorName::RequestRefused,
        }
    }
}

/// Why a restore test was not successful.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The restore failed, so there is no table to validate.
    #[error("the restore test of {table} failed: {reason}")]
    RestoreFailed {
        /// ARN of the source table.
        table: String,
        /// Why the restore failed.
        reason: String,
    },
    /// The table does not hold what it should.
    #[error("the restore test of {table} found damage: {finding}")]
    Damaged {
        /// ARN of the source table.
        table: String,
        /// What was found.
        finding: String,
    },
    /// The validation window closed before a result was put.
    #[error(
        "the restore test of {table} has no result, because the validation window of job {job} closed before one was put"
    )]
    TimedOut {
        /// ARN of the source table.
        table: String,
        /// Id of the restore job.
        job: String,
    },
}

impl HasErrorName for Problem {
    fn name(&self) -> ErrorName {
        match self {
            Problem::RestoreFailed { .. } => ErrorName::RestoreFailed,
            Problem::Damaged { .. } => ErrorName::VerificationFailed,
            Problem::TimedOut { .. } => ErrorName::ValidationTimedOut,
        }
    }
}

impl Evidence {
    /// Creates the evidence of a test.
    pub fn new(
        test: RestoreTest,
        verification: Option<Verification>,
        result: Option<ValidationResult>,
        execution_arn: String,
        recorded_at: DateTime<Utc>,
    ) -> Evidence {
        let evidence = Evidence {
            version: VERSION,
            successful: false,
            test,
            verification,
            result,
            execution_arn,
            recorded_at,
        };
        Evidence { successful: evidence.problem().is_none(), ..evidence }
    }

    /// Returns why the test was not successful, or `None` if it was.
    pub fn problem(&self) -> Option<Problem> {
        let table = self.test.source_table_arn.clone();
        if let Some(reason) = self.test.failure.clone() {
            return Some(Problem::RestoreFailed { table, reason });
        }
        if let Some(verification) = self.verification.as_ref().filter(|verification| verification.damaged) {
            return Some(Problem::Damaged { table, finding: verification.finding.clone() });
        }
        match &self.result {
            Some(ValidationResult { status: ValidationStatus::Successful, .. }) => None,
            Some(ValidationResult { status: ValidationStatus::Failed, message, .. }) => {
                let finding =
                    message.clone().unwrap_or_else(|| "AWS Backup has the result FAILED".to_owned());
                Some(Problem::Damaged { table, finding })
            }
            Some(ValidationResult { status: ValidationStatus::TimedOut, .. }) | None => {
                Some(Problem::TimedOut { table, job: self.test.restore_job_id.clone() })
            }
        }
    }

    /// Returns the key of the document.
    pub fn key(&self) -> String {
        let RestoreTest { source_table_arn, ended_at, restore_job_id, .. } = &self.test;
        let job = restore_job_id.to_ascii_lowercase();
        format!("{}{}-{job}.json", folder(source_table_arn), ended_at.format("%Y-%m-%dT%H-%M-%SZ"))
    }

    /// Writes the evidence if there is none of this test yet. Returns the evidence of the test that the bucket holds.
    pub async fn record(self, files: &Files) -> Result<Evidence, EvidenceError> {
        let key = self.key();
        let mut body = serde_json::to_vec_pretty(&self).map_err(|error| unusable(files, &key, error))?;
        body.push(b'\n');
        if files.put_new(&key, body).await? {
            return Ok(self);
        }
        read(files, &key).await
    }
}

/// Reads the evidence with this key.
pub async fn read(files: &Files, key: &str) -> Result<Evidence, EvidenceError> {
    let text = files.get(key).await?.ok_or_else(|| unusable(files, key, "it does not exist"))?;
    let evidence: Evidence = serde_json::from_slice(&text).map_err(|error| unusable(files, key, error))?;
    match evidence.version {
        VERSION => Ok(evidence),
        other => Err(unusable(files, key, format!("its version is {other}"))),
    }
}

fn unusable(files: &Files, key: &str, reason: impl std::fmt::Display) -> EvidenceError {
    EvidenceError::Unusable { location: files.location(key), reason: reason.to_string() }
}

/// Returns the prefix of the keys of a source table's evidence.
pub fn folder(source_table_arn: &str) -> String {
    let arn = Arn::parse(source_table_arn);
    let of_table = arn.and_then(|arn| Some(format!("{}/{}/{}", arn.account, arn.region, arn.table_name()?)));
    format!("{PREFIX}{}/", of_table.unwrap_or_else(|| source_table_arn.to_owned()))
}

/// Returns the keys of the evidence of each table, the newest first, by the folder of the table.
pub async fn keys_by_folder(files: &Files) -> Result<BTreeMap<String, Vec<String>>, EvidenceError> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files.list(PREFIX).await?.into_iter().rev() {
        let named = file.key.rsplit_once('/').filter(|(_, name)| name.ends_with(".json"));
        if let Some((folder, _)) = named {
            tables.entry(format!("{folder}/")).or_default().push(file.key);
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::restore_test::job::tests::{ID, SOURCE, restore_test};
    use crate::restore_test::result::tests::sampled;
    use crate::storage::bucket;
    use crate::testing::fake_store::FakeStore;

    fn success() -> Verification {
        Verification::from_output(sampled())
    }

    fn evidence(verification: Option<Verification>, result: Option<ValidationResult>) -> Evidence {
        let recorded_at = "2027-02-01T00:00:00Z".parse().unwrap();
        Evidence::new(restore_test(), verification, result, "arn:e".to_owned(), recorded_at)
    }

    fn name(evidence: &Evidence) -> Option<ErrorName> {
        assert_eq!(evidence.successful, evidence.problem().is_none());
        evidence.problem().map(|problem| problem.name())
    }

    #[test]
    fn a_test_is_successful_only_if_table_and_result_are() {
        let found = |status| ValidationResult { status, ..success().result() };
        let successful = Some(found(ValidationStatus::Successful));
        assert_eq!(name(&evidence(Some(success()), successful.clone())), None);
        assert_eq!(name(&evidence(None, successful.clone())), None);
        let damage = Some(Verification::from_failure("2 items are missing"));
        let damaged = evidence(damage, successful);
        assert_eq!(name(&damaged), Some(ErrorName::VerificationFailed));
        let expected = format!("the restore test of {SOURCE} found damage: 2 items are missing");
        assert_eq!(damaged.problem().unwrap().to_string(), expected);
        let failed = evidence(Some(success()), Some(found(ValidationStatus::Failed)));
        assert_eq!(name(&failed), Some(ErrorName::VerificationFailed));
        for late in [Some(found(ValidationStatus::TimedOut)), None] {
            assert_eq!(name(&evidence(None, late)), Some(ErrorName::ValidationTimedOut));
        }
        let test = RestoreTest { failure: Some("the key is gone".to_owned()), ..restore_test() };
        let failed = Evidence::new(test, None, None, String::new(), DateTime::UNIX_EPOCH);
        assert_eq!(name(&failed), Some(ErrorName::RestoreFailed));
    }

    #[test]
    fn the_key_derives_from_table_time_and_job() {
        let job = ID.to_ascii_lowercase();
        let expected = format!("tests/123456789012/eu-west-1/orders/2027-01-15T08-01-30Z-{job}.json");
        assert_eq!(evidence(None, None).key(), expected);
    }

    #[tokio::test]
    async fn the_first_evidence_of_a_test_stays() {
        let store = FakeStore::default();
        let files = bucket(&store.clients(), "evidence");
        let first = evidence(Some(success()), Some(success().result()));
        assert_eq!(first.clone().record(&files).await.unwrap(), first);
        let later = Evidence { execution_arn: "arn:later".to_owned(), ..evidence(None, None) };
        assert_eq!(later.record(&files).await.unwrap(), first);
        let written: Value = serde_json::from_str(&store.text(&first.key()).unwrap()).unwrap();
        assert_eq!((&written["Successful"], &written["ExecutionArn"]), (&json!(true), &json!("arn:e")));
        assert_eq!(
            keys_by_folder(&files).await.unwrap(),
            BTreeMap::from([(folder(SOURCE), vec![first.key()])])
        );
    }

    #[tokio::test]
    async fn other_documents_are_refused_with_their_location() {
        let mut newer = json!(evidence(None, None));
        newer["Version"] = json!(2);
        for (text, reason) in [("{}".to_owned(), "missing field"), (newer.to_string(), "its version is 2")] {
            let store = FakeStore::default().with_object("tests/x.json", text);
            let error = read(&bucket(&store.clients(), "evidence"), "tests/x.json").await.unwrap_err();
            let message = error.to_string();
            assert!(message.contains("s3://evidence/tests/x.json is not the evidence"), "{message}");
            assert!(message.contains(reason), "{message}");
        }
        let store = FakeStore::default();
        let missing = read(&bucket(&store.clients(), "evidence"), "tests/x.json").await.unwrap_err();
        assert!(missing.to_string().ends_with("it does not exist"), "{missing}");
    }

    #[tokio::test]
    async fn keys_are_listed_by_table_the_newest_first() {
        let store =
            ["tests/1/r/a/2026-1.json", "tests/1/r/a/2026-2.json", "tests/1/r/b/2026-1.json", "tests/x"];
        let store =
            store.iter().fold(FakeStore::default(), |store, key| store.with_object(key, "{}".to_owned()));
        let keys = keys_by_folder(&bucket(&store.clients(), "evidence")).await.unwrap();
        let expected =
            [("tests/1/r/a/", vec!["2026-2.json", "2026-1.json"]), ("tests/1/r/b/", vec!["2026-1.json"])];
        let expected = expected.map(|(folder, names)| {
            (folder.to_owned(), names.iter().map(|name| format!("{folder}{name}")).collect::<Vec<_>>())
        });
        assert_eq!(keys, BTreeMap::from(expected));
    }
}
