//! Finds the schema of each name in a definition.
//!
//! The configuration's `functions` come first. Then a function's name is used: `${CheckRestoreFunctionArn}` and
//! `…:function:check-restore` are the step `check-restore` of the same workflow. Then the template leads to a `Handler`,
//! `<workflow>.<step>`, which is the path of schemas in projects that name their handlers so. The errors that a step
//! declares are `x-errors` in the schema of its output.

mod files;
mod name;

use std::rc::Rc;
use std::sync::Arc;

use contracts::contract::{Contracts, TaskContract};
use contracts::template::Template;
use serde_json::Value;

use crate::config::Config;
pub(crate) use files::{Files, Folders};
use name::plain;

const ERRORS: &str = "x-errors";

/// The schemas of a directory, as one definition uses them.
#[derive(Debug)]
pub(crate) struct Schemas {
    pub(crate) files: Rc<Files>,
    pub(crate) config: Rc<Config>,
    pub(crate) workflow: String,
    pub(crate) template: Option<Template>,
}

/// The workflow and the step that schemas are named after.
type Step = (String, String);

impl Schemas {
    /// Returns the schema of a workflow's input.
    pub(crate) fn execution_input(&self, workflow: &str) -> Option<Value> {
        self.files.get(&format!("{workflow}.input.json"))
    }

    /// Returns the schema of a workflow's output.
    pub(crate) fn execution_output(&self, workflow: &str) -> Option<Value> {
        self.files.get(&format!("{workflow}.output.json"))
    }

    /// Returns the schema of a step's input.
    pub(crate) fn step_input(&self, workflow: &str, step: &str) -> Option<Value> {
        self.files.get(&format!("{workflow}/{step}.input.json"))
    }

    fn has(&self, (workflow, step): &Step) -> bool {
        self.step_input(workflow, step).is_some()
    }

    /// Returns the step of a task's function.
    fn step(&self, function: &str) -> Option<Step> {
        let deployed = self.template.as_ref().and_then(|template| template.function(function));
        let logical_id = deployed.as_ref().map(|function| function.logical_id.as_str());
        let handler = || deployed.as_ref().and_then(|function| of_handler(function.handler.as_deref()?));
        self.configured(function, logical_id).or_else(|| {
            let named =
                std::iter::once(function).chain(logical_id).map(|name| self.own(plain(name, "Function")));
            named.chain(handler()).find(|step| self.has(step))
        })
    }

    /// Returns the step that the configuration gives a function, by its name, its placeholder or its logical id.
    fn configured(&self, function: &str, logical_id: Option<&str>) -> Option<Step> {
        let functions = &self.config.file.functions;
        let bare = function.strip_prefix("${").and_then(|name| name.strip_suffix('}')).unwrap_or(function);
        let without_ending = ["Arn", "Name"].iter().filter_map(|ending| bare.strip_suffix(ending));
        let plain = plain(function, "Function");
        let mut names = [function, bare, plain.as_str()].into_iter().chain(without_ending).chain(logical_id);
        let step = names.find_map(|name| functions.get(name))?;
        Some(match step.split_once('/') {
            Some((workflow, step)) => (workflow.to_owned(), step.to_owned()),
            None => self.own(step.clone()),
        })
    }

    fn own(&self, step: String) -> Step {
        (self.workflow.clone(), step)
    }
}

impl Contracts for Schemas {
    fn task(&self, resource: &str, function: Option<&str>) -> Option<Arc<TaskContract>> {
        let function = function?;
        // A service has no function, and its name is none.
        if function == resource && resource.contains(":states:::") {
            return None;
        }
        let (workflow, step) = self.step(function)?;
        let input = self.step_input(&workflow, &step)?;
        let mut output = self.files.get(&format!("{workflow}/{step}.output.json"))?;
        let errors = output.as_object_mut().and_then(|schema| schema.remove(ERRORS));
        let errors = errors.as_ref().and_then(Value::as_array).into_iter().flatten();
        let errors = errors.filter_map(Value::as_str).map(str::to_owned).collect();
        Some(Arc::new(TaskContract { name: format!("{workflow}.{step}"), input, output, errors }))
    }

    fn machine_input(&self, state_machine: &str) -> Option<Value> {
        self.execution_input(&plain(state_machine, "StateMachine"))
    }

    fn machine_output(&self, state_machine: &str) -> Option<Value> {
        self.execution_output(&plain(state_machine, "StateMachine"))
    }

    fn placeholder(&self, name: &str) -> Option<Value> {
        self.template.as_ref()?.placeholder(name)
    }

    /// Only a project whose handlers name steps has wrong ones. Elsewhere a handler is a file and a function in it.
    fn handler(&self, handler: &str) -> bool {
        let Some(template) = &self.template else { return true };
        let names_step = |handler: &str| of_handler(handler).is_some_and(|step| self.has(&step));
        let has_handler = |other: &contracts::template::Function| other.handler.as_deref() == Some(handler);
        let is_found = |function: &contracts::template::Function| {
            let id = function.logical_id.as_str();
            self.configured(id, None).is_some()
        };
        names_step(handler)
            || template.functions().filter(has_handler).any(|function| is_found(&function))
            || !template.functions().any(|other| other.handler.as_deref().is_some_and(names_step))
    }
}

fn of_handler(handler: &str) -> Option<Step> {
    handler.split_once('.').map(|(workflow, step)| (workflow.to_owned(), step.to_owned()))
}
