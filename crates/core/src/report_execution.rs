//! The outcome of an execution, for those who did not watch it: its report in S3, an event and a message.
//!
//! The text of the event and of the message is made of the [`Report`](execution_report::Report) and has no items and no
//! keys. [`delivery`] sees to it that an end of an execution is delivered once, although EventBridge may deliver its
//! event twice.

pub mod delivery;
pub mod ended;
pub mod execution_input;
pub mod facts;
pub mod message;
pub mod tables;
