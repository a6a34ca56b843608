//! What became of an item since the second that is asked for: the changes that a recovery takes back.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tablekeeper_core::item_history::store::Store;
use tablekeeper_core::item_history::versions;
use tablekeeper_core::item_history::versions::{Entry, SKEW, What};

use crate::commands::history;
use crate::console::Console;

/// So many changes are told, the newest of them.
const MOST: usize = 20;

/// The versions that tell of the item since then, the newest first.
#[derive(Debug, Default)]
pub(super) struct Since {
    entries: Vec<Entry>,
    /// Whether there are older ones.
    more: bool,
}

/// What `--json` prints of a change.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Later {
    time: String,
    event: Option<String>,
    sequence_number: Option<String>,
}

impl Since {
    /// Asks the bucket.
    pub(super) async fn find(store: &Store, object: &str, at: DateTime<Utc>) -> anyhow::Result<Since> {
        let mut since = Since::default();
        let mut tell = |entry: Entry| {
            // S3 got it before the second was over, so it and what is behind it are no later.
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
        versions::each(store, object, false, &mut tell).await.map_err(history::of_versions)?;
        Ok(since)
    }

    /// The lines that a person reads.
    pub(super) fn lines(&self, console: &Console) -> Vec<String> {
        if self.entries.is_empty() {
            return vec!["the bucket knows of no change since; the stream may tell of it yet".to_owned()];
        }
        let mut lines = vec!["since then it was changed, the newest first:".to_owned()];
        lines.push(console.strong(&history::heading()));
        lines.extend(self.entries.iter().map(history::row));
        if self.more {
            lines.push("and before; tablekeeper history shows all".to_owned());
        }
        lines
    }

    /// The same for a program.
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

/// Whether it tells of the item at a later second.
fn is_later(entry: &Entry, at: DateTime<Utc>) -> bool {
    match &entry.what {
        What::Item { version, .. } | What::Tombstone { version } => {
            version.position.at.timestamp() > at.timestamp()
        }
        What::Other { .. } => true,
        // The lifecycle rule's; the tombstone behind it tells of the deletion.
        What::DeleteMarker => false,
    }
}
