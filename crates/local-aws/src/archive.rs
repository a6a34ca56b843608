//! The archive of the functions' executable.
//!
//! Compressing it costs more than all the rest of a deployment, and a suite deploys to dozens of accounts from
//! several processes. So it is made once per build: kept in memory within a process, and beside the
//! executable for the next one. The file's name says which build it is of and what its hash is.

use std::collections::HashMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use crate::Error;

/// Speed counts here, size does not.
const COMPRESSION_LEVEL: i64 = 1;

/// An archive and the hash of the executable in it. (The archive's own would change with the time in it.)
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    pub(crate) hash: String,
    pub(crate) content: Bytes,
}

/// The archive of the executable as it is now.
pub(crate) fn archive(bootstrap: &Path) -> Result<Archive, Error> {
    type Archives = HashMap<(PathBuf, SystemTime), Archive>;
    static ARCHIVES: Mutex<Option<Archives>> = Mutex::new(None);
    let modified = std::fs::metadata(bootstrap)
        .and_then(|metadata| metadata.modified())
        .map_err(Error::file("read", bootstrap))?;
    // Held while archiving, so that concurrent deployments wait for the one archive.
    let mut archives = ARCHIVES.lock().unwrap_or_else(PoisonError::into_inner);
    let archives = archives.get_or_insert_default();
    let id = (bootstrap.to_owned(), modified);
    if let Some(known) = archives.get(&id) {
        return Ok(known.clone());
    }
    let files = Files::of(bootstrap, modified);
    let archive = match files.kept() {
        Some(kept) => kept,
        None => {
            let made = make(bootstrap)?;
            files.keep(&made);
            made
        }
    };
    archives.insert(id, archive.clone());
    Ok(archive)
}

fn make(bootstrap: &Path) -> Result<Archive, Error> {
    let executable = std::fs::read(bootstrap).map_err(Error::file("read", bootstrap))?;
    let content = zip(&executable).map_err(|source| Error::Archive { path: bootstrap.to_owned(), source })?;
    Ok(Archive { hash: hash(&executable), content: content.into() })
}

fn zip(executable: &[u8]) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(COMPRESSION_LEVEL))
        .unix_permissions(0o755);
    writer.start_file("bootstrap", options)?;
    writer.write_all(executable)?;
    Ok(writer.finish()?.into_inner())
}

/// The hash that names an artifact in S3.
pub(crate) fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The archives kept beside an executable, as `<name>-<time of the build>-<hash>.zip`.
struct Files {
    folder: PathBuf,
    name: String,
    build: String,
}

impl Files {
    fn of(bootstrap: &Path, modified: SystemTime) -> Self {
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            folder: bootstrap.parent().unwrap_or(Path::new(".")).to_owned(),
            name: bootstrap.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            build: since.as_nanos().to_string(),
        }
    }

    /// The kept archives: build, hash and path of each.
    fn all(&self) -> impl Iterator<Item = (String, String, PathBuf)> {
        std::fs::read_dir(&self.folder).into_iter().flatten().flatten().filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let id = name.strip_prefix(&self.name)?.strip_prefix('-')?.strip_suffix(".zip")?;
            let (build, hash) = id.split_once('-')?;
            let is_ours = hash.len() == 64 && build.bytes().all(|byte| byte.is_ascii_digit());
            is_ours.then(|| (build.to_owned(), hash.to_owned(), entry.path()))
        })
    }

    fn kept(&self) -> Option<Archive> {
        let (_, hash, path) = self.all().find(|(build, _, _)| *build == self.build)?;
        Some(Archive { hash, content: std::fs::read(path).ok()?.into() })
    }

    /// Keeps an archive for the next process. If that fails, the next one makes its own.
    fn keep(&self, archive: &Archive) {
        let outdated: Vec<PathBuf> = self.all().map(|(_, _, path)| path).collect();
        let path = self.folder.join(format!("{}-{}-{}.zip", self.name, self.build, archive.hash));
        let unfinished = self.folder.join(format!("{}-{}.zip.unfinished", self.name, std::process::id()));
        let kept =
            std::fs::write(&unfinished, &archive.content).and_then(|()| std::fs::rename(&unfinished, &path));
        if kept.is_err() {
            let _ = std::fs::remove_file(unfinished);
            return;
        }
        for other in outdated.iter().filter(|other| **other != path) {
            let _ = std::fs::remove_file(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Duration;

    use super::*;

    fn build(folder: &Path, content: &str, second: u64) -> PathBuf {
        let path = folder.join("bootstrap");
        std::fs::write(&path, content).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        path
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn the_archive_holds_an_executable_bootstrap() {
        let folder = tempfile::tempdir().unwrap();
        let made = archive(&build(folder.path(), "#!/bin/sh\nexit 0\n", 1)).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(made.content)).unwrap();
        let mut file = zip.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().unwrap() & 0o777, 0o755);
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        assert_eq!(content, "#!/bin/sh\nexit 0\n");
        assert_eq!(made.hash, hash(content.as_bytes()));
    }

    #[test]
    fn each_build_has_one_archive_beside_it_which_the_next_process_takes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bootstrap-notes.zip"), "not ours").unwrap();
        let bootstrap = build(folder.path(), "one", 1);
        archive(&bootstrap).unwrap();
        let name = |seconds: u64, content: &str| {
            format!("bootstrap-{seconds}000000000-{}.zip", hash(content.as_bytes()))
        };
        assert_eq!(names(folder.path()), ["bootstrap", &name(1, "one"), "bootstrap-notes.zip"]);

        let modified = std::fs::metadata(&bootstrap).unwrap().modified().unwrap();
        std::fs::write(folder.path().join(name(1, "one")), "kept").unwrap();
        let kept = Files::of(&bootstrap, modified).kept().unwrap();
        assert_eq!((kept.hash, kept.content), (hash(b"one"), Bytes::from_static(b"kept")));

        let second = archive(&build(folder.path(), "two", 2)).unwrap();
        assert_eq!(second.hash, hash(b"two"));
        assert_eq!(names(folder.path()), ["bootstrap", &name(2, "two"), "bootstrap-notes.zip"]);
    }
}
