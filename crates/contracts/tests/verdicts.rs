//! Verdicts of the check by default, without `--strict`: what is reported of small machines that are right, wrong, or of
//! which nothing is known.
//!
//! Each row is a machine or an expression with everything that is more than a note. What is right is next to what is
//! wrong. Not here, because it needs models of the services' APIs (`flow/services.rs` is their place): whether an action
//! exists or allows `.sync`, and the members of the arguments and results of most actions.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

#[path = "verdicts/harness.rs"]
mod harness;

#[path = "verdicts/absence.rs"]
mod absence;
#[path = "verdicts/expressions.rs"]
mod expressions;
#[path = "verdicts/graph.rs"]
mod graph;
#[path = "verdicts/maps.rs"]
mod maps;
#[path = "verdicts/numbers.rs"]
mod numbers;
#[path = "verdicts/options.rs"]
mod options;
#[path = "verdicts/places.rs"]
mod places;
#[path = "verdicts/schemas.rs"]
mod schemas;
#[path = "verdicts/tasks.rs"]
mod tasks;
#[path = "verdicts/texts.rs"]
mod texts;
#[path = "verdicts/unknown.rs"]
mod unknown;
