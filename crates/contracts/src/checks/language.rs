//! The query language. A machine in JSONPath means other things by the same fields, so it is refused as a
//! whole rather than read as what it is not.

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{Machine, State};

/// One diagnostic if the machine as a whole is not JSONata, else one for each state that is not.
pub(crate) fn check(machine: &Machine<'_>) -> Vec<Diagnostic> {
    let language = machine.value.get("QueryLanguage");
    if !is_jsonata(language) {
        let there = match language {
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
                .produced(there)
                .help("convert the machine state by state; the Step Functions console can do it"),
        ];
    }
    let machines = machine.with_nested();
    let states = machines.iter().flat_map(Machine::states).filter(|state| !speaks_jsonata(state));
    let refused = states.map(|state| {
        let message = format!("the state \"{}\" is not written in JSONata", state.name);
        Diagnostic::new(Code::JsonpathNotChecked, state.at("QueryLanguage"), message)
            .expected("JSONata, as in the machine around it")
            .help("leave QueryLanguage out of the state and write its fields in JSONata")
    });
    refused.collect()
}

/// Whether a state is JSONata, in a machine that is.
pub(crate) fn speaks_jsonata(state: &State<'_>) -> bool {
    state.field("QueryLanguage").is_none_or(|language| is_jsonata(Some(language)))
}

fn is_jsonata(language: Option<&Value>) -> bool {
    language.and_then(Value::as_str) == Some("JSONata")
}
