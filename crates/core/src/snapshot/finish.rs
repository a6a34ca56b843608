//! Verifies the parts of a snapshot and writes its manifests.

use schemars::JsonSchema;
use serde::Serialize;

use crate::export::finish;
use crate::export::finish::FinishError;
use crate::export::layout::Layout;
use crate::snapshot::Snapshot;
use crate::text::bounded;

/// Maximum number of notes in an output.
const MOST_NOTES: usize = 3;

/// Maximum number of characters in a note.
const LONGEST_NOTE: usize = 600;

/// The output of an execution.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Name of the snapshot, which `restore-snapshot` takes.
    pub snapshot: String,
    /// Second of which the items were exported.
    pub at: chrono::DateTime<chrono::Utc>,
    /// Name of the table that the items belong to.
    pub table_name: String,
    /// Location of the snapshot.
    pub location: String,
    /// Location of the snapshot's `manifest-summary.json`.
    pub manifest: String,
    /// Number of items.
    pub item_count: u64,
    /// Size of the items in bytes, before compression.
    pub bytes: u64,
    /// Number of data files.
    pub files: u64,
    /// Number of items left out because their state is unknown (`AllowIncomplete`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<u64>,
    /// Location of the lists of the items that are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_items: Option<String>,
    /// Notes for readers of the snapshot.
    #[schemars(length(max = 4))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Verifies a snapshot and writes its manifests. Repeating it writes the same.
pub async fn finish(files: &crate::storage::Files, snapshot: Snapshot) -> Result<Output, FinishError> {
    let finished = finish::finish(files, &snapshot.run, &snapshot.plan).await?;
    let lists = files.location(&Layout::new(&snapshot.run, &snapshot.plan).unknown_folder());
    Ok(Output {
        snapshot: snapshot.name,
        at: snapshot.at,
        location: files.location(&snapshot.plan.folder),
        table_name: snapshot.plan.table_name,
        manifest: finished.manifest,
        item_count: finished.items,
        bytes: finished.bytes,
        files: finished.files,
        unknown: snapshot.allow_incomplete.then_some(finished.unknown),
        unknown_items: (finished.unknown > 0).then_some(lists),
        notes: bounded(snapshot.plan.notes.into_iter(), MOST_NOTES, LONGEST_NOTE),
    })
}
