//! Checks an execution input against its JSON Schema, with a sentence for a person.

use contracts::suggestion::closest;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// Checks a value. The error says where it does not fit the schema, and what would fit.
pub(super) fn check(schema: &Value, value: &Value) -> Result<(), String> {
    // The schemas are those of this release, and a unit test builds a validator of each.
    let Ok(validator) = validator(schema) else { return Ok(()) };
    let mut errors = validator.iter_errors(value).map(|error| sentence(schema, &error)).collect::<Vec<_>>();
    errors.sort();
    errors.dedup();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
}

fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::options().should_validate_formats(true).build(schema).map_err(|error| error.to_string())
}

/// Returns whether the field at a path takes a text and nothing else that has the same notation.
pub(super) fn is_text(schema: &Value, path: &[String]) -> bool {
    let mut place = Some(schema);
    for name in path {
        place = place.and_then(|place| resolved(schema, place).get("properties")?.get(name));
    }
    let Some(field) = place else { return false };
    let types = match resolved(schema, field).get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(name)) => vec![name.as_str()],
        _ => Vec::new(),
    };
    types.contains(&"string") && types.iter().all(|name| matches!(*name, "string" | "null"))
}

/// Follows a reference within the schema, also the one of an optional field: `anyOf` a reference and null.
fn resolved<'a>(schema: &'a Value, place: &'a Value) -> &'a Value {
    let choices = place.get("anyOf").and_then(Value::as_array);
    let target = |place: &'a Value| place.get("$ref")?.as_str()?.strip_prefix('#');
    let found = target(place).or_else(|| choices?.iter().find_map(target));
    found.and_then(|pointer| schema.pointer(pointer)).unwrap_or(place)
}

fn sentence(schema: &Value, error: &ValidationError<'_>) -> String {
    let place = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
    let named = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    let must = |expected: String| match error.instance().as_ref() {
        Value::Object(_) | Value::Array(_) => format!("{place} must be {expected}"),
        value => format!("{place} is {value}; it must be {expected}"),
    };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let fields = fields_at(schema, error.instance_path().as_str());
            let unknown =
                unexpected.iter().map(|name| match closest(name, fields.iter().map(String::as_str)) {
                    Some(meant) => format!("unknown field {} (did you mean {meant}?)", named(name)),
                    None => format!("unknown field {}; the fields are {}", named(name), fields.join(", ")),
                });
            unknown.collect::<Vec<_>>().join("; ")
        }
        ValidationErrorKind::Required { property } => {
            format!("{} is missing", named(property.as_str().unwrap_or_default()))
        }
        ValidationErrorKind::Enum { options } => must(format!("one of {options}")),
        ValidationErrorKind::Minimum { limit } => must(format!("{limit} or more")),
        ValidationErrorKind::Maximum { limit } => must(format!("{limit} or less")),
        ValidationErrorKind::MaxItems { limit } => must(format!("a list of at most {limit}")),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let values = constants(context);
            if !values.is_empty() {
                return must(format!("one of {}", values.join(", ")));
            }
            // The branch for null says nothing. Of the others, the first says what the field is for.
            let branches = context.iter().flatten().filter(|inner| !is_about_null(inner));
            branches
                .map(|inner| sentence(schema, inner))
                .next()
                .unwrap_or_else(|| must("another value".to_owned()))
        }
        _ if place.is_empty() => error.to_string(),
        _ => format!("{place}: {error}"),
    }
}

/// Returns the values that the branches of a choice allow, however deep the choices are nested.
fn constants(branches: &[Vec<ValidationError<'static>>]) -> Vec<String> {
    let of = |error: &ValidationError<'static>| match error.kind() {
        ValidationErrorKind::Constant { expected_value } => vec![expected_value.to_string()],
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            constants(context)
        }
        _ => Vec::new(),
    };
    branches.iter().flatten().flat_map(of).collect()
}

fn is_about_null(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Type { .. }) && error.to_string().contains("\"null\"")
}

/// Returns the names of the fields of the object at a place in the input.
fn fields_at(schema: &Value, pointer: &str) -> Vec<String> {
    let mut place = resolved(schema, schema);
    for part in pointer.split('/').skip(1) {
        let below = place.get("properties").and_then(|fields| fields.get(part));
        let Some(below) = below.or_else(|| place.get("items")) else { return Vec::new() };
        place = resolved(schema, below);
    }
    let fields = place.get("properties").and_then(Value::as_object);
    fields.map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reason(workflow: &str, value: Value) -> String {
        let schema = super::super::schema(workflow).unwrap();
        check(&schema, &value).err().unwrap_or_default()
    }

    #[test]
    fn every_schema_makes_a_validator() {
        for (workflow, schema) in tablekeeper_functions::execution_inputs() {
            assert!(validator(&schema.to_value()).is_ok(), "{workflow}");
        }
    }

    #[test]
    fn a_reason_says_where_and_what_would_fit() {
        for (workflow, value, expected) in [
            ("export-table", json!({ "TableName": "a" }), ""),
            ("export-table", json!({ "TableNam": "a" }), "unknown field TableNam (did you mean TableName?)"),
            ("import-table", json!({ "TableName": "a", "From": 1 }), "From: 1 is not of type \"string\""),
            ("import-table", json!({ "TableName": "a" }), "From is missing"),
            (
                "rotate-restore",
                json!({ "BackupSnsMessage": { "RecoveryPointArn": "a", "BackedUpResourceArn": "b", "Job": 1 },
                        "SourcePattern": "a", "ReplacementPattern": "b" }),
                "unknown field BackupSnsMessage.Job; the fields are ",
            ),
        ] {
            let found = reason(workflow, value);
            assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{found}");
        }
    }

    #[test]
    fn a_choice_lists_its_values() {
        let found = reason("export-table", json!({ "TableName": "a", "Format": "xml" }));
        assert!(found.starts_with("Format is \"xml\"; it must be one of \"dynamodb-json\", "), "{found}");
    }
}
