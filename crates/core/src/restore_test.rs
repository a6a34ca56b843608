//! The restore tests of AWS Backup: the job, the verification of its table, the result and the evidence.
//!
//! A restore testing plan restores recovery points into tables that AWS Backup deletes again. Whether such a table holds
//! what it should is left to the user, who puts a validation result. A result cannot be changed ("Restore testing
//! validation" in the AWS Backup developer guide).

pub mod evidence;
pub mod execution_input;
pub mod expectation;
pub mod job;
pub mod result;
