//! The properties of all workflows, each written once. [`of_every_workflow`](crate::of_every_workflow) makes the tests.

pub(crate) mod contract;
mod every_workflow;
pub(crate) mod faults;
mod inference;
pub(crate) mod mutants;
mod random_machines;
pub(crate) mod repeated_steps;
pub(crate) mod scenarios;
