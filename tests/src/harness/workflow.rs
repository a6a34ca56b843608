//! A workflow as the general tests know it.

use std::sync::Arc;

use futures::future::LocalBoxFuture;
use serde_json::Value;
use tablekeeper_core::error_name::ErrorName;

use crate::{Deployed, Ended};

/// A workflow with the scenarios that, between them, take every branch of it.
pub struct Workflow {
    /// Its name, as in every room of the house.
    pub name: &'static str,
    /// The name of the template that deploys it: its own, or that of several workflows.
    pub template: &'static str,
    /// The logical id of its state machine in the template. An output is called after it: `StateMachineArn`.
    pub machine: &'static str,
    /// The template's parameters that the scenarios are run with.
    pub parameters: &'static [(&'static str, &'static str)],
    /// Makes what the template has to be told of, in an account with nothing in it; answers the parameters that tell it.
    pub prepare: Option<Prepare>,
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
    /// How much of the golden scenarios is put through the fault battery.
    pub battery: Battery,
    /// The table whose settings it changes, if it does.
    pub changes_settings_of: Option<&'static str>,
    /// The error that tells of one setting or table that was refused, while the others were gone on with, if there is
    /// such a one.
    pub reports_refusals_by: Option<ErrorName>,
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
    /// Whether its calls are put through the fault battery.
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
    /// What else holds of it when it has ended; panics where it does not.
    pub holds: fn(&Ended),
}

/// Makes what a template is told of by the parameters that it answers.
pub type Prepare = fn(&Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>>;

/// A workflow that is deployed beside another one, and the other one's parameter that takes its state machine.
pub type Beside = (fn() -> Workflow, &'static str);

/// A scenario by its name, what prepares it, and the terminal state that it ends in; the rest is said behind it.
macro_rules! scenario {
    ($name:literal, $begin:ident => $ends_in:literal) => {
        $crate::Scenario {
            name: $name,
            golden: false,
            parameters: &[],
            beside: None,
            begin: |deployed| Box::pin($begin(deployed)),
            ends_in: $ends_in,
            error: None,
            holds: |_| {},
        }
    };
}
pub(crate) use scenario;

impl Scenario {
    /// Its calls are put through the fault battery.
    pub fn golden(self) -> Scenario {
        Scenario { golden: true, ..self }
    }

    /// It ends with this error of ours.
    pub fn failing(self, error: ErrorName) -> Scenario {
        self.failing_by(error.as_str())
    }

    /// It ends with this error of the engine's.
    pub fn failing_by(self, error: &'static str) -> Scenario {
        Scenario { error: Some(error), ..self }
    }

    /// It needs these parameters of the template.
    pub fn with(self, parameters: &'static [(&'static str, &'static str)]) -> Scenario {
        Scenario { parameters, ..self }
    }

    /// It needs another workflow beside it.
    pub fn beside(self, beside: Beside) -> Scenario {
        Scenario { beside: Some(beside), ..self }
    }

    /// This holds of it when it has ended.
    pub fn and(self, holds: fn(&Ended)) -> Scenario {
        Scenario { holds, ..self }
    }
}

/// What a workflow starts from.
#[derive(Clone, Debug)]
pub enum Begin {
    /// An event for its `start` step, delivered as Lambda delivers what SNS and EventBridge bring.
    Event(Value),
    /// An execution with this input, started as a person does.
    Input(Value),
}
