//! Compares the error names that rules match with those that tasks declare.
//!
//! A rule of the state, or of one around it, has to name each declared error. `States.ALL` would match it as well, but
//! by accident: whoever adds an error to a step, or removes a name from a list, has to decide what happens then. That
//! is the purpose of declaring errors, so the check is strict.
//!
//! A task without a contract may fail with any error, so nothing is reported about its names.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::error_names::{
    OF_LAMBDA, OF_NESTED_EXECUTIONS, OF_RUNTIMES, OF_STEP_FUNCTIONS, OUTCOME_UNKNOWN, TRANSIENT,
    is_http_status, matches,
};
use super::fields::did_you_mean;
use super::{closest, is_expression, items, slip, strings};
use crate::contract::{Contracts, TaskContract};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::machine::{Kind, Machine, State, join};

/// Checks the names of a machine and all nested ones.
pub(crate) fn check(machine: &Machine<'_>, contracts: &dyn Contracts) -> Vec<Diagnostic> {
    below(machine, contracts, &BTreeSet::new())
}

fn below(machine: &Machine<'_>, contracts: &dyn Contracts, outer: &BTreeSet<String>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for state in machine.states() {
        let named: BTreeSet<String> =
            rules(&state).into_iter().map(|(_, name)| name.to_owned()).chain(outer.iter().cloned()).collect();
        found.extend(undeclared(&state, contracts));
        if let Some(contract) = contract(&state, contracts) {
            found.extend(unhandled(&state, &contract, &named));
        }
        if is_lambda(&state) {
            found.extend(transient(&state));
        }
        for nested in state.nested() {
            found.extend(below(&nested, contracts, &named));
        }
    }
    found
}

/// Returns the contract of a task.
fn contract(state: &State<'_>, contracts: &dyn Contracts) -> Option<Arc<TaskContract>> {
    if state.kind() != Some(Kind::Task) {
        return None;
    }
    let resource = state.field("Resource")?.as_str()?;
    let named = state.arguments().and_then(|arguments| arguments.get("FunctionName")?.as_str());
    contracts.task(resource, named.or(is_function_arn(resource).then_some(resource)))
}

/// Returns whether a task invokes a Lambda function.
pub(crate) fn is_lambda(state: &State<'_>) -> bool {
    let resource = state.field("Resource").and_then(Value::as_str).unwrap_or_default();
    state.kind() == Some(Kind::Task)
        && (resource.contains(":states:::lambda:invoke") || is_function_arn(resource))
}

/// Returns whether a task calls an HTTP endpoint.
fn calls_http(state: &State<'_>) -> bool {
    let resource = state.field("Resource").and_then(Value::as_str).unwrap_or_default();
    state.kind() == Some(Kind::Task) && (resource.contains(":http:invoke") || resource.starts_with("${"))
}

fn is_nothing(state: &State<'_>) -> bool {
    let resource = state.field("Resource").and_then(Value::as_str).unwrap_or_default();
    state.kind() == Some(Kind::Task) && !resource.starts_with("arn:") && !resource.starts_with("${")
}

fn is_function_arn(resource: &str) -> bool {
    resource.contains(":function:") || (resource.starts_with("${") && resource.ends_with('}'))
}

/// Returns every name in `Retry` and `Catch` with its pointer.
fn rules<'a>(state: &State<'a>) -> Vec<(String, &'a str)> {
    let lists = ["Retry", "Catch"].into_iter();
    let rules = lists.flat_map(|field| items(state.field(field), &state.at(field)));
    rules
        .flat_map(|(pointer, rule)| strings(rule.get("ErrorEquals"), &join(&pointer, "ErrorEquals")))
        .collect()
}

/// Returns the errors that a state can fail with, in addition to those of the engine. `None` if they are unknown.
fn failures(state: &State<'_>, contracts: &dyn Contracts) -> Option<BTreeSet<String>> {
    match state.kind()? {
        Kind::Task => Some(contract(state, contracts)?.errors.iter().cloned().collect()),
        Kind::Fail => match state.field("Error") {
            _ if state.field("ErrorPath").is_some() => None,
            Some(error) if is_expression(error) => None,
            Some(error) => Some(error.as_str().map(str::to_owned).into_iter().collect()),
            None => Some(BTreeSet::new()),
        },
        Kind::Map | Kind::Parallel => {
            let mut names = BTreeSet::new();
            for inner in state.nested().iter().flat_map(Machine::states) {
                names.extend(failures(&inner, contracts)?);
            }
            Some(names)
        }
        _ => Some(BTreeSet::new()),
    }
}

/// Reports names that are matched although nothing fails with them.
fn undeclared(state: &State<'_>, contracts: &dyn Contracts) -> Vec<Diagnostic> {
    let declared = failures(state, contracts);
    let tasks = with_nested(state);
    // An invalid Resource may have been meant as a function. Another check reports it.
    let lambda = tasks.iter().any(|task| is_lambda(task) || is_nothing(task));
    let other = tasks.iter().any(|task| !is_lambda(task) && task.kind() == Some(Kind::Task));
    // The exceptions of Lambda's other actions have the same prefix.
    let calls_sdk = tasks.iter().any(|task| {
        task.field("Resource")
            .and_then(Value::as_str)
            .is_some_and(|resource| resource.contains(":aws-sdk:lambda:"))
    });
    let failing: Vec<&str> = tasks
        .iter()
        .filter(|task| task.kind() == Some(Kind::Fail))
        .filter_map(|task| task.field("Error")?.as_str())
        .collect();
    let http = tasks.iter().any(calls_http);
    let mut found = Vec::new();
    for (pointer, name) in rules(state) {
        let (prefix, dotted) = name.split_once('.').map_or(("", false), |(prefix, _)| (prefix, true));
        let possible = match prefix {
            "States" => OF_STEP_FUNCTIONS.contains(&name) || (http && is_http_status(name)),
            "Lambda" if calls_sdk => true,
            "Lambda" | "Sandbox" | "Function" => lambda && OF_LAMBDA.contains(&name),
            // Each runtime has its own names for what prevents a function from running at all.
            "Runtime" | "Extension" => lambda,
            // Exceptions of another service, such as StepFunctions.ExecutionAlreadyExistsException.
            _ => dotted && other,
        };
        let slip = slip(name, &OF_RUNTIMES).or_else(|| slip(name, &OF_NESTED_EXECUTIONS));
        let by_the_task = declared.as_ref().is_none_or(|names| names.contains(name)) && !is_engines(prefix);
        if failing.contains(&name) || slip.is_none() && (possible || by_the_task) {
            continue;
        }
        let message = match contract(state, contracts) {
            Some(contract) => format!("{} never fails with {name}", contract.name),
            None => format!("nothing in this state fails with {name}"),
        };
        let declared: Vec<&str> = declared.iter().flatten().map(String::as_str).collect();
        let known = OF_STEP_FUNCTIONS.iter().chain(&OF_LAMBDA).copied().chain(declared.iter().copied());
        let meant = slip.or_else(|| closest(name, known));
        let refused = Diagnostic::new(Code::UndeclaredError, pointer, message);
        let refused = match declared.is_empty() {
            true => refused,
            false => refused.expected(format!("one of {}", declared.join(", "))),
        };
        found.push(did_you_mean(refused, meant));
    }
    found
}

/// Returns whether names with this prefix are known without a task declaring them.
fn is_engines(prefix: &str) -> bool {
    matches!(prefix, "States" | "Lambda" | "Sandbox" | "Function")
}

/// Returns the state and every state in its nested machines.
fn with_nested<'a>(state: &State<'a>) -> Vec<State<'a>> {
    let machines: Vec<Machine<'a>> = state.nested().iter().flat_map(Machine::with_nested).collect();
    std::iter::once(state.clone()).chain(machines.iter().flat_map(Machine::states)).collect()
}

/// Reports errors that no rule names: the declared ones, and those of any Lambda function.
fn unhandled(state: &State<'_>, contract: &TaskContract, named: &BTreeSet<String>) -> Vec<Diagnostic> {
    let unknown_outcome = OUTCOME_UNKNOWN.into_iter().filter(|_| is_lambda(state));
    let names = contract.errors.iter().map(String::as_str).chain(unknown_outcome);
    let found = names.filter(|name| !named.contains(*name)).map(|name| {
        let message = format!("no rule of \"{}\" names {name}", state.name);
        let refused = Diagnostic::new(Code::UnhandledError, state.pointer.clone(), message);
        // Something decides about it after all, if only by accident, or nobody declared it.
        let by_accident = named.iter().any(|matcher| matches(matcher, name));
        let severity = match OUTCOME_UNKNOWN.contains(&name) || by_accident {
            true => Severity::Note,
            false => Severity::Warning,
        };
        let refused = refused.severity(severity);
        let refused = if OUTCOME_UNKNOWN.contains(&name) {
            refused.produced(format!(
                "every Lambda function can fail with {name}, whether or not it did its work"
            ))
        } else {
            refused.produced(format!("{} declares it", contract.name))
        };
        refused.expected("a Retry or a Catch that names it in ErrorEquals. States.ALL does not count")
    });
    found.collect()
}

/// Checks that a Lambda task retries the transient errors of Lambda.
fn transient(state: &State<'_>) -> Vec<Diagnostic> {
    let retriers = items(state.field("Retry"), &state.at("Retry"));
    let retries = |(_, rule): &&(String, &Value)| rule.get("MaxAttempts").and_then(Value::as_i64) != Some(0);
    let retried: BTreeSet<&str> = retriers
        .iter()
        .filter(retries)
        .flat_map(|(_, rule)| strings(rule.get("ErrorEquals"), ""))
        .map(|(_, name)| name)
        .collect();
    let covers = |name: &str| retried.iter().any(|matcher| super::error_names::matches(matcher, name));
    let missing: Vec<&str> = TRANSIENT.into_iter().filter(|name| !covers(name)).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let message = format!("\"{}\" does not retry {}", state.name, missing.join(", "));
    let refused = Diagnostic::new(Code::TransientErrorsNotRetried, state.at("Retry"), message);
    vec![refused.help(format!("add a retrier for {}: Lambda usually recovers from them", missing.join(", ")))]
}
