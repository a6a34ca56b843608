//! Restoring a DynamoDB backup: RestoreTableFromBackup.
//!
//! The call takes no token, but the target's name serves the same purpose: a call whose response was lost has made a
//! table of that name. DescribeTable says which backup a table was made from until the table is ACTIVE. After that, the
//! table's own tag says it, which [`crate::workflows::rotate_restore::CheckRestore`] writes
//! ([`tablekeeper_core::aws::own_tag`]).
//!
//! Between the two, an ACTIVE table says nothing until the execution that restores it polls it. The step does not know
//! whether there is such an execution. It waits as long as one would need for its next poll.

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{BillingMode as SdkBillingMode, TableDescription as SdkTable, TableStatus};
use chrono::{DateTime, TimeDelta, Utc};
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::table::TableDescription;
use tablekeeper_core::aws::{own_tag, table as table_description};
use tablekeeper_core::clock::utc;
use tablekeeper_core::rotation::overrides::BillingMode;
use tablekeeper_core::rotation::request::Request;

use super::{Error, RestoreBackup, Started};

/// Time after which an untagged table does not get another execution's tag any more: the longest wait between two polls,
/// and some minutes for a poll that is retried.
const TAGGED_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// What is known about the origin of a table.
pub(super) enum Origin {
    /// The recovery point in question.
    SameRecoveryPoint,
    /// Something else, as text.
    Other(String),
    /// Nothing says it. The text says what is missing.
    Unknown(String),
}

impl RestoreBackup {
    pub(super) async fn restore_with_dynamodb(
        &self,
        Request { backup, input: wanted, .. }: &Request,
        target_table: &str,
        entered_at: DateTime<Utc>,
    ) -> Result<Started, Error> {
        let backup_arn = &backup.recovery_point_arn;
        let refused = |name| move |error: BuildError| Error::Override { name, reason: error.to_string() };
        let global_indexes = (wanted.global_secondary_index_override.as_ref())
            .map(|indexes| indexes.iter().map(TryInto::try_into).collect())
            .transpose()
            .map_err(refused("GlobalSecondaryIndexOverride"))?;
        let local_indexes = (wanted.local_secondary_index_override.as_ref())
            .map(|indexes| indexes.iter().map(TryInto::try_into).collect())
            .transpose()
            .map_err(refused("LocalSecondaryIndexOverride"))?;
        let vector_indexes = (wanted.vector_index_override.as_ref())
            .map(|indexes| indexes.iter().map(TryInto::try_into).collect())
            .transpose()
            .map_err(refused("VectorIndexOverride"))?;
        let throughput = (wanted.provisioned_throughput_override.as_ref())
            .map(TryInto::try_into)
            .transpose()
            .map_err(refused("ProvisionedThroughputOverride"))?;
        let response = self
            .dynamodb
            .restore_table_from_backup()
            .backup_arn(backup_arn)
            .target_table_name(target_table)
            .set_billing_mode_override(wanted.billing_mode_override.map(|mode| match mode {
                BillingMode::PayPerRequest => SdkBillingMode::PayPerRequest,
                BillingMode::Provisioned => SdkBillingMode::Provisioned,
            }))
            .set_global_secondary_index_override(global_indexes)
            .set_local_secondary_index_override(local_indexes)
            .set_vector_index_override(vector_indexes)
            .set_provisioned_throughput_override(throughput)
            .set_on_demand_throughput_override(wanted.on_demand_throughput_override.as_ref().map(Into::into))
            .set_sse_specification_override(wanted.sse_specification_override.as_ref().map(Into::into))
            .send()
            .await;
        match response {
            Ok(response) => {
                let table = response.table_description.as_ref();
                let at = table.and_then(|table| table.creation_date_time()).map(utc);
                Ok(Started {
                    at: at.unwrap_or_else(|| self.clock.now()),
                    table: table.map(TableDescription::from),
                    restore_job_id: None,
                    adopted: false,
                })
            }
            Err(error) => match error.code() {
                // DynamoDB also reports TableInUse while a table of that name is being created, which may be ours.
                Some("TableAlreadyExistsException" | "TableInUseException") => {
                    self.adopt_table(target_table, backup_arn, entered_at).await
                }
                // DynamoDB also reports BackupInUse while any table is being restored from this backup, whatever its
                // name. Which of the two errors comes first if both apply was not measured.
                Some("BackupInUseException") => {
                    match table_description::describe(&self.dynamodb, target_table).await? {
                        Some(_) => self.adopt_table(target_table, backup_arn, entered_at).await,
                        None => Err(Error::BackupInUse {
                            recovery_point_arn: backup_arn.clone(),
                            reason: error.message().unwrap_or_default().to_owned(),
                        }),
                    }
                }
                // The backup may have been deleted after its table was made.
                Some("BackupNotFoundException") => {
                    match self.table_made_from(target_table, backup_arn).await? {
                        Some(table) => Ok(self.adopt(&table)),
                        None => Err(Error::BackupNotFound {
                            recovery_point_arn: backup_arn.clone(),
                            reason: error.message().unwrap_or_default().to_owned(),
                        }),
                    }
                }
                Some("LimitExceededException") => {
                    Err(Error::TooManyRestores(error.message().unwrap_or_default().to_owned()))
                }
                _ => Err(AwsFailure::from_call("dynamodb:RestoreTableFromBackup")(error).into()),
            },
        }
    }

    /// Adopts the table of the target's name, if it was made from this backup. A table of unknown origin is busy at
    /// first, and then somebody else's.
    async fn adopt_table(
        &self,
        target_table: &str,
        backup_arn: &str,
        entered_at: DateTime<Utc>,
    ) -> Result<Started, Error> {
        let deleting = || Error::TargetTableDeleting(target_table.to_owned());
        let Some(table) = table_description::describe(&self.dynamodb, target_table).await? else {
            return Err(deleting());
        };
        // Whatever the table was made from, its name will be free.
        if table.table_status() == Some(&TableStatus::Deleting) {
            return Err(deleting());
        }
        match self.made_from(&table, backup_arn).await? {
            Origin::SameRecoveryPoint => Ok(self.adopt(&table)),
            Origin::Unknown(_) if self.clock.now() < entered_at + TAGGED_WITHIN => {
                Err(Error::TargetTableUntagged {
                    table: target_table.to_owned(),
                    recovery_point_arn: backup_arn.to_owned(),
                })
            }
            Origin::Other(made_from) | Origin::Unknown(made_from) => Err(Error::TargetTableExists {
                table: target_table.to_owned(),
                recovery_point_arn: backup_arn.to_owned(),
                made_from,
            }),
        }
    }

    /// Returns the table of the target's name if it was made from this backup, and is not being deleted.
    async fn table_made_from(&self, target_table: &str, backup_arn: &str) -> Result<Option<SdkTable>, Error> {
        let table = table_description::describe(&self.dynamodb, target_table).await?;
        let Some(table) = table.filter(|table| table.table_status() != Some(&TableStatus::Deleting)) else {
            return Ok(None);
        };
        let origin = self.made_from(&table, backup_arn).await?;
        Ok(matches!(origin, Origin::SameRecoveryPoint).then_some(table))
    }

    /// Returns whether DynamoDB or the table's tag says that the table was made from this backup.
    async fn made_from(&self, table: &SdkTable, backup_arn: &str) -> Result<Origin, Error> {
        if let Some(summary) = table.restore_summary() {
            return Ok(match summary.source_backup_arn().unwrap_or("a point in time") {
                source if source == backup_arn => Origin::SameRecoveryPoint,
                source => Origin::Other(format!("it is being restored from {source}")),
            });
        }
        if table.table_status() == Some(&TableStatus::Creating) {
            return Ok(Origin::Other("it is being created, but not from a backup".to_owned()));
        }
        self.tagged(table, backup_arn).await
    }

    /// Returns whether the table's tag says that the table was made from this recovery point.
    pub(super) async fn tagged(&self, table: &SdkTable, recovery_point_arn: &str) -> Result<Origin, Error> {
        let (key, id) = (own_tag::RECOVERY_POINT, own_tag::recovery_point_id(recovery_point_arn));
        let tag = own_tag::read(&self.dynamodb, table.table_arn().unwrap_or_default()).await?;
        Ok(match tag {
            Some(tag) if tag == id => Origin::SameRecoveryPoint,
            Some(other) => Origin::Other(format!("its tag {key} says {other}")),
            None => Origin::Unknown(format!("it has no tag {key} with the value {id}")),
        })
    }

    pub(super) fn adopt(&self, table: &SdkTable) -> Started {
        Started {
            at: table.creation_date_time().map_or_else(|| self.clock.now(), utc),
            table: Some(TableDescription::from(table)),
            restore_job_id: None,
            adopted: true,
        }
    }
}
