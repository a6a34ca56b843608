//! The cursor file of an adoption.

use item_formats::Doubts;
use serde::{Deserialize, Serialize};
use tablekeeper_core::item_history::adopt::{Counts, Done, Left};

/// The version of the file format. Other versions are refused.
pub(super) const VERSION: u32 = 1;

/// Maximum number of reasons in the file, because it is written several times a second. Each is also printed when it
/// occurs.
const MOST_REASONS: usize = 1_000;

/// The content of the cursor file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct State {
    pub(super) version: u32,
    /// Source, format and destination: `s3://old/a/ json s3://new/items/`.
    pub(super) request: String,
    /// Key of the last finished object; all before it are finished, too.
    pub(super) after: Option<String>,
    pub(super) counts: Counts,
    pub(super) doubts: Doubts,
    /// The first skipped objects, at most [`MOST_REASONS`].
    pub(super) left: Vec<Left>,
}

impl State {
    /// Creates the state before the first object.
    pub(super) fn new(request: String) -> State {
        let (counts, doubts) = (Counts::default(), Doubts::default());
        State { version: VERSION, request, after: None, counts, doubts, left: Vec::new() }
    }

    /// Adds a finished object.
    pub(super) fn take(&mut self, Done { object, counts, doubts, left }: Done) {
        self.after = Some(object);
        self.counts += counts;
        self.doubts += doubts;
        if self.left.len() < MOST_REASONS {
            self.left.extend(left);
        }
    }
}
