//! Leaves items and their keys out of the inputs and outputs of executions.

use serde_json::Value;

/// Text that replaces what is left out.
const LEFT_OUT: &str = "(left out)";

/// Members that hold items or keys of items.
const OF_ITEMS: [&str; 7] = ["Item", "Items", "Key", "Keys", "NewImage", "OldImage", "ExclusiveStartKey"];

/// Replaces items and keys. Numbers and texts under the same names stay, such as a count or the name of a file.
pub(crate) fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::Object(_) | Value::Array(_)
                        if OF_ITEMS.iter().any(|of| of.eq_ignore_ascii_case(name)) =>
                    {
                        *member = Value::from(LEFT_OUT);
                    }
                    _ => redact(member),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(redact),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_of_items_are_left_out_and_counts_stay() {
        let mut input =
            json!({ "Keys": [{ "id": { "S": "secret" } }], "Items": 5, "a": [{ "item": { "x": 1 } }] });
        redact(&mut input);
        assert_eq!(input, json!({ "Keys": "(left out)", "Items": 5, "a": [{ "item": "(left out)" }] }));
    }
}
