use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

pub(super) const JOB: &str = "1F1B3C5E-0B7D-4C62-9B1A-5D0E8F2A7C44";
pub(super) const PLAN: &str = "arn:aws:backup:eu-west-1:123456789012:restore-testing-plan:weekly";
pub(super) const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:restore-test:e";

/// Returns a completed restore job of a plan, as DescribeRestoreJob does.
pub(super) fn job() -> Value {
    json!({ "RestoreJobId": JOB, "Status": "COMPLETED", "ResourceType": "DynamoDB",
        "RecoveryPointArn": "arn:aws:backup:eu-west-1:123456789012:recovery-point:1",
        "RecoveryPointCreationDate": 1_790_000_000, "SourceResourceArn": arn("orders"),
        "CreatedResourceArn": arn("awsbackup-restore-test-1"), "CreationDate": 1_800_000_000,
        "CompletionDate": 1_800_000_090, "CreatedBy": { "RestoreTestingPlanArn": PLAN },
        "ValidationStatus": "VALIDATING" })
}

/// Returns the test of [`job`], as the steps pass it on.
pub(super) fn test() -> Value {
    json!({ "PlanArn": PLAN, "RestoreJobId": JOB,
        "RecoveryPointArn": "arn:aws:backup:eu-west-1:123456789012:recovery-point:1",
        "RecoveryPointCreatedAt": "2026-09-21T14:13:20Z", "SourceTableArn": arn("orders"),
        "RestoredTableArn": arn("awsbackup-restore-test-1"), "StartedAt": "2027-01-15T08:00:00Z",
        "EndedAt": "2027-01-15T08:01:30Z", "RestoreSeconds": 90, "Failure": null })
}

/// Returns an AWS with this restore job.
pub(super) fn aws(job: Value) -> FakeAws {
    let aws = FakeAws::default();
    aws.response("backup:GET", move |_| (200, job.clone()));
    aws
}
