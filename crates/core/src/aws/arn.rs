//! The Amazon Resource Names that the workflows read.
//!
//! `arn:partition:service:region:account:resource`, as in "Identify AWS resources with Amazon
//! Resource Names" in the IAM user guide. Any partition is accepted: nothing here depends on which.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An ARN in its six parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Arn<'a> {
    /// Such as `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// Such as `dynamodb`.
    pub service: &'a str,
    /// Such as `eu-west-1`; empty for global services.
    pub region: &'a str,
    /// Twelve digits.
    pub account: &'a str,
    /// The rest, which may hold colons.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart; `None` where the text is no ARN.
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

    /// The table's name, where this is the ARN of a DynamoDB table itself (not of its stream, index
    /// or backup) and the name is one that DynamoDB gives.
    pub fn table_name(&self) -> Option<&'a str> {
        let name = self.resource.strip_prefix("table/")?;
        (self.service == "dynamodb" && is_table_name(name)).then_some(name)
    }
}

/// The ARN of a table that is given by its name, in the partition, Region and account of `beside`, whatever that is the
/// ARN of; of one that is given by its ARN, that.
pub fn table_arn(table: &str, beside: &str) -> String {
    match (Arn::parse(table), Arn::parse(beside)) {
        (None, Some(Arn { partition, region, account, .. })) => {
            format!("arn:{partition}:dynamodb:{region}:{account}:table/{table}")
        }
        _ => table.to_owned(),
    }
}

/// Whether DynamoDB accepts this as a table's name: 3 to 255 characters of `a-z A-Z 0-9 _ - .`
/// (developer guide, "Naming rules").
pub fn is_table_name(name: &str) -> bool {
    let allowed = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-' | b'.');
    (3..=255).contains(&name.len()) && name.bytes().all(allowed)
}

/// The two kinds of recovery point that AWS Backup makes of a DynamoDB table.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecoveryPointKind {
    /// `arn:…:dynamodb:…:table/T/backup/…`: a DynamoDB backup, restored by RestoreTableFromBackup.
    DynamoDb,
    /// `arn:…:backup:…:recovery-point:…`: an advanced DynamoDB backup, restored by AWS Backup's
    /// StartRestoreJob alone.
    Backup,
}

impl RecoveryPointKind {
    /// The kind of this recovery point; `None` where it is one of another service.
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

/// The table that a DynamoDB backup's ARN names.
pub fn backed_up_table<'a>(backup: &Arn<'a>) -> Option<&'a str> {
    let (table, backup) = backup.resource.strip_prefix("table/")?.split_once("/backup/")?;
    (!table.is_empty() && !backup.is_empty()).then_some(table)
}

/// When a DynamoDB backup was made, as its id tells: `01568804569000-d3306d76` begins with the milliseconds. `None` of
/// another ARN.
pub fn backed_up_at(backup: &Arn<'_>) -> Option<DateTime<Utc>> {
    backed_up_table(backup)?;
    let (milliseconds, _) = backup.resource.rsplit_once('/')?.1.split_once('-')?;
    // Of these years they have 13 digits, and DynamoDB writes a zero before them.
    let are_digits =
        (13..=14).contains(&milliseconds.len()) && milliseconds.bytes().all(|it| it.is_ascii_digit());
    are_digits.then(|| DateTime::from_timestamp_millis(milliseconds.parse().ok()?)).flatten()
}

/// The ARN of the table that a DynamoDB backup's ARN begins with; `None` of any other text.
pub fn table_arn_of_backup(backup_arn: &str) -> Option<&str> {
    backed_up_table(&Arn::parse(backup_arn)?)?;
    backup_arn.split_once("/backup/").map(|(table, _)| table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_of_the_table_that_its_arn_begins_with() {
        let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
        assert_eq!(table_arn_of_backup(&format!("{table}/backup/01547087347000-c8b6cdb3")), Some(table));
        assert_eq!(table_arn_of_backup("arn:aws:backup:eu-west-1:123456789012:recovery-point:x"), None);
        assert_eq!((table_arn_of_backup(table), table_arn_of_backup("x/backup/y")), (None, None));
    }

    #[test]
    fn a_table_arn_of_any_partition_gives_the_tables_name() {
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-iso-b"] {
            let text = format!("arn:{partition}:dynamodb:eu-west-1:123456789012:table/my.Orders_v-2");
            assert_eq!(Arn::parse(&text).and_then(|arn| arn.table_name()), Some("my.Orders_v-2"));
        }
    }

    #[test]
    fn what_is_not_a_table_has_no_table_name() {
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
    fn what_is_not_an_arn_is_refused() {
        for text in ["", "arn", "arn:aws:dynamodb", "arn:aws::r:a:table/t", "arn:aws:dynamodb:r:a:table/a b"]
        {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_recovery_point_is_of_one_kind_or_none() {
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
