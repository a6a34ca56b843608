//! The checks that need no types, one module per topic.
//!
//! Each checks one machine or one state, independently of the findings of the others. They share no state.

pub(crate) mod assign;
pub(crate) mod deployment;
pub(crate) mod dialect;
pub(crate) mod error_names;
pub(crate) mod errors;
pub(crate) mod fields;
pub(crate) mod jsonpath;
pub(crate) mod language;
pub(crate) mod map;
pub(crate) mod rules;
pub(crate) mod samples;
pub(crate) mod structure;
pub(crate) mod text;
pub(crate) mod time;

use serde_json::Value;

use crate::machine::join;

pub(crate) use crate::suggestion::closest;
use crate::suggestion::distance;

/// Returns the items of a list with their pointers. Returns nothing for any other value.
pub(crate) fn items<'a>(list: Option<&'a Value>, pointer: &str) -> Vec<(String, &'a Value)> {
    let items = list.and_then(Value::as_array).into_iter().flatten().enumerate();
    items.map(|(index, item)| (format!("{pointer}/{index}"), item)).collect()
}

/// Returns the strings of a list with their pointers. Leaves out other items.
pub(crate) fn strings<'a>(list: Option<&'a Value>, pointer: &str) -> Vec<(String, &'a str)> {
    let items = items(list, pointer);
    items.into_iter().filter_map(|(pointer, item)| Some((pointer, item.as_str()?))).collect()
}

/// Returns whether a value is an expression, `{% … %}`.
pub(crate) fn is_expression(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("{%") && text.ends_with("%}"))
}

/// Returns whether a value is a time with a zone, or a text that a placeholder makes unknown.
pub(crate) fn is_time(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    let schema = serde_json::json!({ "type": "string", "format": "date-time" });
    let validator = jsonschema::options().should_validate_formats(true).build(&schema);
    text.contains("${") || validator.is_ok_and(|validator| validator.is_valid(value))
}

/// Returns every string in a value, at any depth, with its pointer. Names of members are left out.
pub(crate) fn texts<'a>(value: &'a Value, pointer: &str) -> Vec<(String, &'a str)> {
    match value {
        Value::String(text) => vec![(pointer.to_owned(), text.as_str())],
        Value::Array(_) => {
            let items = items(Some(value), pointer);
            items.iter().flat_map(|(pointer, item)| texts(item, pointer)).collect()
        }
        Value::Object(members) => {
            let below = |(name, member): (&String, &'a Value)| texts(member, &join(pointer, name));
            members.iter().flat_map(below).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the known name that a name is a typo of: one or two letters differ.
pub(crate) fn slip<'a>(wrong: &str, names: &[&'a str]) -> Option<&'a str> {
    let meant = names.iter().copied().find(|name| distance(wrong, name) <= 2);
    meant.filter(|_| !names.contains(&wrong))
}
