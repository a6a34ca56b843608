//! JSON Schemas from the types, for `schemas/` and for the contract check.
//!
//! Inputs are described as they are read (an absent `Option` is fine), outputs as they are written
//! (an `Option` that is written is there, and may be null): the difference is exactly what the
//! contract between two states needs.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use crate::error_name::ErrorName;

/// The schema of what is read as `T`.
pub fn input_schema<T: JsonSchema>() -> Schema {
    settings().for_deserialize().into_generator().into_root_schema_for::<T>()
}

/// The schema of what is written from `T`.
pub fn output_schema<T: JsonSchema>() -> Schema {
    let settings = settings().with_transform(RecursiveTransform(ClosedObject));
    settings.for_serialize().into_generator().into_root_schema_for::<T>()
}

/// The schema of a string that may be null and may not be left out: for `#[schemars(schema_with)]` beside
/// `#[serde(deserialize_with = "Option::deserialize")]`, which makes serde see it so.
pub fn nullable_string(_generator: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": ["string", "null"] })
}

/// The same for any other type.
pub fn nullable<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Option<T>>()
}

/// The schema of what an execution ends with: its input `I`, and these fields more.
pub fn execution_output_schema<I: JsonSchema>(added: Vec<(&str, Schema)>) -> Schema {
    let mut whole = input_schema::<I>();
    whole.insert("title".to_owned(), "ExecutionOutput".into());
    whole.insert("description".to_owned(), "What an execution ends with: its input, and more.".into());
    for (name, schema) in added {
        let mut schema = schema.to_value();
        let Some(fields) = schema.as_object_mut() else { continue };
        fields.remove("$schema");
        let definitions = fields.remove("$defs");
        merge_into(&mut whole, "$defs", definitions.unwrap_or_default());
        merge_into(&mut whole, "properties", json!({ name: schema }));
        if let Some(Value::Array(required)) = whole.get_mut("required") {
            required.push(name.into());
        }
    }
    whole
}

fn merge_into(schema: &mut Schema, keyword: &str, entries: Value) {
    if let (Some(Value::Object(there)), Value::Object(entries)) = (schema.get_mut(keyword), entries) {
        there.extend(entries);
    }
}

/// Adds the names that a step fails by to the schema of its output, as `x-errors`: so that `schemas/` holds
/// the whole of its contract, and a check needs nothing else.
pub fn with_errors(mut schema: Schema, errors: &[ErrorName]) -> Schema {
    let names: Vec<&str> = errors.iter().map(|name| name.as_str()).collect();
    schema.insert("x-errors".to_owned(), names.into());
    schema
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with_transform(RecursiveTransform(IntegerBounds))
}

/// Says of an object that is written that it has no other fields than those that are named: what a
/// program writes is known to the letter.
#[derive(Clone, Debug)]
struct ClosedObject;

impl Transform for ClosedObject {
    fn transform(&mut self, schema: &mut Schema) {
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
    }
}

/// Writes the range of an integer type where schemars leaves it to `format`, which validators ignore.
#[derive(Clone, Debug)]
struct IntegerBounds;

impl Transform for IntegerBounds {
    fn transform(&mut self, schema: &mut Schema) {
        let bounds = match schema.get("format").and_then(|format| format.as_str()) {
            Some("uint32") => (0_i64, i64::from(u32::MAX)),
            Some("uint16") => (0, i64::from(u16::MAX)),
            Some("uint8") => (0, i64::from(u8::MAX)),
            Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
            Some("uint64") => (0, i64::MAX),
            Some("int64") => (i64::MIN, i64::MAX),
            _ => return,
        };
        schema.remove("format");
        if schema.get("minimum").is_none() {
            schema.insert("minimum".to_owned(), bounds.0.into());
        }
        if schema.get("maximum").is_none() {
            schema.insert("maximum".to_owned(), bounds.1.into());
        }
    }
}
