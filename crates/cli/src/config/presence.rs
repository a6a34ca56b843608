//! Whether the prefix of the settings is that of a backup.

use anyhow::bail;
use tablekeeper_core::item_history::Items;
use tablekeeper_core::item_history::presence::{Presence, find};
use tablekeeper_core::text::quoted;

use super::place;
use crate::console::Console;
use crate::failure::Unusable;
use crate::transfer::{Aws, named};

/// Fails unless versions of items lie where the settings say. Call it before you say that something is not there.
pub(crate) async fn check_there(aws: &Aws, items: &Items) -> anyhow::Result<()> {
    let presence = find(&aws.s3, items).await.map_err(|failure| named(failure.name, failure))?;
    let (what, elsewhere) = match presence {
        Presence::Versions => return Ok(()),
        Presence::Nothing { elsewhere } => (format!("nothing lies under {}", place(items)), elsewhere),
        Presence::Others { key, elsewhere } => (no_versions(items, &key), elsewhere),
    };
    let instead = match &elsewhere {
        Some(prefix) => lies_elsewhere(items, prefix),
        None => "INCREMENTAL_BUCKET (s3.incremental.bucket) and INCREMENTAL_PREFIX (s3.incremental.prefix) have to be \
                 ItemBucketName and IncrementalPrefix of the stack that follows the table"
            .to_owned(),
    };
    bail!(Unusable(format!("{what}, so nothing is known of any item; {instead}")))
}

/// Refuses to begin a backup where other objects lie, among which a snapshot would find it. Says so where it would be
/// the second of its bucket.
pub(crate) async fn check_free(aws: &Aws, items: &Items, console: &Console) -> anyhow::Result<()> {
    match find(&aws.s3, items).await.map_err(|failure| named(failure.name, failure))? {
        Presence::Versions | Presence::Nothing { elsewhere: None } => Ok(()),
        Presence::Nothing { elsewhere: Some(prefix) } => {
            console.line(&format!(
                "note: nothing lies under {} yet; {}",
                place(items),
                lies_elsewhere(items, &prefix)
            ));
            Ok(())
        }
        Presence::Others { key, elsewhere } => {
            let instead = match &elsewhere {
                Some(prefix) => lies_elsewhere(items, prefix),
                None => "a prefix of its own has to be given (INCREMENTAL_PREFIX, s3.incremental.prefix)"
                    .to_owned(),
            };
            bail!(Unusable(format!(
                "{}, and no snapshot could be made of a backup that is begun among them; {instead}",
                no_versions(items, &key)
            )))
        }
    }
}

fn no_versions(items: &Items, key: &str) -> String {
    format!("what lies under {} are no versions of items, such as {}", place(items), quoted(key))
}

fn lies_elsewhere(items: &Items, prefix: &str) -> String {
    let there = place(&Items { prefix: prefix.to_owned(), ..items.clone() });
    let is = if prefix.is_empty() { "`/`, the whole bucket" } else { prefix };
    format!("versions lie under {there}, for which INCREMENTAL_PREFIX (s3.incremental.prefix) is {is}")
}
