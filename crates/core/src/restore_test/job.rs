//! A restore job that a restore testing plan started and that has ended.

use aws_sdk_backup::error::ProvideErrorMetadata;
use aws_sdk_backup::operation::describe_restore_job::DescribeRestoreJobOutput as Job;
use aws_sdk_backup::types::RestoreJobStatus;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::arn::{Arn, table_arn_of_backup};
use crate::aws::failure::AwsFailure;
use crate::clock::utc;
use crate::error_name::ErrorName;
use crate::input::InvalidInput;
use crate::schemas;
use crate::text::quoted;

/// The field of the execution's input that names the job.
pub(super) const FIELD: &str = "RestoreJobId";
const DESCRIBE: &str = "backup:DescribeRestoreJob";

/// A restore test: what a restore testing plan restored, and how that ended.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RestoreTest {
    /// ARN of the restore testing plan.
    pub plan_arn: String,
    /// Id of the restore job.
    pub restore_job_id: String,
    /// ARN of the recovery point that was restored.
    pub recovery_point_arn: String,
    /// Time when the recovery point was created.
    pub recovery_point_created_at: DateTime<Utc>,
    /// ARN of the table that was backed up.
    pub source_table_arn: String,
    /// ARN of the table that the job made; null if it made none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable_string")]
    pub restored_table_arn: Option<String>,
    /// Time when the job was created.
    pub started_at: DateTime<Utc>,
    /// Time when the job ended.
    pub ended_at: DateTime<Utc>,
    /// Seconds from the creation of the job to its end.
    pub restore_seconds: u32,
    /// Why the restore failed; null if it is completed.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable_string")]
    pub failure: Option<String>,
}

/// Why a job is not a restore test that has ended, or could not be described.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JobError {
    /// The job is not one that can be validated.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl JobError {
    /// Returns the error name with which a step fails.
    pub fn name(&self) -> ErrorName {
        match self {
            JobError::Input(_) => ErrorName::InvalidInput,
            JobError::Aws(failure) => failure.name,
        }
    }
}

/// Describes a restore job.
pub async fn describe(backup: &aws_sdk_backup::Client, id: &str) -> Result<Job, JobError> {
    let described = backup.describe_restore_job().restore_job_id(id).send().await;
    described.map_err(|error| match error.code() {
        Some("ResourceNotFoundException") => {
            refused(id, "and AWS Backup has no restore job of that id in this account and Region").into()
        }
        _ => AwsFailure::from_call(DESCRIBE)(error).into(),
    })
}

fn refused(id: &str, reason: impl std::fmt::Display) -> InvalidInput {
    InvalidInput { field: FIELD, reason: format!("is {}, {reason}", quoted(id)) }
}

impl RestoreTest {
    /// Reads a job. Refuses one that is no restore test of a DynamoDB table, or that has not ended.
    pub fn from_job(id: &str, job: &Job) -> Result<RestoreTest, JobError> {
        if let Some(other) = job.resource_type().filter(|kind| *kind != "DynamoDB") {
            return Err(refused(id, format!("a restore job of {}, not of DynamoDB", quoted(other))).into());
        }
        let Some(plan_arn) = job.created_by().and_then(|creator| creator.restore_testing_plan_arn()) else {
            return Err(refused(id, "a restore job that no restore testing plan started").into());
        };
        let failure = failure(id, job)?;
        let unstated = |field: &str| {
            let detail = format!("the description of restore job {id} has no {field}");
            AwsFailure::new(DESCRIBE, ErrorName::RequestRefused, detail)
        };
        let recovery_point_arn = job.recovery_point_arn().ok_or_else(|| unstated("RecoveryPointArn"))?;
        let source = job.source_resource_arn().or_else(|| table_arn_of_backup(recovery_point_arn));
        let started_at = job.creation_date().map(utc).ok_or_else(|| unstated("CreationDate"))?;
        // A job that failed before it began may have no other time.
        let ended_at = job.completion_date().map(utc).or_else(|| failure.as_ref().map(|_| started_at));
        let ended_at = ended_at.ok_or_else(|| unstated("CompletionDate"))?;
        let restored = job.created_resource_arn().filter(|arn| is_table(arn)).map(str::to_owned);
        if failure.is_none() && restored.is_none() {
            return Err(unstated("CreatedResourceArn of a table").into());
        }
        Ok(RestoreTest {
            plan_arn: plan_arn.to_owned(),
            restore_job_id: id.to_owned(),
            recovery_point_created_at: job
                .recovery_point_creation_date()
                .map(utc)
                .ok_or_else(|| unstated("RecoveryPointCreationDate"))?,
            source_table_arn: source
                .filter(|arn| is_table(arn))
                .ok_or_else(|| unstated("SourceResourceArn of a table"))?
                .to_owned(),
            recovery_point_arn: recovery_point_arn.to_owned(),
            restored_table_arn: restored,
            restore_seconds: u32::try_from((ended_at - started_at).num_seconds()).unwrap_or_default(),
            started_at,
            ended_at,
            failure,
        })
    }
}

/// Returns why the restore failed, or `None` if it is completed.
fn failure(id: &str, job: &Job) -> Result<Option<String>, InvalidInput> {
    match job.status() {
        Some(RestoreJobStatus::Completed) => Ok(None),
        Some(status @ (RestoreJobStatus::Failed | RestoreJobStatus::Aborted)) => {
            let message = job.status_message().unwrap_or("AWS Backup gives no reason");
            Ok(Some(format!("AWS Backup's restore job {id} is {}: {message}", status.as_str())))
        }
        status => {
            let status = status.map_or("in an unknown state", RestoreJobStatus::as_str);
            Err(refused(id, format!("a restore job that is {status}; start again when it is COMPLETED")))
        }
    }
}

fn is_table(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.table_name().is_some())
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_sdk_backup::operation::describe_restore_job::builders::DescribeRestoreJobOutputBuilder;
    use aws_sdk_backup::primitives::DateTime as SdkDateTime;
    use aws_sdk_backup::types::RestoreJobCreator;

    use super::*;

    pub(crate) const ID: &str = "1F1B3C5E-0B7D-4C62-9B1A-5D0E8F2A7C44";
    pub(crate) const SOURCE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
    pub(crate) const RESTORED: &str =
        "arn:aws:dynamodb:eu-west-1:123456789012:table/awsbackup-restore-test-1";
    const PLAN: &str = "arn:aws:backup:eu-west-1:123456789012:restore-testing-plan:weekly";

    /// Returns a completed job, which took 90 seconds.
    fn completed() -> DescribeRestoreJobOutputBuilder {
        Job::builder()
            .created_by(RestoreJobCreator::builder().restore_testing_plan_arn(PLAN).build())
            .resource_type("DynamoDB")
            .status(RestoreJobStatus::Completed)
            .recovery_point_arn("arn:aws:backup:eu-west-1:123456789012:recovery-point:1")
            .recovery_point_creation_date(SdkDateTime::from_secs(1_790_000_000))
            .source_resource_arn(SOURCE)
            .created_resource_arn(RESTORED)
            .creation_date(SdkDateTime::from_secs(1_800_000_000))
            .completion_date(SdkDateTime::from_secs(1_800_000_090))
    }

    /// Returns the test of a completed job.
    pub(crate) fn restore_test() -> RestoreTest {
        RestoreTest::from_job(ID, &completed().build()).unwrap()
    }

    fn read(job: DescribeRestoreJobOutputBuilder) -> Result<RestoreTest, JobError> {
        RestoreTest::from_job(ID, &job.build())
    }

    #[test]
    fn a_completed_test_has_both_tables_and_its_duration() {
        let test = restore_test();
        assert_eq!((test.source_table_arn.as_str(), test.plan_arn.as_str()), (SOURCE, PLAN));
        assert_eq!((test.restored_table_arn.as_deref(), test.restore_seconds), (Some(RESTORED), 90));
        assert_eq!(test.failure, None);
    }

    #[test]
    fn the_source_of_a_dynamodb_backup_is_in_its_arn() {
        let backup = format!("{SOURCE}/backup/01790000000000-1");
        let test = read(completed().set_source_resource_arn(None).recovery_point_arn(&backup)).unwrap();
        assert_eq!((test.source_table_arn.as_str(), test.recovery_point_arn), (SOURCE, backup));
    }

    #[test]
    fn a_failed_test_has_its_reason_and_may_have_no_table_and_no_end() {
        let job = completed().status(RestoreJobStatus::Failed).status_message("the key is gone");
        let test = read(job.set_created_resource_arn(None).set_completion_date(None)).unwrap();
        let expected = format!("AWS Backup's restore job {ID} is FAILED: the key is gone");
        assert_eq!((test.failure, test.restored_table_arn), (Some(expected), None));
        assert_eq!((test.ended_at, test.restore_seconds), (test.started_at, 0));
        let aborted = read(completed().status(RestoreJobStatus::Aborted)).unwrap().failure.unwrap();
        assert!(aborted.ends_with("is ABORTED: AWS Backup gives no reason"), "{aborted}");
    }

    #[test]
    fn a_job_that_is_no_ended_test_is_refused_with_the_reason() {
        for (job, reason) in [
            (completed().resource_type("EC2"), "a restore job of `EC2`, not of DynamoDB"),
            (completed().set_created_by(None), "a restore job that no restore testing plan started"),
            (
                completed().status(RestoreJobStatus::Running),
                "a restore job that is RUNNING; start again when",
            ),
            (completed().set_status(None), "a restore job that is in an unknown state; start again"),
        ] {
            let error = read(job).unwrap_err();
            assert_eq!(error.name(), ErrorName::InvalidInput);
            let message = error.to_string();
            assert!(message.starts_with(&format!("RestoreJobId is `{ID}`, {reason}")), "{message}");
        }
    }

    #[test]
    fn a_description_that_lacks_a_field_names_it() {
        for (job, field) in [
            (completed().set_recovery_point_arn(None), "RecoveryPointArn"),
            (completed().set_recovery_point_creation_date(None), "RecoveryPointCreationDate"),
            (completed().set_source_resource_arn(None), "SourceResourceArn of a table"),
            (completed().created_resource_arn("arn:aws:ec2:r:1:instance/i"), "CreatedResourceArn of a table"),
            (completed().set_creation_date(None), "CreationDate"),
            (completed().set_completion_date(None), "CompletionDate"),
        ] {
            let error = read(job).unwrap_err();
            assert_eq!(error.name(), ErrorName::RequestRefused);
            assert!(error.to_string().ends_with(&format!("has no {field}")), "{error}");
        }
    }
}
