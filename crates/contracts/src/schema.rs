//! Finds schemas that cannot be used as they are.

use serde_json::Value;

/// Returns why a schema cannot be used: it refers to something that is not in it. A reference to another file would
/// have to be resolved first.
pub fn unresolved(schema: &Value) -> Option<String> {
    let reference = references(schema).into_iter().find(|reference| {
        reference.strip_prefix('#').is_none_or(|pointer| schema.pointer(pointer).is_none())
    })?;
    Some(match reference.starts_with('#') {
        true => format!("$ref is \"{reference}\", and there is nothing at that place"),
        false => format!(
            "$ref is \"{reference}\", which is not in this file. Write the definition into $defs and refer to it by \"#/$defs/…\""
        ),
    })
}

fn references(schema: &Value) -> Vec<&str> {
    match schema {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            let data = ["const", "enum", "default", "examples"];
            let below = members.iter().filter(|(name, _)| !data.contains(&name.as_str()));
            own.into_iter().chain(below.flat_map(|(_, member)| references(member))).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::unresolved;

    #[test]
    fn only_references_within_the_schema_are_resolved() {
        let schema = |reference: &str| json!({ "$defs": { "A": { "type": "string" } }, "properties": { "a": { "$ref": reference } } });
        assert_eq!(unresolved(&schema("#/$defs/A")), None);
        assert_eq!(unresolved(&schema("#")), None);
        for reference in ["other.json", "other.json#/$defs/A", "https://example.com/a.json", "#/$defs/B"] {
            assert!(unresolved(&schema(reference)).is_some_and(|why| why.contains(reference)), "{reference}");
        }
        assert_eq!(unresolved(&json!({ "const": { "$ref": "other.json" } })), None);
    }
}
