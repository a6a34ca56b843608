//! Walks a state machine as its executions would, with shapes in place of values.
//!
//! For each state the walk stores the possible values of its input and of each variable, and whether every path to the
//! state has assigned the variable. A state turns its input into the input of each transition's target. Where paths
//! meet, shapes are joined. A loop is repeated until nothing changes. Then every reached state is visited once more to
//! report its findings.

mod choice;
mod context;
mod data;
mod environment;
mod jsonpath;
mod map;
mod memory;
mod reader;
mod services;
mod states;
mod task;
mod token;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use crate::contract::Contracts;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::machine::{Machine, State};
use crate::shape::Shape;

pub use environment::Environment;
pub use memory::Visits;
use memory::{Asked, Memory, Typed as Visited, Visit};

/// How often the inputs of a state are joined before a shape that still changes is widened to any value. No loop that
/// terminates needs as many.
const MOST_JOINS: usize = 40;

/// How often the inputs of a state are joined before the bounds of numbers that still change are dropped.
const MOST_EXACT_JOINS: usize = 6;

/// The result of the walk.
#[derive(Clone, Debug, Default)]
pub struct Inference {
    /// The findings.
    pub diagnostics: Vec<Diagnostic>,
    /// The possible values at each reached state, by the state's pointer.
    pub states: BTreeMap<String, AtState>,
    /// Why schemas that were needed cannot be used.
    pub unusable: BTreeSet<String>,
}

impl Inference {
    fn extend(&mut self, other: &Inference) {
        self.diagnostics.extend(other.diagnostics.iter().cloned());
        let states = other.states.iter();
        self.states.extend(states.map(|(pointer, at)| (pointer.clone(), at.clone())));
    }
}

/// The possible values at a state.
#[derive(Clone, Debug, PartialEq)]
pub struct AtState {
    /// The state's input and variables.
    pub environment: Environment,
    /// The payload that a task passes to its function. `None` for states that are not tasks.
    pub payload: Option<Shape>,
}

/// Walks the machine from this input. Without a schema the input may be any value. If `output` is given, the output of
/// the machine must fit it. What has no schema is unknown if the check is `gradual`, else any value. Visits in `earlier`
/// are reused. The new visits are returned with the inference.
pub fn infer(
    machine: &Machine<'_>,
    contracts: &dyn Contracts,
    (input, output): (Option<&Value>, Option<&Value>),
    gradual: bool,
    earlier: &Visits,
) -> (Inference, Visits) {
    let unknown = if gradual { Shape::unknown() } else { Shape::any() };
    let asked = Asked::new(contracts);
    let memory = Memory { earlier, own: RefCell::default() };
    let input_shape = input.map_or(unknown, Shape::from_schema);
    let context = context::of(&input_shape);
    let walk = Walk { contracts: &asked, memory: &memory, context, outer: BTreeSet::new(), gradual };
    let mut inference = Inference::default();
    let environment = Environment { input: input_shape, ..Environment::default() };
    for (state, ends_with) in walk.machine(machine, environment, &mut inference) {
        if let Some(Err(mismatch)) = output.map(|schema| ends_with.fits(schema)) {
            let place = mismatch.place.trim_start_matches('/').replace('/', ".");
            let message = "the output of the execution does not match its schema";
            let severity = if mismatch.certain { Severity::Error } else { Severity::Warning };
            let finding = Diagnostic::new(Code::OutputMismatch, state, message).severity(severity);
            let finding = finding.expected(if place.is_empty() {
                mismatch.reason
            } else {
                format!("`{place}`: {}", mismatch.reason)
            });
            inference.diagnostics.push(match mismatch.counterexample {
                Some(example) => finding.counterexample(example),
                None => finding,
            });
        }
    }
    inference.unusable = asked.unusable();
    let execution = [("the execution's input", input), ("the execution's output", output)];
    for (what, schema) in execution {
        let problem = schema.and_then(crate::schema::unresolved);
        inference.unusable.extend(problem.map(|problem| format!("the schema of {what}: {problem}")));
    }
    (inference, memory.own.into_inner())
}

/// A walk through one machine. A Map or Parallel starts a walk of each nested machine.
struct Walk<'a> {
    contracts: &'a Asked<'a>,
    memory: &'a Memory<'a>,
    /// The shape of `$states.context`.
    context: Shape,
    /// The variables of the enclosing machines, which this machine may read but not assign.
    outer: BTreeSet<String>,
    /// Whether what has no schema is unknown, and nothing is reported about it.
    gradual: bool,
}

/// A transition to a state with the environment that it carries.
#[derive(Debug)]
struct Transition {
    to: String,
    environment: Environment,
}

impl Walk<'_> {
    /// Walks one machine to its fixed point and adds the findings. Returns the pointer of each state that ends the
    /// machine and the output there.
    fn machine(
        &self,
        machine: &Machine<'_>,
        start: Environment,
        inference: &mut Inference,
    ) -> Vec<(String, Shape)> {
        let mut reached: BTreeMap<String, (Environment, usize)> = BTreeMap::new();
        let mut open: VecDeque<String> = VecDeque::new();
        let Some(first) = machine.start_at() else { return vec![(machine.pointer.clone(), self.unknown())] };
        reached.insert(first.to_owned(), (start, 1));
        open.push_back(first.to_owned());
        while let Some(name) = open.pop_front() {
            let (Some(state), Some((environment, _))) = (machine.state(&name), reached.get(&name)) else {
                continue;
            };
            // Findings on the way are dropped, because the environments are still growing.
            for led in &self.visit(&state, environment).leads {
                match reached.get_mut(&led.to) {
                    None => {
                        reached.insert(led.to.clone(), (led.environment.clone(), 1));
                        open.push_back(led.to.clone());
                    }
                    Some((known, joins)) => {
                        let mut joined = known.joined(&led.environment);
                        if joined != *known {
                            *joins += 1;
                            if *joins > MOST_JOINS {
                                joined = joined.widened(known, &self.unknown());
                            } else if *joins > MOST_EXACT_JOINS {
                                joined = joined.without_bounds(known);
                            }
                            *known = joined;
                            open.push_back(led.to.clone());
                        }
                    }
                }
            }
        }
        let mut ends = Vec::new();
        for state in machine.states() {
            let Some((environment, _)) = reached.remove(state.name) else { continue };
            let visit = self.visit(&state, &environment);
            inference.extend(&visit.inference);
            if !visit.ends_with.is_never() {
                ends.push((state.pointer.clone(), visit.ends_with.clone()));
            }
        }
        ends
    }

    /// Returns the shape of what nothing describes.
    fn unknown(&self) -> Shape {
        if self.gradual { Shape::unknown() } else { Shape::any() }
    }

    /// Visits a state with this environment, or reuses an earlier visit.
    fn visit(&self, state: &State<'_>, environment: &Environment) -> Arc<Visit> {
        let Walk { context, outer, .. } = self;
        self.memory.visit(&Visited { state, environment, context, outer }, self.contracts, || {
            let at = AtState { environment: environment.clone(), payload: None };
            let mut inference = Inference::default();
            inference.states.insert(state.pointer.clone(), at);
            let outcome = self.state(state, environment, &mut inference);
            Visit { leads: outcome.leads, ends_with: outcome.ends_with, inference }
        })
    }

    /// Returns the output of a nested machine, whichever of its states it ends in.
    fn response(&self, machine: &Machine<'_>, start: Environment, inference: &mut Inference) -> Shape {
        let ends = self.machine(machine, start, inference);
        ends.into_iter().fold(Shape::never(), |so_far, (_, shape)| so_far.or(shape))
    }
}

#[cfg(test)]
mod tests;
