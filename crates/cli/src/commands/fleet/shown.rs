//! Prints an inventory for people.

use tablekeeper_core::fleet::page::sentence;
use tablekeeper_core::fleet::report::{Fleet, GB, TableReport};
use tablekeeper_core::fleet::rules::Outcome;
use tablekeeper_core::fleet::text::gb;

use crate::console::{self, Console, Stream};

const TITLES: [&str; 8] =
    ["TABLE", "STATE", "LOSS NOW", "BY", "BACK TO (UTC)", "VERIFIED", "RESTORES TAKE", "SIZE"];

/// Prints the tables, then what is broken, then a sentence.
pub(super) fn print(fleet: &Fleet) {
    let console = Console::new(Stream::Stdout);
    let rows: Vec<[String; 8]> = fleet.tables.iter().map(|table| cells(table, fleet)).collect();
    let mut widths = TITLES.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; 8], style: &dyn Fn(&str) -> String| {
        let padded = cells.iter().zip(widths).enumerate().map(|(place, (cell, width))| {
            let padded = format!("{cell:<width$}");
            if place == 1 { style(&padded) } else { padded }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    if !rows.is_empty() {
        console.line(&console.strong(&line(TITLES, &str::to_owned)));
    }
    for (row, table) in rows.iter().zip(&fleet.tables) {
        let style = |text: &str| match table.outcome {
            Some(Outcome::Broken) => console.bad(text),
            Some(Outcome::NotKnown) => console.changed(text),
            Some(Outcome::Kept) => console.good(text),
            None => console.faint(text),
        };
        console.line(&line(row.each_ref().map(String::as_str), &style));
    }
    reasons(&console, fleet);
    copies(&console, fleet);
    if rows.is_empty() && fleet.totals.tables > 0 {
        console::print_remark("there is no such table");
    }
    console::print_remark(&sentence(fleet));
}

fn cells(table: &TableReport, fleet: &Fleet) -> [String; 8] {
    [
        table.name.clone(),
        table.state().to_owned(),
        table.loss(),
        table.best_source(),
        table.back_to(),
        table.verified(fleet.began_at),
        table.restores(),
        table.size(),
    ]
}

/// Prints why tables are not as the rules say.
fn reasons(console: &Console, fleet: &Fleet) {
    for (place, reason) in fleet.tables.iter().flat_map(TableReport::reasons).enumerate() {
        if place == 0 {
            console.line("");
        }
        console.line(&reason);
    }
}

/// Prints what older copies take.
fn copies(console: &Console, fleet: &Fleet) {
    let totals = &fleet.totals;
    if totals.superseded_copies > 0 {
        let (older, of) = (totals.superseded_copies, totals.copies);
        let gb = gb(totals.superseded_gb * GB);
        let price =
            totals.superseded_price.map(|price| format!(", {price:.2} per month")).unwrap_or_default();
        console.line(&format!("\n{older} of {of} copies have a newer one and take {gb}{price}."));
    }
}
