//! Walks JSONPath states, whose data is not typed.
//!
//! A JSONPath state passes on its input where nothing in it can change it. Everything else that it produces is unknown.
//! The variables that it reads and assigns are known by name.

use serde_json::Value;

use super::environment::Environment;
use super::states::Outcome;
use super::{Inference, Transition, Walk};
use crate::checks::jsonpath::reads;
use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{By, Kind, State, join};
use crate::shape::{Object, Shape};

impl Walk<'_> {
    /// Visits a state in JSONPath.
    pub(super) fn jsonpath(
        &self,
        state: &State<'_>,
        environment: &Environment,
        inference: &mut Inference,
    ) -> Outcome {
        self.variables_exist(state, environment, &mut inference.diagnostics);
        self.nested_of_jsonpath(state, environment, inference);
        let output = self.output_of_jsonpath(state, environment);
        if !self.gradual && output == self.unknown() && state.kind() != Some(Kind::Fail) {
            let message = format!("what the JSONPath state \"{}\" produces cannot be typed", state.name);
            inference.diagnostics.push(
                Diagnostic::new(Code::UntypedExpression, &state.pointer, message).help("write it in JSONata"),
            );
        }
        let mut outcome = Outcome::default();
        let found = &mut inference.diagnostics;
        for transition in state.transitions() {
            let (list, input) = match transition.by {
                By::Next | By::Default => (None, output.clone()),
                By::Choice(index) => (Some(("Choices", index)), output.clone()),
                By::Catch(index) => (Some(("Catch", index)), self.caught(state, index, environment)),
            };
            let own = || (state.field("Assign"), state.at("Assign"));
            let (assign, pointer) = match list {
                None => own(),
                Some((list, index)) => {
                    let rule = state.field(list).and_then(|rules| rules.get(index));
                    let pointer = join(&join(&state.at(list), &index.to_string()), "Assign");
                    (rule.and_then(|rule| rule.get("Assign")), pointer)
                }
            };
            let after = self.assigned_by_jsonpath(assign, &pointer, environment, found);
            outcome
                .leads
                .push(Transition { to: transition.to.to_owned(), environment: after.with_input(input) });
        }
        if matches!(state.kind(), Some(Kind::Choice | Kind::Fail)) || state.field("Next").is_some() {
            return outcome;
        }
        // Nothing reads these variables, but they may not be those of the machine around this one.
        self.assigned_by_jsonpath(state.field("Assign"), &state.at("Assign"), environment, found);
        outcome.ends_with = output;
        outcome
    }

    /// Walks the machines in a Map or Parallel from an unknown input.
    fn nested_of_jsonpath(&self, state: &State<'_>, environment: &Environment, inference: &mut Inference) {
        for machine in state.nested() {
            // Iterator can have a ProcessorConfig, too.
            let mode = machine.value.get("ProcessorConfig").and_then(|config| config.get("Mode")?.as_str());
            let (walk, start) = match mode == Some("DISTRIBUTED") {
                true => {
                    let outer = std::collections::BTreeSet::new();
                    (Walk { context: self.unknown(), outer, ..*self }, Environment::default())
                }
                false => {
                    let inner = self.inner(environment);
                    let context =
                        if state.kind() == Some(Kind::Map) { self.unknown() } else { inner.context };
                    (Walk { context, ..inner }, environment.clone())
                }
            };
            walk.response(&machine, start.with_input(self.unknown()), inference);
        }
    }

    /// Returns the output of a state: its input if no field can change that, else an unknown value.
    fn output_of_jsonpath(&self, state: &State<'_>, environment: &Environment) -> Shape {
        let changes = ["InputPath", "OutputPath", "Parameters", "Result"];
        let passes =
            matches!(state.kind(), Some(Kind::Choice | Kind::Wait | Kind::Succeed | Kind::Pass | Kind::Fail));
        if passes && changes.iter().all(|field| state.field(field).is_none()) {
            let place = state.field("ResultPath").is_none_or(|place| place == "$" || place.is_null());
            if place {
                return environment.input.clone();
            }
        }
        self.unknown()
    }

    /// Returns what a catcher passes on: the error, unless it puts the error somewhere into the input.
    fn caught(&self, state: &State<'_>, index: usize, environment: &Environment) -> Shape {
        let catcher = state.field("Catch").and_then(|catchers| catchers.get(index));
        match catcher.and_then(|catcher| catcher.get("ResultPath")) {
            None => Shape::object(Object::of([("Error", Shape::string()), ("Cause", Shape::string())])),
            Some(Value::Null) => environment.input.clone(),
            Some(Value::String(place)) if place == "$" => {
                Shape::object(Object::of([("Error", Shape::string()), ("Cause", Shape::string())]))
            }
            Some(_) => self.unknown(),
        }
    }

    fn assigned_by_jsonpath(
        &self,
        assign: Option<&Value>,
        pointer: &str,
        environment: &Environment,
        found: &mut Vec<Diagnostic>,
    ) -> Environment {
        let mut after = environment.clone();
        for (key, _) in assign.and_then(Value::as_object).into_iter().flatten() {
            let name = key.strip_suffix(".$").unwrap_or(key);
            if self.outer.contains(name) {
                let message = format!(
                    "${name} is a variable of the machine around this one and cannot be assigned here"
                );
                found.push(
                    Diagnostic::new(Code::AssignmentOutOfScope, join(pointer, key), message)
                        .help("use another name"),
                );
            }
            after.assign(name, self.unknown());
        }
        after
    }

    /// Reports variables that a path reads and no state before has assigned.
    fn variables_exist(&self, state: &State<'_>, environment: &Environment, found: &mut Vec<Diagnostic>) {
        for (pointer, name) in reads(state) {
            let (code, message) = match environment.variables.get(&name) {
                Some(variable) if variable.certain => continue,
                Some(_) => {
                    (Code::PerhapsUnassignedVariable, format!("some path to here does not assign ${name}"))
                }
                None => (Code::UnassignedVariable, format!("no path to here assigns ${name}")),
            };
            let names = environment.variables.keys().map(String::as_str);
            let finding = Diagnostic::new(code, pointer, message);
            found.push(match crate::suggestion::closest(&name, names).filter(|meant| *meant != name) {
                Some(meant) => finding.help(format!("did you mean ${meant}?")),
                None => finding.help("assign it in an earlier state"),
            });
        }
    }
}
