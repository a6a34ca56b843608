//! Checks where a query language may be named.
//!
//! A machine whose language is JSONata has no JSONPath states. The other way round, single states may be JSONata
//! ("State machine structure" in the developer guide).

use serde_json::Value;

use super::closest;
use super::fields::did_you_mean;
use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{Language, Machine, State};

const NAMES: [&str; 2] = ["JSONata", "JSONPath"];

/// Checks the `QueryLanguage` of a definition and of its states.
pub(crate) fn check(machine: &Machine<'_>) -> Vec<Diagnostic> {
    let own = name(machine.value.get("QueryLanguage"), machine.at("QueryLanguage"));
    let machines = machine.with_nested();
    let states = machines.iter().flat_map(Machine::states).filter_map(|state| of_state(&state));
    own.into_iter().chain(states).collect()
}

fn of_state(state: &State<'_>) -> Option<Diagnostic> {
    if let Some(refused) = name(state.field("QueryLanguage"), state.at("QueryLanguage")) {
        return Some(refused);
    }
    if state.language() == state.around || state.around == Language::JsonPath {
        return None;
    }
    let message = format!("the state \"{}\" is JSONPath in a state machine that is JSONata", state.name);
    let refused = Diagnostic::new(Code::SchemaValidationFailed, state.at("QueryLanguage"), message);
    Some(refused.expected("JSONata, as in the machine around it").help(
        "write its fields in JSONata, or set the QueryLanguage of each JSONata state instead of the machine's",
    ))
}

/// Checks that a field names a language.
fn name(field: Option<&Value>, pointer: String) -> Option<Diagnostic> {
    let text = field?.as_str().unwrap_or_default();
    if NAMES.contains(&text) || text.contains("${") {
        return None;
    }
    let message = format!("QueryLanguage is {}", field?);
    let refused = Diagnostic::new(Code::SchemaValidationFailed, pointer, message);
    Some(did_you_mean(refused.expected(NAMES.join(" or ")), closest(text, NAMES)))
}
