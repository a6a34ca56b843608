//! Checks that the table that the pointer names was restored from the backup.

use anyhow::{Context as _, bail, ensure};
use aws_sdk_dynamodb::types::{TableDescription, TableStatus};
use tablekeeper_core::aws::own_tag;

use super::{
    backup::Backup,
    name_of,
    scene::{PARAMETER, SOURCE, Scene, pointer},
};
use crate::commands::demo::compare::{Items, compare};
use crate::commands::demo::table;
use crate::console::Console;

/// The restored table.
#[derive(Debug)]
pub(crate) struct Restored {
    arn: String,
    table: TableDescription,
}

impl Restored {
    /// Finds the table by the pointer, as its readers do, and checks that it was restored from the backup.
    pub(crate) async fn find(console: &Console, scene: &Scene, backup: &Backup) -> anyhow::Result<Self> {
        let arn = pointer(&scene.config).await?;
        ensure!(arn != scene.older_copy, "the pointer {PARAMETER} has not moved");
        let table = table::describe(&scene.dynamodb, name_of(&arn)).await?;
        let status = table.table_status.as_ref().map_or("UNKNOWN", TableStatus::as_str);
        ensure!(status == "ACTIVE", "the pointer names {arn}, which is {status}");
        // DescribeTable no longer says so for an ACTIVE table. The workflow's own tag does.
        let (made_from, backup) = (own_tag::read(&scene.dynamodb, &arn).await?, &backup.recovery_point);
        match made_from {
            Some(made_from) if made_from == own_tag::recovery_point_id(backup) => {}
            Some(other) => bail!("{arn} was restored from {other}, not from {backup}"),
            None => bail!("{arn} has no tag {} with its recovery point", own_tag::RECOVERY_POINT),
        }
        console.event(&format!("{} is ACTIVE, and restored from this recovery point", name_of(&arn)));
        Ok(Self { arn, table })
    }

    /// Returns the table's ARN.
    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    /// Returns the table's name.
    pub(crate) fn name(&self) -> &str {
        name_of(&self.arn)
    }

    /// Compares keys, indexes and every item with the source table at the time of the backup. Also compares with the
    /// source table now: exactly `changed` items must differ.
    pub(crate) async fn compare(
        &self,
        console: &Console,
        scene: &Scene,
        before: &Items,
        changed: usize,
    ) -> anyhow::Result<()> {
        let wanted = table::shape(&table::describe(&scene.dynamodb, SOURCE).await?);
        let found = table::shape(&self.table);
        for (part, wanted) in &wanted {
            let found = found.get(part).with_context(|| format!("{} lacks {part}", self.name()))?;
            ensure!(found == wanted, "{part} of {} is {found}, not {wanted}", self.name());
        }
        ensure!(found.len() == wanted.len(), "{} has more keys or indexes than {SOURCE}", self.name());
        console.event("its primary key and indexes are those of the source");

        console.busy("comparing");
        let items = table::read(&scene.dynamodb, self.name()).await?;
        let difference = compare(before, &items);
        console.idle();
        ensure!(difference.is_none(), "{} differs from the backup: {}", self.name(), difference.describe());
        let equal = format!("{} of {} items are equal to the backup", difference.equal, before.len());
        console.event(&format!("{}, attribute by attribute", console.good(&equal)));

        let live = compare(&table::read(&scene.dynamodb, SOURCE).await?, &items);
        ensure!(
            live.count() == changed,
            "{} items differ from {SOURCE} as it is now, where {changed} were changed since the backup",
            live.count()
        );
        console.event(&format!("{changed} differ from {SOURCE} now: those that changed after the backup"));
        Ok(())
    }

    /// Checks that the previous copy still exists.
    pub(crate) async fn older_copy_is_untouched(
        &self,
        console: &Console,
        scene: &Scene,
    ) -> anyhow::Result<()> {
        let older = name_of(&scene.older_copy);
        let table = table::describe(&scene.dynamodb, older).await.context("the older copy does not exist")?;
        ensure!(table.table_status == Some(TableStatus::Active), "the older copy {older} is not ACTIVE");
        console.line(&format!("  {older} still exists: nothing was deleted"));
        Ok(())
    }
}
