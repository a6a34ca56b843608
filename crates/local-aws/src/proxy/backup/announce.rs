//! Announces finished backup jobs and restore jobs with exactly the messages of AWS.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::jobs::BackupJob;
use super::vaults::Notifications;
use crate::clock::rfc_3339;
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::events::Event;
use crate::proxy::scope::Scope;

/// Announces a completed job to the vault's topic, if the vault asks for it, and to the account's default event bus.
pub(super) async fn completed(
    shared: &Shared,
    scope: &Scope,
    job: &BackupJob,
    notifications: Option<Notifications>,
) {
    let is_wanted =
        |wanted: &Notifications| wanted.events.iter().any(|event| event == "BACKUP_JOB_COMPLETED");
    if let Some(Notifications { topic_arn, .. }) = notifications.filter(is_wanted) {
        let message = publication(&topic_arn, &scope.account, job);
        if let Err(refusal) = shared.upstream.query(scope.signed("sns"), &message).await {
            tracing::warn!(%topic_arn, reason = refusal.message, "a backup job's notification could not be published");
        }
    }
    event(job).put(shared, scope).await;
}

fn publication(topic_arn: &str, account: &str, job: &BackupJob) -> Vec<(String, String)> {
    let message = format!(
        "An AWS Backup job was completed successfully. Recovery point ARN: {}. Backed up Resource ARN : {}. Backup \
         Job Id : {}",
        job.point_arn, job.table_arn, job.id
    );
    let mut parameters = vec![
        ("Action".to_owned(), "Publish".to_owned()),
        ("Version".to_owned(), "2010-03-31".to_owned()),
        ("TopicArn".to_owned(), topic_arn.to_owned()),
        ("Subject".to_owned(), "Notification from AWS Backup".to_owned()),
        ("Message".to_owned(), message),
    ];
    let attributes = [
        ("EventType", "BACKUP_JOB".to_owned()),
        ("State", job.state.name().to_owned()),
        ("AccountId", account.to_owned()),
        ("Id", job.id.clone()),
        ("StartTime", rfc_3339(job.created)),
    ];
    for (number, (name, value)) in (1..).zip(attributes) {
        let entry = format!("MessageAttributes.entry.{number}");
        parameters.extend([
            (format!("{entry}.Name"), name.to_owned()),
            (format!("{entry}.Value.DataType"), "String".to_owned()),
            (format!("{entry}.Value.StringValue"), value),
        ]);
    }
    parameters
}

fn event(job: &BackupJob) -> Event {
    let detail = json!({
        "backupJobId": job.id,
        "backupSizeInBytes": job.size.to_string(),
        "backupVaultArn": job.vault_arn,
        "backupVaultName": job.vault,
        "bytesTransferred": "0",
        "creationDate": rfc_3339(job.created),
        "completionDate": job.completed.map(rfc_3339),
        "iamRoleArn": job.role_arn,
        "resourceArn": job.table_arn,
        "resourceType": "DynamoDB",
        "state": job.state.name(),
        "startBy": rfc_3339(job.created + chrono::Duration::hours(8)),
        "percentDone": 100.0,
    });
    Event {
        source: "aws.backup",
        detail_type: "Backup Job State Change",
        resources: vec![job.point_arn.clone()],
        detail,
    }
}

/// Builds the EventBridge event of a restore job that was created.
pub(super) fn restore_created(point_arn: &str, id: &str, created: DateTime<Utc>) -> Event {
    let detail = json!({ "restoreJobId": id, "state": "CREATED", "creationDate": rfc_3339(created) });
    restore_event(point_arn, detail)
}

/// Builds the EventBridge event of a restore job that has ended, given its description.
pub(super) fn restore_ended(job: &Value, created: DateTime<Utc>) -> Event {
    let mut detail = json!({
        "backupSizeInBytes": "0",
        "creationDate": rfc_3339(created),
        "percentDone": 0,
    });
    for (name, described) in [
        ("restoreJobId", "RestoreJobId"),
        ("iamRoleArn", "IamRoleArn"),
        ("resourceType", "ResourceType"),
        ("status", "Status"),
        ("createdResourceArn", "CreatedResourceArn"),
        ("recoveryPointArn", "RecoveryPointArn"),
        ("sourceResourceArn", "SourceResourceArn"),
        ("statusMessage", "StatusMessage"),
    ] {
        if let Some(value) = job.get(described) {
            set(&mut detail, name, value.clone());
        }
    }
    if let Some(plan) = job.pointer("/CreatedBy/RestoreTestingPlanArn") {
        set(&mut detail, "restoreTestingPlanArn", plan.clone());
    }
    restore_event(job.get("RecoveryPointArn").and_then(Value::as_str).unwrap_or_default(), detail)
}

fn restore_event(point_arn: &str, detail: Value) -> Event {
    Event {
        source: "aws.backup",
        detail_type: "Restore Job State Change",
        resources: vec![point_arn.to_owned()],
        detail,
    }
}
