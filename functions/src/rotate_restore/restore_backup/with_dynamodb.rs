//! Restoring a DynamoDB backup: RestoreTableFromBackup.
//!
//! The call takes no token, but the target's name does the same: a call whose answer was lost has made
//! a table of that name, and DescribeTable says which backup a table was made from.

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{BillingMode as SdkBillingMode, TableStatus};

use super::{Error, RestoreBackup, Started};
use crate::aws_failure::AwsFailure;
use crate::clock::utc;
use crate::rotate_restore::execution_input::ExecutionInput;
use crate::rotate_restore::overrides::BillingMode;
use crate::table_description::{self, TableDescription};

impl RestoreBackup {
    pub(super) async fn restore_with_dynamodb(
        &self,
        wanted: &ExecutionInput,
        target_table: &str,
    ) -> Result<Started, Error> {
        let backup_arn = &wanted.backup_sns_message.recovery_point_arn;
        let refused = |name| move |error: BuildError| Error::Override { name, reason: error.to_string() };
        let global_indexes = (wanted.global_secondary_index_override.as_ref())
            .map(|indexes| indexes.iter().map(TryInto::try_into).collect())
            .transpose()
            .map_err(refused("GlobalSecondaryIndexOverride"))?;
        let local_indexes = (wanted.local_secondary_index_override.as_ref())
            .map(|indexes| indexes.iter().map(TryInto::try_into).collect())
            .transpose()
            .map_err(refused("LocalSecondaryIndexOverride"))?;
        let throughput = (wanted.provisioned_throughput_override.as_ref())
            .map(TryInto::try_into)
            .transpose()
            .map_err(refused("ProvisionedThroughputOverride"))?;
        let answer = self
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
            .set_provisioned_throughput_override(throughput)
            .set_on_demand_throughput_override(wanted.on_demand_throughput_override.as_ref().map(Into::into))
            .set_sse_specification_override(wanted.sse_specification_override.as_ref().map(Into::into))
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let table = answer.table_description.as_ref();
                let at = table.and_then(|table| table.creation_date_time()).map(utc);
                Ok(Started {
                    at: at.unwrap_or_else(|| self.clock.now()),
                    table: table.map(TableDescription::from),
                    restore_job_id: None,
                    adopted: false,
                })
            }
            Err(error) => match error.code() {
                // TableInUse is also the answer while a table of that name is being created: ours, perhaps.
                Some("TableAlreadyExistsException" | "TableInUseException") => {
                    self.adopt_table(target_table, backup_arn).await
                }
                Some("BackupNotFoundException") => Err(Error::BackupNotFound {
                    recovery_point_arn: backup_arn.clone(),
                    reason: error.message().unwrap_or_default().to_owned(),
                }),
                Some("LimitExceededException") => {
                    Err(Error::TooManyRestores(error.message().unwrap_or_default().to_owned()))
                }
                _ => Err(AwsFailure::of("dynamodb:RestoreTableFromBackup")(error).into()),
            },
        }
    }

    /// The table of the target's name, if it was made from this backup.
    async fn adopt_table(&self, target_table: &str, backup_arn: &str) -> Result<Started, Error> {
        let deleting = || Error::TargetTableDeleting(target_table.to_owned());
        let Some(table) = table_description::describe(&self.dynamodb, target_table).await? else {
            return Err(deleting());
        };
        let source = table.restore_summary().and_then(|summary| summary.source_backup_arn());
        if source != Some(backup_arn) {
            return Err(Error::TargetTableExists {
                table: target_table.to_owned(),
                recovery_point_arn: backup_arn.to_owned(),
                made_from: source.map_or_else(
                    || "was not restored from a backup".to_owned(),
                    |source| format!("was restored from {source}"),
                ),
            });
        }
        if table.table_status() == Some(&TableStatus::Deleting) {
            return Err(deleting());
        }
        Ok(Started {
            at: table.creation_date_time().map_or_else(|| self.clock.now(), utc),
            table: Some(TableDescription::from(&table)),
            restore_job_id: None,
            adopted: true,
        })
    }
}
