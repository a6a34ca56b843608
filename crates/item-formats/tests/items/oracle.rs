//! An oracle for lines: it parses a line into a tree of values and checks DynamoDB's rules independently.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use item_formats::Format;

use super::json::Json;

/// Returns the item of a line with DynamoDB's types, if the line is valid.
pub(crate) fn item_of(format: Format, line: &[u8]) -> Option<Json> {
    let json = Json::parse(line)?;
    match (format, json) {
        (Format::DynamodbJson, Json::Object(members)) => match <[_; 1]>::try_from(members).ok()? {
            [(name, item)] if name == "Item" => attributes(item, format, 0),
            _ => None,
        },
        (_, json) => attributes(json, format, 0),
    }
}

fn attributes(json: Json, format: Format, depth: usize) -> Option<Json> {
    let Json::Object(members) = json else { return None };
    let members = members.into_iter().map(|(name, json)| Some((name, value(json, format, depth)?)));
    Some(Json::Object(members.collect::<Option<_>>()?))
}

fn value(json: Json, format: Format, depth: usize) -> Option<Json> {
    let Json::Object(members) = json else { return None };
    let [(name, value)] = <[_; 1]>::try_from(members).ok()?;
    let name = match format {
        Format::DataPipeline(_) if name.eq_ignore_ascii_case("NULLVALUE") => "NULL".to_owned(),
        Format::DataPipeline(_) => name.to_ascii_uppercase(),
        _ => name,
    };
    let value = match (name.as_str(), value) {
        ("L", Json::Array(elements)) if depth < 32 => {
            let elements = elements.into_iter().map(|element| self::value(element, format, depth + 1));
            Json::Array(elements.collect::<Option<_>>()?)
        }
        ("M", map) if depth < 32 => attributes(map, format, depth + 1)?,
        ("L" | "M", _) => return None,
        (name, value) => scalar(name, &value).then_some(value)?,
    };
    Some(Json::member(&name, value))
}

fn scalar(name: &str, value: &Json) -> bool {
    let each = |check: fn(&str) -> bool| match value {
        Json::Array(elements) => {
            !elements.is_empty()
                && elements.iter().all(|element| matches!(element, Json::Text(text) if check(text)))
        }
        _ => false,
    };
    match (name, value) {
        ("S", Json::Text(_)) | ("BOOL", Json::Bool(_)) | ("NULL", Json::Bool(true)) => true,
        ("N", Json::Text(text)) => number(text),
        ("B", Json::Text(text)) => binary(text),
        ("SS", _) => each(|_| true),
        ("NS", _) => each(number),
        ("BS", _) => each(binary),
        _ => false,
    }
}

fn binary(text: &str) -> bool {
    STANDARD.decode(text).is_ok()
}

fn number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (unsigned, "0"),
    };
    let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = mantissa.replacen('.', "", 1);
    let all_digits =
        |text: &str| !text.is_empty() && text.chars().all(|character| character.is_ascii_digit());
    if !all_digits(&digits) || !all_digits(power) {
        return false;
    }
    let significant = digits.trim_matches('0');
    if significant.is_empty() {
        return true;
    }
    let Ok(exponent) = exponent.parse::<i32>() else { return false };
    // The position of the first significant digit, counted from the point.
    let point = mantissa.find('.').unwrap_or(mantissa.len()) as i32;
    let first = digits.find(|digit| digit != '0').unwrap() as i32;
    significant.len() <= 38 && (-130..=125).contains(&(exponent.saturating_add(point - first - 1)))
}
