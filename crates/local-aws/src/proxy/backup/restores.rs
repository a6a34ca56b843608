use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::jobs::new_id;
use super::points::{self, RecoveryPoint};
use super::validations::Validation;
use super::{Call, announce, invalid, missing, not_found, page, validations};
use crate::clock::{epoch, now};
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::dynamodb::{Source, restore};
use crate::proxy::identify::query_value;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// The time after which a job begins without polls, because a caller may wait only for its table.
const BEGINS_UNSEEN_AFTER: Duration = Duration::from_secs(1);

/// The time after which a job ends if nobody polls it, because a caller may wait only for its event.
const ENDS_UNSEEN_AFTER: Duration = Duration::from_secs(3);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    Pending,
    /// The table exists, unless a test made the job fail.
    Running {
        table_arn: Option<String>,
    },
    Completed {
        table_arn: String,
    },
    Failed {
        message: String,
    },
}

/// A restore job.
#[derive(Clone, Debug)]
pub(super) struct RestoreJob {
    id: String,
    token: Option<String>,
    point: RecoveryPoint,
    metadata: BTreeMap<String, String>,
    target: String,
    encryption: Option<Value>,
    role_arn: Option<String>,
    created: DateTime<Utc>,
    ended: Option<DateTime<Utc>>,
    progress: Progress,
    polls_left: u32,
    seen: bool,
    scripted_failure: Option<String>,
    is_announced: bool,
    pub(super) validation: Option<Validation>,
}

impl RestoreJob {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn target(&self) -> &str {
        &self.target
    }

    pub(super) fn status(&self) -> &'static str {
        match self.progress {
            Progress::Pending => "PENDING",
            Progress::Running { .. } => "RUNNING",
            Progress::Completed { .. } => "COMPLETED",
            Progress::Failed { .. } => "FAILED",
        }
    }

    fn shown(&self, scope: &Scope) -> Value {
        let mut shown = json!({
            "AccountId": scope.account,
            "RestoreJobId": self.id,
            "RecoveryPointArn": self.point.arn,
            "RecoveryPointCreationDate": epoch(self.point.created),
            "SourceResourceArn": self.point.table_arn,
            "BackupVaultArn": self.point.vault.as_ref().map(|(_, arn)| arn),
            "CreationDate": epoch(self.created),
            "Status": self.status(),
            "PercentDone": if self.ended.is_some() { "100.00%" } else { "0.00%" },
            "BackupSizeInBytes": self.point.size,
            "IamRoleArn": self.role_arn,
            "ResourceType": "DynamoDB",
            "IsParent": false,
        });
        if let Some(ended) = self.ended {
            set(&mut shown, "CompletionDate", epoch(ended));
        }
        match &self.progress {
            Progress::Completed { table_arn } => set(&mut shown, "CreatedResourceArn", table_arn.as_str()),
            Progress::Failed { message } => set(&mut shown, "StatusMessage", message.as_str()),
            Progress::Pending | Progress::Running { .. } => {}
        }
        if let Some(plan_arn) = validations::plan_arn(&self.target, scope) {
            validations::show(&mut shown, &plan_arn, self.validation.as_ref());
        }
        shown
    }

    /// Announces the end of the job, once.
    fn announce_end(&mut self, shared: &Arc<Shared>, scope: &Scope) {
        if self.ended.is_some() && !std::mem::replace(&mut self.is_announced, true) {
            announce::restore_ended(&self.shown(scope), self.created).send(shared, scope);
        }
    }

    /// Advances the job by one poll.
    async fn poll(&mut self, shared: &Arc<Shared>, scope: &Scope) {
        let is_last = self.polls_left == 0;
        let is_first = !std::mem::replace(&mut self.seen, true);
        self.polls_left = self.polls_left.saturating_sub(1);
        // PENDING is shown only if another poll is left to show RUNNING.
        if is_last || !is_first || self.polls_left == 0 {
            self.begin(shared, scope).await;
        }
        if is_last {
            self.end();
        }
        self.announce_end(shared, scope);
    }

    async fn begin(&mut self, shared: &Arc<Shared>, scope: &Scope) {
        if self.progress != Progress::Pending {
            return;
        }
        if self.scripted_failure.is_some() {
            self.progress = Progress::Running { table_arn: None };
            return;
        }
        let mut input = json!({ "BackupArn": self.point.backup_arn, "TargetTableName": self.target });
        if let Some(encryption) = &self.encryption {
            set(&mut input, "SSESpecificationOverride", encryption.clone());
        }
        let source =
            Source { backup_arn: Some(self.point.arn.clone()), table_arn: self.point.table_arn.clone() };
        match restore(shared, scope, "RestoreTableFromBackup", input, source).await {
            Ok(output) => {
                let arn = output.pointer("/TableDescription/TableArn").and_then(Value::as_str);
                self.progress = Progress::Running { table_arn: arn.map(str::to_owned) };
            }
            Err(refusal) => self.fail(refusal.message),
        }
    }

    fn end(&mut self) {
        if let Progress::Running { table_arn } = &self.progress {
            match (self.scripted_failure.take(), table_arn.clone()) {
                (None, Some(table_arn)) => {
                    self.progress = Progress::Completed { table_arn };
                    self.ended = Some(now());
                }
                (message, _) => {
                    self.fail(message.unwrap_or_else(|| "The restored table has no ARN.".to_owned()))
                }
            }
        }
    }

    fn fail(&mut self, message: String) {
        self.progress = Progress::Failed { message };
        self.ended = Some(now());
    }
}

pub(super) async fn start(call: &Call<'_>) -> Result<Value, ApiError> {
    let point = points::find(call, call.required("RecoveryPointArn")?).await?;
    let role_arn = call.optional("IamRoleArn").map(str::to_owned);
    if point.is_advanced() && role_arn.is_none() {
        return Err(invalid(
            "An IAM role is required to restore this recovery point: IamRoleArn is missing.",
        ));
    }
    if !matches!(call.optional("ResourceType"), None | Some("DynamoDB")) {
        return Err(invalid("ResourceType must be DynamoDB, the type of the recovery point."));
    }
    let metadata = metadata_of(call)?;
    let target = target(&metadata)?;
    let encryption = encryption(&metadata)?;

    let state = call.state();
    let mut state = state.lock().await;
    let token = call.optional("IdempotencyToken").map(str::to_owned);
    if let Some(job) = state.restores.iter().find(|job| token.is_some() && job.token == token) {
        return Ok(json!({ "RestoreJobId": job.id }));
    }
    let account = &call.scope.account;
    let mut job = RestoreJob {
        id: new_id(),
        created: now(),
        ended: None,
        progress: Progress::Pending,
        polls_left: call.shared.script.latency(account).restore_jobs,
        seen: false,
        scripted_failure: call.shared.script.restore_failure(account),
        token,
        point,
        metadata,
        target,
        encryption,
        role_arn,
        is_announced: false,
        validation: None,
    };
    let id = job.id.clone();
    announce::restore_created(&job.point.arn, &job.id, job.created).send(call.shared, &call.scope);
    if job.polls_left == 0 {
        job.poll(call.shared, &call.scope).await;
    } else {
        continue_unseen(Arc::clone(call.shared), call.scope.clone(), id.clone());
    }
    state.restores.push(job);
    Ok(json!({ "RestoreJobId": id }))
}

fn metadata_of(call: &Call<'_>) -> Result<BTreeMap<String, String>, ApiError> {
    let members = call.input.get("Metadata").and_then(Value::as_object);
    let members = members.ok_or_else(|| missing("Metadata"))?;
    Ok(members
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect())
}

/// Returns a member of the metadata, whose names are not case-sensitive.
fn member<'a>(metadata: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn target(metadata: &BTreeMap<String, String>) -> Result<String, ApiError> {
    let name = member(metadata, "targetTableName").unwrap_or_default();
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if (3..=255).contains(&name.len()) && name.bytes().all(is_legal) {
        return Ok(name.to_owned());
    }
    Err(invalid(format!("Invalid restore metadata: targetTableName is `{name}`; it must be a table name.")))
}

fn encryption(metadata: &BTreeMap<String, String>) -> Result<Option<Value>, ApiError> {
    let key = member(metadata, "kmsMasterKeyArn");
    match (member(metadata, "encryptionType"), key) {
        (None | Some("Default"), None) => Ok(None),
        (Some("KMS"), None) => Ok(Some(json!({ "Enabled": true, "SSEType": "KMS" }))),
        (Some("KMS"), Some(key)) => {
            Ok(Some(json!({ "Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key })))
        }
        (_, Some(_)) => {
            Err(invalid("Invalid restore metadata: kmsMasterKeyArn needs the encryptionType KMS."))
        }
        (Some(other), None) => Err(invalid(format!(
            "Invalid restore metadata: encryptionType is `{other}`; it must be Default or KMS."
        ))),
    }
}

fn continue_unseen(shared: Arc<Shared>, scope: Scope, id: String) {
    tokio::spawn(async move {
        // Fetched again each time, because the state may have been cleared in between.
        let state = || shared.backup.states.of(&scope);
        tokio::time::sleep(BEGINS_UNSEEN_AFTER).await;
        if let Some(job) = state().lock().await.restores.iter_mut().find(|job| job.id == id) {
            job.begin(&shared, &scope).await;
            job.announce_end(&shared, &scope);
        }
        tokio::time::sleep(ENDS_UNSEEN_AFTER - BEGINS_UNSEEN_AFTER).await;
        if let Some(job) = state().lock().await.restores.iter_mut().find(|job| job.id == id && !job.seen) {
            job.end();
            job.announce_end(&shared, &scope);
        }
    });
}

pub(super) async fn describe(call: &Call<'_>) -> Result<Value, ApiError> {
    let id = call.segment(1);
    let state = call.state();
    let mut state = state.lock().await;
    let job = state.restores.iter_mut().find(|job| job.id == id).ok_or_else(|| no_job(id))?;
    job.poll(call.shared, &call.scope).await;
    Ok(job.shown(&call.scope))
}

pub(super) async fn metadata(call: &Call<'_>) -> Result<Value, ApiError> {
    let id = call.segment(1);
    let state = call.state();
    let state = state.lock().await;
    let job = state.restores.iter().find(|job| job.id == id).ok_or_else(|| no_job(id))?;
    Ok(json!({ "RestoreJobId": id, "Metadata": job.metadata }))
}

pub(super) async fn list(call: &Call<'_>) -> Result<Value, ApiError> {
    let jobs = chosen(call, |job| {
        call.wants("resourceType", Some("DynamoDB"))
            && call.wants("accountId", Some(&call.scope.account))
            && within(call, "created", job.created)
    });
    page(call, "RestoreJobs", "RestoreJobId", jobs.await)
}

pub(super) async fn list_by_resource(call: &Call<'_>) -> Result<Value, ApiError> {
    let jobs = chosen(call, |job| {
        job.point.table_arn == call.segment(1) && within(call, "recoveryPointCreationDate", job.point.created)
    });
    page(call, "RestoreJobs", "RestoreJobId", jobs.await)
}

async fn chosen(call: &Call<'_>, is_wanted: impl Fn(&RestoreJob) -> bool) -> Vec<Value> {
    let state = call.state();
    let state = state.lock().await;
    let jobs = state.restores.iter().filter(|job| call.wants("status", Some(job.status())) && is_wanted(job));
    jobs.map(|job| job.shown(&call.scope)).collect()
}

/// Returns whether a time is within the bounds of the query parameters `<name>After` and `<name>Before`.
fn within(call: &Call<'_>, name: &str, time: DateTime<Utc>) -> bool {
    let bound = |side: &str| {
        let text = query_value(call.query, &format!("{name}{side}"))?;
        DateTime::parse_from_rfc3339(&text).ok().map(|bound| bound.to_utc())
    };
    bound("After").is_none_or(|after| time > after) && bound("Before").is_none_or(|before| time < before)
}

pub(super) fn no_job(id: &str) -> ApiError {
    not_found(format!("Restore job {id} does not exist."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(members: &[(&str, &str)]) -> BTreeMap<String, String> {
        members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn metadata_names_are_read_in_any_case() {
        assert_eq!(target(&given(&[("TARGETTABLENAME", "orders-2")])).unwrap(), "orders-2");
        let sse = encryption(&given(&[("EncryptionType", "KMS"), ("kmsmasterkeyarn", "arn:k")])).unwrap();
        assert_eq!(sse, Some(json!({ "Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": "arn:k" })));
        assert_eq!(encryption(&given(&[("encryptionType", "Default")])).unwrap(), None);
    }

    #[test]
    fn unusable_metadata_is_reported_with_a_message() {
        for name in ["", "ab", "or ders", &"a".repeat(256)] {
            let fail = target(&given(&[("targetTableName", name)])).unwrap_err();
            assert_eq!(fail.code, "InvalidParameterValueException");
        }
        assert!(encryption(&given(&[("encryptionType", "AES")])).unwrap_err().message.contains("`AES`"));
        assert!(
            encryption(&given(&[("kmsMasterKeyArn", "k")]))
                .unwrap_err()
                .message
                .contains("needs the encryptionType")
        );
    }
}
