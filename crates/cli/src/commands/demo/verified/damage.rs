//! Damages a table while it is being restored.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::{Instant, sleep};

use super::stage::Stage;
use crate::commands::demo::items::item;
use crate::commands::demo::story::name_of;
use crate::console::Console;
use crate::failure;

/// Timeout until the table exists.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
/// Number of the item that is damaged. It has numbers of 38 digits.
const DAMAGED: u32 = 12;

/// Waits for a table that did not exist before, and changes the last digit of a number in it. Returns the table's ARN.
pub(super) async fn of_the_new_copy(console: &Console, stage: &Stage) -> anyhow::Result<String> {
    let (name, deadline) = (new_copy(stage).await?, Instant::now() + PATIENCE);
    let mut damaged = item(DAMAGED);
    let precise = damaged.get_mut("precise").and_then(|value| match value {
        AttributeValue::L(numbers) => numbers.first_mut(),
        _ => None,
    });
    let number = precise.context("the item has no list of precise numbers")?;
    *number = AttributeValue::N("12345678901234567890123456789012345679".to_owned());
    loop {
        let put = stage.dynamodb.put_item().table_name(&name).set_item(Some(damaged.clone())).send().await;
        match put {
            Ok(_) => break,
            Err(error) if Instant::now() >= deadline => Err(failure::aws("dynamodb:PutItem")(error))?,
            Err(_) => sleep(POLL).await,
        }
    }
    console.event(&format!("the demo changes the last of 38 digits of one number in {name}"));
    Ok(stage.older_copy.replace(name_of(&stage.older_copy), &name))
}

/// Waits for a copy besides those that existed at the beginning.
async fn new_copy(stage: &Stage) -> anyhow::Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let tables =
            stage.dynamodb.list_tables().send().await.map_err(failure::aws("dynamodb:ListTables"))?;
        let mut names = tables.table_names().iter();
        let is_new =
            |name: &&String| name.starts_with("orders-staging-") && *name != name_of(&stage.older_copy);
        if let Some(name) = names.find(is_new) {
            return Ok(name.clone());
        }
        ensure!(Instant::now() < deadline, "the restore made no table within {} s", PATIENCE.as_secs());
        sleep(POLL).await;
    }
}
