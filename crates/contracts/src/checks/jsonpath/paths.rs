//! Checks the fields of a JSONPath state that hold a path.

use serde_json::{Map, Value};

use super::{at, invalid, not_a_path, not_a_query, path};
use crate::checks::{closest, items};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::jsonpath::{Path, Query, Root, Step, has_placeholder};
use crate::machine::{Kind, State};

/// What a field may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Allows {
    /// A path.
    Path,
    /// A path, or null.
    PathOrNull,
    /// A path that leads to one value.
    OneValue,
    /// A place in the state's own data, or null.
    Place,
    /// A path or a call.
    PathOrCall,
}

const FIELDS: [(&str, Allows); 14] = [
    ("InputPath", Allows::PathOrNull),
    ("OutputPath", Allows::PathOrNull),
    ("ResultPath", Allows::Place),
    ("ItemsPath", Allows::Path),
    ("SecondsPath", Allows::OneValue),
    ("TimestampPath", Allows::OneValue),
    ("TimeoutSecondsPath", Allows::OneValue),
    ("HeartbeatSecondsPath", Allows::OneValue),
    ("MaxConcurrencyPath", Allows::OneValue),
    ("ToleratedFailureCountPath", Allows::OneValue),
    ("ToleratedFailurePercentagePath", Allows::OneValue),
    ("ErrorPath", Allows::PathOrCall),
    ("CausePath", Allows::PathOrCall),
    ("MaxItemsPath", Allows::OneValue),
];

/// Checks the paths of a state, of its catchers and of what a Map reads and batches.
pub(super) fn check(state: &State<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (field, allows) in FIELDS {
        found.extend(in_field(state.value, &state.pointer, field, allows, state));
    }
    for (pointer, catcher) in items(state.field("Catch"), &state.at("Catch")) {
        if let Some(catcher) = catcher.as_object() {
            found.extend(in_field(catcher, &pointer, "ResultPath", Allows::Place, state));
        }
    }
    if state.kind() == Some(Kind::Map) {
        let object = |value: Option<&'_ Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
        let reader = object(state.field("ItemReader").and_then(|reader| reader.get("ReaderConfig")));
        let pointer = at(&state.at("ItemReader"), "ReaderConfig");
        found.extend(in_field(&reader, &pointer, "MaxItemsPath", Allows::OneValue, state));
        let batcher = object(state.field("ItemBatcher"));
        for field in ["MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"] {
            found.extend(in_field(&batcher, &state.at("ItemBatcher"), field, Allows::OneValue, state));
        }
    }
    found
}

fn in_field(
    holder: &Map<String, Value>,
    pointer: &str,
    field: &str,
    allows: Allows,
    state: &State<'_>,
) -> Vec<Diagnostic> {
    let Some(value) = holder.get(field) else { return Vec::new() };
    let pointer = at(pointer, field);
    let text = match value {
        Value::Null if matches!(allows, Allows::PathOrNull | Allows::Place) => return Vec::new(),
        Value::String(text) => text,
        other => return vec![invalid(pointer, format!("{field} is {other}, not a path"))],
    };
    if has_placeholder(text) {
        return Vec::new();
    }
    if allows == Allows::PathOrCall && !text.trim_start().starts_with('$') {
        return match Query::parse(text) {
            Ok(query) => super::context(&query, &pointer, state),
            Err(reason) => vec![not_a_query(pointer, text, &reason)],
        };
    }
    match path(holder, field) {
        None => Vec::new(),
        Some(Err(reason)) => vec![not_a_path(pointer, text, &reason)],
        Some(Ok(path)) => {
            let refused = of_reference(&path, &pointer, field, allows);
            refused.or_else(|| context(&path, &pointer, state)).into_iter().collect()
        }
    }
}

/// Checks that a path leads to one value where only that makes sense.
fn of_reference(path: &Path, pointer: &str, field: &str, allows: Allows) -> Option<Diagnostic> {
    let refused = |message: String| Diagnostic::new(Code::InvalidJsonpath, pointer, message);
    if allows == Allows::Place && path.root != Root::Data {
        let message = format!("{field} leads out of the data of the state");
        return Some(refused(message).expected("`$`, or a path that starts with `$.`"));
    }
    let several = path.not_of_a_reference()?;
    let message = format!("{field} must lead to one value, and `{several}` does not");
    match allows {
        Allows::Place => Some(refused(message).expected("names and numbers only: a reference path")),
        Allows::OneValue => Some(refused(message).severity(Severity::Warning)),
        _ => None,
    }
}

/// The fields of the context object, by their object.
const CONTEXT: [(&str, &[&str]); 5] = [
    ("Execution", &["Id", "Input", "Name", "RedriveCount", "RedriveTime", "RoleArn", "StartTime"]),
    ("Map", &["Item"]),
    ("State", &["EnteredTime", "Name", "RetryCount"]),
    ("StateMachine", &["Id", "Name"]),
    ("Task", &["Token"]),
];

/// Reports a path to what the context object does not have.
pub(super) fn context(path: &Path, pointer: &str, state: &State<'_>) -> Option<Diagnostic> {
    if path.root != Root::Context {
        return None;
    }
    let mut fields = path.fields();
    let first = fields.next()?;
    let unknown = |known: &mut dyn Iterator<Item = &'static str>, name: &str, place: &str| {
        let message = format!("the context object has no {place}{name}");
        let finding = Diagnostic::new(Code::UnknownField, pointer, message);
        match closest(name, known) {
            Some(meant) => finding.help(format!("did you mean {place}{meant}?")),
            None => finding,
        }
    };
    let Some((_, members)) = CONTEXT.iter().find(|(name, _)| *name == first) else {
        return Some(unknown(&mut CONTEXT.iter().map(|(name, _)| *name), first, ""));
    };
    if let Some(second) = fields.next()
        && matches!(path.steps.get(1), Some(Step::Field(_)))
        && !members.contains(&second)
    {
        return Some(unknown(&mut members.iter().copied(), second, &format!("{first}.")));
    }
    let resource = state.field("Resource").and_then(Value::as_str).unwrap_or_default();
    let has_token = resource.contains(".waitForTaskToken") || has_placeholder(resource);
    if first == "Task" && !has_token {
        let message = "the context object has a task token only in a task that waits for one";
        let finding = Diagnostic::new(Code::UnknownField, pointer, message);
        return Some(finding.help("end the Resource with .waitForTaskToken").severity(Severity::Warning));
    }
    None
}
