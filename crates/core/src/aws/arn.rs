//! Parses the Amazon Resource Names that the workflows read.
//!
//! The form is `arn:partition:service:region:account:resource`, as in "Identify AWS resources with Amazon Resource
//! Names" in the IAM user guide. Every partition is accepted.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An ARN, split into its parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Arn<'a> {
    /// Partition, such as `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'a str,
    /// Service, such as `dynamodb`.
    pub service: &'a str,
    /// Region, such as `eu-west-1`; empty for global services.
    pub region: &'a str,
    /// Account number of twelve digits.
    pub account: &'a str,
    /// Resource. It may contain colons.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN into its parts. Returns `None` if the text is not an ARN.
    pub fn parse(text: &'a str) -> Option<Arn<'a>> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next();
        let (Some("arn"), Some(partition), Some(service)) = (next(), next(), next()) else { return None };
        let (Some(region), Some(account), Some(resource)) = (next(), next(), next()) else { return None };
        let blank = text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
        let hollow = partition.is_empty() || service.is_empty() || resource.is_empty();
        if blank || hollow {
            return None;
        }
        Some(Arn { partition, service, region, account, resource })
    }

    /// Returns the name of a DynamoDB table. Returns `None` for the ARN of a stream, an index or a backup, and for a
    /// name that DynamoDB does not accept.
    pub fn table_name(&self) -> Option<&'a str> {
        let name = self.resource.strip_prefix("table/")?;
        (self.service == "dynamodb" && is_table_name(name)).then_some(name)
    }
}

/// Returns the ARN of a table. Expands a name with the partition, Region and account of `sibling_arn`, which may be
/// the ARN of any resource. Returns a table ARN unchanged.
pub fn table_arn(table: &str, sibling_arn: &str) -> String {
    match (Arn::parse(table), Arn::parse(sibling_arn)) {
        (None, Some(Arn { partition, region, account, .. })) => {
            format!("arn:{partition}:dynamodb:{region}:{account}:table/{table}")
        }
        _ => table.to_owned(),
    }
}

/// What the name of a table is, for the sentence that refuses another text: "it must be …".
pub const TABLE_NAME: &str = "a table name (3 to 255 letters, digits, `_`, `-` or `.`)";

/// Returns whether DynamoDB accepts this as the name of a table: 3 to 255 characters of `a-z A-Z 0-9 _ - .` (developer
/// guide, "Naming rules").
pub fn is_table_name(name: &str) -> bool {
    let allowed = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-' | b'.');
    (3..=255).contains(&name.len()) && name.bytes().all(allowed)
}

/// A kind of recovery point that AWS Backup makes of a DynamoDB table.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecoveryPointKind {
    /// A DynamoDB backup, `arn:…:dynamodb:…:table/T/backup/…`. RestoreTableFromBackup restores it.
    DynamoDb,
    /// An advanced DynamoDB backup, `arn:…:backup:…:recovery-point:…`. Only StartRestoreJob of AWS Backup restores it.
    Backup,
}

impl RecoveryPointKind {
    /// Returns the kind of this recovery point. Returns `None` for a recovery point of another service.
    pub fn from_arn(recovery_point: &Arn<'_>) -> Option<RecoveryPointKind> {
        match recovery_point.service {
            "dynamodb" if backed_up_table(recovery_point).is_some() => Some(RecoveryPointKind::DynamoDb),
            "backup" if recovery_point.resource.starts_with("recovery-point:") => {
                Some(RecoveryPointKind::Backup)
            }
            _ => None,
        }
    }
}

/// Returns the name of the table in the ARN of a DynamoDB backup.
pub fn backed_up_table<'a>(backup: &Arn<'a>) -> Option<&'a str> {
    let (table, backup) = backup.resource.strip_prefix("table/")?.split_once("/backup/")?;
    (!table.is_empty() && !backup.is_empty()).then_some(table)
}

/// Returns when a DynamoDB backup was made. Its id says so: `01568804569000-d3306d76` begins with the milliseconds
/// since the epoch. Returns `None` for another ARN.
pub fn backed_up_at(backup: &Arn<'_>) -> Option<DateTime<Utc>> {
    backed_up_table(backup)?;
    let (milliseconds, _) = backup.resource.rsplit_once('/')?.1.split_once('-')?;
    // Present-day times have 13 digits, and DynamoDB puts a zero in front of them.
    let are_digits =
        (13..=14).contains(&milliseconds.len()) && milliseconds.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| DateTime::from_timestamp_millis(milliseconds.parse().ok()?)).flatten()
}

/// Returns the ARN of the table at the beginning of a DynamoDB backup's ARN. Returns `None` for any other text.
pub fn table_arn_of_backup(backup_arn: &str) -> Option<&str> {
    backed_up_table(&Arn::parse(backup_arn)?)?;
    backup_arn.split_once("/backup/").map(|(table, _)| table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backup_arn_contains_its_table() {
        let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
        assert_eq!(table_arn_of_backup(&format!("{table}/backup/01547087347000-c8b6cdb3")), Some(table));
        assert_eq!(table_arn_of_backup("arn:aws:backup:eu-west-1:123456789012:recovery-point:x"), None);
        assert_eq!((table_arn_of_backup(table), table_arn_of_backup("x/backup/y")), (None, None));
    }

    #[test]
    fn table_arn_of_any_partition_has_a_table_name() {
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-iso-b"] {
            let text = format!("arn:{partition}:dynamodb:eu-west-1:123456789012:table/my.Orders_v-2");
            assert_eq!(Arn::parse(&text).and_then(|arn| arn.table_name()), Some("my.Orders_v-2"));
        }
    }

    #[test]
    fn other_arns_have_no_table_name() {
        for text in [
            "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2024-01-01T00:00:00.000",
            "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/index/by-day",
            "arn:aws:ec2:eu-west-1:123456789012:volume/vol-1",
            "arn:aws:dynamodb:eu-west-1:123456789012:table/",
        ] {
            assert_eq!(Arn::parse(text).and_then(|arn| arn.table_name()), None, "{text}");
        }
    }

    #[test]
    fn invalid_arns_are_refused() {
        for text in ["", "arn", "arn:aws:dynamodb", "arn:aws::r:a:table/t", "arn:aws:dynamodb:r:a:table/a b"]
        {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn recovery_points_have_at_most_one_kind() {
        let kind = |text| Arn::parse(text).and_then(|arn| RecoveryPointKind::from_arn(&arn));
        assert_eq!(
            kind("arn:aws:dynamodb:r:1:table/orders/backup/01568804569000-d3306d76"),
            Some(RecoveryPointKind::DynamoDb)
        );
        assert_eq!(kind("arn:aws:backup:r:1:recovery-point:1EB3B5E7"), Some(RecoveryPointKind::Backup));
        assert_eq!(kind("arn:aws:backup:r:1:backup-vault:Default"), None);
        assert_eq!(kind("arn:aws:dynamodb:r:1:table/orders"), None);
        assert_eq!(kind("arn:aws:ec2:r:1:volume/vol-1"), None);
    }
}
