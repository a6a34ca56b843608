//! Checks of state machines and templates: contracts, diagrams, mutants and policies.

pub mod contract;
pub mod diagram;
pub mod mutants;
pub mod policies;
