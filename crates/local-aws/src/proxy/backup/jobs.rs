use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::points::RecoveryPoint;
use super::{Call, State, announce, as_backup_error, invalid, not_found, vaults};
use crate::clock::{epoch, now};
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::dynamodb::table_of_backup;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// The time after which a job completes without polls, because a caller may wait only for its notification.
const COMPLETES_UNSEEN_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobState {
    Pending,
    Running,
    Completed,
}

impl JobState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
        }
    }
}

/// A backup job.
#[derive(Clone, Debug)]
pub(super) struct BackupJob {
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
    polls_left: u32,
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

pub(super) async fn start(call: &Call<'_>) -> Result<Value, ApiError> {
    let vault = call.required("BackupVaultName")?.to_owned();
    let table_arn = call.required("ResourceArn")?.to_owned();
    let role_arn = call.required("IamRoleArn")?.to_owned();
    let table = table_arn.split_once(":table/").filter(|_| table_arn.contains(":dynamodb:"));
    let Some((_, table)) = table else {
        return Err(invalid(format!(
            "ResourceArn is `{table_arn}`; it must be the ARN of a DynamoDB table."
        )));
    };
    vaults::require_vault(call, &vault).await?;

    let state = call.state();
    let mut state = state.lock().await;
    let token = call.optional("IdempotencyToken").map(str::to_owned);
    if let Some(job) = state.jobs.iter().find(|job| token.is_some() && job.token == token) {
        return Ok(job.started());
    }
    let id = new_id();
    let advanced = state.management.get("DynamoDB").copied().unwrap_or(false);
    let (backup_arn, size) = take_backup(call, table, &id).await?;
    call.shared.backup.note_taken(&backup_arn, advanced);
    let Scope { account, region } = &call.scope;
    let point_arn = if advanced {
        format!("arn:aws:backup:{region}:{account}:recovery-point:{}", new_id())
    } else {
        backup_arn.clone()
    };
    let job = BackupJob {
        vault_arn: vaults::vault_arn(call, &vault),
        table_arn: table_of_backup(&backup_arn).unwrap_or(&table_arn).to_owned(),
        polls_left: call.shared.script.latency(account).backups,
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
    let (response, id) = (job.started(), job.id.clone());
    state.jobs.push(job);
    if call.shared.script.latency(account).backups == 0 {
        complete(call.shared, &call.scope, &mut state, &id);
    } else {
        complete_unseen(Arc::clone(call.shared), call.scope.clone(), id);
    }
    Ok(response)
}

async fn take_backup(call: &Call<'_>, table: &str, id: &str) -> Result<(String, i64), ApiError> {
    let input = json!({ "TableName": table, "BackupName": format!("AWSBackup-{id}") });
    let signed = call.scope.signed("dynamodb");
    let output = call
        .shared
        .upstream
        .json(signed, "DynamoDB_20120810.CreateBackup", &input)
        .await
        .map_err(as_backup_error)?;
    let details = output.get("BackupDetails").cloned().unwrap_or_default();
    let arn = details.get("BackupArn").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok((arn, details.get("BackupSizeBytes").and_then(Value::as_i64).unwrap_or_default()))
}

fn complete_unseen(shared: Arc<Shared>, scope: Scope, id: String) {
    tokio::spawn(async move {
        tokio::time::sleep(COMPLETES_UNSEEN_AFTER).await;
        let state = shared.backup.states.of(&scope);
        complete(&shared, &scope, &mut *state.lock().await, &id);
    });
}

/// Completes a job that has not ended yet: adds its recovery point and announces the job.
fn complete(shared: &Arc<Shared>, scope: &Scope, state: &mut State, id: &str) {
    let Some(job) = state.jobs.iter_mut().find(|job| job.id == id && job.state != JobState::Completed) else {
        return;
    };
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
    // Outside the lock, because a receiver may call AWS Backup at once.
    let (shared, scope) = (Arc::clone(shared), scope.clone());
    tokio::spawn(async move { announce::completed(&shared, &scope, &job, notifications).await });
}

pub(super) async fn describe(call: &Call<'_>) -> Result<Value, ApiError> {
    let state = call.state();
    let mut state = state.lock().await;
    let id = call.segment(1).to_owned();
    let job = state.jobs.iter_mut().find(|job| job.id == id).ok_or_else(|| no_job(&id))?;
    if job.state != JobState::Completed {
        if job.polls_left == 0 {
            complete(call.shared, &call.scope, &mut state, &id);
        } else {
            let shown = job.shown(&call.scope.account);
            job.polls_left -= 1;
            job.state = JobState::Running;
            return Ok(shown);
        }
    }
    let job = state.jobs.iter().find(|job| job.id == id);
    job.map(|job| job.shown(&call.scope.account)).ok_or_else(|| no_job(&id))
}

/// Returns a new id in upper case, as AWS Backup writes its own ids.
pub(super) fn new_id() -> String {
    Uuid::new_v4().to_string().to_uppercase()
}

fn no_job(id: &str) -> ApiError {
    not_found(format!("Backup job {id} does not exist."))
}
