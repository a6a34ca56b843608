//! Says what stays of the backups of a table, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CHARACTERS_A_LINE;
use crate::prune::retention::Plan;
use crate::text;

/// How many backups of a table one run deletes at most, the oldest first; the next run goes on. A name has up to 255
/// letters and an ARN 80 more, and what is said of a deletion that fails up to 400: so many fit an execution's state.
pub const MOST_DELETIONS: usize = 200;

/// What stays, in words and numbers.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prune {
    /// How many stay.
    pub kept: u32,
    /// How many do not count.
    pub ignored: u32,
    /// How many go, this run's and, beyond the most that one run deletes, the next ones'.
    pub stale: u32,
    /// Why each stays.
    #[schemars(length(max = 51))]
    pub kept_lines: Vec<String>,
    /// Why each does not count.
    #[schemars(length(max = 51))]
    pub ignored_lines: Vec<String>,
}

impl Prune {
    /// Says what a plan keeps, in N lines of each kind.
    pub fn from_plan(plan: &Plan<'_>, lines: u32) -> Prune {
        let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
        let kept = plan.keep.iter().map(|(backup, rules)| format!("{}: {}", backup.name, rules.join(", ")));
        let ignored = plan.ignored.iter().map(|(backup, reason)| format!("{}: {reason}", backup.name));
        Prune {
            kept: count(plan.keep.len()),
            ignored: count(plan.ignored.len()),
            stale: count(plan.delete.len()),
            kept_lines: bounded(kept, lines),
            ignored_lines: bounded(ignored, lines),
        }
    }
}

/// The first lines, and how many more there are.
pub fn bounded(lines: impl ExactSizeIterator<Item = String>, most: u32) -> Vec<String> {
    text::bounded(lines, usize::try_from(most).unwrap_or(usize::MAX), CHARACTERS_A_LINE)
}
