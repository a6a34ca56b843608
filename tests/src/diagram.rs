//! A state machine as a Mermaid diagram, with what the tests took of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use local_aws::workspace_root;
use serde_json::{Map, Value};

/// A state machine as it stands in `statemachines/`.
pub struct Machine {
    name: String,
    definition: Value,
}

impl Machine {
    /// The workflow's.
    pub fn of(workflow: &str) -> Machine {
        let path = workspace_root().join(format!("statemachines/{workflow}.asl.json"));
        let definition = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Machine { name: workflow.to_owned(), definition }
    }

    fn states(&self) -> &Map<String, Value> {
        self.definition["States"].as_object().unwrap()
    }

    /// The names of its states.
    pub fn state_names(&self) -> BTreeSet<String> {
        self.states().keys().cloned().collect()
    }

    /// Every transition that its definition allows.
    pub fn transitions(&self) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        for (from, state) in self.states() {
            let rules =
                ["Catch", "Choices"].into_iter().filter_map(|field| state[field].as_array()).flatten();
            let next = [&state["Next"], &state["Default"]].into_iter().chain(rules.map(|rule| &rule["Next"]));
            found.extend(next.filter_map(Value::as_str).map(|to| (from.clone(), to.to_owned())));
        }
        found
    }

    /// The page that docs/ shows: transitions that no test took are dashed.
    pub fn page(&self, taken: &BTreeSet<(String, String)>) -> String {
        let mut page = format!("# {}\n\n{}\n\n", self.name, self.definition["Comment"].as_str().unwrap());
        page += "Solid transitions are taken by the tests, dashed ones are not. `cargo test` keeps this page current.\n\n";
        page += "```mermaid\nflowchart TD\n";
        let names: Vec<&String> = self.states().keys().collect();
        let id = |name: &str| format!("s{}", names.iter().position(|known| *known == name).unwrap());
        for (name, state) in self.states() {
            let (open, close) = match state["Type"].as_str().unwrap() {
                "Choice" => ("{", "}"),
                "Wait" => ("([", "])"),
                "Succeed" | "Fail" => ("[[", "]]"),
                _ => ("[", "]"),
            };
            writeln!(page, "    {}{open}\"{name}\"{close}", id(name)).unwrap();
        }
        for transition in self.transitions() {
            let arrow = if taken.contains(&transition) { "-->" } else { "-.->" };
            writeln!(page, "    {} {arrow} {}", id(&transition.0), id(&transition.1)).unwrap();
        }
        page + "```\n"
    }
}
