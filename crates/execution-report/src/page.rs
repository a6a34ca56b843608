//! Draws a report as one HTML page.
//!
//! It can be read by a screen reader: every drawing has its content as text or as a table, too. [`crate::layout`] has
//! what it shares with other pages.

use maud::{Markup, html};
use serde_json::Value;

use crate::diagram::diagram;
use crate::layout::document;
use crate::report::{RepeatedFailure, Report, StateReport, Status, duration};
use crate::timeline::Entry;

const STYLE: &str = include_str!("page.css");

/// Longest input or output that is shown, in bytes. The document has the whole.
const MOST_JSON: usize = 30_000;

/// Most errors of a state that are shown. The document has all.
const MOST_FAILURES: usize = 5;

/// Returns the page.
pub fn page(report: &Report) -> String {
    let title = format!("{}: {}", report.workflow, report.name);
    let body = html! {
        (header(report))
        main {
            (facts(report))
            section aria-labelledby="way" {
                h2 id="way" { "The way it took" }
                @if let Some(diagram) = diagram(report) { div class="wide" { (diagram) } }
            }
            (timeline(report))
            (states(report))
            (documents(report))
        }
        footer { p { "Report of " code { (report.execution_arn) } } }
    };
    document(&title, STYLE, "", &body)
}

fn header(report: &Report) -> Markup {
    let class = match report.status {
        Status::Succeeded => "good",
        Status::Running => "running",
        _ => "bad",
    };
    html! {
        header class=(class) {
            p class="status" { (mark(report.status)) " " (report.status.verb()) }
            h1 { (report.sentence) }
            @for line in &report.outcome { p class="outcome" { (line) } }
            @if let Some(failure) = &report.failure {
                p class="cause" { strong { (failure.error) } @if !failure.cause.is_empty() { ": " (failure.cause) } }
            }
        }
    }
}

fn mark(status: Status) -> &'static str {
    match status {
        Status::Succeeded => "✓",
        Status::Running => "…",
        _ => "✗",
    }
}

fn facts(report: &Report) -> Markup {
    let time = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let row = |name: &str, value: Markup| html! { div { dt { (name) } dd { (value) } } };
    html! {
        section aria-labelledby="facts" {
            h2 id="facts" { "Facts" }
            dl {
                @for fact in &report.facts {
                    (row(&fact.name, html! {
                        @if let Some(link) = &fact.link { a href=(link) rel="noreferrer" { (fact.value) } }
                        @else { (fact.value) }
                    }))
                }
                (row("Execution", html! { code { (report.name) } }))
                (row("Started", html! { (time(report.started_at)) }))
                @if let Some(ended) = report.ended_at { (row("Ended", html! { (time(ended)) })) }
                @if let Some(seconds) = report.seconds {
                    (row("Duration", html! { (duration(seconds)) ", of which " (duration(report.waited_seconds)) " in Wait states" }))
                }
                (row("State transitions", html! { (report.transitions) }))
                @for calls in &report.calls { (row(&calls.title(), html! { (calls.billed()) })) }
                (row("Failed tries", html! { (report.failures) }))
                (row("Events of the history", html! { (report.events) " of at most 25,000" }))
            }
        }
    }
}

/// Draws the timeline as a table whose bars show when each state was visited.
fn timeline(report: &Report) -> Markup {
    let end = report.timeline.iter().filter_map(|entry| entry.to).max();
    let end = end.max(report.ended_at).unwrap_or(report.started_at);
    let whole = (end - report.started_at).as_seconds_f64().max(0.001);
    let share = |time: chrono::DateTime<chrono::Utc>| {
        ((time - report.started_at).as_seconds_f64() / whole * 100.0).clamp(0.0, 100.0)
    };
    let bar = |entry: &Entry| {
        let (from, to) = (share(entry.from), share(entry.to.unwrap_or(end)));
        format!("left:{from:.2}%;width:{:.2}%", (to - from).max(0.4).min(100.0 - from))
    };
    html! {
        section aria-labelledby="timeline" {
            h2 id="timeline" { "Timeline" }
            table class="timeline" {
                thead { tr { th scope="col" { "State" } th scope="col" class="time" { "After" } th scope="col" class="time" { "Took" } th scope="col" class="bars" { "When" } } }
                tbody {
                    @for entry in &report.timeline {
                        tr {
                            th scope="row" {
                                (entry.states.join(" → "))
                                @if entry.rounds > 1 { " ×" (entry.rounds) }
                                @if entry.failures > 0 { span class="retried" { " " (entry.failures) " failed" } }
                            }
                            td class="time" { (duration((entry.from - report.started_at).as_seconds_f64())) }
                            td class="time" { @match entry.to { Some(to) => (duration((to - entry.from).as_seconds_f64())), None => "—" } }
                            td class="bars" { span class=(if entry.failures > 0 { "bar retried" } else { "bar" }) style=(bar(entry)) {} }
                        }
                    }
                }
            }
            @if report.left_out > 0 { p { (report.left_out) " later entries are left out." } }
        }
    }
}

/// Lists the states that were entered, with the errors of their tries.
fn states(report: &Report) -> Markup {
    let entered = || report.states.iter().filter(|state| state.visits > 0);
    html! {
        section aria-labelledby="states" {
            h2 id="states" { "States" }
            table {
                thead { tr { th scope="col" { "State" } th scope="col" class="time" { "Visits" } th scope="col" class="time" { "Time" } th scope="col" { "What it does, and what failed" } } }
                tbody { @for state in entered() { (row(state)) } }
            }
        }
    }
}

fn row(state: &StateReport) -> Markup {
    html! {
        tr {
            th scope="row" { (state.name) span class="faint" { " " (state.kind) } }
            td class="time" { (state.visits) }
            td class="time" { (duration(state.seconds)) }
            td {
                @if let Some(comment) = &state.comment { (comment) }
                @for RepeatedFailure { failure, times } in state.failures.iter().take(MOST_FAILURES) {
                    p class="retried" { (times) " × " strong { (failure.error) } @if !failure.cause.is_empty() { ": " (failure.cause) } }
                }
                @if state.failures.len() > MOST_FAILURES { p { "and " (state.failures.len() - MOST_FAILURES) " other errors" } }
            }
        }
    }
}

fn documents(report: &Report) -> Markup {
    let shown = |value: &Value| {
        let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
        if text.len() > MOST_JSON {
            let cut = text.floor_char_boundary(MOST_JSON);
            text.truncate(cut);
            text.push_str("\n… (the JSON document has the rest)");
        }
        text
    };
    html! {
        section aria-labelledby="documents" {
            h2 id="documents" { "Input and output" }
            details { summary { "Input" } pre tabindex="0" { (shown(&report.input)) } }
            @if let Some(output) = &report.output { details { summary { "Output" } pre tabindex="0" { (shown(output)) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::execution;

    #[test]
    fn a_page_has_landmarks_and_escapes_what_it_shows() {
        let report = Report::new("rotate-restore", execution(), vec!["restored <b>".to_owned()], Vec::new());
        let page = page(&report);
        for part in [
            "<main>",
            "<header",
            "<footer>",
            "<h1>",
            "lang=\"en\"",
            "restored &lt;b&gt;",
            "the key &lt;is&gt; gone",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("http://") && !page.contains("src="), "{page}");
    }
}
