//! The commands. Each module has the command's arguments and `act`.

pub(crate) mod adopt;
pub(crate) mod backfill;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod copies;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod executions;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod exports;
pub(crate) mod follow;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod local;
pub(crate) mod man;
pub(crate) mod pin;
pub(crate) mod plan;
pub(crate) mod recover;
pub(crate) mod replay;
pub(crate) mod restore;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod snapshot;
pub(crate) mod step;
pub(crate) mod template;
