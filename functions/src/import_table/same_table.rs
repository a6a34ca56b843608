//! Whether the table that was written to is still the one that the import was planned for.
//!
//! Items are written by the table's name, for days where there is a limit. A table that is deleted and made anew under the
//! name in between has none of those that were written before, and the count of what was written says nothing of it.

use aws_sdk_dynamodb::types::TableStatus;

use super::Import;
use super::finish_import::Error;
use crate::table_description;

/// Fails where the table is gone, or is another one.
pub async fn check(dynamodb: &aws_sdk_dynamodb::Client, import: &Import) -> Result<(), Error> {
    let name = || import.table_name.clone();
    let there = table_description::describe(dynamodb, &import.table_name).await?;
    match there.filter(|table| table.table_status() != Some(&TableStatus::Deleting)) {
        None => Err(Error::TableMissing(name())),
        Some(table) if table.table_id().unwrap_or_default() != import.table_id => {
            Err(Error::TableReplaced(name()))
        }
        Some(_) => Ok(()),
    }
}
