//! The page of all errors: its entries, and the tables before them.

/// The page. The binary contains it, so that it fits the binary's version.
const PAGE: &str = include_str!("../../../../../docs/errors.md");

/// Begin of the heading of a table of ends: `` end of an execution of `replay` ``.
const ENDS: &str = "end of an execution of ";
/// Heading of the table of errors that have no entry, because no step has them.
const OF_AWS: &str = "error of AWS";

/// A row of a table before the entries. It explains one or more names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Workflow whose executions end so; `None` for an error of AWS.
    pub(super) workflow: Option<&'static str>,
    names: &'static str,
    /// What the names mean.
    pub(super) text: &'static str,
}

impl Row {
    /// Returns the names that the row explains.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        self.names.split(',').map(|name| name.trim().trim_matches('`'))
    }
}

/// Returns each error name of a step with its text, in the order of the page.
pub(super) fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.split("\n## ")
        .skip(1)
        .filter_map(|entry| entry.split_once('\n'))
        .map(|(name, text)| (name.trim(), text.trim()))
}

/// Returns the rows that explain errors of AWS and the ends of executions.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    let before = PAGE.split("\n## ").next().unwrap_or_default();
    let mut heading = None;
    before.lines().filter_map(move |line| {
        let Some([first, second]) =
            cells(line).as_deref().and_then(|cells| <[&str; 2]>::try_from(cells).ok())
        else {
            heading = None;
            return None;
        };
        let Some(table) = heading else {
            heading = Some(first);
            return None;
        };
        if first.trim_matches('-').is_empty() {
            return None;
        }
        let workflow = table.strip_prefix(ENDS).map(|name| name.trim_matches('`'));
        let is_wanted = workflow.is_some() || table == OF_AWS;
        is_wanted.then_some(Row { workflow, names: first, text: second })
    })
}

/// Returns the cells of a line of a Markdown table; `None` for another line.
pub(super) fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}
