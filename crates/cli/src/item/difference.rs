//! Compares two states of an item, attribute by attribute.

use serde::Serialize;
use serde_json::Value;
use tablekeeper_core::text::cut;

use super::attributes::Item;
use crate::console::Console;

/// Maximum number of characters shown of a value. `--json` has all of them.
const LONGEST: usize = 200;

/// An attribute that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    pub(crate) attribute: String,
    /// Current value; `None` if the item has no such attribute.
    pub(crate) now: Option<Value>,
    /// Earlier value, which would be written; `None` if the item had no such attribute.
    pub(crate) then: Option<Value>,
}

/// Returns the attributes in which two states of an item differ, by name. Without a current item, returns all
/// attributes.
pub(crate) fn between(now: Option<&Item>, then: &Item) -> Vec<Change> {
    let empty = Item::new();
    let now = now.unwrap_or(&empty);
    let gone = now.keys().filter(|name| !then.contains_key(*name));
    let mut names: Vec<&String> = then.keys().chain(gone).collect();
    names.sort();
    let changes = names.into_iter().map(|name| {
        let (now, then) = (now.get(name).cloned(), then.get(name).cloned());
        Change { attribute: name.clone(), now, then }
    });
    changes.filter(|change| change.now != change.then).collect()
}

/// Returns a line for each attribute: `+` would be added, `-` removed, `~` changed.
pub(crate) fn lines(changes: &[Change], console: &Console) -> Vec<String> {
    let lines = changes.iter().map(|Change { attribute, now, then }| {
        let name = cut(Value::from(attribute.as_str()).to_string(), LONGEST);
        match (now, then) {
            (Some(now), Some(then)) => {
                console.changed(&format!("~ {name}: {} -> {}", shown(now), shown(then)))
            }
            (None, Some(then)) => console.good(&format!("+ {name}: {}", shown(then))),
            (Some(now), None) => console.bad(&format!("- {name}: {}", shown(now))),
            (None, None) => format!("  {name}"),
        }
    });
    lines.collect()
}

fn shown(value: &Value) -> String {
    cut(value.to_string(), LONGEST)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::console::Stream;

    #[test]
    fn added_removed_and_changed_attributes_have_lines() {
        let now =
            json!({ "id": { "S": "1" }, "a": { "S": "x" }, "b": { "N": "1" }, "same": { "SS": ["a"] } });
        let then =
            json!({ "id": { "S": "1" }, "b": { "N": "2" }, "c\n": { "S": "y" }, "same": { "SS": ["a"] } });
        let (now, then) = (now.as_object().unwrap(), then.as_object().unwrap());
        let changes = between(Some(now), then);
        let plain = Console::with_colours(Stream::Stdout, false);
        assert_eq!(
            lines(&changes, &plain),
            [r#"- "a": {"S":"x"}"#, r#"~ "b": {"N":"1"} -> {"N":"2"}"#, r#"+ "c\n": {"S":"y"}"#]
        );
        let coloured = lines(&changes, &Console::with_colours(Stream::Stdout, true)).concat();
        assert!(coloured.contains("\u{1b}[3"), "{coloured:?}");
        assert_eq!(between(None, then).len(), 4);
        assert_eq!(between(Some(then), then), []);
        let long = json!({ "id": { "S": "1" }, "b": { "S": "x".repeat(1_000) } });
        let line = lines(&between(Some(now), long.as_object().unwrap()), &plain).concat();
        assert!(line.contains('…') && line.chars().count() < 500, "{line}");
    }
}
