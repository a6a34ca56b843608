//! Finds incomplete exports of a table, which the command line resumes.

use super::layout::{Layout, document_in};
use super::manifest::SUMMARY;
use super::plan::{Document, VERSION};
use crate::storage::{Files, FilesError};

/// Returns the newest export of a table below `prefix` (empty, or ending in `/`) that has no manifest and whose owner
/// passes `is_own`. Skips a document that cannot be read.
pub async fn newest(
    files: &Files,
    prefix: &str,
    table_name: &str,
    is_own: impl Fn(&str) -> bool,
) -> Result<Option<Document>, FilesError> {
    let root = format!("{prefix}{table_name}/");
    let stored = files.list(&root).await?;
    // The names of folders begin with their time, and the list is sorted by name.
    let folders = stored.iter().rev().filter_map(|file| {
        let folder = file.key.strip_suffix("export.json")?;
        let name = folder.strip_prefix(&root)?.strip_suffix('/')?;
        (!name.contains('/')).then_some(folder)
    });
    for folder in folders {
        let Some(body) = files.get(&document_in(folder)).await? else { continue };
        let Ok(document) = serde_json::from_slice::<Document>(&body) else { continue };
        let is_match =
            document.version == VERSION && document.plan.folder == folder && is_own(&document.owner);
        let manifest = Layout::new(&document.run, &document.plan).manifest(SUMMARY);
        if is_match && !stored.iter().any(|file| file.key == manifest) {
            return Ok(Some(document));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::plan::Mode;
    use crate::export::testing;

    #[tokio::test]
    async fn newest_own_export_without_a_manifest_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::Directory(directory.path().to_owned());
        let newest = async || {
            let found = newest(&files, "exports/", "orders", |owner| owner.starts_with("me")).await.unwrap();
            found.map(|document| document.plan.folder)
        };
        assert_eq!(newest().await, None);
        for (name, owner) in [("2026-03-01", "me 1"), ("2026-03-02", "me 2"), ("2026-03-03", "another")] {
            let mut plan = testing::plan(1);
            plan.folder = format!("exports/orders/{name}/");
            let run = testing::run("plain", "none");
            let document =
                Document { version: VERSION, owner: owner.to_owned(), mode: Mode::Scan, run, plan };
            let body = serde_json::to_vec(&document).unwrap();
            files.put(&document_in(&document.plan.folder), body).await.unwrap();
        }
        files.put("exports/orders/2026-03-04/export.json", b"{}".to_vec()).await.unwrap();
        assert_eq!(newest().await.as_deref(), Some("exports/orders/2026-03-02/"));
        let ended = "exports/orders/2026-03-02/manifest-summary.json";
        files.put(ended, b"{}".to_vec()).await.unwrap();
        assert_eq!(newest().await.as_deref(), Some("exports/orders/2026-03-01/"));
    }
}
