//! The page of all errors: its entries, and the tables before them.

/// The page. The binary contains it, so that it fits the binary's version.
const PAGE: &str = include_str!("../../../../../docs/errors.md");

/// Begin of the heading of a table of ends: `` end of an execution of `replay` ``.
const ENDS: &str = "end of an execution of ";
/// Heading of the table of errors that have no entry, because no step has them.
const OF_AWS: &str = "error of AWS";

/// Begin of the heading of a table of outcomes: `` outcome of `publish-pointer` ``.
const OUTCOMES: &str = "outcome of ";

/// What a table before the entries explains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Errors of AWS.
    ErrorOfAws,
    /// Ends of executions of this workflow.
    End(&'static str),
    /// Outcomes of this step.
    Outcome(&'static str),
}

/// A row of a table before the entries. It explains one or more names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// The table of the row.
    pub(super) kind: Kind,
    names: &'static str,
    /// What the names mean.
    pub(super) text: &'static str,
}

impl Row {
    /// Returns the workflow whose executions end so; `None` if the row explains no end.
    pub(super) fn workflow(self) -> Option<&'static str> {
        match self.kind {
            Kind::End(workflow) => Some(workflow),
            Kind::ErrorOfAws | Kind::Outcome(_) => None,
        }
    }

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

/// Returns what the page says below the table of a workflow's ends, about starting again. Its last paragraph is left out
/// if it introduces the next table.
pub(super) fn after_ends_of(workflow: &str) -> &'static str {
    let heading = format!("| {ENDS}`{workflow}` |");
    let before = PAGE.split("\n## ").next().unwrap_or_default();
    let Some((_, below)) = before.split_once(&heading) else { return "" };
    let Some((_, text)) = below.split_once("|\n\n") else { return "" };
    if text.starts_with('|') {
        return "";
    }
    let text = text.split("\n|").next().unwrap_or_default().trim();
    match text.rsplit_once("\n\n") {
        Some((text, last)) if last.ends_with(':') => text,
        _ => text,
    }
}

/// Returns the rows that explain errors of AWS, the ends of executions and the outcomes of steps.
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
        let named = |begin: &str| table.strip_prefix(begin).map(|name| name.trim_matches('`'));
        let kind = match (named(ENDS), named(OUTCOMES)) {
            (Some(workflow), _) => Kind::End(workflow),
            (None, Some(step)) => Kind::Outcome(step),
            (None, None) if table == OF_AWS => Kind::ErrorOfAws,
            (None, None) => return None,
        };
        Some(Row { kind, names: first, text: second })
    })
}

/// Returns the cells of a line of a Markdown table; `None` for another line.
pub(super) fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}
