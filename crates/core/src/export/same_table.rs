//! Checks that the scanned table is still the planned one.
//!
//! A scan uses the name of the table, for hours if its rate is limited. If the table is deleted and created again in
//! between, later segments scan the new table, and the export matches neither.

use super::Plan;
use super::finish::FinishError;
use crate::aws::table as table_description;

/// Checks the id of the table. Fails if another table has its name. Returns a note for the reader if no table has it.
pub async fn check(dynamodb: &aws_sdk_dynamodb::Client, plan: &Plan) -> Result<Option<String>, FinishError> {
    let table = table_description::describe(dynamodb, &plan.table_name).await?;
    let id = table.map(|table| table.table_id().unwrap_or_default().to_owned());
    match id {
        Some(id) if id == plan.table_id => Ok(None),
        Some(_) => Err(FinishError::TableReplaced(plan.table_name.clone())),
        // Each segment was read to its end before.
        None => Ok(Some("the table was deleted before the export was finished".to_owned())),
    }
}
