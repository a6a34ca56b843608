//! The list of executions, for people.

use chrono::Local;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::execution_tables::cell;

use super::Line;
use crate::console;
use crate::console::Console;
use crate::layout::{shortened, terminal_width};

const HEADING: [&str; 6] = ["STARTED", "WORKFLOW", "TABLE", "STATUS", "TOOK", "NAME"];
/// Columns of [`HEADING`] that are special.
const TABLE: usize = 2;
const TOOK: usize = 4;
/// The name of a table is not shortened below this.
const SHORTEST_TABLE: usize = 12;
/// The number of failures of a report that are shown.
const MOST_FAILURES: usize = 10;

/// Prints the executions, with a heading.
pub(super) fn print(console: &Console, lines: &[Line<'_>]) {
    if lines.is_empty() {
        return;
    }
    let rows = std::iter::once(HEADING.map(str::to_owned)).chain(lines.iter().map(cells)).collect::<Vec<_>>();
    let mut rows = aligned(&rows, terminal_width()).into_iter();
    if let Some(heading) = rows.next() {
        console.line(&console.strong(&heading));
    }
    for (line, row) in lines.iter().zip(rows) {
        let failed = !matches!(line.status, "RUNNING" | "SUCCEEDED" | "PENDING_REDRIVE");
        console.line(&if failed { console.bad(&row) } else { row });
        if let Some(error) = &line.error {
            for text in why(error, line.cause.as_deref().unwrap_or_default(), terminal_width()) {
                console.line(&console.faint(&text));
            }
        }
    }
}

/// Returns the error below an execution. Of a report with a line for each table or setting, only those that failed are
/// shown. On a terminal, lines are cut at its width.
fn why(error: &str, cause: &str, terminal: Option<usize>) -> Vec<String> {
    let mut lines = cause.lines();
    let first = format!("    {error}: {}", lines.next().unwrap_or_default());
    let is_failure = |line: &&str| line.contains(": failed") || line.contains(", but ");
    let failures: Vec<&str> = lines.filter(is_failure).collect();
    let unlisted = failures.len().saturating_sub(MOST_FAILURES);
    let failures = failures.into_iter().take(MOST_FAILURES).map(|line| format!("      {}", line.trim()));
    let rest = (unlisted > 0).then(|| format!("      and {unlisted} more"));
    let lines = std::iter::once(first).chain(failures).chain(rest);
    lines.map(|line| terminal.map_or_else(|| line.clone(), |width| shortened(&line, width))).collect()
}

fn cells(line: &Line<'_>) -> [String; 6] {
    let started = line.started_at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string();
    let end = line.stopped_at.unwrap_or_else(|| Clock::System.now());
    let seconds = (end - line.started_at).num_milliseconds().max(0) as f64 / 1000.0;
    let table = cell(&line.tables);
    let took = console::duration(seconds).to_string();
    [started, line.workflow.to_owned(), table, line.status.to_owned(), took, line.name.to_owned()]
}

/// Lays out rows in columns as wide as their content. On a terminal that is too narrow, names of tables are shortened.
/// Names of executions never are, because `tablekeeper follow` takes them.
fn aligned(rows: &[[String; 6]], terminal: Option<usize>) -> Vec<String> {
    let mut widths = [0; 6];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let whole = widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
    let excess = terminal.map_or(0, |terminal| whole.saturating_sub(terminal));
    if let Some(width) = widths.get_mut(TABLE) {
        *width = width.saturating_sub(excess).max(SHORTEST_TABLE.min(*width));
    }
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            TABLE => format!("{:width$}", shortened(cell, width)),
            TOOK => format!("{cell:>width$}"),
            _ => format!("{cell:width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(table: &str, name: &str) -> Vec<[String; 6]> {
        let row = ["2026-11-30 14:28:43", "export-table", table, "FAILED", "0.4 s", name];
        vec![HEADING.map(str::to_owned), row.map(str::to_owned)]
    }

    #[test]
    fn columns_follow_their_content() {
        let expected = [
            "STARTED              WORKFLOW      TABLE   STATUS   TOOK  NAME",
            "2026-11-30 14:28:43  export-table  orders  FAILED  0.4 s  by-hand-1",
        ];
        for terminal in [None, Some(200), Some(10)] {
            assert_eq!(aligned(&rows("orders", "by-hand-1"), terminal), expected, "{terminal:?}");
        }
    }

    #[test]
    fn a_report_shows_only_its_failures() {
        let cause = "2 of 3 tables were not exported:\norders: failed: ExportFailed: it is DELETING\n\
                     notes: backed up, but 2 not deleted: AccessDenied\ncustomers: exported 3 items";
        let expected = [
            "    TablesFailed: 2 of 3 tables were not exported:",
            "      orders: failed: ExportFailed: it is DELETING",
            "      notes: backed up, but 2 not deleted: AccessDenied",
        ];
        assert_eq!(why("TablesFailed", cause, None), expected);
        let narrow = why("TablesFailed", cause, Some(30));
        assert!(narrow.iter().all(|line| line.chars().count() <= 30), "{narrow:?}");
        assert_eq!(why("E", "one sentence", None), ["    E: one sentence"]);
        let long = format!("all:{}", "\nTags: failed (refused)".repeat(14));
        assert_eq!(why("E", &long, None).last().unwrap(), "      and 4 more");
    }

    #[test]
    fn names_of_tables_are_shortened_only_without_room() {
        let (table, name) = ("a-table-with-quite-a-long-name", "by-hand-a-table-with-quite-a-long-name");
        let shown = |terminal| aligned(&rows(table, name), terminal).remove(1);
        let whole = shown(None);
        assert!(whole.contains(table) && whole.ends_with(name), "{whole}");
        assert_eq!(shown(Some(whole.chars().count())), whole);
        let narrow = shown(Some(whole.chars().count() - 5));
        assert!(narrow.contains("  a-table-with-quite-a-lon…  ") && narrow.ends_with(name), "{narrow}");
        assert!(shown(Some(20)).contains("  a-table-wit…  "), "{}", shown(Some(20)));
    }
}
