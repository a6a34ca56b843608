//! Decides how a backup of AWS Backup is restored under a new table name. Makes no AWS calls.

pub mod decision;
pub mod execution_input;
pub mod naming;
pub mod notification;
pub mod overrides;
pub mod pointer;
pub mod request;
pub mod rollback;
pub mod verification;

pub use execution_input::BackupSnsMessage;
