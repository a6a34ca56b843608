//! How the world learns of a finished backup job: word for word as AWS tells it.

use serde_json::{Value, json};

use super::jobs::BackupJob;
use super::vaults::Notifications;
use crate::clock::rfc_3339;
use crate::front::Shared;
use crate::front::scope::Scope;

/// Tells of a completed job: the vault's topic, if it asks for it, and the account's default event bus.
pub(super) async fn completed(
    shared: &Shared,
    scope: &Scope,
    job: &BackupJob,
    notifications: Option<Notifications>,
) {
    let asked =
        notifications.filter(|asked| asked.events.iter().any(|event| event == "BACKUP_JOB_COMPLETED"));
    if let Some(Notifications { topic_arn, .. }) = asked {
        let message = publication(&topic_arn, &scope.account, job);
        if let Err(refusal) = shared.upstream.query(scope.signed("sns"), &message).await {
            tracing::warn!(%topic_arn, reason = refusal.message, "a backup job's notification was not taken");
        }
    }
    let event = put_events(&shared.service_token, job);
    match shared.upstream.json(scope.signed("events"), "AWSEvents.PutEvents", &event).await {
        Ok(output) if output.get("FailedEntryCount") == Some(&json!(0)) => {}
        other => tracing::warn!(answer = ?other, "a backup job's event was not taken"),
    }
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

fn put_events(service_token: &str, job: &BackupJob) -> Value {
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
    let entry = json!({
        "Source": "aws.backup",
        "DetailType": "Backup Job State Change",
        "Resources": [job.point_arn],
        "Detail": detail.to_string(),
    });
    json!({ "Entries": [entry], "LocalAwsServiceToken": service_token })
}
