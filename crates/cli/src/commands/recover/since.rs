//! Finds the later changes of an item, which a recovery would undo.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tablekeeper_core::item_history::store::Store;
use tablekeeper_core::item_history::versions;
use tablekeeper_core::item_history::versions::{Entry, SKEW, What};

use crate::commands::history;
use crate::console::Console;

/// Maximum number of changes to show, the newest first.
const MOST: usize = 20;

/// The later versions of an item, the newest first.
#[derive(Debug, Default)]
pub(super) struct Since {
    entries: Vec<Entry>,
    /// Whether there are more later versions.
    more: bool,
}

/// A change as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Later {
    time: String,
    event: Option<String>,
    sequence_number: Option<String>,
}

impl Since {
    /// Lists the later versions in the bucket.
    pub(super) async fn find(store: &Store, object: &str, at: DateTime<Utc>) -> anyhow::Result<Since> {
        let mut since = Since::default();
        let mut collect = |entry: Entry| {
            // S3 stored this version before the second was over, so it and all older versions are not later.
            if entry.put_at <= at - SKEW {
                return ControlFlow::Break(());
            }
            if !is_later(&entry, at) {
                return ControlFlow::Continue(());
            }
            if since.entries.len() == MOST {
                since.more = true;
                return ControlFlow::Break(());
            }
            since.entries.push(entry);
            ControlFlow::Continue(())
        };
        versions::each(store, object, false, &mut collect).await.map_err(history::of_versions)?;
        Ok(since)
    }

    /// Returns the lines of text for the changes.
    pub(super) fn lines(&self, console: &Console) -> Vec<String> {
        if self.entries.is_empty() {
            return vec!["the bucket has no later change; the stream may still bring one".to_owned()];
        }
        let mut lines = vec!["changes since then, the newest first:".to_owned()];
        lines.push(console.strong(&history::heading()));
        lines.extend(self.entries.iter().map(history::row));
        if self.more {
            lines.push("and earlier ones; tablekeeper history shows all".to_owned());
        }
        lines
    }

    /// Returns the changes for `--json`.
    pub(super) fn reported(&self) -> Vec<Later> {
        let reported = self.entries.iter().map(|entry| {
            let version = match &entry.what {
                What::Item { version, .. } | What::Tombstone { version } => Some(version),
                What::DeleteMarker | What::Other { .. } => None,
            };
            Later {
                time: history::time_of(entry),
                event: version.map(|version| version.event.to_string()),
                sequence_number: version.map(|version| version.position.sequence_number.as_str().to_owned()),
            }
        });
        reported.collect()
    }
}

/// Returns when the item was deleted, if its last version up to a second is a deletion. Late versions are not read.
pub(super) async fn deleted_at(
    store: &Store,
    object: &str,
    at: DateTime<Utc>,
) -> anyhow::Result<Option<DateTime<Utc>>> {
    let mut deleted = None;
    let mut find = |entry: Entry| match &entry.what {
        _ if is_later(&entry, at) => ControlFlow::Continue(()),
        What::Tombstone { version } => {
            deleted = Some(version.position.at);
            ControlFlow::Break(())
        }
        What::Item { .. } | What::Other { .. } => ControlFlow::Break(()),
        What::DeleteMarker => ControlFlow::Continue(()),
    };
    versions::each(store, object, false, &mut find).await.map_err(history::of_versions)?;
    Ok(deleted)
}

/// Returns whether the version is of a later second.
fn is_later(entry: &Entry, at: DateTime<Utc>) -> bool {
    match &entry.what {
        What::Item { version, .. } | What::Tombstone { version } => {
            version.position.at.timestamp() > at.timestamp()
        }
        What::Other { .. } => true,
        // Markers of the lifecycle rule. The tombstone before it has the deletion.
        What::DeleteMarker => false,
    }
}
