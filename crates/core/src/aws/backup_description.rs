//! Descriptions of on-demand backups of DynamoDB.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::BackupDescription;

use super::failure::AwsFailure;

/// Describes a backup. Returns `None` if no backup has this ARN.
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
