//! Lists the files of a directory and those below that may be definitions or templates.

use std::path::{Path, PathBuf};

use crate::read::{self, FileError};

/// The directories that hold other people's files, besides those whose names begin with a dot.
const FOREIGN: [&str; 3] = ["node_modules", "target", "venv"];

/// The endings of files that are read to see whether they are templates.
const ENDINGS: [&str; 5] = [".json", ".yaml", ".yml", ".template", ".asl"];

/// Adds the files. Links to directories are not followed, so that none leads round in circles.
pub(super) fn files(folder: &Path, found: &mut Vec<PathBuf>, errors: &mut Vec<FileError>) {
    let entries = match read::entries(folder) {
        Ok(entries) => entries,
        Err(error) => return errors.push(error),
    };
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            let is_own = !name.starts_with('.') && !FOREIGN.contains(&name.as_ref());
            if is_own && !path.is_symlink() {
                files(&path, found, errors);
            }
        } else if read::has_ending(&path, &ENDINGS) {
            found.push(path);
        }
    }
}
