use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::points::RecoveryPoint;
use super::{Call, Fail, State, announce, page, vaults};
use crate::clock::{epoch, now};
use crate::front::Shared;
use crate::front::dynamodb::{Scope, table_of_backup};
use crate::json::set;

/// A job that nobody looks at completes after this long: its notification may be all that anybody waits for.
const COMPLETES_UNSEEN_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobState {
    Pending,
    Running,
    Completed,
    Aborted,
}

impl JobState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Aborted => "ABORTED",
        }
    }

    fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Aborted)
    }
}

/// A backup job.
#[derive(Clone, Debug)]
pub(super) struct BackupJob {
    /// In capitals, as AWS writes it.
    pub(super) id: String,
    token: Option<String>,
    pub(super) vault: String,
    pub(super) vault_arn: String,
    pub(super) role_arn: String,
    pub(super) table_arn: String,
    backup_arn: String,
    pub(super) point_arn: String,
    pub(super) size: i64,
    pub(super) created: DateTime<Utc>,
    pub(super) completed: Option<DateTime<Utc>>,
    pub(super) state: JobState,
    looks_left: u32,
}

impl BackupJob {
    fn shown(&self, account: &str) -> Value {
        let mut shown = json!({
            "AccountId": account,
            "BackupJobId": self.id,
            "BackupVaultName": self.vault,
            "BackupVaultArn": self.vault_arn,
            "ResourceArn": self.table_arn,
            "ResourceName": self.table_arn.rsplit('/').next(),
            "ResourceType": "DynamoDB",
            "IamRoleArn": self.role_arn,
            "State": self.state.name(),
            "PercentDone": if self.state == JobState::Completed { "100.0" } else { "0.0" },
            "CreationDate": epoch(self.created),
            "StartBy": epoch(self.created + chrono::Duration::hours(8)),
            "IsParent": false,
        });
        if let Some(completed) = self.completed {
            set(&mut shown, "CompletionDate", epoch(completed));
        }
        if self.state == JobState::Completed {
            set(&mut shown, "RecoveryPointArn", self.point_arn.as_str());
            set(&mut shown, "BackupSizeInBytes", self.size);
        }
        shown
    }

    fn started(&self) -> Value {
        json!({
            "BackupJobId": self.id,
            "RecoveryPointArn": self.point_arn,
            "CreationDate": epoch(self.created),
            "IsParent": false,
        })
    }
}

pub(super) async fn start(call: &Call<'_>) -> Result<Value, Fail> {
    let vault = call.required("BackupVaultName")?.to_owned();
    let table_arn = call.required("ResourceArn")?.to_owned();
    let role_arn = call.required("IamRoleArn")?.to_owned();
    let table = table_arn.split_once(":table/").filter(|_| table_arn.contains(":dynamodb:"));
    let Some((_, table)) = table else {
        return Err(Fail::invalid(format!(
            "{table_arn} is no DynamoDB table, and others the local stack cannot back up."
        )));
    };
    vaults::require_vault(call, &vault).await?;

    let state = call.state();
    let mut state = state.lock().await;
    let token = call.optional("IdempotencyToken").map(str::to_owned);
    if let Some(job) = state.jobs.iter().find(|job| token.is_some() && job.token == token) {
        return Ok(job.started());
    }
    let id = crate::uuid::random().to_uppercase();
    let advanced = state.management.get("DynamoDB").copied().unwrap_or(false);
    let (backup_arn, size) = take_backup(call, table, &id).await?;
    call.shared.backup.note_taken(&backup_arn, advanced);
    let Scope { account, region } = &call.scope;
    let point_arn = if advanced {
        format!("arn:aws:backup:{region}:{account}:recovery-point:{}", crate::uuid::random().to_uppercase())
    } else {
        backup_arn.clone()
    };
    let job = BackupJob {
        vault_arn: vaults::vault_arn(call, &vault),
        table_arn: table_of_backup(&backup_arn).unwrap_or(&table_arn).to_owned(),
        looks_left: call.shared.script.slowness(account).backups,
        created: now(),
        completed: None,
        state: JobState::Pending,
        id,
        token,
        vault,
        role_arn,
        backup_arn,
        point_arn,
        size,
    };
    let (answer, id) = (job.started(), job.id.clone());
    state.jobs.push(job);
    if call.shared.script.slowness(account).backups == 0 {
        complete(call.shared, &call.scope, &mut state, &id);
    } else {
        complete_unseen(Arc::clone(call.shared), call.scope.clone(), id);
    }
    Ok(answer)
}

async fn take_backup(call: &Call<'_>, table: &str, id: &str) -> Result<(String, i64), Fail> {
    let input = json!({ "TableName": table, "BackupName": format!("AWSBackup-{id}") });
    let signed = call.scope.signed("dynamodb");
    let output = call.shared.upstream.json(signed, "DynamoDB_20120810.CreateBackup", &input).await?;
    let details = output.get("BackupDetails").cloned().unwrap_or_default();
    let arn = details.get("BackupArn").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok((arn, details.get("BackupSizeBytes").and_then(Value::as_i64).unwrap_or_default()))
}

fn complete_unseen(shared: Arc<Shared>, scope: Scope, id: String) {
    tokio::spawn(async move {
        tokio::time::sleep(COMPLETES_UNSEEN_AFTER).await;
        let state = shared.backup.state(&scope);
        complete(&shared, &scope, &mut *state.lock().await, &id);
    });
}

/// Completes a job that has not ended yet: its recovery point appears, and the world is told.
fn complete(shared: &Arc<Shared>, scope: &Scope, state: &mut State, id: &str) {
    let Some(job) = state.jobs.iter_mut().find(|job| job.id == id && !job.state.has_ended()) else { return };
    let completed = now();
    job.state = JobState::Completed;
    job.completed = Some(completed);
    state.points.push(RecoveryPoint {
        arn: job.point_arn.clone(),
        backup_arn: job.backup_arn.clone(),
        table_arn: job.table_arn.clone(),
        vault: Some((job.vault.clone(), job.vault_arn.clone())),
        role_arn: Some(job.role_arn.clone()),
        created: job.created,
        completed,
        size: job.size,
    });
    let (job, notifications) = (job.clone(), state.notifications.get(&job.vault).cloned());
    // Not within the lock: whoever is told may call AWS Backup at once.
    let (shared, scope) = (Arc::clone(shared), scope.clone());
    tokio::spawn(async move { announce::completed(&shared, &scope, &job, notifications).await });
}

pub(super) async fn describe(call: &Call<'_>) -> Result<Value, Fail> {
    let state = call.state();
    let mut state = state.lock().await;
    let id = call.segment(1).to_owned();
    let job = state.jobs.iter_mut().find(|job| job.id == id).ok_or_else(|| no_job(&id))?;
    if !job.state.has_ended() {
        if job.looks_left == 0 {
            complete(call.shared, &call.scope, &mut state, &id);
        } else {
            let shown = job.shown(&call.scope.account);
            job.looks_left -= 1;
            job.state = JobState::Running;
            return Ok(shown);
        }
    }
    let job = state.jobs.iter().find(|job| job.id == id);
    job.map(|job| job.shown(&call.scope.account)).ok_or_else(|| no_job(&id))
}

pub(super) async fn list(call: &Call<'_>) -> Result<Value, Fail> {
    let state = call.state();
    let state = state.lock().await;
    let wanted = state.jobs.iter().filter(|job| {
        call.wants("state", Some(job.state.name()))
            && call.wants("resourceArn", Some(&job.table_arn))
            && call.wants("backupVaultName", Some(&job.vault))
    });
    page(call, "BackupJobs", "BackupJobId", wanted.map(|job| job.shown(&call.scope.account)).collect())
}

pub(super) async fn stop(call: &Call<'_>) -> Result<Value, Fail> {
    let id = call.segment(1);
    let state = call.state();
    let mut state = state.lock().await;
    let job = state.jobs.iter_mut().find(|job| job.id == id).ok_or_else(|| no_job(id))?;
    if job.state.has_ended() {
        let message = format!("Backup job {id} is {} and cannot be stopped.", job.state.name());
        return Err(Fail::new("InvalidRequestException", message));
    }
    let input = json!({ "BackupArn": job.backup_arn });
    call.shared
        .upstream
        .json(call.scope.signed("dynamodb"), "DynamoDB_20120810.DeleteBackup", &input)
        .await?;
    job.state = JobState::Aborted;
    job.completed = Some(now());
    Ok(Value::Null)
}

fn no_job(id: &str) -> Fail {
    Fail::not_found(format!("Backup job {id} does not exist."))
}
