//! Tests `sync-settings` as its users see it: real restores and their events, the console, executions that are stopped.

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
