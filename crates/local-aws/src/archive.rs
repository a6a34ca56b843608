//! The archive that functions are deployed as: its `bootstrap` starts the executable in place.
//!
//! The executable of a debug build has a hundred megabytes, and a suite deploys to hundreds of accounts. Functions run
//! as processes of this host, so a script in the archive is enough. It starts a hard link to the executable that is
//! named after the build, so a later build changes nothing that was deployed before it.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use crate::Error;

/// How many builds have their links retained, since stacks may still run them.
const BUILDS_RETAINED: usize = 5;

/// An archive and the hash of its content. (The hash of the archive itself would change with the time in it.)
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    pub(crate) hash: String,
    pub(crate) content: Bytes,
}

/// Builds the archive for the executable as it is now.
pub(crate) fn archive(bootstrap: &Path) -> Result<Archive, Error> {
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", quoted(&linked(bootstrap)?));
    let content = zip(&script).map_err(|source| Error::Archive { path: bootstrap.to_owned(), source })?;
    Ok(Archive { hash: hash(script.as_bytes()), content: content.into() })
}

/// Quotes a path as a shell word (POSIX, "Single-Quotes").
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

fn zip(script: &str) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755))?;
    writer.write_all(script.as_bytes())?;
    Ok(writer.finish()?.into_inner())
}

/// Returns the hash that names an artifact in S3.
pub(crate) fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the link to this build, next to the executable as `<name>-<time of the build>`. Creates it if it is missing
/// and removes the links of old builds.
fn linked(bootstrap: &Path) -> Result<PathBuf, Error> {
    let bootstrap = std::path::absolute(bootstrap).map_err(Error::file("read", bootstrap))?;
    let modified = std::fs::metadata(&bootstrap).and_then(|metadata| metadata.modified());
    let modified = modified.map_err(Error::file("read", &bootstrap))?;
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let name = bootstrap.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let link = bootstrap.with_file_name(format!("{name}-{:020}", since.as_nanos()));
    match std::fs::hard_link(&bootstrap, &link) {
        Ok(()) => forget_outdated(&bootstrap, &name),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Error::file("write", &link)(error)),
    }
    Ok(link)
}

fn forget_outdated(bootstrap: &Path, name: &str) {
    let folder = bootstrap.parent().unwrap_or(Path::new("."));
    let is_link = |file: &str| {
        let build = file.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
        build.is_some_and(|build| build.len() == 20 && build.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    let mut links: Vec<String> = names.filter(|file| is_link(file)).collect();
    links.sort_unstable();
    for outdated in links.iter().rev().skip(BUILDS_RETAINED) {
        // Another process may be removing it as well.
        let _ = std::fs::remove_file(folder.join(outdated));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Duration;

    use super::*;

    fn build(folder: &Path, content: &str, second: u64) -> PathBuf {
        let path = folder.join("the functions' bootstrap");
        // As cargo does it: other links to the file are not affected.
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, content).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(time).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, executable).unwrap();
        path
    }

    fn script(archive: &Archive) -> String {
        let mut zip = zip::ZipArchive::new(Cursor::new(archive.content.clone())).unwrap();
        let mut file = zip.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().unwrap() & 0o777, 0o755);
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        content
    }

    #[test]
    fn the_archive_starts_the_build_that_it_was_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let first = archive(&build(folder.path(), "#!/bin/sh\necho first $1\n", 1)).unwrap();
        let second = archive(&build(folder.path(), "#!/bin/sh\necho second $1\n", 2)).unwrap();
        assert_ne!(first.hash, second.hash);
        for (archive, expected) in [(first, "first x\n"), (second, "second x\n")] {
            let file = folder.path().join("bootstrap.sh");
            std::fs::write(&file, script(&archive)).unwrap();
            let output = std::process::Command::new("sh").arg(file).arg("x").output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        }
    }

    #[test]
    fn one_build_is_one_archive_and_old_ones_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("the functions' bootstrap-notes"), "not ours").unwrap();
        for second in 1..=7 {
            let bootstrap = build(folder.path(), "x", second);
            assert_eq!(archive(&bootstrap).unwrap().hash, archive(&bootstrap).unwrap().hash);
        }
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        let mut expected = vec!["the functions' bootstrap".to_owned()];
        expected.extend((3..=7).map(|second| format!("the functions' bootstrap-{second:011}000000000")));
        expected.push("the functions' bootstrap-notes".to_owned());
        assert_eq!(names, expected);
    }
}
