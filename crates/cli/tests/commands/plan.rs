//! `tablekeeper plan`, without AWS calls or on tables of the local stack.

mod prune;
mod retire;
mod rotate;
mod support;
mod sync;
