//! The table class, which is always STANDARD after a restore (developer guide, "Restoring a DynamoDB table from a
//! backup"). AWS changes it at most twice in 30 days.

use aws_sdk_dynamodb::types::TableClass as SdkTableClass;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::stored_as;
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;

/// The table class setting.
#[derive(Clone, Copy, Debug)]
pub struct TableClass;

/// The table class: `STANDARD` or `STANDARD_INFREQUENT_ACCESS`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Value(pub String);

impl Setting for TableClass {
    const NAME: SettingName = SettingName::TableClass;
    const IS_OF_UPDATE_TABLE: bool = true;
    type Value = Value;
    type Change = String;

    stored_as!(table_class);

    async fn read(_aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        // A table that has always had the standard class has no summary.
        let class = table.description.table_class_summary().and_then(|summary| summary.table_class());
        Ok(Value(class.unwrap_or(&SdkTableClass::Standard).as_str().to_owned()))
    }

    fn compare(Value(wanted): &Value, Value(actual): &Value, _target: &Table) -> Comparison<String> {
        let mut comparison = Comparison::default();
        if wanted == actual {
            comparison.same += 1;
        } else {
            let text = format!("change the table class from {actual} to {wanted}");
            comparison.change(text, wanted.clone());
        }
        comparison
    }

    async fn make(class: &String, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        let update = aws.dynamodb.update_table().table_name(&target.name);
        let update = update.table_class(SdkTableClass::from(class.as_str())).send().await;
        update.map(drop).map_err(AwsFailure::from_call("dynamodb:UpdateTable"))
    }
}
