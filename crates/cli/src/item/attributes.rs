//! Converts attributes between DynamoDB JSON and the SDK's types without loss: numbers stay text, and binaries base64.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tablekeeper_core::text::quoted;

/// The error for a value that is not an attribute value.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoAttribute(pub(crate) String);

/// An item by attribute name, with values in DynamoDB JSON.
pub(crate) type Item = Map<String, Value>;

/// Parses the value of an attribute.
pub(crate) fn attribute_of(value: &Value) -> Result<AttributeValue, NoAttribute> {
    let wrong = || NoAttribute(format!("{} is not an attribute value", quoted(&value.to_string())));
    let members = value.as_object().filter(|members| members.len() == 1).ok_or_else(wrong)?;
    let (kind, value) = members.iter().next().ok_or_else(wrong)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let blob = |value: &Value| STANDARD.decode(value.as_str()?).ok().map(Blob::new);
    let of = match kind.as_str() {
        "S" => text(value).map(AttributeValue::S),
        "N" => text(value).map(AttributeValue::N),
        "B" => blob(value).map(AttributeValue::B),
        "BOOL" => value.as_bool().map(AttributeValue::Bool),
        "NULL" => value.as_bool().map(AttributeValue::Null),
        "SS" => all(value, text).map(AttributeValue::Ss),
        "NS" => all(value, text).map(AttributeValue::Ns),
        "BS" => all(value, blob).map(AttributeValue::Bs),
        "L" => {
            let values = value.as_array().ok_or_else(wrong)?;
            Some(AttributeValue::L(values.iter().map(attribute_of).collect::<Result<_, _>>()?))
        }
        "M" => Some(AttributeValue::M(attributes_of(value.as_object().ok_or_else(wrong)?)?)),
        _ => None,
    };
    of.ok_or_else(wrong)
}

/// Parses the attributes of an item.
pub(crate) fn attributes_of(item: &Item) -> Result<HashMap<String, AttributeValue>, NoAttribute> {
    item.iter().map(|(name, value)| Ok((name.clone(), attribute_of(value)?))).collect()
}

/// Parses the elements of a set.
fn all<T>(value: &Value, of: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(of).collect()
}

/// Converts an item to DynamoDB JSON. The elements of sets are sorted, because sets have no order; see [`in_order`].
pub(crate) fn item_of(attributes: &HashMap<String, AttributeValue>) -> Result<Item, NoAttribute> {
    attributes.iter().map(|(name, value)| Ok((name.clone(), in_order(json_of(value)?)))).collect()
}

fn json_of(value: &AttributeValue) -> Result<Value, NoAttribute> {
    let base64 = |blob: &Blob| STANDARD.encode(blob.as_ref());
    Ok(match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(blob) => json!({ "B": base64(blob) }),
        AttributeValue::Bool(value) => json!({ "BOOL": value }),
        AttributeValue::Null(value) => json!({ "NULL": value }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::Ns(numbers) => json!({ "NS": numbers }),
        AttributeValue::Bs(blobs) => json!({ "BS": blobs.iter().map(base64).collect::<Vec<_>>() }),
        AttributeValue::L(values) => {
            json!({ "L": values.iter().map(json_of).collect::<Result<Vec<_>, _>>()? })
        }
        AttributeValue::M(values) => {
            let members = values.iter().map(|(name, value)| Ok((name.clone(), json_of(value)?)));
            json!({ "M": members.collect::<Result<Map<_, _>, _>>()? })
        }
        other => return Err(NoAttribute(format!("{other:?} has a type that this version does not support"))),
    })
}

/// Parses an item of DynamoDB JSON. The elements of sets are sorted, see [`in_order`].
pub(crate) fn parsed(item: &[u8]) -> serde_json::Result<Item> {
    let item: Item = serde_json::from_slice(item)?;
    Ok(item.into_iter().map(|(name, value)| (name, in_order(value))).collect())
}

/// Sorts the elements of sets in an attribute's value, at any depth.
pub(crate) fn in_order(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let ordered = members.into_iter().map(|(kind, value)| {
        let value = match (kind.as_str(), value) {
            ("SS" | "NS" | "BS", Value::Array(mut elements)) => {
                elements.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
                Value::Array(elements)
            }
            ("L", Value::Array(values)) => Value::Array(values.into_iter().map(in_order).collect()),
            ("M", Value::Object(values)) => {
                Value::Object(values.into_iter().map(|(name, value)| (name, in_order(value))).collect())
            }
            (_, value) => value,
        };
        (kind, value)
    });
    Value::Object(ordered.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_survives_a_round_trip() {
        let item = json!({
            "s": { "S": "ü\n" }, "n": { "N": "1234567890123456789012345678901234567.8" }, "b": { "B": "AP8=" },
            "t": { "BOOL": false }, "z": { "NULL": true }, "ss": { "SS": ["a", "b"] }, "ns": { "NS": ["1", "2"] },
            "bs": { "BS": ["AA==", "eg=="] }, "l": { "L": [{ "M": {} }, { "L": [] }, { "S": "" }] },
            "m": { "M": { "a.b": { "NS": ["1"] } } },
        });
        let item = item.as_object().unwrap();
        assert_eq!(&item_of(&attributes_of(item).unwrap()).unwrap(), item);
    }

    #[test]
    fn only_lists_have_an_order() {
        let set = |kind: &str, elements: [&str; 2]| in_order(json!({ "M": { "a": { kind: elements } } }));
        assert_eq!(set("SS", ["a", "b"]), set("SS", ["b", "a"]));
        assert_ne!(set("L", ["a", "b"]), set("L", ["b", "a"]));
    }

    #[test]
    fn invalid_values_are_refused() {
        for value in [
            json!("a"),
            json!({}),
            json!({ "S": 1 }),
            json!({ "B": "%" }),
            json!({ "X": "a" }),
            json!({ "S": "a", "N": "1" }),
            json!({ "L": [{ "S": 1 }] }),
        ] {
            let error = attribute_of(&value).unwrap_err().to_string();
            assert!(error.ends_with("is not an attribute value"), "{error}");
        }
    }
}
