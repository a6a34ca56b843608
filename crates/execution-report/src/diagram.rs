//! Draws the state machine with the way that the execution took, as SVG.
//!
//! Every state of the ordinary flow is drawn. A state that only catches errors is drawn if the execution entered it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};
use rust_sugiyama::configure::Config;

use crate::report::{Report, StateReport};

/// Height of a box, in pixels.
const HEIGHT: f64 = 30.0;
/// Least distance of boxes, in pixels.
const DISTANCE: f64 = 34.0;
/// Average width of a letter, in pixels.
const LETTER: f64 = 7.4;
/// Space around the drawing, in pixels.
const MARGIN: f64 = 16.0;

/// A drawn state.
struct Node<'a> {
    state: &'a StateReport,
    /// Center of the box.
    x: f64,
    y: f64,
    width: f64,
}

/// Returns the diagram, or nothing if the definition has no states.
pub(crate) fn diagram(report: &Report) -> Option<Markup> {
    let states = drawn(report);
    let edges = edges(&states);
    let (nodes, width, height) = layout(&states, &edges)?;
    let taken = |from: &str, to: &str| report.taken.iter().any(|taken| taken.from == from && taken.to == to);
    let lines = edges.iter().filter_map(|(from, to)| {
        let (from, to) = (nodes.get(*from)?, nodes.get(*to)?);
        Some((path(from, to, &nodes), taken(&from.state.name, &to.state.name)))
    });
    // Taken transitions are drawn last, over the others.
    let (taken, others): (Vec<_>, Vec<_>) = lines.partition(|(_, taken)| *taken);
    let visited = states.iter().filter(|state| state.visits > 0).count();
    Some(html! {
        svg role="img" aria-label={ "The state machine. The execution entered " (visited) " of the " (states.len()) " states shown." }
            viewBox=(format!("0 0 {width:.0} {height:.0}")) style=(format!("max-width:{width:.0}px")) {
            defs {
                @for name in ["arrow", "taken"] {
                    marker id=(name) class=(name) viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" {
                        path d="M0 0L8 4L0 8z" {}
                    }
                }
            }
            @for (line, _) in &others { path class="edge" marker-end="url(#arrow)" d=(line) {} }
            @for (line, _) in &taken { path class="edge way" marker-end="url(#taken)" d=(line) {} }
            @for node in &nodes { (shape(node)) }
        }
    })
}

/// Returns the states that are drawn: those that were entered, and those that can follow a drawn one without an error.
fn drawn(report: &Report) -> Vec<&StateReport> {
    let entered = report.states.iter().enumerate().filter(|(index, state)| *index == 0 || state.visits > 0);
    let mut open: Vec<&str> = entered.map(|(_, state)| state.name.as_str()).collect();
    let mut drawn: BTreeSet<&str> = BTreeSet::new();
    while let Some(name) = open.pop() {
        if drawn.insert(name) {
            let state = report.states.iter().find(|state| state.name == name);
            open.extend(state.into_iter().flat_map(|state| state.next.iter().map(String::as_str)));
        }
    }
    report.states.iter().filter(|state| drawn.contains(state.name.as_str())).collect()
}

/// Returns the transitions between drawn states, as their indexes. A transition that catches an error is drawn if its
/// target was entered.
fn edges(states: &[&StateReport]) -> Vec<(usize, usize)> {
    let index: BTreeMap<&str, usize> =
        states.iter().zip(0..).map(|(state, at)| (state.name.as_str(), at)).collect();
    let mut edges = Vec::new();
    for (from, state) in states.iter().enumerate() {
        for name in &state.next {
            edges.extend(index.get(name.as_str()).map(|to| (from, *to)));
        }
        for name in &state.catchers {
            let entered = |to: &&usize| states.get(**to).is_some_and(|state| state.visits > 0);
            edges.extend(index.get(name.as_str()).filter(entered).map(|to| (from, *to)));
        }
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// Places the states. Returns them with the size of the drawing.
fn layout<'a>(states: &[&'a StateReport], edges: &[(usize, usize)]) -> Option<(Vec<Node<'a>>, f64, f64)> {
    let width = |state: &StateReport| state.name.chars().count() as f64 * LETTER + 28.0;
    let id = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    let vertices: Vec<(u32, (f64, f64))> =
        states.iter().enumerate().map(|(index, state)| (id(index), (width(state), HEIGHT))).collect();
    // The library does not lay out loops of one state.
    let lines: Vec<(u32, u32)> =
        edges.iter().filter(|(from, to)| from != to).map(|(from, to)| (id(*from), id(*to))).collect();
    let config = Config { vertex_spacing: DISTANCE, ..Config::default() };
    let parts = rust_sugiyama::from_vertices_and_edges(&vertices, &lines, &config);
    let mut placed: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    let mut right = 0.0;
    for (part, part_width, _) in parts {
        placed.extend(part.into_iter().map(|(index, (x, y))| (index, (x + right, y))));
        right += part_width + DISTANCE;
    }
    let nodes: Vec<Node<'a>> = states
        .iter()
        .enumerate()
        .filter_map(|(index, state)| {
            let (x, y) = *placed.get(&index)?;
            Some(Node { state, x, y, width: width(state) })
        })
        .collect();
    // Dummy vertices of the library are not in the result, so the frame is that of the boxes.
    let left = nodes.iter().map(|node| node.x - node.width / 2.0).reduce(f64::min)?;
    let top = nodes.iter().map(|node| node.y - HEIGHT / 2.0).reduce(f64::min)?;
    let nodes: Vec<Node<'a>> = nodes
        .into_iter()
        .map(|node| Node { x: node.x - left + MARGIN, y: node.y - top + MARGIN, ..node })
        .collect();
    let right = nodes.iter().map(|node| node.x + node.width / 2.0).reduce(f64::max)?;
    let width = right + DISTANCE + MARGIN;
    let height = nodes.iter().map(|node| node.y + HEIGHT / 2.0).reduce(f64::max)? + MARGIN;
    Some((nodes, width, height))
}

/// Returns the line from a state to another. A line that goes up passes on the right of all states between them.
fn path(from: &Node<'_>, to: &Node<'_>, nodes: &[Node<'_>]) -> String {
    let mut line = String::new();
    let (top, bottom) = (to.y - HEIGHT / 2.0, from.y + HEIGHT / 2.0);
    let written = if top > bottom {
        let middle = (top - bottom) / 2.0;
        write!(
            line,
            "M{:.1} {bottom:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {top:.1}",
            from.x,
            from.x,
            bottom + middle,
            to.x,
            top - middle,
            to.x
        )
    } else {
        let (right, target) = (from.x + from.width / 2.0, to.x + to.width / 2.0);
        let between = nodes.iter().filter(|node| node.y > to.y && node.y < from.y);
        let out = between.map(|node| node.x + node.width / 2.0).fold(right.max(target), f64::max) + DISTANCE;
        write!(
            line,
            "M{right:.1} {:.1}C{out:.1} {:.1} {out:.1} {:.1} {target:.1} {:.1}",
            from.y, from.y, to.y, to.y
        )
    };
    // Writing to a String does not fail.
    written.map(|()| line).unwrap_or_default()
}

fn shape(node: &Node<'_>) -> Markup {
    let StateReport { name, kind, visits, failures, comment, .. } = node.state;
    let class = match (visits, kind.as_str()) {
        (0, _) => "state",
        (_, "Fail") => "state bad",
        _ if failures.is_empty() => "state good",
        _ => "state retried",
    };
    let (x, y) = (node.x - node.width / 2.0, node.y - HEIGHT / 2.0);
    let round = if matches!(kind.as_str(), "Choice" | "Wait") { HEIGHT / 2.0 } else { 5.0 };
    let times = if *visits > 1 { format!(" ×{visits}") } else { String::new() };
    html! {
        g class=(class) {
            title { (name) ": " (kind) @if let Some(comment) = comment { ". " (comment) } }
            rect x=(format!("{x:.1}")) y=(format!("{y:.1}")) width=(format!("{:.1}", node.width)) height=(HEIGHT) rx=(round) {}
            text x=(format!("{:.1}", node.x)) y=(format!("{:.1}", node.y + 4.5)) { (name) }
            @if !times.is_empty() {
                text class="times" x=(format!("{:.1}", node.x + node.width / 2.0 - 2.0)) y=(format!("{:.1}", y - 4.0)) { (PreEscaped(times)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::execution;

    #[test]
    fn only_entered_ends_of_errors_are_drawn() {
        let report = Report::new("rotate-restore", execution(), Vec::new(), Vec::new());
        let svg = diagram(&report).unwrap().into_string();
        assert!(svg.contains(">Restore Failed<") && !svg.contains(">Not Started<"), "{svg}");
        assert!(svg.contains("entered 5 of the 6 states shown"), "{svg}");
        assert_eq!(svg.matches("edge way").count(), 5, "{svg}");
    }

    #[test]
    fn what_follows_only_an_error_is_not_drawn() {
        let mut execution = execution();
        let states = &mut execution.definition["States"];
        states["Not Started"] = serde_json::json!({ "Type": "Choice", "Default": "Gone", "Choices": [] });
        states["Gone"] = serde_json::json!({ "Type": "Fail" });
        let report = Report::new("rotate-restore", execution, Vec::new(), Vec::new());
        let names: Vec<&str> = drawn(&report).iter().map(|state| state.name.as_str()).collect();
        assert!(
            names.contains(&"Complete") && !names.contains(&"Gone") && !names.contains(&"Not Started"),
            "{names:?}"
        );
    }

    #[test]
    fn boxes_do_not_overlap() {
        let report = Report::new("rotate-restore", execution(), Vec::new(), Vec::new());
        let states = drawn(&report);
        let (nodes, width, height) = layout(&states, &edges(&states)).unwrap();
        for (index, one) in nodes.iter().enumerate() {
            assert!(one.x - one.width / 2.0 >= 0.0 && one.x + one.width / 2.0 <= width);
            assert!(one.y >= 0.0 && one.y <= height);
            for other in &nodes[index + 1..] {
                let apart = (one.y - other.y).abs() >= HEIGHT
                    || (one.x - other.x).abs() >= (one.width + other.width) / 2.0;
                assert!(apart, "{} and {}", one.state.name, other.state.name);
            }
        }
    }
}
