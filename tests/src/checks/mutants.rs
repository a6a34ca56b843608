//! Mutants of a workflow's state machine and types: one name, field or type is renamed, dropped or retyped in each.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::contract::Contract;

/// A contract with one change.
pub struct Mutant {
    /// What was changed, and how.
    pub name: String,
    /// The changed contract.
    pub contract: Contract,
}

/// Returns every mutant of a contract.
pub fn all(contract: &Contract) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for place in places(&contract.definition) {
        for (how, definition) in changes(&contract.definition, &place) {
            let mut contract = contract.clone();
            contract.definition = definition;
            mutants.push(Mutant { name: format!("{how} {place}"), contract });
        }
    }
    // Steps outside the state machine, such as `start`, are left out. The samples in events/ test their schemas.
    let definition = contract.definition.to_string();
    let invoked = |step: &str| definition.contains(&format!("${{{}FunctionArn}}", pascal(step)));
    for (step, types) in contract.steps.iter().filter(|(step, _)| invoked(step)) {
        for (side, schema) in [("input", &types.input), ("output", &types.output)] {
            for place in properties(schema, "") {
                for (how, changed) in property_changes(schema, &place) {
                    let mut contract = contract.clone();
                    let types = Arc::make_mut(contract.steps.get_mut(step).unwrap());
                    *(if side == "input" { &mut types.input } else { &mut types.output }) = changed;
                    mutants.push(Mutant { name: format!("{how} {step}.{side}{place}"), contract });
                }
            }
        }
    }
    mutants
}

/// Returns the name of a step as in the placeholder of its function: `CheckTable` for `sync-settings.check-table`.
fn pascal(step: &str) -> String {
    let parts = step.rsplit('.').next().unwrap().split('-');
    parts.map(|part| format!("{}{}", part[..1].to_uppercase(), &part[1..])).collect()
}

/// Returns the pointers of what the definition passes on: payload fields, outputs, assignments, transitions, error
/// names.
fn places(definition: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(definition, "", &mut found);
    found
}

fn collect(value: &Value, pointer: &str, found: &mut Vec<String>) {
    let items: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), field)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => return,
    };
    let within = |field: &str| pointer.contains(&format!("/{field}"));
    for (name, item) in items {
        let place = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        let handed_on = ["Payload", "Assign", "ErrorEquals", "Arguments/Input"].into_iter().any(&within);
        let fields = ["Output", "Next", "Default", "Condition", "Seconds", "StartAt", "Items"]
            .contains(&name.as_str());
        if handed_on || fields {
            found.push(place.clone());
        }
        collect(item, &place, found);
    }
}

fn split(place: &str) -> (&str, String) {
    let (parent, token) = place.rsplit_once('/').unwrap();
    (parent, token.replace("~1", "/").replace("~0", "~"))
}

/// Returns the definition with the value at the pointer renamed, dropped and retyped.
fn changes(whole: &Value, place: &str) -> Vec<(&'static str, Value)> {
    let (parent, token) = split(place);
    let mut changed = Vec::new();
    let mut with = |how, change: &dyn Fn(&mut Value)| {
        let mut whole = whole.clone();
        change(whole.pointer_mut(parent).unwrap());
        changed.push((how, whole));
    };
    let original = whole.pointer(place).unwrap().clone();
    let name = original.as_str().filter(|text| !text.contains("{%"));
    let is_reference =
        ["Next", "Default", "StartAt"].contains(&token.as_str()) || parent.ends_with("ErrorEquals");
    match (&whole.pointer(parent).unwrap(), name.filter(|_| is_reference)) {
        (_, Some(name)) => with("rename", &|parent| *at(parent, &token) = json!(format!("{name}X"))),
        (Value::Object(_), None)
            if ["/Payload/", "/Assign/", "/Arguments/Input/"].iter().any(|field| place.contains(field)) =>
        {
            with("rename", &|parent| {
                let fields = parent.as_object_mut().unwrap();
                let value = fields.remove(&token).unwrap();
                fields.insert(format!("{token}X"), value);
            });
        }
        _ => {}
    }
    with("drop", &|parent| match parent {
        Value::Object(fields) => drop(fields.remove(&token)),
        Value::Array(items) => drop(items.remove(token.parse().unwrap())),
        _ => unreachable!(),
    });
    with("retype", &|parent| {
        *at(parent, &token) = if original.is_number() { json!("text") } else { json!(0.5) }
    });
    changed
}

fn at<'a>(parent: &'a mut Value, token: &str) -> &'a mut Value {
    match parent {
        Value::Object(fields) => &mut fields[token],
        Value::Array(items) => &mut items[token.parse::<usize>().unwrap()],
        _ => unreachable!(),
    }
}

/// Returns the pointers of a schema's properties, including those of its definitions and branches.
fn properties(schema: &Value, pointer: &str) -> Vec<String> {
    let mut found = Vec::new();
    match schema {
        Value::Object(fields) => {
            for (name, field) in fields {
                let place = format!("{pointer}/{name}");
                if name == "properties" {
                    found.extend(
                        field.as_object().unwrap().keys().map(|property| format!("{place}/{property}")),
                    );
                }
                found.extend(properties(field, &place));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(properties(item, &format!("{pointer}/{index}")));
            }
        }
        _ => {}
    }
    found
}

fn property_changes(schema: &Value, place: &str) -> Vec<(&'static str, Value)> {
    let (parent, token) = split(place);
    let (object, _) = split(parent);
    let mut changed = Vec::new();
    for how in ["rename", "drop", "retype"] {
        let mut schema = schema.clone();
        let object: &mut Map<String, Value> = schema.pointer_mut(object).unwrap().as_object_mut().unwrap();
        let properties = object.get_mut("properties").unwrap().as_object_mut().unwrap();
        let property = properties.remove(&token).unwrap();
        let renamed = format!("{token}X");
        match how {
            "rename" => drop(properties.insert(renamed.clone(), property)),
            "retype" => {
                let other = if property["type"] == "boolean" { "string" } else { "boolean" };
                properties.insert(token.clone(), json!({ "type": other }));
            }
            _ => {}
        }
        if let Some(required) = object.get_mut("required").and_then(Value::as_array_mut) {
            let had = required.iter().position(|name| *name == token);
            match (how, had) {
                ("rename", Some(index)) => required[index] = json!(renamed),
                ("drop", Some(index)) => drop(required.remove(index)),
                _ => {}
            }
        }
        changed.push((how, schema));
    }
    changed
}
