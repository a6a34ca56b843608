//! What the target of a sync was restored from, and the moment that its items are of.
//!
//! DynamoDB tells both until the table is ACTIVE, and then never again (measured, DDB-TABLE-216). A sync needs them
//! after that: they say which table is the source, whether the table that has its name today is still that one, and which
//! settings were in force. So they are carried here from where they are known: the event that told of the restore, the
//! input, or a look at the table while it was being made.

use chrono::{DateTime, Utc};

use super::execution_input::ExecutionInput;
use crate::aws::arn::{Arn, table_arn_of_backup};
use crate::aws::backup_description;
use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::aws::table::RestoreSummary;
use crate::clock::utc;
use crate::settings::Table;

/// What a table was restored from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origin {
    /// The ARN of the table that was backed up, where that is known.
    pub source_arn: Option<String>,
    /// The backup or recovery point; `None` for a restore to a point in time.
    pub backup_arn: Option<String>,
    /// The moment that the items are of, where that was told.
    pub reported: Option<DateTime<Utc>>,
    /// When the target was made: its items are of no later moment.
    pub target_made: Option<DateTime<Utc>>,
}

impl Origin {
    /// What is known of a target, from what was seen of it while it was being made, or else from the input. `None` where
    /// nothing says that it was restored.
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

    /// Whether this says something of that source, and not of another table, which somebody named instead.
    pub fn is_of(&self, source_arn: &str) -> bool {
        self.source_arn.as_deref().is_none_or(|arn| arn == source_arn)
    }

    /// The moment that the items are of: what was told, else when the backup was made, else the latest that it can be.
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

    /// The backup, where it is DynamoDB's to describe: AWS Backup's own recovery points are not.
    pub fn dynamodb_backup(&self) -> Option<&str> {
        self.backup_arn.as_deref().filter(|arn| is_dynamodbs(arn))
    }
}

fn is_dynamodbs(backup_arn: &str) -> bool {
    Arn::parse(backup_arn).is_some_and(|arn| arn.service == "dynamodb")
}

async fn made_by_dynamodb(clients: &Clients, backup_arn: &str) -> Result<Option<DateTime<Utc>>, AwsFailure> {
    let there = clients.in_region(Arn::parse(backup_arn).map_or("", |arn| arn.region));
    let backup = backup_description::describe(&there.dynamodb(), backup_arn).await?;
    let details = backup.as_ref().and_then(|backup| backup.backup_details());
    Ok(details.map(|details| utc(details.backup_creation_date_time())))
}

/// When AWS Backup made a recovery point. It tells that by the table, for a recovery point alone does not say which vault
/// it lies in.
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
            // A table of which nothing is kept any more.
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
