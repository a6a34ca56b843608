//! Checks payload templates: JSON in which a field whose name ends with `.$` is evaluated, and nothing else is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{at, context, invalid, not_a_query, path};
use crate::checks::items;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::jsonpath::{Query, Root, has_placeholder, looks_like_query};
use crate::machine::{Kind, State, join};

/// The fields of a state that hold a template.
const OF_STATE: [&str; 5] = ["Parameters", "ResultSelector", "ItemSelector", "Credentials", "Assign"];

/// Returns the templates of a state, each with its pointer.
fn templates<'a>(state: &State<'a>) -> Vec<(String, &'a Value)> {
    let mut found: Vec<(String, &Value)> =
        OF_STATE.iter().filter_map(|field| Some((state.at(field), state.field(field)?))).collect();
    if state.kind() == Some(Kind::Map) {
        for (holder, field) in
            [("ItemReader", "Parameters"), ("ResultWriter", "Parameters"), ("ItemBatcher", "BatchInput")]
        {
            let template = state.field(holder).and_then(|holder| holder.get(field));
            found.extend(template.map(|template| (at(&state.at(holder), field), template)));
        }
    }
    for field in ["Catch", "Choices"] {
        for (pointer, rule) in items(state.field(field), &state.at(field)) {
            found.extend(rule.get("Assign").map(|assign| (at(&pointer, "Assign"), assign)));
        }
    }
    found
}

/// Checks the templates of a state.
pub(super) fn check(state: &State<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (pointer, template) in templates(state) {
        below(template, &pointer, state, &mut found);
    }
    for (holder, field) in [("ItemReader", "Arguments"), ("ResultWriter", "Arguments")] {
        if state.field(holder).is_some_and(|holder| holder.get(field).is_some()) {
            let message = format!("{holder} has no field {field}");
            let refused = invalid(at(&state.at(holder), field), message);
            found.push(refused.help("Arguments belongs to JSONata. In JSONPath use Parameters"));
        }
    }
    found
}

fn below(value: &Value, pointer: &str, state: &State<'_>, found: &mut Vec<Diagnostic>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let pointer = join(pointer, name);
                if let Some(result) = name.strip_suffix(".$") {
                    if members.contains_key(result) {
                        let message = format!("{name} becomes {result}, which the object has already");
                        let finding = Diagnostic::new(Code::DuplicateKey, &pointer, message).at_key();
                        found.push(finding.help("keep one of them").severity(Severity::Warning));
                    }
                    found.extend(evaluated(name, member, &pointer, state));
                } else {
                    below(member, &pointer, state, found);
                }
            }
        }
        Value::Array(_) => {
            for (pointer, item) in items(Some(value), pointer) {
                below(item, &pointer, state, found);
            }
        }
        Value::String(text) => found.extend(not_evaluated(text, pointer)),
        _ => {}
    }
}

/// Checks the value of a field whose name ends with `.$`.
fn evaluated(name: &str, value: &Value, pointer: &str, state: &State<'_>) -> Vec<Diagnostic> {
    let Some(text) = value.as_str() else {
        let message = format!("{name} is {value}, but the value of a name with `.$` is a path or a call");
        return vec![invalid(pointer.to_owned(), message).help("remove `.$` from the name")];
    };
    if has_placeholder(text) {
        return Vec::new();
    }
    match Query::parse(text) {
        Ok(query) => context(&query, pointer, state),
        Err(reason) => vec![not_a_query(pointer.to_owned(), text, &reason)],
    }
}

/// Reports a text that looks as if it were evaluated.
fn not_evaluated(text: &str, pointer: &str) -> Option<Diagnostic> {
    let help = if looks_like_query(text) {
        "add `.$` to the name if it should be evaluated"
    } else if text.starts_with("{%") && text.ends_with("%}") {
        "JSONPath states evaluate no expressions. Set QueryLanguage of the state, or write a path"
    } else {
        return None;
    };
    let message = "this text is passed on as written, though it looks like a path or an expression";
    Some(Diagnostic::new(Code::SuspiciousText, pointer, message).produced(text).help(help))
}

/// Returns the variables that a state reads, with the pointers of the reads.
pub(crate) fn reads(state: &State<'_>) -> BTreeSet<(String, String)> {
    let mut queries: Vec<(String, Query)> = Vec::new();
    for (field, value) in state.value {
        if field == "Variable" || field.ends_with("Path") && field != "ResultPath" {
            let query = value.as_str().filter(|text| !has_placeholder(text));
            queries.extend(query.and_then(|text| Some((state.at(field), Query::parse(text).ok()?))));
        }
    }
    for (pointer, template) in templates(state) {
        in_template(template, &pointer, &mut queries);
    }
    if state.kind() == Some(Kind::Choice) {
        in_rules(state.field("Choices"), &state.at("Choices"), &mut queries);
    }
    let variables = queries.iter().flat_map(|(pointer, query)| {
        query.paths().into_iter().filter_map(move |path| match &path.root {
            Root::Variable(name) => Some((pointer.clone(), name.clone())),
            _ => None,
        })
    });
    variables.collect()
}

fn in_template(value: &Value, pointer: &str, queries: &mut Vec<(String, Query)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let pointer = join(pointer, name);
                let text = member.as_str().filter(|text| name.ends_with(".$") && !has_placeholder(text));
                queries.extend(text.and_then(|text| Some((pointer.clone(), Query::parse(text).ok()?))));
                in_template(member, &pointer, queries);
            }
        }
        Value::Array(_) => {
            for (pointer, item) in items(Some(value), pointer) {
                in_template(item, &pointer, queries);
            }
        }
        _ => {}
    }
}

/// Collects the paths of comparisons, at any depth.
fn in_rules(value: Option<&Value>, pointer: &str, queries: &mut Vec<(String, Query)>) {
    match value {
        Some(Value::Array(_)) => {
            for (pointer, rule) in items(value, pointer) {
                in_rules(Some(rule), &pointer, queries);
            }
        }
        Some(Value::Object(rule)) => {
            for (name, member) in rule {
                if name == "Variable" || name.ends_with("Path") {
                    let path = path(rule, name).and_then(Result::ok);
                    queries.extend(path.map(|path| (join(pointer, name), Query::Path(path))));
                } else if ["And", "Or", "Not"].contains(&name.as_str()) {
                    in_rules(Some(member), &join(pointer, name), queries);
                }
            }
        }
        _ => {}
    }
}
