//! The files of a directory of schemas.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use crate::read::{self, FileError};

/// Schemas by path below the directory, such as `rotate-restore/start.input.json`.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<String, Value>);

impl Files {
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.0.get(path).cloned()
    }
}

/// The directories of a run. Each is read once, however many definitions use it.
#[derive(Debug, Default)]
pub(crate) struct Folders(BTreeMap<PathBuf, Rc<Files>>);

impl Folders {
    /// Returns the schemas of a directory. A missing directory has none. A file that cannot be read is an error, and what
    /// it describes is unknown.
    pub(crate) fn get(&mut self, folder: &Path, errors: &mut Vec<FileError>) -> Rc<Files> {
        let read = || {
            let mut files = Files::default();
            add(folder, "", &mut files, errors);
            Rc::new(files)
        };
        Rc::clone(self.0.entry(folder.to_owned()).or_insert_with(read))
    }
}

fn add(folder: &Path, below: &str, files: &mut Files, errors: &mut Vec<FileError>) {
    let entries = match read::entries(folder) {
        Ok(entries) => entries,
        Err(error) => return errors.push(error),
    };
    for path in entries {
        let name = format!("{below}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            add(&path, &format!("{name}/"), files, errors);
        } else if name.ends_with(".json") {
            match read::document(&path) {
                Ok(document) => drop(files.0.insert(name, document.value().clone())),
                Err(error) => errors.push(FileError {
                    message: format!("{} is not a schema: {}", read::shown(&path), error.message),
                    ..error
                }),
            }
        }
    }
}
