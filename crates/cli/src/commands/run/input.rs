//! The input of an execution: from `--input` and `--set`, checked against the workflow's schema.

use std::collections::BTreeSet;

use anyhow::bail;
use clap::Args;
use serde_json::{Map, Value};
use tablekeeper_core::text::quoted;

use crate::event_file;
use crate::event_file::Document;
use crate::failure::Unusable;

mod check;
mod rotation;
mod settings;
mod values;

/// Maximum length of an execution input in bytes (Step Functions quota).
const LONGEST: usize = 262_144;

/// The options that make the input of an execution.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// The execution's input: JSON, a file with JSON, or `-` for stdin [default: {}].
    #[arg(long, value_name = "JSON|FILE|-")]
    input: Option<String>,
    /// Set a field of the input. VALUE is JSON, or else a text. Use dots for a field of a field: `--set A.B=1`.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<Assignment>,
}

/// A field to set, as its path and its value.
#[derive(Clone, Debug, PartialEq)]
struct Assignment {
    path: Vec<String>,
    text: String,
}

impl Input {
    /// Returns the input with the fields of `--set`. Fails with [`Unusable`] if it is not JSON or too long, and if the
    /// workflow has a schema or a first step that refuses it. `more` are further fields, which the input may not contradict.
    pub(crate) fn read(&self, workflow: &str, more: Map<String, Value>) -> anyhow::Result<String> {
        let Document { what, mut value, .. } = match &self.input {
            Some(text) if text.trim_start().starts_with('{') => event_file::from_argument("--input", text)?,
            Some(name) => event_file::read_document(name)?,
            None => event_file::from_argument("the input", "{}")?,
        };
        self.check_fields()?;
        let schema = schema(workflow);
        for Assignment { path, text } in &self.set {
            let is_text = schema.as_ref().is_some_and(|schema| check::is_text(schema, path));
            let given = if is_text { None } else { serde_json::from_str(text).ok() };
            insert(&mut value, path, given.unwrap_or_else(|| Value::from(text.as_str())))?;
        }
        for (name, given) in more {
            match value.get(&name) {
                Some(own) if *own != given => bail!(Unusable(format!(
                    "{what} has {name} {own}, but the options say {given}; leave one of them out"
                ))),
                _ => insert(&mut value, &[name], given)?,
            }
        }
        if let Some(schema) = schema {
            check::check(&schema, &value).map_err(|reason| {
                Unusable(format!("{what} is not an input of {workflow}: {reason}. Nothing was started"))
            })?;
        }
        rotation::check(workflow, &value)
            .and_then(|()| settings::check(workflow, &value))
            .and_then(|()| values::check(workflow, &value))
            .map_err(|reason| Unusable(format!("{reason}. Nothing was started")))?;
        let text = value.to_string();
        check_length(&what, &text)?;
        Ok(text)
    }

    /// Refuses a field that is set twice.
    fn check_fields(&self) -> Result<(), Unusable> {
        let mut seen = BTreeSet::new();
        match self.set.iter().find(|assignment| !seen.insert(&assignment.path)) {
            Some(again) => Err(Unusable(format!(
                "--set {} is given twice; leave one of them out",
                quoted(&again.path.join("."))
            ))),
            None => Ok(()),
        }
    }
}

/// Returns whether the input of a workflow has a field. Of a workflow that is not of this release, nothing is known, so
/// it may have any field.
pub(super) fn has_field(workflow: &str, field: &str) -> bool {
    let schema = schema(workflow);
    schema.is_none_or(|schema| schema.pointer(&format!("/properties/{field}")).is_some())
}

/// Returns the schema of a workflow's input; `None` if this is not a workflow of this release.
fn schema(workflow: &str) -> Option<Value> {
    let (_, schema) =
        tablekeeper_functions::execution_inputs().into_iter().find(|(name, _)| *name == workflow)?;
    Some(schema.to_value())
}

fn assignment(text: &str) -> Result<Assignment, String> {
    let refused = || "expected NAME=VALUE, such as TableName=orders".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(refused)?;
    let path: Vec<String> = name.split('.').map(|part| part.trim().to_owned()).collect();
    if path.iter().any(String::is_empty) {
        return Err(refused());
    }
    Ok(Assignment { path, text: value.to_owned() })
}

/// Sets the field at a path, and makes the objects on the way.
fn insert(value: &mut Value, path: &[String], given: Value) -> anyhow::Result<()> {
    let mut place = value;
    for name in path {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(fields) = place else {
            bail!(Unusable(format!(
                "--set {} is below a value that is not an object",
                quoted(&path.join("."))
            )));
        };
        place = fields.entry(name.clone()).or_insert(Value::Null);
    }
    *place = given;
    Ok(())
}

fn check_length(what: &str, text: &str) -> Result<(), Unusable> {
    if text.len() > LONGEST {
        let length = text.len();
        return Err(Unusable(format!(
            "{what} has {length} bytes; the input of an execution has at most {LONGEST}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(input: Option<&str>, set: &[&str], workflow: &str) -> Result<Value, String> {
        let set = set.iter().map(|text| assignment(text)).collect::<Result<_, _>>()?;
        let input = Input { input: input.map(str::to_owned), set };
        let text = input.read(workflow, Map::new()).map_err(|error| error.to_string())?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn fields_are_set_one_by_one() {
        let made = read(Some(r#"{"TableName": "one"}"#), &["TableName=two", "Segments=4"], "export-table");
        assert_eq!(made, Ok(json!({ "TableName": "two", "Segments": 4 })));
        assert_eq!(read(None, &["TableName=2024"], "export-table"), Ok(json!({ "TableName": "2024" })));
        assert_eq!(read(None, &["A.B=x", "A.C=[1]"], "other"), Ok(json!({ "A": { "B": "x", "C": [1] } })));
        assert!(read(None, &["A=1", "A.B=2"], "other").unwrap_err().contains("`A.B` is below a value"));
        let twice = read(None, &["A.B=1", "C=1", "A.B=2"], "other").unwrap_err();
        assert_eq!(twice, "--set `A.B` is given twice; leave one of them out");
        for wrong in ["x", "=1", "a..b=1"] {
            assert!(assignment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_input_that_does_not_fit_starts_nothing() {
        let error = read(Some(r#"{"TableNam": "a"}"#), &[], "export-table").unwrap_err();
        let expected = "--input is not an input of export-table: unknown field TableNam (did you mean TableName?). \
                        Nothing was started";
        assert_eq!(error, expected);
        assert_eq!(read(Some(r#"{"TableNam": "a"}"#), &[], "other"), Ok(json!({ "TableNam": "a" })));
    }

    #[test]
    fn options_and_input_must_agree() {
        let input = Input { input: Some(r#"{"TableName": "one"}"#.to_owned()), set: Vec::new() };
        let more = |name: &str| Map::from_iter([("TableName".to_owned(), Value::from(name))]);
        assert!(input.read("export-table", more("one")).is_ok());
        let error = input.read("export-table", more("two")).unwrap_err().to_string();
        assert!(error.contains(r#"has TableName "one", but the options say "two""#), "{error}");
    }

    #[test]
    fn an_input_that_step_functions_would_refuse_is_refused_here() {
        assert!(check_length("-", &"x".repeat(LONGEST)).is_ok());
        assert!(check_length("-", &"x".repeat(LONGEST + 1)).is_err());
    }
}
