//! A workflow as the general tests know it.

use std::sync::Arc;

use futures::future::LocalBoxFuture;
use serde_json::Value;

use crate::Deployed;

/// A workflow with the scenarios that, between them, take every branch of it.
pub struct Workflow {
    /// Its name, as in every room of the house.
    pub name: &'static str,
    /// The template's parameters that the scenarios are run with.
    pub parameters: &'static [(&'static str, &'static str)],
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
    /// How much of the golden scenarios is put through the fault battery.
    pub battery: Battery,
    /// The table whose settings it changes, if it does.
    pub changes_settings_of: Option<&'static str>,
    /// States that no scenario enters, each with the reason.
    pub unentered: &'static [(&'static str, &'static str)],
}

/// How much of the golden scenarios is put through the fault battery.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Battery {
    /// Every call, with every fault.
    EveryCall,
    /// Each kind of call of each step once, for a workflow whose steps do the same thing over and over, a setting
    /// at a time: of a call that changes something the first and the last, with every fault; of one that only reads
    /// the last, with the faults that differ for it. (An answer that is lost is no other than one that fails, and a
    /// failure that the SDK mends is shown by the others.)
    EveryKindOfCall,
}

/// One way for a workflow to go.
pub struct Scenario {
    /// What it shows.
    pub name: &'static str,
    /// Whether every call of it is put through the fault battery.
    pub golden: bool,
    /// The template's parameters that it needs otherwise than the workflow's other scenarios; `ACCOUNT` in a value is
    /// the account.
    pub parameters: &'static [(&'static str, &'static str)],
    /// A workflow that is deployed beside it, with the parameter that takes its state machine.
    pub beside: Option<Beside>,
    /// Prepares the account, and says what the workflow starts from.
    pub begin: fn(Arc<Deployed>) -> LocalBoxFuture<'static, Begin>,
    /// The terminal state that it ends in.
    pub ends_in: &'static str,
    /// The error that it ends with: a name of ours, or the engine's.
    pub error: Option<&'static str>,
}

/// A workflow that is deployed beside another one, and the other one's parameter that takes its state machine.
pub type Beside = (fn() -> Workflow, &'static str);

/// What a workflow starts from.
#[derive(Clone, Debug)]
pub enum Begin {
    /// An event for its `start` step, delivered as Lambda delivers what SNS and EventBridge bring.
    Event(Value),
    /// An execution with this input, started as a person does.
    Input(Value),
}
