//! A state machine as a Mermaid diagram, with what the tests took of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use local_aws::workspace_root;
use serde_json::Value;

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

    /// The names of its states, those of its Maps included.
    pub fn state_names(&self) -> BTreeSet<String> {
        with_inner(&self.definition).into_iter().map(|(name, _)| name.clone()).collect()
    }

    /// Every transition that its definition allows. A Map leads to its first state; the last ones of an item
    /// lead to the next item and to what follows the Map, and a Fail of an item to what catches it.
    pub fn transitions(&self) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        for (from, state) in with_inner(&self.definition) {
            let next = following(state);
            found.extend(next.iter().map(|to| (from.clone(), (*to).to_owned())));
            let inner = &state["ItemProcessor"];
            let Some(first) = inner["StartAt"].as_str() else { continue };
            found.insert((from.clone(), first.to_owned()));
            for (last, it) in inner["States"].as_object().unwrap() {
                if it["End"] == true {
                    found.insert((last.clone(), first.to_owned()));
                    found.extend(state["Next"].as_str().map(|to| (last.clone(), to.to_owned())));
                }
                if it["Type"] == "Fail" {
                    found.extend(catchers(state).map(|to| (last.clone(), to.to_owned())));
                }
            }
        }
        found
    }

    /// Which of these transitions a history took, that has these states in the order in which they were entered. Items
    /// of a Map run beside each other, so that each state follows on the last one that may lead to it; what none leads
    /// to follows on the one before it, which is not among the `possible`.
    pub fn taken(
        &self,
        entered: &[String],
        possible: &BTreeSet<(String, String)>,
    ) -> BTreeSet<(String, String)> {
        let (mut taken, mut open) = (BTreeSet::new(), Vec::<String>::new());
        for (place, state) in entered.iter().enumerate() {
            let leads_here = |from: &String| possible.contains(&(from.clone(), state.clone()));
            match (open.iter().rposition(leads_here), place.checked_sub(1)) {
                // A Map stays open for its other items, and so does an item that this one may not follow on.
                (Some(at), _) if self.begins_item(state) => {
                    taken.insert((open[at].clone(), state.clone()));
                }
                (Some(at), _) => drop(taken.insert((open.remove(at), state.clone()))),
                (None, Some(before)) => drop(taken.insert((entered[before].clone(), state.clone()))),
                (None, None) => {}
            }
            open.push(state.clone());
        }
        taken
    }

    fn begins_item(&self, first: &str) -> bool {
        with_inner(&self.definition).iter().any(|(_, state)| state["ItemProcessor"]["StartAt"] == first)
    }

    /// What only the local engine does: it goes on with the other items of a Map of which one has failed.
    pub fn of_the_local_engine(&self) -> BTreeSet<(String, String)> {
        let maps = with_inner(&self.definition).into_iter().map(|(_, state)| &state["ItemProcessor"]);
        let failed =
            maps.filter_map(|inner| Some((inner["StartAt"].as_str()?, inner["States"].as_object()?)));
        let failed = failed.flat_map(|(first, states)| {
            let fails = states.iter().filter(|(_, state)| state["Type"] == "Fail");
            fails.map(move |(name, _)| (name.clone(), first.to_owned()))
        });
        failed.collect()
    }

    /// The page that docs/ shows: transitions that no test took are dashed.
    pub fn page(&self, taken: &BTreeSet<(String, String)>) -> String {
        let mut page = format!("# {}\n\n{}\n\n", self.name, self.definition["Comment"].as_str().unwrap());
        page += "Solid transitions are taken by the tests, dashed ones are not. `cargo test` keeps this page current.\n\n";
        page += "```mermaid\nflowchart TD\n";
        let all = with_inner(&self.definition);
        let names: Vec<&String> = all.iter().map(|(name, _)| *name).collect();
        let id = |name: &str| format!("s{}", names.iter().position(|known| *known == name).unwrap());
        for (name, state) in &all {
            let (open, close) = match state["Type"].as_str().unwrap() {
                "Choice" => ("{", "}"),
                "Wait" => ("([", "])"),
                "Map" => ("[/", "/]"),
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

/// The states of a machine with those of its Maps, by name.
pub(crate) fn with_inner(machine: &Value) -> Vec<(&String, &Value)> {
    let states = machine["States"].as_object().unwrap();
    let inner = states.values().filter(|state| state["Type"] == "Map");
    states.iter().chain(inner.flat_map(|state| with_inner(&state["ItemProcessor"]))).collect()
}

/// Where a state leads within its own machine.
fn following(state: &Value) -> Vec<&str> {
    let choices = state["Choices"].as_array().into_iter().flatten();
    let next = [&state["Next"], &state["Default"]].into_iter().chain(choices.map(|rule| &rule["Next"]));
    next.filter_map(Value::as_str).chain(catchers(state)).collect()
}

fn catchers(state: &Value) -> impl Iterator<Item = &str> {
    state["Catch"].as_array().into_iter().flatten().filter_map(|rule| rule["Next"].as_str())
}
