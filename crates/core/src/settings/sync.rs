//! A sync of settings: the origin of a restored table, and the settings of its source.

pub mod execution_input;
pub mod origin;
pub mod plan;
pub mod source;
