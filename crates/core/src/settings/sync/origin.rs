//! Finds what the target of a sync was restored from, and the moment of its items.
//!
//! DynamoDB reports both until the table is ACTIVE, and then never again (measured, DDB-TABLE-216). A sync needs them
//! after that. They determine which table is the source, whether the table that has its name today is still the same
//! one, and which settings were in force. They come from the event of the restore, from the input, or from a poll of
//! the table during the restore.

use chrono::{DateTime, Utc};

use super::execution_input::ExecutionInput;
use crate::aws::arn::{Arn, table_arn_of_backup};
use crate::aws::backup_description;
use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::aws::table::RestoreSummary;
use crate::clock::utc;
use crate::settings::Table;

/// The origin of a restored table.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origin {
    /// ARN of the table that was backed up, if known.
    pub source_arn: Option<String>,
    /// ARN of the backup or recovery point; `None` for a restore to a point in time.
    pub backup_arn: Option<String>,
    /// Reported moment of the items, if any.
    pub reported: Option<DateTime<Utc>>,
    /// Time at which the target was created. Its items are not from a later moment.
    pub target_made: Option<DateTime<Utc>>,
}

impl Origin {
    /// Returns the origin of a target, from a poll during the restore or else from the input. Returns `None` if nothing
    /// shows that the target was restored.
    pub fn new(input: &ExecutionInput, seen: Option<&RestoreSummary>, target: &Table) -> Option<Origin> {
        let target_made = target.description.creation_date_time().map(utc);
        if let Some(seen) = seen {
            return Some(Origin {
                source_arn: seen.source_table_arn.clone(),
                backup_arn: seen.source_backup_arn.clone(),
                reported: Some(seen.restore_date_time),
                target_made,
            });
        }
        if input.backup_arn.is_none() && input.restore_date_time.is_none() {
            return None;
        }
        let source_arn = input.backup_arn.as_deref().and_then(table_arn_of_backup).map(str::to_owned);
        Some(Origin {
            source_arn,
            backup_arn: input.backup_arn.clone(),
            reported: input.restore_date_time,
            target_made,
        })
    }

    /// Checks whether the target was restored from this source, as far as known. The input may name another source.
    pub fn is_of(&self, source_arn: &str) -> bool {
        self.source_arn.as_deref().is_none_or(|arn| arn == source_arn)
    }

    /// Returns the moment of the items: the reported one, or else the time of the backup, or else the latest possible
    /// time.
    pub async fn moment(
        &self,
        clients: &Clients,
        source_arn: &str,
    ) -> Result<Option<DateTime<Utc>>, AwsFailure> {
        if self.reported.is_some() {
            return Ok(self.reported);
        }
        let made = match self.backup_arn.as_deref() {
            Some(arn) if is_dynamodbs(arn) => made_by_dynamodb(clients, arn).await?,
            Some(arn) => made_by_aws_backup(clients, arn, source_arn).await?,
            None => None,
        };
        Ok(made.or(self.target_made))
    }

    /// Returns the backup if DynamoDB can describe it. It cannot describe AWS Backup's own recovery points.
    pub fn dynamodb_backup(&self) -> Option<&str> {
        self.backup_arn.as_deref().filter(|arn| is_dynamodbs(arn))
    }
}

fn is_dynamodbs(backup_arn: &str) -> bool {
    Arn::parse(backup_arn).is_some_and(|arn| arn.service == "dynamodb")
}

async fn made_by_dynamodb(clients: &Clients, backup_arn: &str) -> Result<Option<DateTime<Utc>>, AwsFailure> {
    let regional = clients.in_region(Arn::parse(backup_arn).map_or("", |arn| arn.region));
    let backup = backup_description::describe(&regional.dynamodb(), backup_arn).await?;
    let details = backup.as_ref().and_then(|backup| backup.backup_details());
    Ok(details.map(|details| utc(details.backup_creation_date_time())))
}

/// Returns the time at which AWS Backup created a recovery point. Finds it in the list of the table's recovery points,
/// because the ARN alone does not contain the vault.
async fn made_by_aws_backup(
    clients: &Clients,
    recovery_point_arn: &str,
    source_arn: &str,
) -> Result<Option<DateTime<Utc>>, AwsFailure> {
    let list = clients.backup().list_recovery_points_by_resource().resource_arn(source_arn);
    let mut points = list.into_paginator().items().send();
    while let Some(point) = points.next().await {
        let point = match point {
            Ok(point) => point,
            // AWS Backup has no recovery points of the table.
            Err(error) if is_not_found(&error) => return Ok(None),
            Err(error) => return Err(AwsFailure::from_call("backup:ListRecoveryPointsByResource")(error)),
        };
        if point.recovery_point_arn() == Some(recovery_point_arn) {
            return Ok(point.creation_date().map(utc));
        }
    }
    Ok(None)
}

fn is_not_found(error: &impl aws_sdk_backup::error::ProvideErrorMetadata) -> bool {
    error.code() == Some("ResourceNotFoundException")
}

#[cfg(test)]
mod tests;
