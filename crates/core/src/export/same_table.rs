//! Whether the table that was scanned is still the one that was planned for.
//!
//! A scan goes by the table's name, for hours where it has a limit. A table that is deleted and made anew under the name in
//! between would give the later segments their items, and the export would be of no table at all.

use super::Plan;
use super::finish::FinishError;
use crate::aws::table as table_description;

/// Fails where there is another table of the name. Answers a note for the reader where there is none any more.
pub async fn check(dynamodb: &aws_sdk_dynamodb::Client, plan: &Plan) -> Result<Option<String>, FinishError> {
    let there = table_description::describe(dynamodb, &plan.table_name).await?;
    let id = there.map(|table| table.table_id().unwrap_or_default().to_owned());
    match id {
        Some(id) if id == plan.table_id => Ok(None),
        Some(_) => Err(FinishError::TableReplaced(plan.table_name.clone())),
        // Each segment was read to its end before.
        None => Ok(Some("the table was deleted before the export was finished".to_owned())),
    }
}
