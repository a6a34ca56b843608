//! What a scalar of YAML means in JSON, by the core schema of YAML 1.2.

use saphyr_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};

/// Returns the value of a scalar. Only plain ones are anything but text.
pub(super) fn value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    if style != ScalarStyle::Plain || is_text {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let whole = text.strip_prefix('+').unwrap_or(text);
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if let Some(hexadecimal) = digits.strip_prefix("0x") {
        return i64::from_str_radix(hexadecimal, 16).ok().map(Number::from);
    }
    if let Some(octal) = digits.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).ok().map(Number::from);
    }
    if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        let integer = whole.parse::<i64>().map(Number::from).ok();
        return integer.or_else(|| whole.parse::<u64>().map(Number::from).ok());
    }
    // `inf` and `nan` are floats to Rust, and text or `.inf` to YAML.
    let is_float = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    is_float.then(|| whole.parse().ok().and_then(Number::from_f64)).flatten()
}
