use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Call, as_backup_error, not_found, page};
use crate::clock::epoch;
use crate::proxy::dynamodb::table_of_backup;
use crate::upstream::ApiError;

/// A recovery point or a DynamoDB backup, either of which AWS Backup can restore.
#[derive(Clone, Debug)]
pub(super) struct RecoveryPoint {
    /// The ARN that customers use.
    pub(super) arn: String,
    /// The DynamoDB backup behind it.
    pub(super) backup_arn: String,
    pub(super) table_arn: String,
    pub(super) vault: Option<(String, String)>,
    pub(super) role_arn: Option<String>,
    pub(super) created: DateTime<Utc>,
    pub(super) completed: DateTime<Utc>,
    pub(super) size: i64,
}

impl RecoveryPoint {
    fn shown(&self) -> Value {
        let (name, arn) = self.vault.clone().unzip();
        json!({
            "RecoveryPointArn": self.arn,
            "BackupVaultName": name,
            "BackupVaultArn": arn,
            "ResourceArn": self.table_arn,
            "ResourceName": self.table_arn.rsplit('/').next(),
            "ResourceType": "DynamoDB",
            "IamRoleArn": self.role_arn,
            "Status": "COMPLETED",
            "CreationDate": epoch(self.created),
            "CompletionDate": epoch(self.completed),
            "BackupSizeInBytes": self.size,
            "IsParent": false,
            "StorageClass": "WARM",
        })
    }

    /// Returns the table as ListProtectedResources shows it.
    fn shown_as_resource(&self) -> Value {
        json!({
            "ResourceArn": self.table_arn,
            "ResourceName": self.table_arn.rsplit('/').next(),
            "ResourceType": "DynamoDB",
            "LastBackupTime": epoch(self.completed),
            "LastBackupVaultArn": self.vault.as_ref().map(|(_, arn)| arn),
            "LastRecoveryPointArn": self.arn,
        })
    }

    /// Returns whether only AWS Backup can restore the recovery point.
    pub(super) fn is_advanced(&self) -> bool {
        self.arn != self.backup_arn
    }
}

/// Finds a recovery point, or a DynamoDB backup that AWS Backup did not create, which it can restore as well.
pub(super) async fn find(call: &Call<'_>, arn: &str) -> Result<RecoveryPoint, ApiError> {
    if let Some(point) = call.state().lock().await.points.iter().find(|point| point.arn == arn) {
        return Ok(point.clone());
    }
    let Some(table_arn) = table_of_backup(arn) else {
        return Err(not_found(format!("Recovery point {arn} does not exist.")));
    };
    let upstream = &call.shared.upstream;
    let input = json!({ "BackupArn": arn });
    let output = upstream
        .json(call.scope.signed("dynamodb"), "DynamoDB_20120810.DescribeBackup", &input)
        .await
        .map_err(as_backup_error)?;
    let details = output.pointer("/BackupDescription/BackupDetails").cloned().unwrap_or_default();
    let created = details.get("BackupCreationDateTime").and_then(Value::as_f64).unwrap_or_default();
    let created = DateTime::from_timestamp_millis((created * 1_000.0) as i64).unwrap_or_default();
    Ok(RecoveryPoint {
        arn: arn.to_owned(),
        backup_arn: arn.to_owned(),
        table_arn: table_arn.to_owned(),
        vault: None,
        role_arn: None,
        created,
        completed: created,
        size: details.get("BackupSizeBytes").and_then(Value::as_i64).unwrap_or_default(),
    })
}

/// Handles ListRecoveryPointsByResource, with pages.
pub(super) async fn list_by_resource(call: &Call<'_>) -> Result<Value, ApiError> {
    let state = call.state();
    let state = state.lock().await;
    let points = state.points.iter().filter(|point| point.table_arn == call.segment(1));
    page(call, "RecoveryPoints", "RecoveryPointArn", points.map(RecoveryPoint::shown).collect())
}

/// Handles ListProtectedResources, with pages. Every table that a backup job backed up is one.
pub(super) async fn list_protected(call: &Call<'_>) -> Result<Value, ApiError> {
    let state = call.state();
    let state = state.lock().await;
    let mut newest = BTreeMap::<&str, &RecoveryPoint>::new();
    for point in &state.points {
        newest.entry(&point.table_arn).and_modify(|newest| *newest = point).or_insert(point);
    }
    page(call, "Results", "ResourceArn", newest.into_values().map(RecoveryPoint::shown_as_resource).collect())
}

pub(super) async fn describe(call: &Call<'_>) -> Result<Value, ApiError> {
    let (vault, arn) = (call.segment(1), call.segment(3));
    let state = call.state();
    let state = state.lock().await;
    let is_wanted = |point: &&RecoveryPoint| {
        point.arn == arn && point.vault.as_ref().is_some_and(|(name, _)| name == vault)
    };
    let point = state.points.iter().find(is_wanted);
    point
        .map(RecoveryPoint::shown)
        .ok_or_else(|| not_found(format!("Recovery point {arn} does not exist in backup vault {vault}.")))
}
