//! Draws what a table can be brought back to on a line of time.

use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};

use crate::fleet::report::TableReport;
use crate::fleet::sources::Point;
use crate::fleet::text::minute;

/// Days that the line has: the longest window of point-in-time recovery.
pub(super) const SCALE_DAYS: i64 = 35;
const WIDTH: f64 = 210.0;

/// Draws the sources of a table: a bar for every second of a window, a mark for a single moment.
pub(super) fn window(table: &TableReport, now: DateTime<Utc>) -> Markup {
    let whole = TimeDelta::days(SCALE_DAYS).as_seconds_f64();
    let place =
        |time: DateTime<Utc>| ((1.0 - (now - time).as_seconds_f64() / whole) * WIDTH).clamp(0.0, WIDTH);
    let bar = |point: &Point| {
        let from = place(point.earliest?);
        let to = place(point.latest.unwrap_or(now));
        Some(
            html! { rect class="seconds" x=(rounded(from)) y="5" width=(rounded((to - from).max(1.0))) height="6" {} },
        )
    };
    let mark = |time: DateTime<Utc>| {
        let x = place(time).min(WIDTH - 3.0);
        html! { rect class="moment" x=(rounded(x)) y="1" width="3" height="14" {} }
    };
    let moments =
        |point: &Point| [point.earliest, point.latest].into_iter().flatten().map(mark).collect::<Vec<_>>();
    html! {
        svg viewBox="0 0 210 16" preserveAspectRatio="none" role="img" aria-label=(text(table)) {
            line x1="0" y1="8" x2="210" y2="8" {}
            @for point in table.sources.iter().filter(|point| point.continuous) { @if let Some(bar) = bar(point) { (bar) } }
            @for point in table.sources.iter().filter(|point| !point.continuous) { @for mark in moments(point) { (mark) } }
        }
    }
}

fn rounded(number: f64) -> String {
    format!("{number:.1}")
}

/// Says the same in words.
fn text(table: &TableReport) -> String {
    if table.sources.is_empty() {
        return "no known source".to_owned();
    }
    let time = |time: Option<DateTime<Utc>>| time.map_or_else(|| "an unknown time".to_owned(), minute);
    let texts = table.sources.iter().map(|point| match point.continuous {
        true => {
            format!("{}: every second from {} to {}", point.source, time(point.earliest), time(point.latest))
        }
        false => format!("{}: oldest {}, newest {}", point.source, time(point.earliest), time(point.latest)),
    });
    texts.collect::<Vec<_>>().join("; ")
}
