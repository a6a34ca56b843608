//! `tablekeeper plan` as a program and as a person call it: without an AWS call, or on tables of the local stack.

mod prune;
mod rotate;
mod support;
mod sync;
