//! Files in the form that the full backup before `export-table` wrote them.
//!
//! There is one object per table and one item per line: compact JSON in ASCII, with a line feed at its end. An
//! attribute value is an object with its type, in DynamoDB's spelling or in that of Data Pipeline of that time, in
//! which a null is `nULLValue`. A binary is written as plain text, not as base64. A binary with other bytes than ASCII
//! failed the backup.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

/// The two formats of the former backup. The parameter `UseDataPipelineFormat` selected one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FormerFormat {
    /// `UseDataPipelineFormat` is `true`, the default.
    DataPipeline,
    /// `UseDataPipelineFormat` is `false`.
    Plain,
}

/// Returns the key of a backup. Without a frequency it has Python's text for no value.
pub fn key(table: &str, time: &str, frequency: Option<&str>) -> String {
    let frequency = frequency.unwrap_or("None");
    format!("{table}/{time}/{table}-{frequency}-{time}.json")
}

/// Returns the file of these items, which are DynamoDB JSON.
pub fn file(format: FormerFormat, items: &[Value]) -> Vec<u8> {
    let mut file = String::new();
    for item in items {
        for letter in members(format, item).to_string().chars() {
            if letter.is_ascii() {
                file.push(letter);
                continue;
            }
            for unit in letter.encode_utf16(&mut [0; 2]) {
                file.push_str(&format!("\\u{unit:04x}"));
            }
        }
        file.push('\n');
    }
    file.into_bytes()
}

/// Returns an item with every type, also nested. Its binaries are ASCII, and the bytes of one are also valid base64 of
/// other bytes.
pub fn every_type(id: usize) -> Value {
    json!({
        "id": { "S": id.to_string() }, "text": { "S": "Größe 😀 \"x\"" }, "empty": { "S": "" },
        "number": { "N": "1.5" }, "large": { "N": "-12345678901234567890123456789012345678" },
        "binary": { "B": "aGVsbA==" }, "other": { "B": "aGVsbG8=" }, "yes": { "BOOL": true }, "no": { "BOOL": false },
        "none": { "NULL": true }, "strings": { "SS": ["a", "é"] }, "numbers": { "NS": ["1", "2.5"] },
        "binaries": { "BS": ["YQ==", "Yg=="] }, "nothing": { "L": [] }, "empty-map": { "M": {} },
        "list": { "L": [{ "S": "x" }, { "N": "1" }, { "M": { "k": { "L": [{ "NULL": true }, { "B": "YQ==" }] } } }] },
        "map": { "M": { "s": { "S": "named as a type" }, "b": { "M": { "B": { "B": "Yg==" } } } } }
    })
}

fn members(format: FormerFormat, item: &Value) -> Value {
    let members = item.as_object().unwrap().iter();
    Value::Object(members.map(|(name, value)| (name.clone(), attribute(format, value))).collect())
}

fn attribute(format: FormerFormat, value: &Value) -> Value {
    let (tag, value) = value.as_object().unwrap().iter().next().unwrap();
    let value = match tag.as_str() {
        "L" => value.as_array().unwrap().iter().map(|element| attribute(format, element)).collect(),
        "M" => members(format, value),
        "B" => as_it_is(value),
        "BS" => value.as_array().unwrap().iter().map(as_it_is).collect(),
        _ => value.clone(),
    };
    let tag = match (format, tag.as_str()) {
        (FormerFormat::Plain, tag) => tag.to_owned(),
        (FormerFormat::DataPipeline, "BOOL") => "bOOL".to_owned(),
        (FormerFormat::DataPipeline, "NULL") => "nULLValue".to_owned(),
        (FormerFormat::DataPipeline, "SS") => "sS".to_owned(),
        (FormerFormat::DataPipeline, "NS") => "nS".to_owned(),
        (FormerFormat::DataPipeline, "BS") => "bS".to_owned(),
        (FormerFormat::DataPipeline, letter) => letter.to_ascii_lowercase(),
    };
    Value::Object(Map::from_iter([(tag, value)]))
}

/// Returns the bytes of a binary as text.
fn as_it_is(binary: &Value) -> Value {
    let bytes = BASE64.decode(binary.as_str().unwrap()).unwrap();
    Value::String(String::from_utf8(bytes).unwrap())
}
