//! A small file that says how far a command came, so that it can go on from there.
//!
//! It is written under another name and renamed, so that it is whole whenever the process ends.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Unusable;

/// Puts it in the place of what the file said before.
pub(crate) fn write(path: &Path, state: &impl Serialize) -> anyhow::Result<()> {
    let named = || Unusable(format!("cannot write {}; --cursor-file may name another", path.display()));
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

/// What the file says; `None` where there is none. `of` is what it is a cursor file of.
pub(crate) fn read<S: DeserializeOwned>(path: &Path, of: &str) -> anyhow::Result<Option<S>> {
    let body = match std::fs::read(path) {
        Ok(body) => body,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| Unusable(format!("cannot read {}", path.display()))),
    };
    let state = serde_json::from_slice(&body);
    Ok(Some(
        state.map_err(|error| Unusable(format!("{} is no cursor file of {of}: {error}", path.display())))?,
    ))
}

/// Takes the file away.
pub(crate) fn remove(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("all is written, but {} cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}

/// What stops a `--resume` for which there is no such file.
pub(crate) fn nothing(path: &Path, of: &str) -> Unusable {
    let path = path.display();
    Unusable(format!(
        "there is no {path}, so there is no {of} to go on with; leave --resume out to begin one"
    ))
}
