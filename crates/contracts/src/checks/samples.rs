//! Checks samples: JSON files whose names refer to a schema.

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::Document;

/// Checks a sample against its schema. The pointers lead into the sample.
pub(crate) fn check(sample: &Document, schema: &Value, schema_name: &str) -> Vec<Diagnostic> {
    let validator = match jsonschema::options().should_validate_formats(true).build(schema) {
        Ok(validator) => validator,
        Err(error) => {
            let message = format!("{schema_name} is not a JSON Schema: {error}");
            return vec![Diagnostic::new(Code::SampleWithoutSchema, "", message)];
        }
    };
    let refused = validator.iter_errors(sample.value()).map(|error| {
        let pointer = error.instance_path().to_string();
        let refused_value =
            sample.value().pointer(&pointer).filter(|value| !value.is_array() && !value.is_object());
        let refused = Diagnostic::new(Code::SampleRefused, pointer, error.to_string())
            .expected(format!("what {schema_name} requires at {}", error.schema_path()));
        match refused_value {
            Some(value) => refused.produced(value.to_string()),
            None => refused,
        }
    });
    refused.collect()
}

/// Returns the finding for a sample whose schema does not exist.
pub(crate) fn without_schema(schema_name: &str) -> Diagnostic {
    let message = format!("the sample claims the schema {schema_name}, which does not exist");
    Diagnostic::new(Code::SampleWithoutSchema, "", message)
        .help("rename the sample after its schema, or add the schema")
}
