//! The commands of an incremental backup, on a table and buckets of the local stack.

mod adopt;
mod list;
mod manage;
mod places;
mod recover;
mod refusals;
mod replay;
mod restore;
mod restore_create;
mod resume;
mod stacks;
pub(crate) mod support;
