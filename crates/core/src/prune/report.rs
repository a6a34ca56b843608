//! Reports which backups of a table are retained, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CHARACTERS_A_LINE;
use crate::prune::retention::Plan;
use crate::text;

/// Maximum number of backups of a table that one execution deletes, the oldest first. The next execution continues. A
/// name has up to 255 characters, an ARN 80 more, and a report of a failed deletion up to 400. This many fit into the
/// state of an execution.
pub const MOST_DELETIONS: usize = 200;

/// The report of a plan, in numbers and text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prune {
    /// Number of retained backups.
    pub kept: u32,
    /// Number of backups that do not count.
    pub ignored: u32,
    /// Number of backups to delete, including those beyond the limit of this execution.
    pub stale: u32,
    /// Lines with the name of each retained backup and the rules that retain it.
    #[schemars(length(max = 51))]
    pub kept_lines: Vec<String>,
    /// Lines with the name of each backup that does not count, and the reason.
    #[schemars(length(max = 51))]
    pub ignored_lines: Vec<String>,
}

impl Prune {
    /// Reports a plan, with at most `lines` lines of each kind.
    pub fn from_plan(plan: &Plan<'_>, lines: u32) -> Prune {
        let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
        let retained =
            plan.keep.iter().map(|(backup, rules)| format!("{}: {}", backup.name, rules.join(", ")));
        let ignored = plan.ignored.iter().map(|(backup, reason)| format!("{}: {reason}", backup.name));
        Prune {
            kept: count(plan.keep.len()),
            ignored: count(plan.ignored.len()),
            stale: count(plan.delete.len()),
            kept_lines: bounded(retained, lines),
            ignored_lines: bounded(ignored, lines),
        }
    }
}

/// Returns the first `most` lines, and a line with the number of the others.
pub fn bounded(lines: impl ExactSizeIterator<Item = String>, most: u32) -> Vec<String> {
    text::bounded(lines, usize::try_from(most).unwrap_or(usize::MAX), CHARACTERS_A_LINE)
}
