//! The workflows' state machines and types in the form that the contract check takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use contracts::contract::{Contracts, TaskContract};
use contracts::document::Document;
use contracts::severity::Options;
use contracts::template::Template;
use contracts::{Checker, Report};
use local_aws::workspace_root;
use schemars::Schema;
use serde_json::Value;

use super::diagram::with_inner;
use crate::Workflow;

/// A workflow's state machine with everything that its check needs. Each part can be changed. There are thousands of
/// mutants of it, so clones share what they have in common.
#[derive(Clone)]
pub struct Contract {
    /// The definition of the state machine.
    pub definition: Value,
    /// The contracts of the template's steps, by the step's name.
    pub steps: BTreeMap<String, Arc<TaskContract>>,
    execution: &'static Execution,
    template: Arc<Template>,
}

impl Contract {
    /// Creates the contract of a workflow from its definition, its types and its template.
    pub fn from_workflow(workflow: &Workflow) -> Contract {
        let name = workflow.name;
        let file = format!("statemachines/{name}.asl.json");
        let text = std::fs::read_to_string(workspace_root().join(&file)).unwrap();
        let template = format!("infra/{}.yaml", workflow.template);
        let whole = local_aws::template::load(&workspace_root().join(&template)).unwrap();
        let template = Template::parse(&template, &whole, &file).unwrap();
        let handlers: BTreeSet<String> =
            template.functions().filter_map(|function| function.handler).collect();
        let steps = tablekeeper_functions::steps();
        let steps = steps.iter().filter(|step| handlers.contains(step.name)).map(|step| {
            let errors = step.errors.iter().map(|name| name.as_str().to_owned()).collect();
            let (input, output) = ((step.input_schema)().to_value(), (step.output_schema)().to_value());
            let contract = TaskContract { name: step.name.to_owned(), input, output, errors };
            (step.name.to_owned(), Arc::new(contract))
        });
        Contract {
            definition: serde_json::from_str(&text).unwrap(),
            steps: steps.collect(),
            execution: &EXECUTIONS[name],
            template: Arc::new(template),
        }
    }

    /// Returns the steps that the definition invokes.
    pub fn invoked(&self) -> BTreeSet<String> {
        let function = |(_, state): (&String, &Value)| {
            self.template.function(state.pointer("/Arguments/FunctionName")?.as_str()?)?.handler
        };
        with_inner(&self.definition).into_iter().filter_map(function).collect()
    }

    /// Returns the report of the contract check.
    pub fn check(&self) -> Report {
        self.check_with(&Checker::new(Options::strict()))
    }

    /// Returns the report of a checker that knows a contract which differs from this one in few places.
    pub fn check_with(&self, checker: &Checker) -> Report {
        let Execution { input, output } = self.execution;
        checker.check(&self.document(), self, Some(input), Some(output), Some(&self.template))
    }

    /// Returns a checker that knows this contract.
    pub fn checker(&self) -> Checker {
        let Execution { input, output } = self.execution;
        let mut checker = Checker::new(Options::strict());
        checker.check_and_keep(&self.document(), self, Some(input), Some(output), Some(&self.template));
        checker
    }

    fn document(&self) -> Document {
        Document::parse("definition", self.definition.to_string()).unwrap()
    }
}

impl Contracts for Contract {
    fn task(&self, _resource: &str, function: Option<&str>) -> Option<Arc<TaskContract>> {
        let function = function?;
        if function == "${CheckFunctionArn}" {
            return Some(CHECK_FUNCTION.clone());
        }
        let handler = self.template.function(function)?.handler?;
        self.steps.get(&handler).cloned()
    }

    fn machine_input(&self, state_machine: &str) -> Option<Value> {
        Some(EXECUTIONS[nested(state_machine)?.as_str()].input.clone())
    }

    fn machine_output(&self, state_machine: &str) -> Option<Value> {
        Some(EXECUTIONS[nested(state_machine)?.as_str()].output.clone())
    }

    fn placeholder(&self, name: &str) -> Option<Value> {
        self.template.placeholder(name)
    }

    fn handler(&self, handler: &str) -> bool {
        self.steps.contains_key(handler)
    }
}

/// The contract of a user's function that checks a table. It may return anything: the next step reads the answer with
/// distrust.
static CHECK_FUNCTION: LazyLock<Arc<TaskContract>> = LazyLock::new(|| {
    let schemas: BTreeMap<_, _> = tablekeeper_functions::documents().into_iter().collect();
    let input = schemas["verify-table/check.input"].clone().to_value();
    let output = Value::Bool(true);
    Arc::new(TaskContract { name: "verify-table.check".to_owned(), input, output, errors: Vec::new() })
});

/// The schemas of an execution's input and output.
struct Execution {
    input: Value,
    output: Value,
}

/// The schemas of each workflow's executions. Every check of every mutant needs them, so they are made once.
static EXECUTIONS: LazyLock<BTreeMap<&str, Execution>> = LazyLock::new(|| {
    let inputs = tablekeeper_functions::execution_inputs();
    let mut outputs: BTreeMap<_, _> = tablekeeper_functions::execution_outputs().into_iter().collect();
    let execution = |(workflow, input): (&'static str, Schema)| {
        let (input, output) = (input.to_value(), outputs.remove(workflow).unwrap().to_value());
        (workflow, Execution { input, output })
    };
    inputs.into_iter().map(execution).collect()
});

/// Returns the workflow whose state machine a placeholder such as `${SyncSettingsStateMachineArn}` stands for.
fn nested(placeholder: &str) -> Option<String> {
    let name = placeholder.strip_prefix("${")?.strip_suffix("StateMachineArn}")?;
    let kebab = name.char_indices().flat_map(|(at, letter)| {
        let dash = (at > 0 && letter.is_uppercase()).then_some('-');
        dash.into_iter().chain(letter.to_lowercase())
    });
    Some(kebab.collect())
}
