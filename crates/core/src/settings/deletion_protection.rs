//! Deletion protection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::stored_as;
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;

/// The deletion protection setting.
#[derive(Clone, Copy, Debug)]
pub struct DeletionProtection;

/// Whether DynamoDB refuses to delete the table.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Value(pub bool);

impl Setting for DeletionProtection {
    const NAME: SettingName = SettingName::DeletionProtection;
    const IS_OF_UPDATE_TABLE: bool = true;
    type Value = Value;
    type Change = bool;

    stored_as!(deletion_protection);

    async fn read(_aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        Ok(Value(table.description.deletion_protection_enabled().unwrap_or(false)))
    }

    fn compare(Value(wanted): &Value, Value(actual): &Value, _target: &Table) -> Comparison<bool> {
        let mut comparison = Comparison::default();
        match (wanted, actual) {
            (true, false) => comparison.change("protect the table from deletion", true),
            (false, true) => comparison.extra("end the protection from deletion", false),
            _ => comparison.same += 1,
        }
        comparison
    }

    async fn make(enabled: &bool, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        let update = aws.dynamodb.update_table().table_name(&target.name);
        let update = update.deletion_protection_enabled(*enabled).send().await;
        update.map(drop).map_err(AwsFailure::from_call("dynamodb:UpdateTable"))
    }
}
