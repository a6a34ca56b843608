//! The states of a definition and the transitions between them.

use serde_json::Value;

/// A state of a definition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) comment: Option<String>,
    /// States that may follow, without those that catch its errors.
    pub(crate) next: Vec<String>,
    /// States that catch its errors.
    pub(crate) catchers: Vec<String>,
}

/// Returns the states of a definition. Those of a Map follow the Map, which leads to the first of them.
pub(crate) fn states(definition: &Value) -> Vec<State> {
    let Some(states) = definition.get("States").and_then(Value::as_object) else { return Vec::new() };
    states.iter().flat_map(|(name, state)| with_inner(name, state)).collect()
}

fn with_inner(name: &str, state: &Value) -> Vec<State> {
    let text = |name: &str| state.get(name).and_then(Value::as_str);
    let listed = |name: &str| state.get(name).and_then(Value::as_array).into_iter().flatten();
    let target = |rule: &Value| rule.get("Next").and_then(Value::as_str).map(str::to_owned);
    let inner: Vec<&Value> = ["ItemProcessor", "Iterator"]
        .iter()
        .filter_map(|name| state.get(*name))
        .chain(listed("Branches"))
        .collect();
    let first = inner.iter().filter_map(|machine| machine.get("StartAt").and_then(Value::as_str));
    let mut next: Vec<String> = first.chain(text("Next")).chain(text("Default")).map(str::to_owned).collect();
    next.extend(listed("Choices").filter_map(target));
    next.dedup();
    let own = State {
        name: name.to_owned(),
        kind: text("Type").unwrap_or_default().to_owned(),
        comment: text("Comment").map(str::to_owned),
        next,
        catchers: listed("Catch").filter_map(target).collect(),
    };
    [own].into_iter().chain(inner.into_iter().flat_map(states)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_map_leads_to_its_first_state() {
        let machine = json!({ "StartAt": "Each", "States": {
            "Each": { "Type": "Map", "Next": "Done?", "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Failed" }],
                "ItemProcessor": { "StartAt": "Copy", "States": { "Copy": { "Type": "Task", "End": true } } } },
            "Done?": { "Type": "Choice", "Default": "Each", "Choices": [{ "Condition": "x", "Next": "Done" }] },
            "Done": { "Type": "Succeed", "Comment": "All are done." }, "Failed": { "Type": "Fail" } } });
        let states = states(&machine);
        let of = |name: &str| states.iter().find(|state| state.name == name).unwrap();
        assert_eq!(of("Each").next, ["Copy", "Done?"]);
        assert_eq!(of("Each").catchers, ["Failed"]);
        assert_eq!(of("Done?").next, ["Each", "Done"]);
        assert_eq!(of("Done").comment.as_deref(), Some("All are done."));
        assert_eq!(of("Copy").kind, "Task");
    }
}
