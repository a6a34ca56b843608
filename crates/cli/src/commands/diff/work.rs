//! The work directory: the runs of both sides, and a file with the progress.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tablekeeper_core::compare::side::SidePart;
use tablekeeper_core::compare::{CompareError, runs};
use tablekeeper_core::storage::Files;

use super::side::Side;
use crate::failure::Unusable;
use crate::transfer::{Counters, cursor_file, named};

/// Name of the file with the progress.
const STATE: &str = "diff.json";
/// Name of the file that is locked.
const LOCK: &str = "lock";
/// Extension of runs.
const RUN: &str = "run";
/// The version of the file with the progress. Other versions are refused.
const VERSION: u32 = 1;

/// The work directory of a comparison.
#[derive(Debug)]
pub(super) struct Work {
    /// The sides as arguments that mean the same at any time.
    arguments: [String; 2],
    /// Locked as long as this process uses the directory.
    _lock: File,
    directory: PathBuf,
    files: Files,
    state: Mutex<State>,
    pub(super) counters: Counters,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct State {
    version: u32,
    sides: [SideState; 2],
}

/// The progress of one side.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SideState {
    identity: String,
    segments: Vec<Segment>,
}

/// The progress of one segment.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Segment {
    /// Number of runs.
    runs: u32,
    items: u64,
    /// Cursor after which the next run begins.
    cursor: Option<String>,
    done: bool,
}

/// The position at which a segment continues.
pub(super) struct Position {
    pub(super) cursor: Option<String>,
    /// Number of the next run.
    pub(super) run: u32,
}

impl Work {
    /// Creates the work directory, or finds that of the comparison to resume.
    pub(super) fn take(given: Option<PathBuf>, resume: bool, sides: &[Side; 2]) -> anyhow::Result<Work> {
        let identities = sides.each_ref().map(|side| side.identity.clone());
        let directory = given.unwrap_or_else(|| {
            let [left, right] = identities.each_ref().map(|identity| identity.get(..6).unwrap_or_default());
            PathBuf::from(format!(".tablekeeper-diff-{left}{right}"))
        });
        std::fs::create_dir_all(&directory)
            .with_context(|| Unusable(format!("cannot create the directory {}", directory.display())))?;
        let lock = lock(&directory)?;
        let path = directory.join(STATE);
        let earlier: Option<State> = cursor_file::read(&path, "a comparison")?;
        let state = match (resume, earlier) {
            (true, None) => {
                clear(&directory)?;
                bail!(cursor_file::nothing(&path, "comparison"))
            }
            (true, Some(earlier)) => checked(earlier, &identities, &path)?,
            (false, Some(_)) => bail!(Unusable(format!(
                "{} has the progress of a comparison that did not finish; use --resume to continue it, or delete the \
                 directory to start again",
                directory.display()
            ))),
            (false, None) => State { version: VERSION, sides: sides.each_ref().map(SideState::new) },
        };
        let counters = Counters::default();
        counters.adopt(state.sides.iter().map(SideState::items).sum(), 0);
        let work = Work {
            arguments: sides.each_ref().map(|side| side.argument.clone()),
            _lock: lock,
            files: Files::Directory(directory.clone()),
            directory,
            state: Mutex::new(state),
            counters,
        };
        work.save()?;
        Ok(work)
    }

    /// Returns the location of the runs.
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// Returns where a segment continues; `None` if it is done.
    pub(super) fn position(&self, side: usize, segment: u32) -> Option<Position> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let segment = state.segment(side, segment)?;
        (!segment.done).then(|| Position { cursor: segment.cursor.clone(), run: segment.runs })
    }

    /// Stores a part of a segment as its next run. [`Work::save`] saves the progress.
    pub(super) async fn store(&self, side: usize, segment: u32, part: SidePart) -> Result<(), CompareError> {
        let Some(Position { run, .. }) = self.position(side, segment) else { return Ok(()) };
        runs::write(&self.files, &key(side, segment, run), part.run).await?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(segment) = state.segment(side, segment) {
            segment.runs += 1;
            segment.items += part.items;
            segment.done = part.next.is_none();
            segment.cursor = part.next;
        }
        Ok(())
    }

    /// Returns the keys of the runs of both sides.
    pub(super) fn runs(&self) -> [Vec<String>; 2] {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |side: usize| {
            let segments = state.sides.get(side).map(|side| side.segments.as_slice()).unwrap_or_default();
            let keys = (0..)
                .zip(segments)
                .flat_map(move |(number, segment)| (0..segment.runs).map(move |run| key(side, number, run)));
            keys.collect()
        };
        [of(0), of(1)]
    }

    /// Returns the number of items of both sides.
    pub(super) fn items(&self) -> (u64, u64) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let [left, right] = state.sides.each_ref().map(SideState::items);
        (left, right)
    }

    /// Ends the use of the directory without a result. Returns the advice to print.
    pub(super) async fn stop(&self, goes_on: bool) -> anyhow::Result<String> {
        if !goes_on {
            self.remove().await?;
            return Ok("nothing was compared".to_owned());
        }
        self.save()?;
        let [expected, found] = &self.arguments;
        Ok(format!(
            "{} has the progress; `tablekeeper diff {expected} {found} --resume`, with the same options, continues from \
             there",
            self.directory.display()
        ))
    }

    /// Removes the directory. Leaves other files in it.
    pub(super) async fn remove(&self) -> anyhow::Result<()> {
        self.files.abort_uploads("").await.map_err(|error| named(error.name(), error))?;
        clear(&self.directory)
    }

    /// Saves the progress. A run that was stored since is stored again after a resumption, under the same key.
    pub(super) fn save(&self) -> anyhow::Result<()> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        cursor_file::write(&self.directory.join(STATE), &state)
    }
}

/// Locks the directory, so that no other process uses it.
fn lock(directory: &Path) -> anyhow::Result<File> {
    let path = directory.join(LOCK);
    let file = File::create(&path).with_context(|| Unusable(format!("cannot write {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(Unusable(format!(
            "another process compares in {}; wait for its end, or choose another directory with --work",
            directory.display()
        ))),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| Unusable(format!("cannot lock {}", path.display())))
        }
    }
}

/// Deletes the files of a comparison, and the directory if nothing else is in it.
fn clear(directory: &Path) -> anyhow::Result<()> {
    let failed = || format!("cannot remove {}", directory.display());
    for entry in std::fs::read_dir(directory).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        let is_ours = path.extension().is_some_and(|extension| extension == RUN)
            || path.file_name().is_some_and(|name| name == STATE || name == LOCK);
        if is_ours {
            std::fs::remove_file(&path).with_context(failed)?;
        }
    }
    match std::fs::remove_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => removed.with_context(failed),
    }
}

/// Checks that an earlier comparison was one of the same sides.
fn checked(earlier: State, identities: &[String; 2], path: &Path) -> Result<State, Unusable> {
    if earlier.version != VERSION {
        return Err(Unusable(format!("{} is of another version", path.display())));
    }
    let same = earlier.sides.iter().zip(identities).all(|(side, identity)| side.identity == *identity);
    if !same {
        return Err(Unusable(format!(
            "{} has the progress of a comparison of other sides, or one of them has changed since, or --segments was \
             another; delete the directory to start again",
            path.display()
        )));
    }
    Ok(earlier)
}

impl State {
    fn segment(&mut self, side: usize, segment: u32) -> Option<&mut Segment> {
        self.sides.get_mut(side)?.segments.get_mut(usize::try_from(segment).ok()?)
    }
}

impl SideState {
    fn new(side: &Side) -> SideState {
        let segments = (0..side.segments).map(|_| Segment::default()).collect();
        SideState { identity: side.identity.clone(), segments }
    }

    fn items(&self) -> u64 {
        self.segments.iter().map(|segment| segment.items).sum()
    }
}

/// Returns the key of a run.
fn key(side: usize, segment: u32, run: u32) -> String {
    let side = if side == 0 { "expected" } else { "found" };
    format!("{side}-{segment}-{run}.{RUN}")
}
