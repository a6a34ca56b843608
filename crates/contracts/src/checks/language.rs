//! Checks the query language. The same fields have other meanings in JSONPath, so a JSONPath machine is refused as a
//! whole instead of being misread.

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{Machine, State};

/// Returns one diagnostic if the whole machine is not JSONata, else one for each state that is not.
pub(crate) fn check(machine: &Machine<'_>) -> Vec<Diagnostic> {
    let language = machine.value.get("QueryLanguage");
    if !is_jsonata(language) && !every_state_is_jsonata(machine) {
        let produced = match language {
            None => "no QueryLanguage, which means JSONPath".to_owned(),
            Some(other) => format!("QueryLanguage {other}"),
        };
        let refused = Diagnostic::new(
            Code::JsonpathNotChecked,
            machine.at("QueryLanguage"),
            "this state machine is not written in JSONata, so nothing in it was checked",
        );
        return vec![
            refused
                .expected(r#""QueryLanguage": "JSONata" for the whole machine"#)
                .produced(produced)
                .help("convert the machine state by state. The Step Functions console can do it"),
        ];
    }
    let machines = machine.with_nested();
    let states = machines.iter().flat_map(Machine::states).filter(|state| !uses_jsonata(state));
    let refused = states.map(|state| {
        let message = format!("the state \"{}\" is not written in JSONata", state.name);
        Diagnostic::new(Code::JsonpathNotChecked, state.at("QueryLanguage"), message)
            .expected("JSONata, as in the machine around it")
            .help("leave QueryLanguage out of the state and write its fields in JSONata")
    });
    refused.collect()
}

/// Returns whether a state of a JSONata machine is JSONata too.
pub(crate) fn uses_jsonata(state: &State<'_>) -> bool {
    state.field("QueryLanguage").is_none_or(|language| is_jsonata(Some(language)))
}

/// Returns whether each state has a `QueryLanguage` of its own that is JSONata. Then that of the machine does not matter.
fn every_state_is_jsonata(machine: &Machine<'_>) -> bool {
    let machines = machine.with_nested();
    let mut states = machines.iter().flat_map(Machine::states).peekable();
    states.peek().is_some() && states.all(|state| is_jsonata(state.field("QueryLanguage")))
}

fn is_jsonata(language: Option<&Value>) -> bool {
    language.and_then(Value::as_str) == Some("JSONata")
}
