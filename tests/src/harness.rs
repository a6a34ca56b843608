//! Runs workflows on the local stack: deploys a template, starts executions, waits, and reads what they leave behind.

pub mod deployed;
pub mod final_state;
pub mod former_backup;
pub mod http;
pub mod items;
pub mod pages;
pub mod payloads;
pub mod repeated;
pub mod run;
pub mod waiting;
pub mod workflow;
