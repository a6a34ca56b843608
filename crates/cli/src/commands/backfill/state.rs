//! The cursor file of a backfill.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tablekeeper_core::backfill::Backfill;
use tablekeeper_core::backfill::segment::Checkpoint;

use crate::failure::Unusable;
use crate::transfer::cursor_file;

/// The version of the file format. Other versions are refused.
const VERSION: u32 = 1;

/// The content of the cursor file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct State {
    version: u32,
    pub(super) backfill: Backfill,
    pub(super) segments: Vec<Segment>,
}

/// The progress of one segment.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Segment {
    cursor: Option<String>,
    pub(super) written: u64,
    pub(super) kept: u64,
    pub(super) done: bool,
}

impl State {
    /// Creates the state of a new backfill.
    pub(super) fn new(backfill: Backfill) -> State {
        let segments = (0..backfill.segments).map(|_| Segment::default()).collect();
        State { version: VERSION, backfill, segments }
    }

    /// Reads the file; `None` if there is none.
    pub(super) fn read(path: &Path) -> anyhow::Result<Option<State>> {
        let Some(state) = cursor_file::read::<State>(path, "a backfill")? else { return Ok(None) };
        if state.version != VERSION || u32::try_from(state.segments.len()) != Ok(state.backfill.segments) {
            let place = path.display();
            return Err(Unusable(format!("{place} is a cursor file of another version")).into());
        }
        Ok(Some(state))
    }

    /// Returns the progress with the newly planned backfill. Fails if that is another backfill.
    pub(super) fn resumed(self, now: Backfill, path: &Path) -> Result<State, Unusable> {
        let then = &self.backfill;
        let what = if (&now.table_id, &now.stream_arn) != (&then.table_id, &then.stream_arn) {
            format!("of another table {}, or of another stream", then.table_name)
        } else if (&now.bucket, &now.prefix) != (&then.bucket, &then.prefix) {
            format!("into s3://{}/{}", then.bucket, then.prefix)
        } else {
            return Ok(State { backfill: now, ..self });
        };
        Err(Unusable(format!("{} is of a backfill {what}; leave --resume out", path.display())))
    }
}

impl From<Checkpoint> for Segment {
    fn from(Checkpoint { cursor, written, kept, done }: Checkpoint) -> Segment {
        Segment { cursor, written, kept, done }
    }
}

impl From<Segment> for Checkpoint {
    fn from(Segment { cursor, written, kept, done }: Segment) -> Checkpoint {
        Checkpoint { cursor, written, kept, done }
    }
}

/// Returns the default path of the cursor file.
pub(super) fn usual_path(table: &str) -> PathBuf {
    PathBuf::from(format!(".tablekeeper-backfill-{table}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backfill() -> Backfill {
        Backfill {
            table_name: "orders".to_owned(),
            table_id: "id".to_owned(),
            stream_arn: "stream".to_owned(),
            key_names: vec!["id".to_owned()],
            bucket: "bucket".to_owned(),
            prefix: "items/".to_owned(),
            segments: 2,
            max_read_capacity_units: 0,
            seconds_per_call: 0,
        }
    }

    #[test]
    fn only_the_same_backfill_resumes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cursor");
        assert_eq!(State::read(&path).unwrap(), None);
        let mut state = State::new(backfill());
        state.segments[1] = Segment { cursor: Some("{}".to_owned()), written: 3, kept: 1, done: false };
        cursor_file::write(&path, &state).unwrap();
        let read = State::read(&path).unwrap().unwrap();
        assert_eq!(read, state);
        let faster = Backfill { max_read_capacity_units: 9, ..backfill() };
        let resumed = read.clone().resumed(faster.clone(), &path).unwrap();
        assert_eq!((resumed.backfill, resumed.segments), (faster, state.segments));
        for (other, expected) in [
            (Backfill { table_id: "other".to_owned(), ..backfill() }, "of another table orders"),
            (Backfill { stream_arn: "other".to_owned(), ..backfill() }, "of another table orders"),
            (Backfill { prefix: String::new(), ..backfill() }, "into s3://bucket/items/"),
        ] {
            let error = read.clone().resumed(other, &path).unwrap_err().to_string();
            assert!(error.contains(&format!(" is of a backfill {expected}")), "{error}");
        }
        std::fs::write(&path, "{}").unwrap();
        assert!(State::read(&path).unwrap_err().to_string().contains("is not a cursor file of a backfill: "));
    }
}
