//! `sync-settings` as its users meet it: real restores and their events, the console, what stops half-way.

mod after_the_former;
mod as_read;
mod by_events;
mod by_hand;
mod captured;
mod limits;
mod refused_later;
mod stopped;
mod support;

crate::of_every_workflow!(sync_settings);
