//! The status, for people.

use chrono::{DateTime, Utc};
use tablekeeper_core::execution_tables::cell;
use tablekeeper_core::fleet::text::{NOT_KNOWN, age, since};
use tablekeeper_core::status::model::{FailedExecution, FailedStatus, RunningExecution, Status};
use tablekeeper_core::status::text;

use crate::console::Console;
use crate::layout::{shortened, wrapped};

/// The name of a table is not shortened below this.
const SHORTEST_TABLE: usize = 12;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Look {
    Plain,
    Heading,
    Bad,
    NotKnown,
    Faint,
}

/// A line of the screen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    text: String,
    look: Look,
}

impl Line {
    fn new(look: Look, text: impl Into<String>) -> Line {
        Line { text: text.into(), look }
    }

    /// Returns the line with its colors, cut at a width.
    pub(super) fn styled(&self, console: &Console, width: Option<usize>) -> String {
        let text = width.map_or_else(|| self.text.clone(), |width| shortened(&self.text, width));
        match self.look {
            _ if text.is_empty() => text,
            Look::Plain => text,
            Look::Heading => console.strong(&text),
            Look::Bad => console.bad(&text),
            Look::NotKnown => console.changed(&text),
            Look::Faint => console.faint(&text),
        }
    }
}

/// A screen that is refreshed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Live<'a> {
    /// Width of the terminal.
    pub(super) width: usize,
    /// What is said about the refresh.
    pub(super) note: &'a str,
}

/// Returns the lines of a status. Ages are those at `now`.
pub(super) fn lines(status: &Status, now: DateTime<Utc>, live: Option<Live<'_>>) -> Vec<Line> {
    let place = status.region.as_deref().map(|region| format!(" in {region}")).unwrap_or_default();
    let title = format!("{}{place}: {}", text::clock(status.read_at, now), text::summary(status));
    let width = live.map(|live| live.width);
    let title = width.map_or_else(|| vec![title.clone()], |width| wrapped(&title, width));
    let mut lines: Vec<Line> = title.into_iter().map(|line| Line::new(Look::Heading, line)).collect();
    lines.extend(live.map(|live| Line::new(Look::Faint, live.note)));
    running(status, now, width, &mut lines);
    failed(status, now, width, &mut lines);
    let unread = status.machines.iter().filter_map(|machine| Some((machine, machine.problem.as_deref()?)));
    let unread: Vec<_> = unread
        .map(|(machine, problem)| Line::new(Look::NotKnown, format!("{}: {problem}", machine.workflow)))
        .collect();
    if !unread.is_empty() {
        heading("NOT KNOWN", &mut lines);
        lines.extend(unread);
    }
    let succeeded = text::succeeded(status);
    if !succeeded.is_empty() {
        heading("SUCCEEDED", &mut lines);
        lines.push(Line::new(Look::Plain, succeeded));
    }
    lines
}

/// Returns as many lines as a terminal shows, and says how many are left out.
pub(super) fn fitting(mut lines: Vec<Line>, height: usize) -> Vec<Line> {
    // The last row is that of the cursor.
    let room = height.saturating_sub(1).max(2);
    if lines.len() > room {
        let more = lines.len() - (room - 1);
        lines.truncate(room - 1);
        lines.push(Line::new(Look::Faint, format!("and {more} more lines, which --once prints")));
    }
    lines
}

fn heading(text: &str, lines: &mut Vec<Line>) {
    lines.push(Line::new(Look::Plain, ""));
    lines.push(Line::new(Look::Heading, text));
}

fn running(status: &Status, now: DateTime<Utc>, width: Option<usize>, lines: &mut Vec<Line>) {
    if status.running.is_empty() {
        return;
    }
    let row = |of: &RunningExecution| {
        let runs_for = age(since(of.started_at, now));
        [of.workflow.clone(), tables(of.tables.as_deref()), runs_for, of.name.clone()]
    };
    let rows: Vec<[String; 4]> = status.running.iter().map(row).collect();
    let mut aligned = aligned(["WORKFLOW", "TABLE", "RUNS FOR", "NAME"], &rows, width).into_iter();
    lines.push(Line::new(Look::Plain, ""));
    lines.extend(aligned.next().map(|line| Line::new(Look::Heading, line)));
    for (of, row) in status.running.iter().zip(aligned) {
        lines.push(Line::new(Look::Plain, row));
        let look = if of.problem.is_some() { Look::NotKnown } else { Look::Faint };
        lines.extend(text::doing(of, now).into_iter().map(|text| Line::new(look, format!("    {text}"))));
    }
    lines.extend(more(status.running_left_out));
}

fn failed(status: &Status, now: DateTime<Utc>, width: Option<usize>, lines: &mut Vec<Line>) {
    if status.failed.is_empty() {
        return;
    }
    let row = |of: &FailedExecution| {
        let ended = format!("{} {}", of.status.name(), text::clock(of.ended_at, now));
        [of.workflow.clone(), tables(of.tables.as_deref()), ended, of.name.clone()]
    };
    let rows: Vec<[String; 4]> = status.failed.iter().map(row).collect();
    let mut aligned = aligned(["WORKFLOW", "TABLE", "ENDED", "NAME"], &rows, width).into_iter();
    lines.push(Line::new(Look::Plain, ""));
    lines.extend(aligned.next().map(|line| Line::new(Look::Heading, line)));
    for (of, row) in status.failed.iter().zip(aligned) {
        lines.push(Line::new(Look::Bad, row));
        let why = match (&of.problem, &of.failure) {
            (Some(problem), _) => format!("why is not known: {problem}"),
            (None, Some(failure)) => text::why(failure),
            (None, None) if of.status == FailedStatus::Aborted => continue,
            (None, None) => "without an error".to_owned(),
        };
        lines.push(Line::new(Look::Faint, format!("    {why}")));
    }
    lines.extend(more(status.failed_left_out));
}

fn more(left_out: u64) -> Option<Line> {
    (left_out > 0).then(|| Line::new(Look::Faint, format!("and {left_out} more")))
}

fn tables(tables: Option<&[String]>) -> String {
    tables.map_or_else(|| NOT_KNOWN.to_owned(), cell)
}

/// Lays out a heading and rows in columns as wide as their content. If that is wider than the terminal, names of tables are
/// shortened.
fn aligned(heading: [&str; 4], rows: &[[String; 4]], terminal: Option<usize>) -> Vec<String> {
    let mut widths = heading.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let whole = widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
    let excess = terminal.map_or(0, |terminal| whole.saturating_sub(terminal));
    let [_, table, ..] = &mut widths;
    *table = table.saturating_sub(excess).max(SHORTEST_TABLE.min(*table));
    let line = |[workflow, table, third, name]: [&str; 4]| {
        let table = shortened(table, widths.get(1).copied().unwrap_or_default());
        let cells = [workflow, &table, third, name].into_iter().zip(widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    std::iter::once(line(heading))
        .chain(rows.iter().map(|row| line(row.each_ref().map(String::as_str))))
        .collect()
}

#[cfg(test)]
mod tests;
