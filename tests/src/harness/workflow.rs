//! Workflows as the general tests use them.

use std::sync::Arc;

use futures::future::LocalBoxFuture;
use serde_json::Value;
use tablekeeper_core::error_name::ErrorName;

use crate::{Deployed, Ended};

/// A workflow with scenarios that together take every branch of it.
pub struct Workflow {
    /// The name of the workflow, which is the same everywhere in the repository.
    pub name: &'static str,
    /// The name of the template that deploys it. Several workflows may share one.
    pub template: &'static str,
    /// The logical id of its state machine in the template. The output with its ARN is named after it:
    /// `StateMachineArn`.
    pub machine: &'static str,
    /// The template's parameters for all scenarios.
    pub parameters: &'static [(&'static str, &'static str)],
    /// Prepares an empty account before the template is deployed, and returns parameters for the template.
    pub prepare: Option<Prepare>,
    /// The scenarios of the workflow.
    pub scenarios: Vec<Scenario>,
    /// The part of the golden scenarios' calls that the fault-injection matrix covers.
    pub fault_matrix: FaultMatrix,
    /// The table whose settings the workflow changes, if any.
    pub changes_settings_of: Option<&'static str>,
    /// The error with which the workflow reports that a setting or table was refused while it continued with the
    /// others, if there is such an error.
    pub reports_refusals_by: Option<ErrorName>,
    /// The states that no scenario enters, each with the reason.
    pub unentered: &'static [(&'static str, &'static str)],
}

/// The part of the golden scenarios' calls that the fault-injection matrix covers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultMatrix {
    /// Every call, with every fault.
    EveryCall,
    /// Each kind of call of each step once, for a workflow whose steps repeat the same calls, for example per setting.
    /// Of a call that changes something it covers the first and the last one, with every fault. Of a call that only
    /// reads it covers the last one, with the faults that matter there. (For a read, a lost response equals a failure,
    /// and the other calls cover failures that the SDK recovers from.)
    EveryKindOfCall,
}

/// A scenario of a workflow.
pub struct Scenario {
    /// What the scenario shows.
    pub name: &'static str,
    /// Whether the fault-injection matrix covers its calls.
    pub golden: bool,
    /// The template's parameters that differ from the workflow's other scenarios. `ACCOUNT` in a value stands for the
    /// account.
    pub parameters: &'static [(&'static str, &'static str)],
    /// An additional workflow to deploy.
    pub additional: Option<AdditionalWorkflow>,
    /// Prepares the account and returns what the workflow starts from.
    pub begin: fn(Arc<Deployed>) -> LocalBoxFuture<'static, Begin>,
    /// The terminal state of the execution.
    pub ends_in: &'static str,
    /// The error of the execution: an error name of this project or of Step Functions.
    pub error: Option<&'static str>,
    /// Further assertions about the ended scenario. Panics if one fails.
    pub holds: fn(&Ended),
}

/// Prepares an account and returns parameters for the template.
pub type Prepare = fn(&Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>>;

/// An additional workflow to deploy, and the parameter of the other workflow that takes its state machine.
pub type AdditionalWorkflow = (fn() -> Workflow, &'static str);

/// Makes a scenario of its name, its preparation, and its terminal state. Methods of [`Scenario`] add the rest.
macro_rules! scenario {
    ($name:literal, $begin:ident => $ends_in:literal) => {
        $crate::Scenario {
            name: $name,
            golden: false,
            parameters: &[],
            additional: None,
            begin: |deployed| Box::pin($begin(deployed)),
            ends_in: $ends_in,
            error: None,
            holds: |_| {},
        }
    };
}
pub(crate) use scenario;

impl Scenario {
    /// Adds the scenario's calls to the fault-injection matrix.
    pub fn golden(self) -> Scenario {
        Scenario { golden: true, ..self }
    }

    /// Expects this error name of the project.
    pub fn failing(self, error: ErrorName) -> Scenario {
        self.failing_by(error.as_str())
    }

    /// Expects this error name of Step Functions.
    pub fn failing_by(self, error: &'static str) -> Scenario {
        Scenario { error: Some(error), ..self }
    }

    /// Sets these parameters of the template.
    pub fn with(self, parameters: &'static [(&'static str, &'static str)]) -> Scenario {
        Scenario { parameters, ..self }
    }

    /// Deploys an additional workflow.
    pub fn with_additional(self, additional: AdditionalWorkflow) -> Scenario {
        Scenario { additional: Some(additional), ..self }
    }

    /// Adds assertions about the ended scenario.
    pub fn and(self, holds: fn(&Ended)) -> Scenario {
        Scenario { holds, ..self }
    }
}

/// The event or input that a workflow starts from.
#[derive(Clone, Debug)]
pub enum Begin {
    /// An event for its `start` step, delivered as Lambda delivers events of SNS and EventBridge.
    Event(Value),
    /// The input of an execution, which is started as a person does.
    Input(Value),
}
