//! The page of a state machine in docs/: its diagram, and which transitions the tests take.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::{Machine, with_inner};

/// What leads from a state to another.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    /// Its `Next`, a rule of a Choice, or the first state of a Map's items.
    Next,
    /// A `Catch`.
    Catch,
}

/// A transition with what it is taken on.
struct Edge<'a> {
    from: &'a str,
    to: &'a str,
    kind: Kind,
    /// Conditions or error names; empty where the transition is always taken.
    labels: Vec<String>,
}

impl Machine {
    /// Returns the page that docs/ shows, given the transitions that the tests took.
    pub fn page(&self, taken: &BTreeSet<(String, String)>) -> String {
        let comment = self.definition["Comment"].as_str().unwrap();
        let mut page = format!("# {}\n\n{comment}\n\n", self.name);
        writeln!(page, "[{0}](../{0}) describes the workflow.", page_of(&self.name)).unwrap();
        page += "Dotted arrows are errors that a state catches. Red states end the execution as failed.\n";
        page += "Retries are not drawn. [errors.md](../errors.md) has their schedules and explains the names of errors.\n\n";
        page += "```mermaid\nflowchart TD\n    start((\" \"))\n";
        self.write_nodes(&self.definition, 1, &mut page);
        let first = self.definition["StartAt"].as_str().unwrap();
        writeln!(page, "    start --> {}", self.id(first)).unwrap();
        let edges = self.edges();
        for Edge { from, to, kind, labels } in edges.iter().filter(|edge| !self.is_inside(edge)) {
            let arrow = if *kind == Kind::Catch { "-.->" } else { "-->" };
            let label = if labels.is_empty() { String::new() } else { format!("|\"{}\"|", escaped(labels)) };
            writeln!(page, "    {} {arrow}{label} {}", self.id(from), self.id(to)).unwrap();
        }
        let failures = with_inner(&self.definition).into_iter().filter(|(_, state)| state["Type"] == "Fail");
        let failures: Vec<String> = failures.map(|(name, _)| self.id(name)).collect();
        page += "    classDef failure fill:#fde8e8,stroke:#c81e1e,color:#771d1d\n";
        writeln!(page, "    class {} failure", failures.join(",")).unwrap();
        page += "```\n\n## Transitions that the tests take\n\n`cargo test` keeps this page current. `no`: no test takes the transition.\n\n";
        page += "| From | To | On | Taken |\n| --- | --- | --- | --- |\n";
        for Edge { from, to, labels, .. } in edges {
            let is_taken = taken.contains(&(from.to_owned(), to.to_owned()));
            let (on, is_taken) = (labels.join(", "), if is_taken { "yes" } else { "no" });
            writeln!(page, "| {from} | {to} | {on} | {is_taken} |").unwrap();
        }
        page
    }

    /// Writes the states in the order of the definition, those of a Map's items in a frame of the Map's name.
    fn write_nodes(&self, machine: &Value, depth: usize, page: &mut String) {
        let indent = "    ".repeat(depth);
        for (name, state) in machine["States"].as_object().unwrap() {
            let id = self.id(name);
            let (open, close) = match state["Type"].as_str().unwrap() {
                "Map" => {
                    writeln!(page, "{indent}subgraph {id} [\"{name}\"]").unwrap();
                    self.write_nodes(&state["ItemProcessor"], depth + 1, page);
                    writeln!(page, "{indent}end").unwrap();
                    continue;
                }
                "Choice" => ("{", "}"),
                "Wait" => ("([", "])"),
                "Succeed" | "Fail" => ("[[", "]]"),
                _ => ("[", "]"),
            };
            writeln!(page, "{indent}{id}{open}\"{name}\"{close}").unwrap();
        }
    }

    /// Returns the transitions in the order of the definition. Those between the same two states are one.
    fn edges<'a>(&'a self) -> Vec<Edge<'a>> {
        let mut edges: Vec<Edge<'a>> = Vec::new();
        for (from, state) in with_inner(&self.definition) {
            let mut add = |to: &'a Value, kind, labels: Vec<String>| {
                let Some(to) = to.as_str() else { return };
                match edges.iter_mut().find(|edge| (edge.from, edge.to, edge.kind) == (from, to, kind)) {
                    Some(edge) => edge.labels.extend(labels),
                    None => edges.push(Edge { from, to, kind, labels }),
                }
            };
            add(&state["ItemProcessor"]["StartAt"], Kind::Next, vec!["each item".to_owned()]);
            for rule in state["Choices"].as_array().into_iter().flatten() {
                add(&rule["Next"], Kind::Next, vec![condition(rule["Condition"].as_str().unwrap())]);
            }
            add(&state["Default"], Kind::Next, vec!["otherwise".to_owned()]);
            add(&state["Next"], Kind::Next, Vec::new());
            for rule in state["Catch"].as_array().into_iter().flatten() {
                let names = rule["ErrorEquals"].as_array().unwrap().iter();
                let names = names.map(|name| match name.as_str().unwrap() {
                    "States.ALL" => "any other error".to_owned(),
                    name => name.to_owned(),
                });
                add(&rule["Next"], Kind::Catch, names.collect());
            }
        }
        edges
    }

    /// Whether an edge leads from a Map into its own frame, which shows it already.
    fn is_inside(&self, edge: &Edge<'_>) -> bool {
        let states = with_inner(&self.definition);
        states.iter().any(|(name, state)| *name == edge.from && state["ItemProcessor"]["StartAt"] == edge.to)
    }

    fn id(&self, name: &str) -> String {
        let states = with_inner(&self.definition);
        format!("s{}", states.iter().position(|(known, _)| *known == name).unwrap())
    }
}

/// Returns the page of a workflow in docs/. Four workflows share that of the stack which they belong to.
fn page_of(workflow: &str) -> String {
    match workflow {
        "backfill" | "replay" | "restore-snapshot" | "snapshot" => "incremental.md".to_owned(),
        workflow => format!("{workflow}.md"),
    }
}

/// Shortens a condition to what a person reads: `{% $states.input.status = 'READY' %}` is `status = 'READY'`.
fn condition(text: &str) -> String {
    text.trim_start_matches("{%").trim_end_matches("%}").trim().replace("$states.input.", "")
}

/// Joins labels, a line each, with what Mermaid would read as markup escaped.
fn escaped(labels: &[String]) -> String {
    let escape = |label: &String| label.replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;");
    labels.iter().map(escape).collect::<Vec<_>>().join("<br/>")
}
