//! Access to AWS: clients, ARNs, failures, rates, and descriptions of tables.

pub mod arn;
pub mod backup_description;
pub mod caller;
pub mod clients;
pub mod console;
pub mod envelope;
pub mod execution_history;
pub mod failure;
pub(crate) mod keyed_reads;
pub mod own_tag;
pub mod pointer;
pub mod poll_interval;
pub mod rate;
pub mod rate_limiter;
pub mod raw_items;
pub mod readiness;
pub(crate) mod scan_segment;
pub mod scan_segments;
pub mod start_execution;
pub mod table;
pub mod table_selection;
