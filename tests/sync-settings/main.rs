//! `sync-settings` as its users meet it: real restores and their events, the console, what stops half-way.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

mod as_read;
mod by_events;
mod by_hand;
mod captured;
mod limits;
mod stopped;
mod support;
