//! Files of a local directory.
//!
//! A file is written under a temporary name in the same directory and renamed once all of it is on disk. The temporary
//! name is `.<name>.<number>.upload`. No key may have this form.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use md5::{Digest, Md5};
use tokio::io::AsyncWriteExt;

use super::{FilesError, StoredFile};
use crate::text::hex;

const TEMPORARY: &str = ".upload";

/// Makes the temporary names of one process unique.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A directory, given by its path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Directory<'a>(pub(super) &'a Path);

/// A file that still has its temporary name.
#[derive(Debug)]
pub(super) struct Temporary {
    key: String,
    path: PathBuf,
    own_path: PathBuf,
    file: tokio::fs::File,
    md5: Md5,
    size: u64,
}

fn at(path: &Path) -> impl Fn(Error) -> FilesError + use<> {
    let path = path.display().to_string();
    move |source| FilesError::File { path: path.clone(), source }
}

impl Directory<'_> {
    /// Returns the path of a key. Refuses a key that leads out of the directory or to a temporary name.
    pub(super) fn path(self, key: &str) -> Result<PathBuf, FilesError> {
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
        let name = key.rsplit('/').next().unwrap_or_default();
        if !key.split('/').all(is_part) || named_by_temporary(name).is_some() {
            let reason =
                "a key must have parts like `a/b.json`, none of them empty, `.`, `..` or a temporary name";
            return Err(at(&self.0.join(key))(Error::new(ErrorKind::InvalidInput, reason)));
        }
        Ok(self.0.join(key))
    }

    pub(super) async fn put(self, key: &str, body: &[u8]) -> Result<StoredFile, FilesError> {
        let mut file = self.create(key).await?;
        match file.write(body).await {
            Ok(()) => file.keep().await,
            Err(error) => {
                file.discard().await;
                Err(error)
            }
        }
    }

    pub(super) async fn put_new(self, key: &str, body: &[u8]) -> Result<bool, FilesError> {
        let mut file = self.create(key).await?;
        let written = match file.write(body).await {
            Ok(()) => file.settle().await,
            error => error,
        };
        // Linking fails if the name is taken. Renaming would replace the existing file.
        let linked = match written {
            Ok(()) => Ok(tokio::fs::hard_link(&file.path, &file.own_path).await),
            Err(error) => Err(error),
        };
        let own_path = file.own_path.clone();
        file.discard().await;
        match linked? {
            Ok(()) => sync_parent(&own_path).await.map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Ok(self.get(key).await?.is_some_and(|existing| existing == body))
            }
            Err(error) => Err(at(&own_path)(error)),
        }
    }

    pub(super) async fn get(self, key: &str) -> Result<Option<Bytes>, FilesError> {
        let path = self.path(key)?;
        match tokio::fs::read(&path).await {
            Ok(body) => Ok(Some(body.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    pub(super) async fn delete(self, key: &str) -> Result<(), FilesError> {
        let path = self.path(key)?;
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(at(&path)(error)),
            _ => Ok(()),
        }
    }

    pub(super) async fn list(self, beginning: &str) -> Result<Vec<StoredFile>, FilesError> {
        let mut files = Vec::new();
        for (key, path) in self.walk(beginning).await? {
            let name = key.rsplit('/').next().unwrap_or_default();
            if named_by_temporary(name).is_some() || !key.starts_with(beginning) {
                continue;
            }
            let metadata = tokio::fs::metadata(&path).await.map_err(at(&path))?;
            if metadata.is_file() {
                files.push(StoredFile { key, size: metadata.len(), etag: String::new() });
            }
        }
        files.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(files)
    }

    pub(super) async fn abort_uploads(self, beginning: &str) -> Result<usize, FilesError> {
        let mut count = 0;
        for (key, path) in self.walk(beginning).await? {
            let (folder, name) =
                key.rsplit_once('/').map_or(("", key.as_str()), |(folder, name)| (folder, name));
            let Some(own_name) = named_by_temporary(name) else { continue };
            let own_key =
                if folder.is_empty() { own_name.to_owned() } else { format!("{folder}/{own_name}") };
            if own_key.starts_with(beginning) {
                tokio::fs::remove_file(&path).await.map_err(at(&path))?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Lists every file below the folder of `beginning`, with its key.
    async fn walk(self, beginning: &str) -> Result<Vec<(String, PathBuf)>, FilesError> {
        let mut folders = match beginning.rsplit_once('/') {
            Some((folder, _)) => vec![(format!("{folder}/"), self.path(folder)?)],
            None => vec![(String::new(), self.0.to_owned())],
        };
        let mut files = Vec::new();
        while let Some((prefix, path)) = folders.pop() {
            let mut entries = match tokio::fs::read_dir(&path).await {
                Ok(entries) => entries,
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    continue;
                }
                Err(error) => return Err(at(&path)(error)),
            };
            while let Some(entry) = entries.next_entry().await.map_err(at(&path))? {
                let path = entry.path();
                let name = entry
                    .file_name()
                    .into_string()
                    .map_err(|_| at(&path)(Error::new(ErrorKind::InvalidData, "its name is not UTF-8")))?;
                if entry.file_type().await.map_err(at(&path))?.is_dir() {
                    folders.push((format!("{prefix}{name}/"), path));
                } else {
                    files.push((format!("{prefix}{name}"), path));
                }
            }
        }
        Ok(files)
    }

    /// Creates a temporary file.
    pub(super) async fn create(self, key: &str) -> Result<Temporary, FilesError> {
        let own_path = self.path(key)?;
        let name = key.rsplit('/').next().unwrap_or_default();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = own_path.with_file_name(format!(".{name}.{}-{number}{TEMPORARY}", std::process::id()));
        if let Some(folder) = own_path.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(at(folder))?;
        }
        let file = tokio::fs::File::create(&path).await.map_err(at(&path))?;
        Ok(Temporary { key: key.to_owned(), path, own_path, file, md5: Md5::new(), size: 0 })
    }
}

/// Returns the final name of a temporary file. Returns `None` if the name is not a temporary one.
fn named_by_temporary(name: &str) -> Option<&str> {
    let (own, _) = name.strip_prefix('.')?.strip_suffix(TEMPORARY)?.rsplit_once('.')?;
    Some(own)
}

/// Flushes the directory entry of a file to disk.
async fn sync_parent(path: &Path) -> Result<(), FilesError> {
    let Some(folder) = path.parent() else { return Ok(()) };
    let folder_file = tokio::fs::File::open(folder).await.map_err(at(folder))?;
    folder_file.sync_all().await.map_err(at(folder))
}

impl Temporary {
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        self.file.write_all(bytes).await.map_err(at(&self.path))?;
        self.md5.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Flushes the content to disk.
    async fn settle(&mut self) -> Result<(), FilesError> {
        self.file.flush().await.map_err(at(&self.path))?;
        self.file.sync_all().await.map_err(at(&self.path))
    }

    /// Renames the file to its final name.
    pub(super) async fn keep(mut self) -> Result<StoredFile, FilesError> {
        let renamed = match self.settle().await {
            Ok(()) => tokio::fs::rename(&self.path, &self.own_path).await.map_err(at(&self.own_path)),
            Err(error) => Err(error),
        };
        if let Err(error) = renamed {
            self.discard().await;
            return Err(error);
        }
        sync_parent(&self.own_path).await?;
        let etag = hex(&self.md5.finalize());
        Ok(StoredFile { key: self.key, size: self.size, etag })
    }

    /// Removes the file. If that fails it stays until [`Directory::abort_uploads`].
    pub(super) async fn discard(self) {
        let removed = tokio::fs::remove_file(&self.path).await;
        if let Err(error) = removed {
            tracing::warn!(path = %self.path.display(), %error, "a temporary file could not be removed");
        }
    }
}
