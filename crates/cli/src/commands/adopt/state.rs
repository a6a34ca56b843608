//! The file that says how far an adoption came.

use item_formats::Doubts;
use serde::{Deserialize, Serialize};
use tablekeeper_core::item_history::adopt::{Counts, Done, Left};

/// The form that this code writes, and the only one that it reads.
pub(super) const VERSION: u32 = 1;

/// Reasons that are kept, as the file is written several times a second. Each is told when it is found.
const MOST_REASONS: usize = 1_000;

/// What the file says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct State {
    pub(super) version: u32,
    /// What is adopted, and where it goes: `s3://old/a/ json s3://new/items/`.
    pub(super) request: String,
    /// The last object that is done, and all before it.
    pub(super) after: Option<String>,
    pub(super) counts: Counts,
    pub(super) doubts: Doubts,
    /// Why something is left: the first of them.
    pub(super) left: Vec<Left>,
}

impl State {
    /// Before the first object.
    pub(super) fn new(request: String) -> State {
        let (counts, doubts) = (Counts::default(), Doubts::default());
        State { version: VERSION, request, after: None, counts, doubts, left: Vec::new() }
    }

    /// With one more object.
    pub(super) fn take(&mut self, Done { object, counts, doubts, left }: Done) {
        self.after = Some(object);
        self.counts += counts;
        self.doubts += doubts;
        if self.left.len() < MOST_REASONS {
            self.left.extend(left);
        }
    }
}
