//! What the executions of the deployed state machines do now, and how those that ended since a time have ended.
//!
//! [`reader::Reader`] reads it within the rates of AWS, again and again. [`model::Status`] is the document, [`text`] says it
//! in words. What cannot be read is not known, and never counts as absent.

mod history;
mod listing;
pub mod model;
pub mod rates;
pub mod reader;
pub mod text;

#[cfg(test)]
mod tests;
