//! Checks whether the prefix of the settings is that of a backup.

use anyhow::bail;
use tablekeeper_core::item_history::Items;
use tablekeeper_core::item_history::presence::{Presence, find};
use tablekeeper_core::text::quoted;

use super::place;
use crate::console::Console;
use crate::failure::Unusable;
use crate::transfer::{Aws, named};

/// Fails unless there are versions of items at the location of the settings. Call it before you report that something
/// does not exist.
pub(crate) async fn check_versions_exist(aws: &Aws, items: &Items) -> anyhow::Result<()> {
    let presence = find(&aws.s3, items).await.map_err(|failure| named(failure.name, failure))?;
    let (what, elsewhere) = match presence {
        Presence::Versions => return Ok(()),
        Presence::Nothing { elsewhere } => {
            (format!("there are no objects under {}", place(items)), elsewhere)
        }
        Presence::Others { key, elsewhere } => (no_versions(items, &key), elsewhere),
    };
    let instead = match &elsewhere {
        Some(prefix) => describe_elsewhere(items, prefix),
        None => "INCREMENTAL_BUCKET (s3.incremental.bucket) and INCREMENTAL_PREFIX (s3.incremental.prefix) must be \
                 ItemBucketName and IncrementalPrefix of the stack that follows the table"
            .to_owned(),
    };
    bail!(Unusable(format!("{what}, so no item is known; {instead}")))
}

/// Refuses to begin a backup among other objects, because a snapshot would find them. Prints a note if it would be the
/// second backup of its bucket.
pub(crate) async fn check_free(aws: &Aws, items: &Items, console: &Console) -> anyhow::Result<()> {
    match find(&aws.s3, items).await.map_err(|failure| named(failure.name, failure))? {
        Presence::Versions | Presence::Nothing { elsewhere: None } => Ok(()),
        Presence::Nothing { elsewhere: Some(prefix) } => {
            console.note(&format!(
                "there are no objects under {} yet; {}",
                place(items),
                describe_elsewhere(items, &prefix)
            ));
            Ok(())
        }
        Presence::Others { key, elsewhere } => {
            let instead = match &elsewhere {
                Some(prefix) => describe_elsewhere(items, prefix),
                None => "choose a separate prefix (INCREMENTAL_PREFIX, s3.incremental.prefix)".to_owned(),
            };
            bail!(Unusable(format!(
                "{}, and a snapshot of a backup among them would fail; {instead}",
                no_versions(items, &key)
            )))
        }
    }
}

fn no_versions(items: &Items, key: &str) -> String {
    format!("the objects under {} are not versions of items (such as {})", place(items), quoted(key))
}

fn describe_elsewhere(items: &Items, prefix: &str) -> String {
    let location = place(&Items { prefix: prefix.to_owned(), ..items.clone() });
    let is = if prefix.is_empty() { "`/`, the whole bucket" } else { prefix };
    format!("there are versions under {location}, where INCREMENTAL_PREFIX (s3.incremental.prefix) is {is}")
}
