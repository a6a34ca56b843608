//! JSON Schemas of Rust types, for `schemas/` and for the contract check.
//!
//! The schema of an input describes what can be read: an `Option` may be absent. The schema of an output describes what
//! is written: an `Option` is always present and may be null. The contract between two states needs exactly this
//! difference.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use crate::error_name::ErrorName;

/// Returns the schema of the JSON that deserializes as `T`.
pub fn input_schema<T: JsonSchema>() -> Schema {
    settings().for_deserialize().into_generator().into_root_schema_for::<T>()
}

/// Returns the schema of the JSON that `T` serializes to.
pub fn output_schema<T: JsonSchema>() -> Schema {
    let settings = settings().with_transform(RecursiveTransform(ClosedObject));
    settings.for_serialize().into_generator().into_root_schema_for::<T>()
}

/// Returns the schema of a string that is required and may be null.
///
/// Use it with `#[schemars(schema_with)]` next to `#[serde(deserialize_with = "Option::deserialize")]`, which makes
/// serde require the field.
pub fn nullable_string(_generator: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": ["string", "null"] })
}

/// Returns the schema of any other type that is required and may be null. See [`nullable_string`].
pub fn nullable<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Option<T>>()
}

/// Replaces the `oneOf` of a tagged union by `anyOf`. The tag says that only one branch can fit, and the contract check
/// can prove `anyOf` without it.
pub fn as_any_of(schema: &mut Schema) {
    if let Some(branches) = schema.remove("oneOf") {
        schema.insert("anyOf".to_owned(), branches);
    }
}

/// Returns the schema of an execution's output: its input `I` and the fields in `added`.
pub fn execution_output_schema<I: JsonSchema>(added: Vec<(&str, Schema)>) -> Schema {
    let mut whole = input_schema::<I>();
    whole.insert("title".to_owned(), "ExecutionOutput".into());
    whole.insert("description".to_owned(), "Output of an execution: its input and further fields.".into());
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
    if let (Some(Value::Object(existing)), Value::Object(entries)) = (schema.get_mut(keyword), entries) {
        existing.extend(entries);
    }
}

/// Adds the error names of a step to the schema of its output, as `x-errors`. `schemas/` then holds the whole contract
/// of a step, and a check needs nothing else.
pub fn with_errors(mut schema: Schema, errors: &[ErrorName]) -> Schema {
    let names: Vec<&str> = errors.iter().map(|name| name.as_str()).collect();
    schema.insert("x-errors".to_owned(), names.into());
    schema
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with_transform(RecursiveTransform(IntegerBounds))
}

/// Closes the schema of each written object with `additionalProperties: false`: a program's output has no unknown
/// fields.
#[derive(Clone, Debug)]
struct ClosedObject;

impl Transform for ClosedObject {
    fn transform(&mut self, schema: &mut Schema) {
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
    }
}

/// Writes the range of an integer type, which schemars leaves to `format`. Validators ignore `format`.
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
