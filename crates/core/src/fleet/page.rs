//! Draws the report of an inventory as one self-contained HTML page.
//!
//! The table can be sorted by each column and filtered by a few lines of script. Without script it is sorted worst first.
//! On a narrow screen each table is a block of its own.

mod window;

use chrono::{DateTime, Utc};
use execution_report::layout::document;
use maud::{Markup, html};

use super::facts::TableFacts;
use super::report::{Fleet, GB, TableReport};
use super::rules::{Outcome, Verdict};
use super::text::{NOT_KNOWN, age, gb, minute, since};
use window::{SCALE_DAYS, window};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
/// Sorts what is not known behind everything that is.
const LAST: &str = "99999999999";

/// Returns the page.
pub fn page(fleet: &Fleet) -> String {
    let body = html! {
        (header(fleet))
        main {
            (totals(fleet))
            (tables(fleet))
            (rules(fleet))
        }
        footer { p { "Inventory of " (place(fleet)) ", " (minute(fleet.began_at)) " UTC" } }
    };
    document(&format!("Protection of tables: {}", place(fleet)), STYLE, SCRIPT, &body)
}

fn place(fleet: &Fleet) -> String {
    let account = fleet.account.as_ref().map(|account| format!("account {account}"));
    let region = fleet.region.clone();
    let place: Vec<String> = account.into_iter().chain(region).collect();
    if place.is_empty() { "an account without tables".to_owned() } else { place.join(", ") }
}

/// Says the result in a sentence.
pub fn sentence(fleet: &Fleet) -> String {
    let totals = &fleet.totals;
    let tables = |number: u64| if number == 1 { "1 table".to_owned() } else { format!("{number} tables") };
    match (totals.broken, totals.not_known) {
        (0, 0) => format!("No rule is broken: {}", tables(totals.tables)),
        (broken, 0) => format!("{broken} of {} break a rule", tables(totals.tables)),
        (0, unknown) => {
            format!("Of {unknown} of {} it is not known whether they keep the rules", tables(totals.tables))
        }
        (broken, unknown) => {
            format!("{broken} of {} break a rule, and of {unknown} it is not known", tables(totals.tables))
        }
    }
}

fn header(fleet: &Fleet) -> Markup {
    let (class, mark) = match (fleet.totals.broken, fleet.totals.not_known) {
        (0, 0) => ("good", "✓ kept"),
        (0, _) => ("unsure", "? not known"),
        _ => ("bad", "✗ broken"),
    };
    html! {
        header class=(class) {
            p class="status" { (mark) }
            h1 { (sentence(fleet)) }
            p class="outcome" { (place(fleet)) ", read at " (minute(fleet.began_at)) " UTC" }
        }
    }
}

fn totals(fleet: &Fleet) -> Markup {
    let totals = &fleet.totals;
    let fact = |name: &str, value: String| html! { div { dt { (name) } dd { (value) } } };
    let storage = gb(totals.superseded_gb * GB);
    let storage = match totals.superseded_price {
        Some(price) => format!("{storage}, {price:.2} per month"),
        None => storage,
    };
    let loss = totals.worst_loss_seconds.map_or_else(|| NOT_KNOWN.to_owned(), age);
    html! {
        section aria-labelledby="totals" {
            h2 id="totals" { "Totals" }
            dl {
                (fact("Tables", totals.tables.to_string()))
                (fact("Without any source", totals.unprotected.to_string()))
                (fact("Worst loss of a protected table", loss))
                (fact("Not known", totals.not_known.to_string()))
                (fact("Copies of rotations", format!("{}, {} of them older copies", totals.copies, totals.superseded_copies)))
                (fact("Storage of older copies", storage))
            }
        }
    }
}

/// The columns: the title, and whether values are numbers.
const COLUMNS: &[(&str, bool)] = &[
    ("Table", false),
    ("Rules", true),
    ("Loss now", true),
    ("Back to", true),
    ("Verified", true),
    ("Restores take", true),
    ("Size", true),
];

fn tables(fleet: &Fleet) -> Markup {
    html! {
        section aria-labelledby="tables" {
            h2 id="tables" { "Tables" }
            p class="filter" {
                label for="filter" { "Filter" }
                input id="filter" type="search" autocomplete="off" placeholder="part of a name, broken, PITR …";
                span role="status" id="shown" { (fleet.tables.len()) " tables" }
            }
            table class="fleet" role="table" aria-labelledby="tables" {
                thead role="rowgroup" { tr role="row" {
                    @for (title, number) in COLUMNS {
                        th scope="col" role="columnheader" data-number=[number.then_some("")] {
                            button type="button" { (title) span class="arrow" aria-hidden="true" {} }
                        }
                    }
                    th scope="col" role="columnheader" class="window" { (SCALE_DAYS) " days ago to now" }
                } }
                tbody role="rowgroup" { @for (place, table) in fleet.tables.iter().enumerate() { (row(place, table, fleet.began_at)) } }
            }
        }
    }
}

fn row(place: usize, table: &TableReport, now: DateTime<Utc>) -> Markup {
    let number = |value: Option<u64>| value.map_or_else(|| LAST.to_owned(), |value| value.to_string());
    let facts = &table.facts;
    let loss = if table.sources.is_empty() && table.loss_seconds.is_none() {
        LAST.to_owned()
    } else {
        number(table.loss_seconds)
    };
    let verified = facts.verified.found().map(|verified| since(verified.at, now));
    let restores = facts.restores.found().map(|times| times.slowest_seconds);
    let bytes = facts.table.found().map(|table| table.bytes.unsigned_abs());
    let class = match table.outcome {
        Some(Outcome::Broken) => "bad",
        Some(Outcome::NotKnown) => "retried",
        Some(Outcome::Kept) => "good",
        None => "faint",
    };
    html! {
        tr role="row" {
            th scope="row" role="rowheader" data-sort=(table.name) { (table.name) }
            td role="cell" data-label="Rules" data-sort=(place) {
                span class=(class) { (table.state()) }
                @for verdict in table.not_kept() { (failed(verdict)) }
            }
            td role="cell" data-label="Loss now" data-sort=(loss) { (table.loss()) span class="faint" { ", " (table.best_source()) } (unread(facts)) }
            td role="cell" data-label="Back to" data-sort=(number(table.earliest.map(|time| time.timestamp().unsigned_abs()))) { (table.back_to()) }
            td role="cell" data-label="Verified" data-sort=(number(verified)) { (table.verified(now)) }
            td role="cell" data-label="Restores take" data-sort=(number(restores)) { (table.restores()) }
            td role="cell" data-label="Size" data-sort=(number(bytes)) { (table.size()) }
            td role="cell" class="window" { (window(table, now)) }
        }
    }
}

fn failed(verdict: &Verdict) -> Markup {
    let unknown = if verdict.outcome == Outcome::NotKnown { " not known" } else { "" };
    html! { p { (verdict.rule) ": " (verdict.requirement) (unknown) span class="faint" { ", " (verdict.detail) } } }
}

/// Says what could not be read, and why.
fn unread(facts: &TableFacts) -> Markup {
    let reasons: Vec<(&str, &str)> = facts.unread().collect();
    html! {
        @if !reasons.is_empty() {
            details { summary { "not known: " (reasons.len()) }
                @for (what, reason) in reasons { p { (what) ": " (reason) } } }
        }
    }
}

fn rules(fleet: &Fleet) -> Markup {
    html! {
        section aria-labelledby="rules" {
            h2 id="rules" { "Rules" }
            dl class="rules" { @for rule in &fleet.rules.rules { div { dt { (rule.name) } dd { (rule.sentence()) } } } }
            @if fleet.totals.without_rule > 0 { p { (fleet.totals.without_rule) " tables have no rule." } }
        }
    }
}

#[cfg(test)]
mod tests;
