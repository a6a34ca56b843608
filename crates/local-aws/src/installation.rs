//! Where a program finds what it deploys: in the clone that it was built from, or in itself.
//!
//! A program that runs from its clone uses the clone's templates, so that a change takes effect at once. An installed
//! program may have neither the clone nor a compiler. It contains the templates, and keeps its files in the
//! directories of its user.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use etcetera::base_strategy::{BaseStrategy as _, choose_native_strategy};
use uuid::Uuid;

use crate::archive::hash;
use crate::{Error, workspace_root};

/// The name of the directories in the directories of the user.
const NAME: &str = "tablekeeper";

macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../", $path)))),*]
    };
}

/// The templates and state machines, as they were when this program was built.
const TEMPLATES: [(&str, &str); 28] = embedded![
    "infra/backup-prune.yaml",
    "infra/export-replica.yaml",
    "infra/export-table.yaml",
    "infra/fleet.yaml",
    "infra/import-table.yaml",
    "infra/incremental-tables.yaml",
    "infra/incremental.yaml",
    "infra/report-execution.yaml",
    "infra/restore-test.yaml",
    "infra/retire-copies.yaml",
    "infra/rotate-restore.yaml",
    "infra/sync-settings.yaml",
    "infra/verify-table.yaml",
    "statemachines/backfill.asl.json",
    "statemachines/backup-prune.asl.json",
    "statemachines/export-table.asl.json",
    "statemachines/fleet.asl.json",
    "statemachines/import-table.asl.json",
    "statemachines/replay.asl.json",
    "statemachines/report-execution.asl.json",
    "statemachines/restore-snapshot.asl.json",
    "statemachines/restore-test.asl.json",
    "statemachines/retire-copies.asl.json",
    "statemachines/rollback.asl.json",
    "statemachines/rotate-restore.asl.json",
    "statemachines/snapshot.asl.json",
    "statemachines/sync-settings.asl.json",
    "statemachines/verify-table.asl.json",
];

/// Returns whether this program runs from the clone that it was built from: cargo started it, or it is in the clone.
pub fn runs_from_clone() -> bool {
    static RUNS_FROM_CLONE: OnceLock<bool> = OnceLock::new();
    *RUNS_FROM_CLONE.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "the edge: cargo sets this for what it runs")]
        let by_cargo = std::env::var_os("CARGO").is_some();
        is_of_clone(&workspace_root(), std::env::current_exe().ok().as_deref(), by_cargo)
    })
}

fn is_of_clone(root: &Path, executable: Option<&Path>, by_cargo: bool) -> bool {
    let Ok(root) = root.canonicalize() else { return false };
    let is_inside =
        || executable.and_then(|path| path.canonicalize().ok()).is_some_and(|path| path.starts_with(&root));
    root.join("Cargo.toml").is_file() && (by_cargo || is_inside())
}

/// Returns the directory for what a local stack installs and writes: the emulator, its logs, temporary files.
///
/// Use it for [`Options::directory`](crate::Options::directory), unless a test needs a directory to itself.
pub fn directory() -> PathBuf {
    in_clone().unwrap_or_else(|| of_user(choose_native_strategy().ok().map(|base| base.cache_dir())))
}

/// Returns the directory for what has to survive as long as a local stack runs: its address, its locks, its log.
pub fn state_directory() -> PathBuf {
    in_clone().unwrap_or_else(|| {
        let base = choose_native_strategy().ok();
        of_user(base.map(|base| base.state_dir().unwrap_or_else(|| base.data_dir())))
    })
}

fn in_clone() -> Option<PathBuf> {
    runs_from_clone().then(|| workspace_root().join("target").join("local-aws"))
}

/// A user without a home directory gets the files into the current directory.
fn of_user(base: Option<PathBuf>) -> PathBuf {
    base.unwrap_or_default().join(NAME)
}

/// Returns the definition of a workflow's state machine in JSON, as it was when this program was built.
pub fn definition(workflow: &str) -> Option<&'static str> {
    let path = format!("statemachines/{workflow}.asl.json");
    TEMPLATES.into_iter().find(|(name, _)| *name == path).map(|(_, text)| text)
}

/// Returns the directory with `infra/` and `statemachines/`: the clone, or a copy of what this program contains.
pub fn templates() -> Result<PathBuf, Error> {
    if runs_from_clone() { Ok(workspace_root()) } else { unpacked(&directory()) }
}

/// Writes the contained files into a directory that is named after their content.
fn unpacked(directory: &Path) -> Result<PathBuf, Error> {
    let all: String = TEMPLATES.iter().flat_map(|(path, content)| [*path, "\n", *content]).collect();
    let root = directory.join(format!("templates-{:.12}", hash(all.as_bytes())));
    for (path, content) in TEMPLATES {
        let path = root.join(path);
        // Whatever cleans up caches may have removed a single file.
        if fs::read(&path).is_ok_and(|existing| existing == content.as_bytes()) {
            continue;
        }
        replace(&path, |draft| fs::write(draft, content))?;
    }
    Ok(root)
}

/// Returns a copy of this program that is called `bootstrap`, to be deployed as the executable of every function.
///
/// Use it for [`Deployment::bootstrap`](crate::Deployment) in a program that serves functions when it is started under
/// that name. The copy is in a directory of the user, because links to it are made beside it, and because an update of
/// the program must not change deployed functions.
pub fn copy_as_bootstrap(executable: &Path) -> Result<PathBuf, Error> {
    copied(executable, &directory())
}

fn copied(executable: &Path, directory: &Path) -> Result<PathBuf, Error> {
    let content = fs::read(executable).map_err(Error::file("read", executable))?;
    let path = directory.join("functions").join("bootstrap");
    let is_current = fs::metadata(&path).is_ok_and(|existing| existing.len() == content.len() as u64)
        && fs::read(&path).is_ok_and(|existing| existing == content);
    if !is_current {
        // The time of the copy identifies it. Packages may give each of their versions the same time.
        replace(&path, |draft| {
            fs::write(draft, &content)?;
            fs::set_permissions(draft, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        })?;
    }
    Ok(path)
}

/// Writes a file under another name and then renames it, so that other processes see all of it or nothing.
fn replace(path: &Path, write: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let draft = folder.join(format!(".{name}.{}", Uuid::new_v4().simple()));
    let written = write(&draft).and_then(|()| fs::rename(&draft, path));
    written.map_err(|source| {
        let _ = fs::remove_file(&draft);
        Error::file("write", path)(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &str, suffix: &str) -> Vec<String> {
        let entries = fs::read_dir(workspace_root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut paths: Vec<String> =
            names.filter(|name| name.ends_with(suffix)).map(|name| format!("{folder}/{name}")).collect();
        paths.sort_unstable();
        paths
    }

    #[test]
    fn the_program_contains_every_template_and_state_machine() {
        let expected = [names("infra", ".yaml"), names("statemachines", ".asl.json")].concat();
        assert_eq!(TEMPLATES.map(|(path, _)| path.to_owned()).to_vec(), expected);
    }

    #[test]
    fn unpacking_restores_what_was_removed_or_changed() {
        let folder = tempfile::tempdir().unwrap();
        let root = unpacked(folder.path()).unwrap();
        let (removed, changed) = (root.join(TEMPLATES[0].0), root.join(TEMPLATES[1].0));
        fs::remove_file(&removed).unwrap();
        fs::write(&changed, "something else").unwrap();
        assert_eq!(unpacked(folder.path()).unwrap(), root);
        for (path, content) in TEMPLATES {
            assert_eq!(fs::read_to_string(root.join(path)).unwrap(), content);
        }
        assert_eq!(fs::read_dir(root.join("infra")).unwrap().count(), 13, "no draft is left");
        let template = crate::template::load(&root.join("infra/rotate-restore.yaml")).unwrap();
        let definition =
            template["Resources"]["StateMachine"]["Properties"]["DefinitionUri"].as_str().unwrap();
        assert!(root.join("infra").join(definition).is_file());
    }

    #[test]
    fn a_program_is_of_the_clone_if_it_is_inside_or_cargo_runs_it() {
        let (clone, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (inside, outside) = (clone.path().join("tablekeeper"), elsewhere.path().join("tablekeeper"));
        for path in [&inside, &outside, &clone.path().join("Cargo.toml")] {
            fs::write(path, "").unwrap();
        }
        assert!(is_of_clone(clone.path(), Some(&inside), false));
        assert!(is_of_clone(clone.path(), Some(&outside), true));
        assert!(!is_of_clone(clone.path(), Some(&outside), false));
        assert!(!is_of_clone(clone.path(), None, false));
        assert!(!is_of_clone(elsewhere.path(), Some(&outside), true), "there is no Cargo.toml");
        assert!(!is_of_clone(&clone.path().join("removed"), Some(&inside), true));
    }

    #[test]
    fn the_copy_is_made_once_for_each_content() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("tablekeeper");
        let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        fs::write(&program, "one").unwrap();
        let copy = copied(&program, folder.path()).unwrap();
        let first = time(&copy);
        assert_eq!(copied(&program, folder.path()).unwrap(), copy);
        assert_eq!(time(&copy), first);
        fs::write(&program, "two").unwrap();
        copied(&program, folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&copy).unwrap(), "two");
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&copy).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o755);
    }
}
