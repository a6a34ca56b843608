//! A sync of settings: where a restored table came from, and what its source had.

pub mod execution_input;
pub mod origin;
pub mod plan;
pub mod source;
