//! JSON Schemas from the types, for `schemas/` and for the contract check.
//!
//! Inputs are described as they are read (an absent `Option` is fine), outputs as they are written
//! (an `Option` that is written is there, and may be null): the difference is exactly what the
//! contract between two states needs.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};

/// The schema of what is read as `T`.
pub fn input_schema<T: JsonSchema>() -> Schema {
    settings().for_deserialize().into_generator().into_root_schema_for::<T>()
}

/// The schema of what is written from `T`.
pub fn output_schema<T: JsonSchema>() -> Schema {
    settings().for_serialize().into_generator().into_root_schema_for::<T>()
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with_transform(RecursiveTransform(IntegerBounds))
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
