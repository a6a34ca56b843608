//! Walking a state machine as its executions would, with shapes in place of values.
//!
//! For each state is kept what its input can be, and each variable: what it can hold, and whether every
//! path to here has assigned it. A state turns what it gets into what each of its transitions carries;
//! where paths meet, shapes are joined; in a loop the walk goes on until nothing changes any more. Then
//! every state that was reached is looked at once more, and what is wrong there is said.

mod data;
mod environment;
mod states;
mod task;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use crate::contract::Contracts;
use crate::diagnostic::{Code, Diagnostic};
use crate::machine::Machine;
use crate::shape::{Given, Object, Shape};

pub use environment::Environment;

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

/// What can be at a state.
#[derive(Clone, Debug, PartialEq)]
pub struct AtState {
    /// Its input, and the variables.
    pub environment: Environment,
    /// What a task gives its function.
    pub payload: Option<Shape>,
}

/// Walks the machine from this input; without a schema of it, from anything. What it ends with must fit
/// `output`, where that is given.
pub fn infer(
    machine: &Machine<'_>,
    contracts: &dyn Contracts,
    input: Option<&Value>,
    output: Option<&Value>,
) -> Inference {
    let input = input.map_or_else(Shape::any, Shape::from_schema);
    let walk = Walk { contracts, context: context(&input), outer: BTreeSet::new() };
    let mut inference = Inference::default();
    let environment = Environment { input, variables: BTreeMap::new() };
    for (state, ends_with) in walk.machine(machine, environment, &mut inference) {
        if let Some(Err(misfit)) = output.map(|schema| ends_with.fits(schema)) {
            let place = misfit.place.trim_start_matches('/').replace('/', ".");
            let message = "the execution ends with what it is not said to end with";
            let finding =
                Diagnostic::new(Code::OutputMismatch, state, message).expected(if place.is_empty() {
                    misfit.reason
                } else {
                    format!("`{place}`: {}", misfit.reason)
                });
            inference.diagnostics.push(match misfit.counterexample {
                Some(example) => finding.counterexample(example),
                None => finding,
            });
        }
    }
    inference
}

/// A walk through one machine; a Map or Parallel walks its own within it.
struct Walk<'a> {
    contracts: &'a dyn Contracts,
    /// `$states.context`.
    context: Shape,
    /// The variables of the machines around this one, which it may read and not assign.
    outer: BTreeSet<String>,
}

/// Where a state leads, and with what.
struct Led<'a> {
    to: &'a str,
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
        let mut reached: BTreeMap<&str, (Environment, usize)> = BTreeMap::new();
        let mut open: VecDeque<&str> = VecDeque::new();
        let Some(first) = machine.start_at() else { return vec![(machine.pointer.clone(), Shape::any())] };
        reached.insert(first, (start, 1));
        open.push_back(first);
        while let Some(name) = open.pop_front() {
            let (Some(state), Some((environment, _))) = (machine.state(name), reached.get(name)) else {
                continue;
            };
            let environment = environment.clone();
            // What is said on the way is dropped: environments are still growing.
            for led in self.state(&state, &environment, &mut Inference::default()).leads {
                match reached.get_mut(led.to) {
                    None => {
                        reached.insert(led.to, (led.environment, 1));
                        open.push_back(led.to);
                    }
                    Some((known, joins)) => {
                        let mut joined = known.joined(&led.environment);
                        if joined != *known {
                            *joins += 1;
                            if *joins > MOST_JOINS {
                                joined = joined.widened(known);
                            }
                            *known = joined;
                            open.push_back(led.to);
                        }
                    }
                }
            }
        }
        let mut ends = Vec::new();
        for state in machine.states() {
            let Some((environment, _)) = reached.remove(state.name) else { continue };
            let at = AtState { environment: environment.clone(), payload: None };
            inference.states.insert(state.pointer.clone(), at);
            let ends_with = self.state(&state, &environment, inference).ends_with;
            if !ends_with.is_never() {
                ends.push((state.pointer.clone(), ends_with));
            }
        }
        ends
    }

    /// What a machine within this one answers, in whichever of its states it ends.
    fn answer(&self, machine: &Machine<'_>, start: Environment, inference: &mut Inference) -> Shape {
        let ends = self.machine(machine, start, inference);
        ends.into_iter().fold(Shape::never(), |so_far, (_, shape)| so_far.or(shape))
    }
}

/// The context object ("Accessing execution data from the Context object" in the developer guide).
fn context(input: &Shape) -> Shape {
    let text = || Given::always(Shape::string());
    let time = || Given::always(Shape::from_schema(&json!({ "type": "string", "format": "date-time" })));
    let count = || Given::always(Shape::integer_from(0));
    let object = |fields: Vec<(&str, Given)>| {
        let fields = fields.into_iter().map(|(name, given)| (name.to_owned(), given));
        Given::always(Shape::object(Object::of(fields)))
    };
    let execution = object(vec![
        ("Id", text()),
        ("Input", Given::always(input.clone())),
        ("Name", text()),
        ("RoleArn", text()),
        ("StartTime", time()),
        ("RedriveCount", Given::perhaps(Shape::integer_from(0))),
        ("RedriveTime", Given::perhaps(Shape::string())),
    ]);
    let state = object(vec![("EnteredTime", time()), ("Name", text()), ("RetryCount", count())]);
    let machine = object(vec![("Id", text()), ("Name", text())]);
    object(vec![("Execution", execution), ("State", state), ("StateMachine", machine)]).shape
}

#[cfg(test)]
mod tests;
