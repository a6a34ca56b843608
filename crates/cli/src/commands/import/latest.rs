//! `--from …/latest`: the newest complete export.

use std::path::Path;

use anyhow::bail;
use tablekeeper_core::export::overview;
use tablekeeper_core::export::overview::{Overview, State};
use tablekeeper_core::storage::{Files, as_prefix};

use super::Arguments;
use super::state::{State as CursorState, cursor_file_of};
use crate::commands::snapshot::LATEST;
use crate::config::reported;
use crate::console::{Console, counted};
use crate::failure::Unusable;
use crate::transfer::{Aws, Location, named, whole};

/// Returns the location of the export that `--from` means, if its last part is `latest` and nothing has this name. A
/// resumed import takes the export that it began with.
pub(super) async fn resolved(
    arguments: &Arguments,
    place: &Location,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Option<String>> {
    let Some((files, prefix)) = below("--from", place, aws).await? else { return Ok(None) };
    let (resume, cursor_file) = (arguments.resume, arguments.cursor_file.as_deref());
    let has_own_file = cursor_file.is_some() || matches!(files, Files::S3(_));
    if let Some(begun) = begun(&arguments.table, resume && has_own_file, cursor_file)? {
        console.line(&format!("{LATEST} was {begun} when the import began"));
        return Ok(Some(begun));
    }
    let resumes = |export: &Overview| match &files {
        Files::Directory(root) if arguments.resume => {
            root.join(&export.folder).join(cursor_file_of(&arguments.table)).exists()
        }
        _ => false,
    };
    newest(&files, &prefix, &arguments.table, resumes, console).await.map(Some)
}

/// Returns the location of the newest complete export of a table below a location, if this is what it means: its last part
/// is `latest`, and nothing has this name. `argument` names it in errors. If only one table has exports there, it is that
/// table.
pub(crate) async fn newest_below(
    argument: &str,
    place: &Location,
    table: &str,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Option<String>> {
    let Some((files, prefix)) = below(argument, place, aws).await? else { return Ok(None) };
    newest(&files, &prefix, table, |_| false, console).await.map(Some)
}

/// Returns the location of the newest complete export of a table, or of the newest one that `prefers` chooses.
async fn newest(
    files: &Files,
    prefix: &str,
    table: &str,
    prefers: impl Fn(&Overview) -> bool,
    console: &Console,
) -> anyhow::Result<String> {
    let exports = overview::list(files, prefix).await.map_err(|error| named(error.name(), error))?;
    let table = table_of(&exports, table, &files.location(prefix))?;
    let mut of_table = exports.iter().rev().filter(|export| export.table_name == table);
    let Some(export) = of_table.find(|export| prefers(export)).or_else(|| overview::newest(&exports, &table))
    else {
        bail!(Unusable(format!(
            "there is no complete export of {table} below {}; `tablekeeper exports list` lists them",
            files.location(prefix)
        )));
    };
    let location = files.location(&export.folder);
    let time = export.time.map(reported).unwrap_or_default();
    let items = match export.state {
        State::Whole { items, .. } => items,
        _ => 0,
    };
    console.line(&format!("{LATEST} is {location}, of {table} at {time}, with {}", counted(items, "item")));
    Ok(location)
}

/// Returns the files and the prefix of which `latest` is one; `None` if the location is another one, or exists.
async fn below(argument: &str, place: &Location, aws: &Aws) -> anyhow::Result<Option<(Files, String)>> {
    match place {
        Location::Bucket { bucket, key } => {
            let Some(prefix) = key.strip_suffix(LATEST).filter(|key| key.is_empty() || key.ends_with('/'))
            else {
                return Ok(None);
            };
            let files = whole(&aws.s3, bucket);
            let existing = files.list(key).await.map_err(|error| named(error.name(), error))?;
            let is_taken =
                existing.iter().any(|file| file.key == *key || file.key.starts_with(&format!("{key}/")));
            Ok((!is_taken).then(|| (files, as_prefix(prefix))))
        }
        Location::Path(path) if path.file_name().is_some_and(|name| name == LATEST) && !path.exists() => {
            let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !above.is_dir() {
                bail!(Unusable(format!(
                    "{argument} is {}, but there is no directory {}",
                    path.display(),
                    above.display()
                )));
            }
            Ok(Some((Files::Directory(above.to_owned()), String::new())))
        }
        Location::Path(_) => Ok(None),
    }
}

/// Returns the location in the cursor file, if an import or restore is resumed.
pub(crate) fn begun(table: &str, resume: bool, cursor_file: Option<&Path>) -> anyhow::Result<Option<String>> {
    if !resume {
        return Ok(None);
    }
    let path = cursor_file.map_or_else(|| cursor_file_of(table).into(), Path::to_owned);
    Ok(begun_in(&path)?.map(|begun| begun.from))
}

/// What a cursor file is of.
pub(crate) struct Begun {
    /// The table that is written to.
    pub(crate) table: String,
    /// The location of the files.
    pub(crate) from: String,
}

/// Reads a cursor file; `None` if there is none.
pub(crate) fn begun_in(path: &Path) -> anyhow::Result<Option<Begun>> {
    let Some(state) = CursorState::read(path)? else { return Ok(None) };
    let key = state.import.manifest.unwrap_or(state.import.root);
    // A directory is the location itself.
    let from = if state.place.starts_with("s3://") { format!("{}/{key}", state.place) } else { state.place };
    Ok(Some(Begun { table: state.import.table_name, from }))
}

/// Returns the table whose exports are meant: `table`, or the only one that has exports.
fn table_of(exports: &[Overview], table: &str, location: &str) -> anyhow::Result<String> {
    let mut tables: Vec<&str> = exports.iter().map(|export| export.table_name.as_str()).collect();
    tables.sort_unstable();
    tables.dedup();
    tables.retain(|table| !table.is_empty());
    match tables.as_slice() {
        [only] => Ok((*only).to_owned()),
        tables if tables.contains(&table) => Ok(table.to_owned()),
        [] => bail!(Unusable(format!("there is no export below {location}"))),
        tables => bail!(Unusable(format!(
            "there are exports of {} below {location}; name the folder of one of them before {LATEST}",
            tables.join(", ")
        ))),
    }
}
