//! Checks `Retry` and `Catch` as lists of rules: their form, their order, and rules that never apply.
//!
//! The first rule that matches an error decides. So a name that an earlier rule matches has no effect, and neither has
//! any rule after `States.ALL`.

use serde_json::{Map, Value};

use super::error_names::{ALL, RUNTIME, matches};
use super::fields::{unknown_in, whole_number};
use super::{is_expression, items, strings};
use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{Language, State, join};

const OF_RETRIER: [&str; 7] = [
    "BackoffRate",
    "Comment",
    "ErrorEquals",
    "IntervalSeconds",
    "JitterStrategy",
    "MaxAttempts",
    "MaxDelaySeconds",
];
const OF_CATCHER: [&str; 5] = ["Assign", "Comment", "ErrorEquals", "Next", "Output"];
const OF_JSONPATH_CATCHER: [&str; 5] = ["Assign", "Comment", "ErrorEquals", "Next", "ResultPath"];

/// Checks both lists of a state.
pub(crate) fn check(state: &State<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for field in ["Retry", "Catch"] {
        let pointer = state.at(field);
        if let Some(other) = state.field(field).filter(|list| !list.is_array()) {
            let message = format!("{field} is {other}, not a list of rules");
            found.push(Diagnostic::new(Code::SchemaValidationFailed, pointer.clone(), message));
        }
        let rules = items(state.field(field), &pointer);
        for (pointer, rule) in &rules {
            found.extend(form(field, pointer, rule, state.language()));
        }
        found.extend(order(field, &rules));
    }
    found.extend(retriers_without_effect(state));
    found
}

fn form(field: &str, pointer: &str, rule: &Value, language: Language) -> Vec<Diagnostic> {
    let invalid =
        |pointer: String, message: String| Diagnostic::new(Code::SchemaValidationFailed, pointer, message);
    let what = if field == "Retry" { "a retrier" } else { "a catcher" };
    let Some(rule) = rule.as_object() else {
        return vec![invalid(pointer.to_owned(), format!("{what} is an object with ErrorEquals"))];
    };
    let known: &[&str] = match (field, language) {
        ("Retry", _) => &OF_RETRIER,
        (_, Language::Jsonata) => &OF_CATCHER,
        (_, Language::JsonPath) => &OF_JSONPATH_CATCHER,
    };
    let mut found = unknown_in(language, rule, pointer, known, what);
    let names = rule.get("ErrorEquals").and_then(Value::as_array);
    if names.is_none_or(|names| names.is_empty() || !names.iter().all(Value::is_string)) {
        let message = format!("{what} needs ErrorEquals, a list of at least one name");
        found.push(invalid(join(pointer, "ErrorEquals"), message));
    }
    if field == "Catch" {
        if !rule.get("Next").is_some_and(Value::is_string) {
            found.push(invalid(join(pointer, "Next"), format!("{what} needs Next, a state's name")));
        }
    } else {
        found.extend(numbers(rule, pointer));
    }
    found
}

fn numbers(rule: &Map<String, Value>, pointer: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut invalid = |field: &str, value: &Value, expected: &str| {
        let message = format!("{field} is {value}");
        let refused = Diagnostic::new(Code::SchemaValidationFailed, join(pointer, field), message);
        found.push(refused.expected(expected));
    };
    if let Some(rate) = rule.get("BackoffRate").filter(|rate| !rate.as_f64().is_some_and(|rate| rate >= 1.0))
    {
        invalid("BackoffRate", rate, "a number from 1.0");
    }
    if let Some(jitter) =
        rule.get("JitterStrategy").filter(|jitter| !matches!(jitter.as_str(), Some("FULL" | "NONE")))
    {
        invalid("JitterStrategy", jitter, "\"FULL\" or \"NONE\"");
    }
    let interval = rule.get("IntervalSeconds").and_then(Value::as_i64).unwrap_or(1);
    let is_too_short = |delay: &&Value| delay.as_i64().is_some_and(|seconds| seconds <= interval);
    if let Some(delay) = rule.get("MaxDelaySeconds").filter(is_too_short) {
        invalid("MaxDelaySeconds", delay, &format!("more than IntervalSeconds, which is {interval}"));
    }
    found.extend(whole_number(rule, pointer, "IntervalSeconds", 1, 99_999_999));
    found.extend(whole_number(rule, pointer, "MaxAttempts", 0, 99_999_999));
    found.extend(whole_number(rule, pointer, "MaxDelaySeconds", 1, 31_622_400));
    // Step Functions reads these with the definition. Only the fields of the state itself may be expressions.
    for field in ["IntervalSeconds", "MaxAttempts", "MaxDelaySeconds"] {
        if let Some(value) = rule.get(field).filter(|value| is_expression(value)) {
            let message = format!("{field} of a retrier cannot be an expression");
            let refused = Diagnostic::new(Code::SchemaValidationFailed, join(pointer, field), message);
            found.push(refused.produced(value.to_string()));
        }
    }
    found
}

/// Checks that `States.ALL` is alone and last, and that no name follows a rule that matches it already.
fn order(field: &str, rules: &[(String, &Value)]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut earlier: Vec<(String, &str)> = Vec::new();
    for (index, (pointer, rule)) in rules.iter().enumerate() {
        let names = strings(rule.get("ErrorEquals"), &join(pointer, "ErrorEquals"));
        if let Some((place, _)) = names.iter().find(|(_, name)| *name == ALL) {
            if names.len() > 1 {
                let message = format!("{ALL} shares its ErrorEquals with other names");
                found.push(
                    Diagnostic::new(Code::StatesAllNotAlone, place.clone(), message)
                        .help("give it its own rule, after the others"),
                );
            }
            if index + 1 < rules.len() {
                let message = format!("the rule for {ALL} is not the last of its {field}");
                found.push(
                    Diagnostic::new(Code::StatesAllNotLast, place.clone(), message)
                        .produced("the rules after it never apply")
                        .help("move it to the end"),
                );
            }
        }
        for (place, name) in names {
            // Rules after States.ALL are reported once, at States.ALL.
            let taken = earlier.iter().find(|(_, other)| *other != ALL && matches(other, name));
            if let Some((first, by)) = taken {
                let message = format!("{name} never reaches this rule of {field}");
                found.push(
                    Diagnostic::new(Code::RuleNeverApplies, place.clone(), message)
                        .produced(format!("{by} at {first} matches it first"))
                        .help("delete it here, or move this rule forward"),
                );
            }
            if name == RUNTIME {
                let message = format!("an execution that fails with {RUNTIME} always ends");
                found.push(
                    Diagnostic::new(Code::RuleNeverApplies, place.clone(), message)
                        .produced("it is never retried and never caught")
                        .help("delete the name"),
                );
            }
            earlier.push((place, name));
        }
    }
    found
}

/// Reports retriers without effect. One with `MaxAttempts` 0 only exempts its names from a later, wider retrier.
fn retriers_without_effect(state: &State<'_>) -> Vec<Diagnostic> {
    let rules = items(state.field("Retry"), &state.at("Retry"));
    let names = |rule: &Value| -> Vec<String> {
        strings(rule.get("ErrorEquals"), "").into_iter().map(|(_, name)| name.to_owned()).collect()
    };
    let mut found = Vec::new();
    for (index, (pointer, rule)) in rules.iter().enumerate() {
        if rule.get("MaxAttempts").and_then(Value::as_i64) != Some(0) {
            continue;
        }
        let later: Vec<String> = rules.iter().skip(index + 1).flat_map(|(_, rule)| names(rule)).collect();
        let exempts = names(rule).iter().any(|name| later.iter().any(|wider| matches(wider, name)));
        if !exempts {
            let message = "a retrier with MaxAttempts 0 retries nothing";
            found.push(
                Diagnostic::new(Code::RuleNeverApplies, join(pointer, "MaxAttempts"), message)
                    .help("delete the retrier, or let it try at least once"),
            );
        }
    }
    found
}
