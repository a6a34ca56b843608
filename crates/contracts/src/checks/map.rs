//! Checks the fields of a Map, above all of a distributed one ("Using Map state in Distributed mode" in the developer
//! guide).

use serde_json::{Map, Value};

use super::fields::{did_you_mean, unknown, whole_number};
use super::{closest, is_expression};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::machine::{Kind, State, join};

/// The greatest number of characters in a `Label`, and those that it cannot have.
const LONGEST_LABEL: usize = 40;

/// The fields that only a distributed Map has. `Label` is one as well, but deployed inline Maps have it.
const DISTRIBUTED_ONLY: [&str; 5] =
    ["ItemBatcher", "ItemReader", "ResultWriter", "ToleratedFailureCount", "ToleratedFailurePercentage"];

fn invalid(pointer: String, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::SchemaValidationFailed, pointer, message)
}

/// Checks one state.
pub(crate) fn state(state: &State<'_>) -> Vec<Diagnostic> {
    if state.kind() != Some(Kind::Map) {
        return Vec::new();
    }
    let mut found = of_any_language(state);
    let processor = state.field("ItemProcessor").and_then(|processor| processor.get("ProcessorConfig"));
    let mode = processor.and_then(|config| config.get("Mode")?.as_str());
    if matches!(mode, None | Some("INLINE")) {
        for field in DISTRIBUTED_ONLY.iter().filter(|field| state.field(field).is_some()) {
            let message = format!("only a distributed Map has the field {field}");
            found.push(invalid(state.at(field), message).severity(Severity::Warning).at_key().help(
                r#"add "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": …} to the ItemProcessor"#,
            ));
        }
    }
    found.extend(reader(state));
    found.extend(object(state, "ItemBatcher", &["BatchInput", "MaxInputBytesPerBatch", "MaxItemsPerBatch"]));
    found.extend(object(state, "ResultWriter", &["Arguments", "Resource", "WriterConfig"]));
    if let Some(batcher) = state.field("ItemBatcher").and_then(Value::as_object) {
        for (field, most) in [("MaxItemsPerBatch", i64::MAX), ("MaxInputBytesPerBatch", 262_144)] {
            found.extend(whole_number(batcher, &state.at("ItemBatcher"), field, 1, most));
        }
    }
    found
}

/// Checks what a Map has in both languages.
pub(crate) fn of_any_language(state: &State<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for field in ["ItemProcessor", "Iterator"] {
        let processor = state.field(field).and_then(|processor| processor.get("ProcessorConfig"));
        found.extend(config(processor, &join(&state.at(field), "ProcessorConfig")));
    }
    found.extend(limits(state));
    found
}

fn config(config: Option<&Value>, pointer: &str) -> Vec<Diagnostic> {
    let Some(config) = config else { return Vec::new() };
    let Some(config) = config.as_object() else {
        return vec![invalid(pointer.to_owned(), format!("ProcessorConfig is {config}, not an object"))];
    };
    let mut found = unknown(config, pointer, &["ExecutionType", "Mode"], "ProcessorConfig");
    found.extend(one_of(config, pointer, "Mode", &["INLINE", "DISTRIBUTED"]));
    found.extend(one_of(config, pointer, "ExecutionType", &["STANDARD", "EXPRESS"]));
    let mode = config.get("Mode").and_then(Value::as_str);
    if mode == Some("DISTRIBUTED") && !config.contains_key("ExecutionType") {
        let message = "a distributed Map needs ExecutionType in its ProcessorConfig";
        found.push(invalid(join(pointer, "ExecutionType"), message).expected("\"STANDARD\" or \"EXPRESS\""));
    }
    found
}

/// Checks that a field has one of a few values.
fn one_of(holder: &Map<String, Value>, pointer: &str, field: &str, values: &[&str]) -> Option<Diagnostic> {
    let value = holder.get(field)?;
    let text = value.as_str().unwrap_or_default();
    if values.contains(&text) || text.contains("${") {
        return None;
    }
    let refused = invalid(join(pointer, field), format!("{field} is {value}"));
    let refused = refused.expected(values.join(", "));
    Some(did_you_mean(refused, closest(text, values.iter().copied())))
}

fn limits(state: &State<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(share) = state.field("ToleratedFailurePercentage") {
        let fits = share.as_f64().is_some_and(|share| (0.0..=100.0).contains(&share));
        if !fits && !is_expression(share) {
            let message = format!("ToleratedFailurePercentage is {share}");
            found.push(
                invalid(state.at("ToleratedFailurePercentage"), message).expected("a number from 0 to 100"),
            );
        }
    }
    found.extend(whole_number(state.value, &state.pointer, "ToleratedFailureCount", 0, i64::MAX));
    if let Some(label) = state.field("Label") {
        let letters = label.as_str().map_or(0, |label| label.chars().count());
        if letters == 0 || letters > LONGEST_LABEL {
            let message = match label.as_str() {
                Some(_) => format!("the Label has {letters} characters"),
                None => format!("Label is {label}"),
            };
            found.push(
                invalid(state.at("Label"), message).expected(format!("1 to {LONGEST_LABEL} characters")),
            );
        }
    }
    found
}

/// Checks the reader of a Map's items.
fn reader(state: &State<'_>) -> Vec<Diagnostic> {
    let mut found = object(state, "ItemReader", &["Arguments", "ReaderConfig", "Resource"]);
    let pointer = state.at("ItemReader");
    let Some(reader) = state.field("ItemReader").and_then(Value::as_object) else { return found };
    if state.field("Items").is_some() {
        found.push(
            invalid(state.at("Items"), "a Map has either Items or ItemReader").help("keep one of them"),
        );
    }
    let place = join(&pointer, "Resource");
    match reader.get("Resource").and_then(Value::as_str) {
        None => {
            found.push(invalid(place, "ItemReader needs Resource, such as arn:aws:states:::s3:getObject"))
        }
        Some(resource) => {
            let action = resource.split_once(":states:::").map(|(_, action)| action);
            let known = ["s3:getObject", "s3:listObjectsV2"];
            if !action.is_some_and(|action| known.contains(&action)) && !resource.starts_with("${") {
                let message = format!("ItemReader cannot read by {resource}");
                let refused = invalid(place, message).expected("s3:getObject or s3:listObjectsV2");
                found.push(did_you_mean(refused, closest(action.unwrap_or(resource), known)));
            }
        }
    }
    if let Some(config) = reader.get("ReaderConfig").and_then(Value::as_object) {
        found.extend(reader_config(config, &join(&pointer, "ReaderConfig")));
    }
    found
}

fn reader_config(config: &Map<String, Value>, pointer: &str) -> Vec<Diagnostic> {
    let known = [
        "CSVDelimiter",
        "CSVHeaderLocation",
        "CSVHeaders",
        "InputType",
        "ItemsPointer",
        "ManifestType",
        "MaxItems",
        "Transformation",
    ];
    let mut found = unknown(config, pointer, &known, "ReaderConfig");
    let types = ["CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"];
    found.extend(one_of(config, pointer, "InputType", &types));
    found.extend(one_of(config, pointer, "CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]));
    found.extend(whole_number(config, pointer, "MaxItems", 0, 100_000_000));
    found
}

/// Reports the fields that an object of the state does not have.
fn object(state: &State<'_>, field: &str, known: &[&str]) -> Vec<Diagnostic> {
    match state.field(field) {
        None => Vec::new(),
        Some(Value::Object(holder)) => unknown(holder, &state.at(field), known, field),
        Some(Value::String(text)) if text.starts_with("${") => Vec::new(),
        Some(other) => vec![invalid(state.at(field), format!("{field} is {other}, not an object"))],
    }
}
