//! The cases, one module per topic.

mod explanations;
mod files;
mod findings;
mod names;
mod outputs;
mod templates;
