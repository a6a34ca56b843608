//! The backup job, and the notification that AWS Backup publishes at its end.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use aws_sdk_backup::types::BackupJobState;
use local_aws::ACCOUNT;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    name_of,
    scene::{SOURCE, Scene},
};
use crate::commands::demo::table;
use crate::commands::local::provision::VAULT;
use crate::console::Console;
use crate::failure;

/// Timeout of the job, and of its notification.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(200);

/// A completed backup job.
#[derive(Debug)]
pub(crate) struct Backup {
    pub(crate) job_id: String,
    pub(crate) recovery_point: String,
}

impl Backup {
    /// Starts a backup job for the table, and waits until it has ended.
    pub(crate) async fn make(console: &Console, scene: &Scene) -> anyhow::Result<Self> {
        let client = aws_sdk_backup::Client::new(&scene.config);
        let table = table::describe(&scene.dynamodb, SOURCE).await?;
        let job_id = client
            .start_backup_job()
            .backup_vault_name(VAULT)
            .resource_arn(table.table_arn.with_context(|| format!("{SOURCE} has no ARN"))?)
            .iam_role_arn(format!("arn:aws:iam::{ACCOUNT}:role/service-role/AWSBackupDefaultServiceRole"))
            .send()
            .await
            .map_err(failure::aws("backup:StartBackupJob"))?
            .backup_job_id
            .context("StartBackupJob returned no id")?;
        console.event(&format!("backup job {job_id} is started"));
        console.busy("backup job");

        let deadline = Instant::now() + PATIENCE;
        loop {
            let job = client
                .describe_backup_job()
                .backup_job_id(&job_id)
                .send()
                .await
                .map_err(failure::aws("backup:DescribeBackupJob"))?;
            match job.state.as_ref().with_context(|| format!("backup job {job_id} has no state"))? {
                BackupJobState::Completed => {
                    console.idle();
                    let recovery_point =
                        job.recovery_point_arn.context("the completed job has no recovery point")?;
                    console.event("the backup job is complete; its recovery point is");
                    console.detail(&recovery_point);
                    return Ok(Self { job_id, recovery_point });
                }
                BackupJobState::Created | BackupJobState::Pending | BackupJobState::Running => {}
                ended => bail!(
                    "backup job {job_id} ended as {}: {}",
                    ended.as_str(),
                    job.status_message.as_deref().unwrap_or("no reason given")
                ),
            }
            ensure!(
                Instant::now() < deadline,
                "backup job {job_id} has not ended after {} s",
                PATIENCE.as_secs()
            );
            sleep(POLL).await;
        }
    }

    /// Prints the notification, as a second subscriber of the topic received it.
    pub(crate) async fn notification(&self, console: &Console, scene: &Scene) -> anyhow::Result<()> {
        let client = aws_sdk_sqs::Client::new(&scene.config);
        let deadline = Instant::now() + PATIENCE;
        console.busy("waiting for the notification");
        loop {
            let received = client
                .receive_message()
                .queue_url(&scene.inbox)
                .wait_time_seconds(1)
                .send()
                .await
                .map_err(failure::aws("sqs:ReceiveMessage"))?;
            let mut bodies = received.messages().iter().filter_map(|message| message.body());
            if let Some(message) = bodies.find_map(|body| self.read(body)) {
                console.idle();
                console.event("AWS Backup published this to the topic that the workflow is subscribed to:");
                for sentence in message.split_inclusive(". ") {
                    console.detail(sentence.trim());
                }
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "no notification of backup job {} arrived within {} s",
                name_of(&self.job_id),
                PATIENCE.as_secs()
            );
        }
    }

    /// Returns the message of an SNS envelope if it is about this job.
    fn read(&self, body: &str) -> Option<String> {
        let envelope: Value = serde_json::from_str(body).ok()?;
        let message = envelope.get("Message")?.as_str()?;
        message.to_lowercase().contains(&self.job_id.to_lowercase()).then(|| message.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Backup;

    #[test]
    fn only_the_notification_of_this_job_is_read() {
        let backup = Backup { job_id: "ab-1".into(), recovery_point: String::new() };
        let body = |message: &str| json!({"Type": "Notification", "Message": message}).to_string();
        assert_eq!(backup.read(&body("Job Id : AB-1")).as_deref(), Some("Job Id : AB-1"));
        assert_eq!(backup.read(&body("Job Id : AB-2")), None);
        assert_eq!(backup.read("not JSON"), None);
    }
}
