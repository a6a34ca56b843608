//! What a definition does not say itself: the schemas behind the names that it uses.
//!
//! Schemas may live in files, in a registry or in code, and a function may be named by its ARN, by a
//! placeholder or by its name. So whoever calls the check brings a [`Contracts`].

use std::sync::Arc;

use serde_json::Value;

/// What a task promises: what it takes, what it answers and how it fails.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TaskContract {
    /// What diagnostics call it, such as `rotate-restore.check-restore`.
    pub name: String,
    /// The JSON Schema (2020-12) of what it takes; of a Lambda function the payload, not the call.
    pub input: Value,
    /// The JSON Schema (2020-12) of what it answers.
    pub output: Value,
    /// The names that it declares to fail by.
    pub errors: Vec<String>,
}

/// Finds the schemas behind the names in a definition. Implement it for wherever yours are.
pub trait Contracts {
    /// The contract of a task, if there is one. `function` is what stands in `Arguments.FunctionName`,
    /// such as `${CheckRestoreFunctionArn}`, or the `Resource` itself when that is a function's ARN.
    fn task(&self, resource: &str, function: Option<&str>) -> Option<Arc<TaskContract>>;

    /// The JSON Schema of the input of the state machine that a task starts, if there is one.
    fn machine_input(&self, state_machine: &str) -> Option<Value>;

    /// The JSON Schema of what that state machine ends with; `None` stands for anything.
    fn machine_output(&self, state_machine: &str) -> Option<Value> {
        let _anything = state_machine;
        None
    }

    /// The JSON Schema of the text that takes the place of `${name}`. `None` stands for any.
    fn placeholder(&self, name: &str) -> Option<Value> {
        let _any_string = name;
        None
    }

    /// Whether a function's `Handler` is one that exists. Say so if you know all of them; else any does.
    fn handler(&self, handler: &str) -> bool {
        let _any = handler;
        true
    }
}
