//! Completes TABLE and SNAPSHOT of a restore from the cursor file of `--resume`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::Arguments;
use crate::commands::import;
use crate::console;
use crate::failure::Unusable;
use crate::transfer::check_table_name;

/// What the names of cursor files begin and end with, in the current directory.
const NAME: (&str, &str) = (".tablekeeper-import-", ".json");

impl Arguments {
    /// Returns the table, which [`completed`] has made sure of.
    pub(super) fn table(&self) -> &str {
        self.table.as_deref().unwrap_or_default()
    }
}

/// Returns the arguments with a table, and a snapshot or a second. With `--resume`, those that are left out are those of
/// the cursor file. Fails with [`Unusable`] if one is missing.
pub(super) fn completed(arguments: Arguments) -> anyhow::Result<Arguments> {
    if let Some(table) = &arguments.table {
        check_table_name(table)?;
    }
    let is_named = arguments.snapshot.is_some() || arguments.at.is_some();
    if arguments.table.is_some() && is_named {
        return Ok(arguments);
    }
    if !arguments.resume {
        let missing = if arguments.table.is_none() { "TABLE and SNAPSHOT are" } else { "SNAPSHOT is" };
        bail!(Unusable(format!(
            "{missing} missing: `tablekeeper restore TABLE SNAPSHOT` takes the name of a snapshot, or `latest` for the \
             newest complete one. `tablekeeper snapshot list` lists them, and --at TIME makes one first"
        )));
    }
    let path = cursor_file(&arguments)?;
    let begun = import::begun_in(&path)?.with_context(|| {
        Unusable(format!(
            "nothing to resume: {} not found. Give TABLE and SNAPSHOT without --resume to start a restore",
            path.display()
        ))
    })?;
    if let Some(table) = arguments.table.as_ref().filter(|table| **table != begun.table) {
        bail!(Unusable(format!(
            "TABLE is {table}, but the restore in {} is into {}; leave TABLE out",
            path.display(),
            begun.table
        )));
    }
    console::print_remark(&format!("{}: into {}, from {}", path.display(), begun.table, begun.from));
    let snapshot = if is_named { arguments.snapshot } else { Some(begun.from) };
    Ok(Arguments { table: Some(begun.table), snapshot, cursor_file: Some(path), ..arguments })
}

/// Returns the cursor file that the options name, or the only one in the current directory.
fn cursor_file(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    if let Some(path) = &arguments.cursor_file {
        return Ok(path.clone());
    }
    if let Some(table) = &arguments.table {
        return Ok(import::cursor_file_of(table).into());
    }
    let paths = cursor_files_in(Path::new(".")).context("cannot read the current directory")?;
    match paths.as_slice() {
        [path] => Ok(path.clone()),
        [] => bail!(Unusable(
            "nothing to resume: there is no cursor file in the current directory; give TABLE, or --cursor-file FILE"
                .to_owned()
        )),
        several => bail!(Unusable(format!(
            "there are {} cursor files in the current directory; give TABLE to name one of them",
            several.len()
        ))),
    }
}

/// Lists the cursor files of imports and restores in a directory.
fn cursor_files_in(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(NAME.0) && name.ends_with(NAME.1)) {
            paths.push(PathBuf::from(name));
        }
    }
    Ok(paths)
}
