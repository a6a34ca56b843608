//! What a definition does not contain: the schemas behind the names that it uses.
//!
//! Schemas may be in files, in a registry or in code. A definition may name a function by its ARN, by a placeholder or
//! by its name. So the caller of the check provides a [`Contracts`].

use std::sync::Arc;

use serde_json::Value;

/// The contract of a task: its input, its output and its errors.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TaskContract {
    /// Name in diagnostics, such as `rotate-restore.check-restore`.
    pub name: String,
    /// JSON Schema (2020-12) of the input. For a Lambda function this is the payload, not the call.
    pub input: Value,
    /// JSON Schema (2020-12) of the output.
    pub output: Value,
    /// Names of the errors that the task declares.
    pub errors: Vec<String>,
}

/// Finds the schemas behind the names in a definition. Implement it for the place that has your schemas.
pub trait Contracts {
    /// Returns the contract of a task, if there is one. `function` is the value of `Arguments.FunctionName`, such as
    /// `${CheckRestoreFunctionArn}`, or the `Resource` if that is the ARN of a function.
    fn task(&self, resource: &str, function: Option<&str>) -> Option<Arc<TaskContract>>;

    /// Returns the JSON Schema of the input of the state machine that a task starts, if there is one.
    fn machine_input(&self, state_machine: &str) -> Option<Value>;

    /// Returns the JSON Schema of the output of the state machine that a task starts. `None` means any value.
    fn machine_output(&self, state_machine: &str) -> Option<Value> {
        let _anything = state_machine;
        None
    }

    /// Returns the JSON Schema of the text that replaces `${name}`. `None` means any text.
    fn placeholder(&self, name: &str) -> Option<Value> {
        let _any_string = name;
        None
    }

    /// Returns whether a function's `Handler` exists. Implement it if you know all handlers. By default all exist.
    fn handler(&self, handler: &str) -> bool {
        let _any = handler;
        true
    }
}
