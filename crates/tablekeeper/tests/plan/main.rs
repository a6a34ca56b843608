//! `tablekeeper plan` as a program and as a person call it: without an AWS call, or on tables of the local stack.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

mod prune;
mod rotate;
mod support;
mod sync;
