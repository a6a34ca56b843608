//! Walking a state machine as its executions would, with shapes in place of values.
//!
//! For each state is kept what its input can be, and each variable: what it can hold, and whether every
//! path to here has assigned it. A state turns what it gets into what each of its transitions carries;
//! where paths meet, shapes are joined; in a loop the walk goes on until nothing changes any more. Then
//! every state that was reached is looked at once more, and what is wrong there is said.

mod data;
mod environment;
mod memory;
mod states;
mod task;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::contract::Contracts;
use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{Machine, State};
use crate::shape::{Object, Shape, Typed};

pub use environment::Environment;
pub use memory::Visits;
use memory::{Asked, Memory, Typed as Visited, Visit};

/// How often what reaches a state is joined before what still changes becomes anything. No loop that
/// ends needs as many.
const MOST_JOINS: usize = 40;

/// What the walk found out.
#[derive(Clone, Debug, Default)]
pub struct Inference {
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// What can be at each state that is reached, by the state's pointer.
    pub states: BTreeMap<String, AtState>,
}

impl Inference {
    fn extend(&mut self, other: &Inference) {
        self.diagnostics.extend(other.diagnostics.iter().cloned());
        let states = other.states.iter();
        self.states.extend(states.map(|(pointer, at)| (pointer.clone(), at.clone())));
    }
}

/// What can be at a state.
#[derive(Clone, Debug, PartialEq)]
pub struct AtState {
    /// Its input, and the variables.
    pub environment: Environment,
    /// What a task gives its function.
    pub payload: Option<Shape>,
}

/// Walks the machine from this input; without a schema of it, from anything. What it ends with must fit
/// `output`, where that is given. What `earlier` has is not walked again; the visits that were new are answered too.
pub fn infer(
    machine: &Machine<'_>,
    contracts: &dyn Contracts,
    (input, output): (Option<&Value>, Option<&Value>),
    earlier: &Visits,
) -> (Inference, Visits) {
    let input = input.map_or_else(Shape::any, Shape::from_schema);
    let asked = Asked::new(contracts);
    let memory = Memory { earlier, own: RefCell::default() };
    let walk = Walk { contracts: &asked, memory: &memory, context: context(&input), outer: BTreeSet::new() };
    let mut inference = Inference::default();
    let environment = Environment { input, variables: BTreeMap::new() };
    for (state, ends_with) in walk.machine(machine, environment, &mut inference) {
        if let Some(Err(mismatch)) = output.map(|schema| ends_with.fits(schema)) {
            let place = mismatch.place.trim_start_matches('/').replace('/', ".");
            let message = "the execution ends with what it is not said to end with";
            let finding =
                Diagnostic::new(Code::OutputMismatch, state, message).expected(if place.is_empty() {
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
    (inference, memory.own.into_inner())
}

/// A walk through one machine; a Map or Parallel walks its own within it.
struct Walk<'a> {
    contracts: &'a Asked<'a>,
    memory: &'a Memory<'a>,
    /// `$states.context`.
    context: Shape,
    /// The variables of the machines around this one, which it may read and not assign.
    outer: BTreeSet<String>,
}

/// Where a state leads, and with what.
#[derive(Debug)]
struct Transition {
    to: String,
    environment: Environment,
}

impl Walk<'_> {
    /// Walks one machine to its fixed point, says what is wrong, and answers what it ends with: in which
    /// state (by its pointer), with what.
    fn machine(
        &self,
        machine: &Machine<'_>,
        start: Environment,
        inference: &mut Inference,
    ) -> Vec<(String, Shape)> {
        let mut reached: BTreeMap<String, (Environment, usize)> = BTreeMap::new();
        let mut open: VecDeque<String> = VecDeque::new();
        let Some(first) = machine.start_at() else { return vec![(machine.pointer.clone(), Shape::any())] };
        reached.insert(first.to_owned(), (start, 1));
        open.push_back(first.to_owned());
        while let Some(name) = open.pop_front() {
            let (Some(state), Some((environment, _))) = (machine.state(&name), reached.get(&name)) else {
                continue;
            };
            // What is said on the way is dropped: environments are still growing.
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
                                joined = joined.widened(known);
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

    /// What the state makes of this environment.
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

    /// What a machine within this one answers, in whichever of its states it ends.
    fn response(&self, machine: &Machine<'_>, start: Environment, inference: &mut Inference) -> Shape {
        let ends = self.machine(machine, start, inference);
        ends.into_iter().fold(Shape::never(), |so_far, (_, shape)| so_far.or(shape))
    }
}

/// The context object ("Accessing execution data from the Context object" in the developer guide).
fn context(input: &Shape) -> Shape {
    let text = || Typed::always(Shape::string());
    let time = || Typed::always(Shape::from_schema(&json!({ "type": "string", "format": "date-time" })));
    let count = || Typed::always(Shape::integer_from(0));
    let object = |fields: Vec<(&str, Typed)>| {
        let fields = fields.into_iter().map(|(name, given)| (name.to_owned(), given));
        Typed::always(Shape::object(Object::from_fields(fields)))
    };
    let execution = object(vec![
        ("Id", text()),
        ("Input", Typed::always(input.clone())),
        ("Name", text()),
        ("RoleArn", text()),
        ("StartTime", time()),
        ("RedriveCount", Typed::perhaps(Shape::integer_from(0))),
        ("RedriveTime", Typed::perhaps(Shape::string())),
    ]);
    let state = object(vec![("EnteredTime", time()), ("Name", text()), ("RetryCount", count())]);
    let machine = object(vec![("Id", text()), ("Name", text())]);
    object(vec![("Execution", execution), ("State", state), ("StateMachine", machine)]).shape
}

#[cfg(test)]
mod tests;
