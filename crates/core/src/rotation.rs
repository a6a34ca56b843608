//! From a notification of AWS Backup to a restored table's name, decided without an AWS call.

pub mod decision;
pub mod execution_input;
pub mod naming;
pub mod notification;
pub mod overrides;

pub use execution_input::BackupSnsMessage;
