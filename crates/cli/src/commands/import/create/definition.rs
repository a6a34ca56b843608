//! Finds out how to make a table: from the settings document of an export, from another table, or from the key of a
//! snapshot's items.

use std::path::Path;

use anyhow::{Context as _, bail};
use item_formats::KeyType;
use tablekeeper_core::export::layout::{document_in, folder_of_export};
use tablekeeper_core::import::source::Source;
use tablekeeper_core::settings::{SettingsDocument, document, report};
use tablekeeper_core::snapshot::{document as snapshot_document, key_types};
use tablekeeper_core::storage::Files;
use tablekeeper_core::table_definition::TableDefinition;

use super::left_out;
use crate::commands::import::request::Found;
use crate::commands::import::{Arguments, Kind};
use crate::event_file;
use crate::failure::Unusable;
use crate::transfer::{Aws, Location, named, whole};

/// The folder of the manifests and data files in DynamoDB's layout. The settings document is in the folder above it.
const DYNAMODBS: &str = "AWSDynamoDB";
/// What to give instead, for messages.
const INSTEAD: &str = "give --like TABLE or --settings FILE";

/// A table to make.
pub(super) struct Wanted {
    pub(super) definition: TableDefinition,
    /// What the new table will lack.
    pub(super) remarks: Vec<String>,
    /// Name of the origin, for messages.
    pub(super) from: String,
}

/// Finds the definition that the options ask for.
pub(super) async fn find(
    arguments: &Arguments,
    kind: Kind,
    found: &Found,
    aws: &Aws,
) -> anyhow::Result<Wanted> {
    let creation = &arguments.creation;
    if let Some(table) = &creation.like {
        return like(table, aws).await;
    }
    if let Some(name) = &creation.settings {
        return of_document(name, aws).await;
    }
    match kind {
        Kind::Files => of_export(found).await,
        Kind::Snapshot => of_snapshot(found).await,
    }
}

/// Builds the error for `--like` with a table that does not exist.
pub(super) fn no_such_table(name: &str, aws: &Aws) -> Unusable {
    aws.missing(&format!("--like is {name}, which does not exist (SourceTableMissing)"))
}

/// Reads the definition of another table.
async fn like(name: &str, aws: &Aws) -> anyhow::Result<Wanted> {
    let settings = aws.clients.settings();
    let described = settings.describe(name).await.map_err(|failure| named(failure.name, failure))?;
    let Some(table) = described else {
        bail!(no_such_table(name, aws));
    };
    let Some(definition) = TableDefinition::from_description(&table.description) else {
        bail!(
            "table {name} has something that this version of tablekeeper does not know, so no table is made like it"
        );
    };
    let captured = report::capture(&settings, &table, |_| true).await;
    let (known, _) = captured.map_err(|failure| named(failure.name, failure))?;
    let mut remarks = left_out::of_settings(&known);
    remarks.extend(left_out::of_replicas(&table.description));
    Ok(Wanted { definition, remarks, from: format!("table {name}") })
}

/// Reads a settings document from a bucket, a file or standard input.
async fn of_document(name: &str, aws: &Aws) -> anyhow::Result<Wanted> {
    let Location::Bucket { bucket, key } = Location::parse("--settings", name)? else {
        return parsed(event_file::read_document(name)?.text.as_bytes(), name);
    };
    let body = whole(&aws.s3, &bucket).get(&key).await.map_err(|error| named(error.name(), error))?;
    match body {
        Some(body) => parsed(&body, name),
        None => bail!(Unusable(format!("--settings is {name}, which does not exist"))),
    }
}

/// Returns the key attributes of the items of these files with their types, if the settings document of an export or the
/// document of a snapshot next to them says it.
pub(crate) async fn key_of(files: &Files, source: &Source) -> Option<Vec<(String, KeyType)>> {
    let found = Found { files: files.clone(), source: source.clone() };
    let wanted = match of_snapshot(&found).await {
        Ok(wanted) => wanted,
        Err(_) => of_export(&found).await.ok()?,
    };
    let key = wanted.definition.key()?;
    Some(key.into_iter().map(|(name, of)| (name.to_owned(), of)).collect())
}

/// Reads the settings document next to an export.
async fn of_export(Found { files, source }: &Found) -> anyhow::Result<Wanted> {
    let (location, body) = match files {
        Files::S3(_) => {
            let key = format!("{}settings.json", folder_of_export(&source.root));
            let body = files.get(&key).await.map_err(|error| named(error.name(), error))?;
            (files.location(&key), body.map(|body| body.to_vec()))
        }
        Files::Directory(directory) => {
            let path = export_directory(&directory.join(&source.root)).join("settings.json");
            let body = match std::fs::read(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                read => Some(read.with_context(|| Unusable(format!("cannot read {}", path.display())))?),
            };
            (path.display().to_string(), body)
        }
    };
    match body {
        Some(body) => parsed(&body, &location),
        None => bail!(Unusable(format!(
            "--create needs {location}, which says how to make the table, and does not exist; {INSTEAD}"
        ))),
    }
}

/// Returns the directory of an export, of which these are the files. The directory that was given may be inside it.
fn export_directory(root: &Path) -> std::path::PathBuf {
    let absolute = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let above = |path: &Path| {
        let mut ancestors = path.ancestors();
        let inner = ancestors.find(|path| path.file_name().is_some_and(|name| name == DYNAMODBS))?;
        inner.parent().map(Path::to_owned)
    };
    match above(root).or_else(|| above(&absolute)) {
        Some(directory) => directory,
        None if absolute.is_file() => root.parent().unwrap_or(root).to_owned(),
        None => root.to_owned(),
    }
}

/// Returns a table with the key of a snapshot's items.
async fn of_snapshot(Found { files, source }: &Found) -> anyhow::Result<Wanted> {
    let document = document_in(folder_of_export(&source.root));
    let read = snapshot_document::read(files, &document).await.map_err(|error| named(error.name(), error))?;
    let location = files.location(&document);
    let names = match read {
        Ok(document) => document.snapshot.key_names,
        Err(reason) => bail!(Unusable(format!("{location}: {reason} (InvalidExport)"))),
    };
    let types = key_types::of_first_item(files, source, &names).await;
    let Some(types) = types.map_err(|error| named(error.name(), error))? else {
        bail!(Unusable(format!(
            "--create needs the types of the key attributes {}, which the snapshot does not say, because it has no item; \
             {INSTEAD}",
            names.join(" and ")
        )));
    };
    let remark = "a snapshot says nothing about indexes, capacity and other settings; --like TABLE copies the indexes, \
                  the capacity, the encryption and the class of a table";
    Ok(Wanted {
        definition: TableDefinition::from_key(names.into_iter().zip(types).collect()),
        remarks: vec![remark.to_owned()],
        from: "the items of the snapshot".to_owned(),
    })
}

/// Reads a settings document.
fn parsed(body: &[u8], location: &str) -> anyhow::Result<Wanted> {
    let document = SettingsDocument::read(body).map_err(|reason| {
        let version = document::VERSION;
        Unusable(format!("{location} is not a settings document of version {version}: {reason}"))
    })?;
    let Some(definition) = document.definition.filter(|definition| definition.key().is_some()) else {
        bail!(Unusable(format!(
            "{location} does not say how to make the table, as those of earlier releases do not; {INSTEAD} of a later one"
        )));
    };
    let remarks = left_out::of_settings(&document.settings);
    Ok(Wanted { definition, remarks, from: location.to_owned() })
}
