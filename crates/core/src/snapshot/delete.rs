//! Deletes a snapshot.
//!
//! The manifest is deleted first, and `export.json` last. A deletion that is interrupted leaves an incomplete snapshot,
//! which no restore accepts, and which can be deleted again.

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::export::layout::document_in;
use crate::export::manifest::SUMMARY;
use crate::storage::{Files, FilesError, StoredFile};

/// Number of files that are deleted concurrently.
const AT_A_TIME: usize = 16;

/// Deletes the files of a folder, which ends in `/`. Returns their number. In a versioned bucket the earlier versions
/// stay.
pub async fn delete(files: &Files, folder: &str) -> Result<usize, FilesError> {
    files.abort_uploads(folder).await?;
    let stored = files.list(folder).await?;
    let document = document_in(folder);
    let is_manifest = |file: &&StoredFile| file.key.rsplit('/').next() == Some(SUMMARY);
    for file in stored.iter().filter(is_manifest) {
        files.delete(&file.key).await?;
    }
    let others = stored.iter().filter(|file| !is_manifest(file) && file.key != document);
    let deletions = stream::iter(others).map(|file| files.delete(&file.key));
    deletions.buffer_unordered(AT_A_TIME).try_collect::<Vec<()>>().await?;
    files.delete(&document).await?;
    Ok(stored.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_of_the_snapshot_is_left_and_nothing_else_is_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::Directory(directory.path().to_owned());
        for key in ["a/export.json", "a/AWSDynamoDB/1/manifest-summary.json", "a/data", "ab/export.json"] {
            files.put(key, Vec::new()).await.unwrap();
        }
        assert_eq!(delete(&files, "a/").await.unwrap(), 3);
        let left: Vec<String> = files.list("").await.unwrap().into_iter().map(|file| file.key).collect();
        assert_eq!(left, ["ab/export.json"]);
        assert_eq!(delete(&files, "a/").await.unwrap(), 0, "a repeated deletion is harmless");
    }
}
