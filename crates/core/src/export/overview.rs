//! Lists the exports below a location, as `tablekeeper exports list` shows them: those of this project, and those that
//! DynamoDB itself wrote. Snapshots are exports of another kind, and are left out.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::manifest::{ManifestSummary, SUMMARY};
use super::plan::Document;
use crate::aws::arn::Arn;
use crate::snapshot::document::Document as SnapshotDocument;
use crate::storage::{Files, FilesError, StoredFile};

/// Number of documents that are read concurrently.
const AT_A_TIME: usize = 16;
/// The file with which DynamoDB begins an export.
const STARTED: &str = "_started";

/// An export.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Overview {
    /// Folder of the export; empty, or ending in `/`. An import takes it.
    pub folder: String,
    /// Name of the table; empty if unknown.
    pub table_name: String,
    /// Time of the items, or of the start of an incomplete export; `None` if unknown.
    pub time: Option<DateTime<Utc>>,
    /// State of the export.
    pub state: State,
}

/// The state of an export.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// The export has its manifest.
    Whole {
        /// Number of items.
        items: u64,
        /// Size in bytes: of the lines before compression, or as DynamoDB bills the table.
        bytes: u64,
    },
    /// The export has no manifest.
    NotEnded {
        /// Owner of the folder.
        owner: String,
    },
    /// The document or the manifest cannot be read. Holds the reason, a sentence.
    Unreadable(String),
}

/// What an `export.json` says.
enum Begun {
    Export(Box<Document>),
    Snapshot,
    Unreadable(String),
}

/// Returns the exports below a prefix (empty, or ending in `/`), the oldest first.
pub async fn list(files: &Files, prefix: &str) -> Result<Vec<Overview>, FilesError> {
    let stored = files.list(prefix).await?;
    let begun = begun(files, &stored).await?;
    let manifests = || stored.iter().map(|file| file.key.as_str()).filter(|key| is_named(key, SUMMARY));
    let mut found = Vec::new();
    for (folder, document) in &begun {
        let folder = folder.clone();
        match document {
            Begun::Snapshot => {}
            Begun::Unreadable(reason) => {
                let state = State::Unreadable(reason.clone());
                found.push(Overview { folder, table_name: String::new(), time: None, state });
            }
            Begun::Export(document) => {
                let manifest = manifests().find(|key| key.starts_with(&folder));
                found.push(of_folder(files, folder, document, manifest).await?);
            }
        }
    }
    let is_document = |document: &Begun| !matches!(document, Begun::Unreadable(_));
    let known: Vec<&String> =
        begun.iter().filter(|(_, document)| is_document(document)).map(|(folder, _)| folder).collect();
    let others = stored.iter().map(|file| file.key.as_str());
    let others = others.filter(|key| is_named(key, SUMMARY) || is_named(key, STARTED)).map(folder_of);
    let others: BTreeSet<&str> =
        others.filter(|other| !known.iter().any(|folder| other.starts_with(folder.as_str()))).collect();
    for folder in others {
        found.push(of_dynamodb_itself(files, folder, &stored).await?);
    }
    found.sort_by(|one, other| (one.time, &one.folder).cmp(&(other.time, &other.folder)));
    Ok(found)
}

/// Returns the newest complete export of a table, of those that [`list`] returned.
pub fn newest<'a>(exports: &'a [Overview], table_name: &str) -> Option<&'a Overview> {
    let is_whole = |export: &&Overview| matches!(export.state, State::Whole { .. });
    exports.iter().rev().filter(|export| export.table_name == table_name).find(is_whole)
}

/// Reads each `export.json`, by its folder.
async fn begun(files: &Files, stored: &[StoredFile]) -> Result<BTreeMap<String, Begun>, FilesError> {
    let documents = stored.iter().filter(|file| is_named(&file.key, "export.json"));
    let read = stream::iter(documents).map(|file| async move {
        let Some(body) = files.get(&file.key).await? else { return Ok::<_, FilesError>(None) };
        let begun = match serde_json::from_slice::<Document>(&body) {
            Ok(document) => Begun::Export(Box::new(document)),
            Err(_) if serde_json::from_slice::<SnapshotDocument>(&body).is_ok() => Begun::Snapshot,
            Err(error) => {
                Begun::Unreadable(format!("its export.json is not the document of an export: {error}"))
            }
        };
        Ok(Some((folder_of(&file.key).to_owned(), begun)))
    });
    let read: Vec<_> = read.buffered(AT_A_TIME).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// Returns the export of a document. `manifest` is the key of its manifest, if there is one.
async fn of_folder(
    files: &Files,
    folder: String,
    document: &Document,
    manifest: Option<&str>,
) -> Result<Overview, FilesError> {
    let Document { owner, run, plan, .. } = document;
    let (table_name, started_at) = (plan.table_name.clone(), Some(run.started_at));
    let Some(manifest) = manifest else {
        let state = State::NotEnded { owner: owner.clone() };
        return Ok(Overview { folder, table_name, time: started_at, state });
    };
    let (_, time, state) = of_manifest(files, manifest).await?;
    Ok(Overview { folder, table_name, time: time.or(started_at), state })
}

/// Returns an export without a document of this project.
async fn of_dynamodb_itself(
    files: &Files,
    folder: &str,
    stored: &[StoredFile],
) -> Result<Overview, FilesError> {
    let manifest = format!("{folder}{SUMMARY}");
    if !stored.iter().any(|file| file.key == manifest) {
        let state = State::NotEnded { owner: "DynamoDB".to_owned() };
        return Ok(Overview { folder: folder.to_owned(), table_name: String::new(), time: None, state });
    }
    let (table_name, time, state) = of_manifest(files, &manifest).await?;
    Ok(Overview { folder: folder.to_owned(), table_name, time, state })
}

/// Returns the table, the time and the state that a manifest says.
async fn of_manifest(files: &Files, key: &str) -> Result<(String, Option<DateTime<Utc>>, State), FilesError> {
    let unreadable = |reason: String| (String::new(), None, State::Unreadable(reason));
    let Some(body) = files.get(key).await? else {
        return Ok(unreadable("its manifest was deleted while it was being read".to_owned()));
    };
    Ok(match ManifestSummary::read(&body) {
        Err(error) => unreadable(format!("its manifest cannot be read: {error}")),
        Ok(summary) => {
            let time = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
            let table = Arn::parse(&summary.table_arn).and_then(|arn| arn.table_name().map(str::to_owned));
            let state = State::Whole { items: summary.item_count, bytes: summary.billed_size_bytes };
            (table.unwrap_or_default(), time(&summary.export_time).or(time(&summary.start_time)), state)
        }
    })
}

fn is_named(key: &str, name: &str) -> bool {
    key.rsplit('/').next() == Some(name)
}

fn folder_of(key: &str) -> &str {
    key.rfind('/').and_then(|end| key.get(..=end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::layout::{Layout, document_in};
    use crate::export::manifest::OutputFormat;
    use crate::export::plan::{Mode, VERSION};
    use crate::export::testing;

    fn summary(table: &str, time: &str, items: u64) -> Vec<u8> {
        let summary = ManifestSummary {
            table_arn: format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{table}"),
            export_time: time.to_owned(),
            item_count: items,
            billed_size_bytes: items * 10,
            ..ManifestSummary::from_full_export(String::new(), OutputFormat::DynamodbJson)
        };
        summary.write()
    }

    async fn begin(files: &Files, name: &str) -> String {
        let mut plan = testing::plan(1);
        plan.folder = format!("a/orders/{name}/");
        let run = testing::run("dynamodb-json", "gzip");
        let manifest = Layout::new(&run, &plan).manifest(SUMMARY);
        let document = Document { version: VERSION, owner: "me".to_owned(), mode: Mode::Scan, run, plan };
        let body = serde_json::to_vec(&document).unwrap();
        files.put(&document_in(&document.plan.folder), body).await.unwrap();
        manifest
    }

    #[tokio::test]
    async fn exports_are_listed_with_their_state_and_the_newest_whole_one_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::Directory(directory.path().to_owned());
        let first = begin(&files, "2026-03-01").await;
        files.put(&first, summary("orders", "2026-03-01T02:00:00.000Z", 7)).await.unwrap();
        begin(&files, "2026-03-02").await;
        files.put("a/orders/2026-03-03/export.json", b"{}".to_vec()).await.unwrap();
        let own = "b/AWSDynamoDB/01-x/";
        files.put(&format!("{own}{SUMMARY}"), summary("others", "2026-02-01T00:00:00Z", 3)).await.unwrap();
        files.put(&format!("{own}{STARTED}"), Vec::new()).await.unwrap();
        files.put("b/AWSDynamoDB/02-y/_started", Vec::new()).await.unwrap();
        files.put("b/AWSDynamoDB/03-z/manifest-summary.json", b"{".to_vec()).await.unwrap();
        files.put("c/readme", Vec::new()).await.unwrap();

        let exports = list(&files, "").await.unwrap();
        let rows: Vec<_> = exports
            .iter()
            .map(|export| {
                let state = match &export.state {
                    State::Whole { items, bytes } => format!("{items} {bytes}"),
                    State::NotEnded { owner } => owner.clone(),
                    State::Unreadable(_) => "unreadable".to_owned(),
                };
                (export.folder.as_str(), export.table_name.as_str(), state)
            })
            .collect();
        let row = |folder, table, state: &str| (folder, table, state.to_owned());
        assert_eq!(
            rows,
            [
                row("a/orders/2026-03-03/", "", "unreadable"),
                row("b/AWSDynamoDB/02-y/", "", "DynamoDB"),
                row("b/AWSDynamoDB/03-z/", "", "unreadable"),
                row("b/AWSDynamoDB/01-x/", "others", "3 30"),
                row("a/orders/2026-03-01/", "orders", "7 70"),
                row("a/orders/2026-03-02/", "orders", "me"),
            ]
        );
        assert_eq!(newest(&exports, "orders").unwrap().folder, "a/orders/2026-03-01/");
        assert_eq!(newest(&exports, "nothing"), None);
        assert_eq!(list(&files, "a/").await.unwrap().len(), 3);
    }
}
