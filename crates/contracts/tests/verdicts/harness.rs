//! Runs rows and compares the verdicts.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::contract::{Contracts, TaskContract};
use contracts::diagnostic::{Diagnostic, Severity};
use contracts::document::Document;
use contracts::{Report, check};
use serde_json::{Value, json};

/// Schemas of functions and machines, by name.
#[derive(Default)]
pub(crate) struct Schemas {
    pub(crate) functions: BTreeMap<&'static str, (Value, Value)>,
    pub(crate) machines: BTreeMap<&'static str, Value>,
}

impl Contracts for Schemas {
    fn task(&self, _resource: &str, function: Option<&str>) -> Option<Arc<TaskContract>> {
        let (name, (input, output)) = self.functions.get_key_value(function?)?;
        let (input, output) = (input.clone(), output.clone());
        Some(Arc::new(TaskContract { name: (*name).to_owned(), input, output, errors: Vec::new() }))
    }

    fn machine_input(&self, state_machine: &str) -> Option<Value> {
        self.machines.get(state_machine).cloned()
    }
}

/// Returns an object schema that is closed. A name that ends in `?` is optional.
pub(crate) fn object(fields: Value) -> Value {
    let fields = fields.as_object().unwrap();
    let required: Vec<&String> = fields.keys().filter(|name| !name.ends_with('?')).collect();
    let properties: serde_json::Map<String, Value> =
        fields.iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// Returns a machine of these states, which begins with the first one in alphabetical order.
pub(crate) fn machine(states: &str) -> Value {
    let states: Value = serde_json::from_str(states).unwrap_or_else(|error| panic!("{error}: {states}"));
    let start = states.as_object().unwrap().keys().next().unwrap().clone();
    json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 300, "StartAt": start, "States": states })
}

pub(crate) fn report(definition: &Value, schemas: &Schemas, input: Option<&Value>) -> Report {
    let document = Document::parse("machine.asl.json", definition.to_string()).unwrap();
    check(&document, schemas, input, None, None)
}

/// Returns the findings that are more than notes, as `severity CODE`.
pub(crate) fn verdict(found: &[Diagnostic]) -> Vec<String> {
    let serious = found.iter().filter(|finding| finding.severity > Severity::Note);
    serious.map(|finding| format!("{} {}", finding.severity, finding.code)).collect()
}

/// Asserts the verdict on each machine of these states.
pub(crate) fn assert_states(rows: &[(&str, &str, &[&str])], schemas: &Schemas, input: Option<&Value>) {
    let rows = rows.iter().map(|(name, states, expected)| (*name, machine(states), *expected));
    assert_machines(rows, schemas, input);
}

/// Asserts the verdict on each machine.
pub(crate) fn assert_machines<'a>(
    rows: impl IntoIterator<Item = (&'a str, Value, &'a [&'a str])>,
    schemas: &Schemas,
    input: Option<&Value>,
) {
    let mut failed = Vec::new();
    for (name, machine, expected) in rows {
        let found = report(&machine, schemas, input).diagnostics;
        if verdict(&found) != *expected {
            failed.push(format!("{name}: expected {expected:?}, not {found:#?}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// Asserts the verdict on each expression as the output of a state.
pub(crate) fn assert_expressions(rows: &[(&str, &[&str])], input: Option<&Value>) {
    let rows = rows.iter().map(|(expression, expected)| {
        let output = json!(format!("{{% {expression} %}}"));
        let state = json!({ "A": { "Type": "Pass", "Output": output, "End": true } });
        (*expression, machine(&state.to_string()), *expected)
    });
    assert_machines(rows, &Schemas::default(), input);
}

pub(crate) const SILENT: &[&str] = &[];
