//! A file with the progress of a command, so that the command can resume.
//!
//! It is written under another name and renamed, so that it is complete whenever the process ends.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Unusable;

/// Replaces the content of the file.
pub(crate) fn write(path: &Path, state: &impl Serialize) -> anyhow::Result<()> {
    let named =
        || Unusable(format!("cannot write {}; choose another file with --cursor-file", path.display()));
    let mut name = path.file_name().with_context(named)?.to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let body = serde_json::to_vec(state)?;
    let write = || {
        let mut file = std::fs::File::create(&new)?;
        file.write_all(&body)?;
        file.sync_data()?;
        std::fs::rename(&new, path)
    };
    write().map_err(|error| anyhow!("{error}")).with_context(named)
}

/// Reads the file; `None` if there is none. `of` names its kind in the error.
pub(crate) fn read<S: DeserializeOwned>(path: &Path, of: &str) -> anyhow::Result<Option<S>> {
    let body = match std::fs::read(path) {
        Ok(body) => body,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| Unusable(format!("cannot read {}", path.display()))),
    };
    let state = serde_json::from_slice(&body);
    Ok(Some(
        state
            .map_err(|error| Unusable(format!("{} is not a cursor file of {of}: {error}", path.display())))?,
    ))
}

/// Removes the file.
pub(crate) fn remove(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error)
            .with_context(|| format!("everything is written, but {} cannot be removed", path.display())),
        _ => Ok(()),
    }
}

/// Builds the error for `--resume` without a cursor file.
pub(crate) fn nothing(path: &Path, of: &str) -> Unusable {
    let path = path.display();
    Unusable(format!("nothing to resume: {path} not found. Run without --resume to start a new {of}"))
}
