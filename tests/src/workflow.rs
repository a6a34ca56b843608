//! A workflow as the general tests know it.

use std::sync::Arc;

use futures::future::LocalBoxFuture;
use serde_json::Value;
use tablekeeper_functions::error_name::ErrorName;

use crate::Deployed;

/// A workflow with the scenarios that, between them, take every branch of it.
pub struct Workflow {
    /// Its name, as in every room of the house.
    pub name: &'static str,
    /// The template's parameters that the scenarios are run with.
    pub parameters: &'static [(&'static str, &'static str)],
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
    /// States that no scenario enters, each with the reason.
    pub unentered: &'static [(&'static str, &'static str)],
}

/// One way for a workflow to go.
pub struct Scenario {
    /// What it shows.
    pub name: &'static str,
    /// Whether every call of it is put through the fault battery.
    pub golden: bool,
    /// Prepares the account, and says what the workflow starts from.
    pub begin: fn(Arc<Deployed>) -> LocalBoxFuture<'static, Begin>,
    /// The terminal state that it ends in.
    pub ends_in: &'static str,
    /// The error that it ends with.
    pub error: Option<ErrorName>,
}

/// What a workflow starts from.
#[derive(Clone, Debug)]
pub enum Begin {
    /// An event for its `start` step, delivered as Lambda delivers what SNS and EventBridge bring.
    Event(Value),
    /// An execution with this input, started as a person does.
    Input(Value),
}
