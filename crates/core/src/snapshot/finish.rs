//! Verifies the parts of a snapshot and writes its manifests.

use schemars::JsonSchema;
use serde::Serialize;

use crate::export::finish;
use crate::export::finish::FinishError;
use crate::export::layout::Layout;
use crate::snapshot::Snapshot;
use crate::text::bounded;

/// Notes of an output.
const MOST_NOTES: usize = 3;

/// Characters of a note.
const LONGEST_NOTE: usize = 600;

/// What an execution ends with.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// The snapshot's name: `restore-snapshot` takes it.
    pub snapshot: String,
    /// The second that it is of.
    pub at: chrono::DateTime<chrono::Utc>,
    /// The table that its items are of.
    pub table_name: String,
    /// Where it lies.
    pub location: String,
    /// Where its `manifest-summary.json` is.
    pub manifest: String,
    /// How many items it holds.
    pub item_count: u64,
    /// How many bytes they are, before they are compressed.
    pub bytes: u64,
    /// How many data files.
    pub files: u64,
    /// How many items are left out, as their state is not known (`AllowIncomplete`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<u64>,
    /// Where these are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_items: Option<String>,
    /// What its reader should know.
    #[schemars(length(max = 4))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Verifies a snapshot and writes its manifests. Doing it again writes the same.
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
