//! Refuses a backup of another Region than the state machine's, before anything starts.

use serde_json::Value;

use crate::failure::Unusable;

/// Fields of the input of a rotation that name a backup.
const BACKUPS: [&str; 2] = ["/BackupArn", "/BackupSnsMessage/RecoveryPointArn"];

/// Checks that a rotation runs in the Region of its backup. Accepts the input of other workflows.
pub(super) fn check(workflow: &str, input: &str, machine: &str) -> Result<(), Unusable> {
    if workflow != "rotate-restore" {
        return Ok(());
    }
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let Some(backup) = BACKUPS.iter().find_map(|place| input.pointer(place)?.as_str()) else { return Ok(()) };
    match (region(backup), region(machine)) {
        (Some(own), Some(here)) if own != here => Err(Unusable(format!(
            "the backup is in {own}, and the state machine in {here}: a backup is restored in its own Region. Deploy \
             rotate-restore there and give --region {own}, or copy the backup to {here} with AWS Backup. Nothing was \
             started"
        ))),
        _ => Ok(()),
    }
}

/// Returns the Region in an ARN.
fn region(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| !region.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_backup_is_restored_in_its_own_region() {
        let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:M";
        let backup = |region: &str| format!("arn:aws:dynamodb:{region}:123456789012:table/orders/backup/01");
        let checked =
            |input: Value| check("rotate-restore", &input.to_string(), machine).map_err(|e| e.to_string());
        assert_eq!(checked(json!({ "BackupArn": backup("us-east-1") })), Ok(()));
        for input in [
            json!({ "BackupArn": backup("eu-west-1") }),
            json!({ "BackupSnsMessage": { "RecoveryPointArn": backup("eu-west-1") } }),
        ] {
            let refused = checked(input).unwrap_err();
            assert!(
                refused.starts_with("the backup is in eu-west-1, and the state machine in us-east-1"),
                "{refused}"
            );
        }
        assert_eq!(checked(json!({})), Ok(()));
    }
}
