//! Definitions inside templates of SAM and CloudFormation, those of the CDK among them.

use std::collections::BTreeMap;
use std::path::Path;

use contracts::document::{Document, Excerpt};
use contracts::machine::join;
use contracts::template::{Template, state_machines};
use serde_json::Value;

use crate::read::FileError;
use crate::subject::{Found, Subject};
use crate::substitute::{Substitutes, numbers};

/// The ending of a state machine's logical id that says nothing.
const ENDING: &str = "StateMachine";

/// Returns whether a text may be a template with a state machine, without parsing it.
pub(crate) fn may_hold(text: &str) -> bool {
    text.contains("AWS::Serverless::StateMachine") || text.contains("AWS::StepFunctions::StateMachine")
}

/// Adds the definitions that are in a template itself.
pub(crate) fn subjects(path: &Path, template: &Document, found: &mut Found) {
    for (logical_id, machine) in state_machines(template.value()) {
        let properties = join(&join("/Resources", logical_id), "Properties");
        let has = |field: &str| machine.pointer(&format!("/Properties/{field}")).is_some();
        let read = if has("DefinitionString") {
            text(template, logical_id, &join(&properties, "DefinitionString"))
        } else if has("Definition") {
            object(template, logical_id, &join(&properties, "Definition"))
        } else {
            if has("DefinitionS3Location") || (has("DefinitionUri") && !has_file(machine)) {
                found.skipped.push(format!("the definition of {logical_id} in {} is in S3", template.file()));
            }
            continue;
        };
        match read {
            Ok((document, substitutes)) => found.subjects.push(Subject {
                path: path.to_owned(),
                workflow: kebab(logical_id.strip_suffix(ENDING).unwrap_or(logical_id)),
                template: Template::of_machine(template.file(), template.value(), logical_id, substitutes),
                document,
            }),
            Err(Unread::Skipped(why)) => {
                let message = format!("the definition of {logical_id} in {} {why}", template.file());
                found.skipped.push(message);
            }
            Err(Unread::Broken(error)) => found.errors.push(error),
        }
    }
}

fn has_file(machine: &Value) -> bool {
    machine
        .pointer("/Properties/DefinitionUri")
        .and_then(Value::as_str)
        .is_some_and(|uri| !uri.contains("://"))
}

/// A definition with what CloudFormation puts in the place of its placeholders.
type Read = (Document, BTreeMap<String, Value>);

/// Why a definition was not read.
enum Unread {
    /// Only CloudFormation knows it.
    Skipped(String),
    Broken(FileError),
}

/// Reads a `Definition`. Its functions become placeholders.
fn object(template: &Document, logical_id: &str, pointer: &str) -> Result<Read, Unread> {
    let value = template.value().pointer(pointer).cloned().unwrap_or_default();
    let mut substitutes = Substitutes::new(template.value());
    let value = substitutes.within(value);
    if !value.is_object() {
        return Err(Unread::Skipped("is made when it is deployed, so it is not checked".to_owned()));
    }
    Ok((template.embedded(logical_id, pointer, value), substitutes.found))
}

/// Reads a `DefinitionString`: a text, `Fn::Sub` of one, or `Fn::Join` of several.
fn text(template: &Document, logical_id: &str, pointer: &str) -> Result<Read, Unread> {
    let mut excerpt = Excerpt::default();
    let mut substitutes = Substitutes::new(template.value());
    add(template, pointer, &mut excerpt, &mut substitutes)?;
    let unknown = numbers(&mut excerpt, &substitutes);
    if let Some(name) = unknown {
        let why = format!("has ${{{name}}} where no text can be, and its value is not in the template");
        return Err(Unread::Skipped(format!("{why}, so it is not checked")));
    }
    let document = template.parse_excerpt(logical_id, &excerpt);
    let document = document.map_err(|error| {
        let mut error = FileError::from(error);
        template.file().clone_into(&mut error.file);
        Unread::Broken(error)
    })?;
    Ok((document, substitutes.found))
}

fn add(
    template: &Document,
    pointer: &str,
    excerpt: &mut Excerpt,
    substitutes: &mut Substitutes<'_>,
) -> Result<(), Unread> {
    let value = template.value().pointer(pointer).cloned().unwrap_or_default();
    let function = value.as_object().and_then(|function| function.iter().next());
    match (&value, function) {
        (Value::String(_), _) => excerpt.push_string(template, pointer),
        (_, Some((name, Value::String(_)))) if name == "Fn::Sub" => {
            add_substituted(template, &join(pointer, name), None, excerpt, substitutes);
        }
        (_, Some((name, Value::Array(parts)))) if name == "Fn::Sub" => {
            let pointer = join(&join(pointer, name), "0");
            add_substituted(template, &pointer, parts.get(1), excerpt, substitutes);
        }
        (_, Some((name, Value::Array(parts)))) if name == "Fn::Join" => {
            let (Some(Value::String(separator)), Some(Value::Array(parts))) = (parts.first(), parts.get(1))
            else {
                return Err(unread(name));
            };
            let pointer = join(&join(pointer, name), "1");
            for index in 0..parts.len() {
                let pointer = join(&pointer, &index.to_string());
                if index > 0 {
                    excerpt.push(separator, template, &pointer);
                }
                add(template, &pointer, excerpt, substitutes)?;
            }
        }
        (_, Some((name, _))) if !excerpt.text().is_empty() => {
            let placeholder = substitutes.placeholder(value.clone());
            excerpt.push(&placeholder, template, &join(pointer, name));
        }
        (_, Some((name, _))) => return Err(unread(name)),
        (_, None) => return Err(unread("something else")),
    }
    Ok(())
}

fn unread(function: &str) -> Unread {
    Unread::Skipped(format!("is made by {function} when it is deployed, so it is not checked"))
}

/// Adds the text of an `Fn::Sub`. `${!Name}` is how it writes `${Name}`.
fn add_substituted(
    template: &Document,
    pointer: &str,
    variables: Option<&Value>,
    excerpt: &mut Excerpt,
    substitutes: &mut Substitutes<'_>,
) {
    let from = excerpt.text().len();
    excerpt.push_string(template, pointer);
    substitutes.sub(excerpt.text().get(from..).unwrap_or_default(), variables);
    while let Some(at) = excerpt.text().get(from..).and_then(|text| text.find("${!")) {
        excerpt.replace(from + at + 2..from + at + 3, "");
    }
}

/// Returns `check-order` for `CheckOrder`.
pub(crate) fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}
