//! Describes an execution of a state machine: what was asked, what happened, and by which way.
//!
//! [`Report::new`] makes one document of what AWS Step Functions says about an execution. It does not matter how the
//! execution ended, nor whether it ended at all. [`page`] draws the document as one self-contained HTML page. Nothing
//! here calls AWS: the caller passes the description, the definition and the history. [`layout`] is the frame of the page,
//! which other pages use as well. [`activities`] says what a running execution does now.

mod activity;
mod calls;
mod cause;
mod diagram;
mod graph;
mod history;
pub mod layout;
mod page;
mod redaction;
mod report;
mod retry;
mod timeline;

pub use activity::{Activity, DetailedEvent, Doing, activities};
pub use calls::Calls;
pub use cause::message_of;
pub use history::{Event, Failure};
pub use page::page;
pub use report::{Execution, Fact, RepeatedFailure, Report, StateReport, Status, Transition};
pub use retry::Retrier;
pub use timeline::{Entry, MOST_ENTRIES};
