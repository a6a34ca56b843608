//! Checks the first item of the files before anything is written: its line, its key attributes and their types.

use std::collections::BTreeMap;

use anyhow::bail;
use tablekeeper_core::import::Import;
use tablekeeper_core::import::item_files::{Error, FileItem, ItemFiles};
use tablekeeper_core::import::source::Source;
use tablekeeper_core::storage::Files;

use crate::transfer::named;

/// Fails if the first item of the files cannot be one of the table. An import of files without items passes.
pub(super) async fn check(files: &Files, source: &Source, import: &Import) -> anyhow::Result<()> {
    let keys = import.keys();
    let items = ItemFiles {
        files,
        has_manifest: source.manifest.is_some(),
        format: import.format,
        binary: import.binary,
        compression: import.compression,
        keys: &keys,
    };
    for file in source.files.iter().filter(|file| file.stored.size > 0 && file.item_count != Some(0)) {
        let mut reading = items.open(file, 0).await.map_err(|error| failed(error, import))?;
        let first = reading.next().await.map_err(|error| failed(error, import))?;
        let Some(FileItem { line, key, .. }) = first else { continue };
        let has: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_slice(&key)?;
        for (name, of) in import.key_names.iter().zip(&import.key_types) {
            let given = has.get(name).and_then(|value| value.keys().next()).map_or("", String::as_str);
            if given != of.to_string() {
                let location = files.location(&file.stored.key);
                let key = key_of(import);
                bail!(failed(
                    Error::Invalid {
                        location,
                        reason: format!(
                            "the key attribute `{name}` of line {line} is of type {given}; {key}"
                        ),
                    },
                    import
                ));
            }
        }
        return Ok(());
    }
    Ok(())
}

/// Builds the error. If the item lacks a key attribute, the error says which ones the table has.
fn failed(error: Error, import: &Import) -> anyhow::Error {
    match error {
        Error::Invalid { location, reason } if reason.contains("is missing in the item") => {
            let reason = format!("{reason}; {}", key_of(import));
            let error = Error::Invalid { location, reason };
            named(error.name(), error)
        }
        error => named(error.name(), error),
    }
}

/// Describes the key of the table.
fn key_of(import: &Import) -> String {
    let pairs = import.key_names.iter().zip(&import.key_types);
    let key: Vec<String> = pairs.map(|(name, of)| format!("{name} ({of})")).collect();
    format!("the key of table {} is {}", import.table_name, key.join(" and "))
}
