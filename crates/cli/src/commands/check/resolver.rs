//! Finds the schema of each name in a definition.
//!
//! The template maps a task's function to a `Handler`, `<workflow>.<step>`, which is the path of its schemas. Without a
//! template, or for a function that is not in it, the function's name is used: `${CheckRestoreFunctionArn}` and
//! `…:function:check-restore` are the step `check-restore` of the same workflow. The errors that a step declares are
//! `x-errors` in the schema of its output.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use contracts::contract::{Contracts, TaskContract};
use contracts::template::Template;
use serde_json::Value;

use super::project;
use crate::failure::Unusable;

const ERRORS: &str = "x-errors";

/// The schemas of a directory, as one definition uses them.
#[derive(Debug)]
pub(super) struct Schemas {
    /// Schemas by path below the directory, such as `rotate-restore/start.input.json`.
    files: BTreeMap<String, Value>,
    workflow: String,
    template: Option<Template>,
}

impl Schemas {
    /// Reads a directory. A missing directory has no schemas.
    pub(super) fn new(folder: &Path, workflow: &str, template: Option<Template>) -> anyhow::Result<Schemas> {
        let mut files = BTreeMap::new();
        read(folder, "", &mut files)?;
        Ok(Schemas { files, workflow: workflow.to_owned(), template })
    }

    /// Returns the schema of the workflow's input.
    pub(super) fn execution_input(&self, workflow: &str) -> Option<Value> {
        self.files.get(&format!("{workflow}.input.json")).cloned()
    }

    /// Returns the schema of the workflow's output.
    pub(super) fn execution_output(&self, workflow: &str) -> Option<Value> {
        self.files.get(&format!("{workflow}.output.json")).cloned()
    }

    /// Returns the schema of a step's input.
    pub(super) fn step_input(&self, workflow: &str, step: &str) -> Option<Value> {
        self.files.get(&format!("{workflow}/{step}.input.json")).cloned()
    }

    /// Returns the workflow and step of a function.
    fn step(&self, function: &str) -> (String, String) {
        let deployed = self.template.as_ref().and_then(|template| template.function(function)?.handler);
        if let Some((workflow, step)) = deployed.as_deref().and_then(|handler| handler.split_once('.')) {
            return (workflow.to_owned(), step.to_owned());
        }
        (self.workflow.clone(), plain_name(function, "Function"))
    }
}

impl Contracts for Schemas {
    fn task(&self, _resource: &str, function: Option<&str>) -> Option<Arc<TaskContract>> {
        let (workflow, step) = self.step(function?);
        let input = self.step_input(&workflow, &step)?;
        let mut output = self.files.get(&format!("{workflow}/{step}.output.json"))?.clone();
        let errors = output.as_object_mut().and_then(|schema| schema.remove(ERRORS));
        let errors = errors.as_ref().and_then(Value::as_array).into_iter().flatten();
        let errors = errors.filter_map(Value::as_str).map(str::to_owned).collect();
        Some(Arc::new(TaskContract { name: format!("{workflow}.{step}"), input, output, errors }))
    }

    fn machine_input(&self, state_machine: &str) -> Option<Value> {
        self.execution_input(&plain_name(state_machine, "StateMachine"))
    }

    fn machine_output(&self, state_machine: &str) -> Option<Value> {
        self.execution_output(&plain_name(state_machine, "StateMachine"))
    }

    fn placeholder(&self, name: &str) -> Option<Value> {
        self.template.as_ref()?.placeholder(name)
    }

    fn handler(&self, handler: &str) -> bool {
        handler.split_once('.').is_some_and(|(workflow, step)| self.step_input(workflow, step).is_some())
    }
}

/// Returns `check-restore` for `${CheckRestoreFunctionArn}`, for `arn:…:function:check-restore:live` and for itself.
fn plain_name(reference: &str, what: &str) -> String {
    let Some(placeholder) = reference.strip_prefix("${").and_then(|name| name.strip_suffix('}')) else {
        let marker = format!(":{}:", lower_first(what));
        let name = reference.split_once(&marker).map_or(reference, |(_, name)| name);
        return name.split(':').next().unwrap_or(name).to_owned();
    };
    let name =
        ["Arn", "Name"].iter().find_map(|ending| placeholder.strip_suffix(ending)).unwrap_or(placeholder);
    let name = name.strip_suffix(what).unwrap_or(name);
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

fn lower_first(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn read(folder: &Path, below: &str, files: &mut BTreeMap<String, Value>) -> anyhow::Result<()> {
    for path in project::entries(folder)? {
        let name = format!("{below}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            read(&path, &format!("{name}/"), files)?;
        } else if name.ends_with(".json") {
            let unusable = || Unusable(format!("{} is not a schema", path.display()));
            let value = project::document(&path).with_context(unusable)?.value().clone();
            files.insert(name, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::plain_name;

    #[test]
    fn a_function_is_found_by_placeholder_arn_or_name() {
        for reference in [
            "${CheckRestoreFunctionArn}",
            "${CheckRestoreFunctionName}",
            "${CheckRestore}",
            "arn:aws:lambda:eu-west-1:123456789012:function:check-restore",
            "arn:aws:lambda:eu-west-1:123456789012:function:check-restore:live",
            "check-restore",
        ] {
            assert_eq!(plain_name(reference, "Function"), "check-restore", "{reference}");
        }
        let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:backfill";
        assert_eq!(plain_name(machine, "StateMachine"), "backfill");
        assert_eq!(plain_name("${BackfillStateMachineArn}", "StateMachine"), "backfill");
    }
}
