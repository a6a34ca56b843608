//! An on-demand backup as DynamoDB describes it.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::BackupDescription;

use super::failure::AwsFailure;

/// Describes a backup; `None` where there is none of this ARN (any more).
pub async fn describe(
    dynamodb: &aws_sdk_dynamodb::Client,
    backup_arn: &str,
) -> Result<Option<BackupDescription>, AwsFailure> {
    match dynamodb.describe_backup().backup_arn(backup_arn).send().await {
        Ok(response) => Ok(response.backup_description),
        Err(error) if error.code() == Some("BackupNotFoundException") => Ok(None),
        Err(error) => Err(AwsFailure::from_call("dynamodb:DescribeBackup")(error)),
    }
}
