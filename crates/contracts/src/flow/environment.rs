//! The values that are known at a state.

use std::collections::BTreeMap;

use crate::expression::{Fact, Scope, Variable};
use crate::shape::Shape;

/// The input of a state and the assigned variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    /// The shape of `$states.input`.
    pub input: Shape,
    /// The variables that some path to here has assigned.
    pub variables: BTreeMap<String, Variable>,
    /// What conditions have shown of them.
    pub facts: Vec<Fact>,
}

impl Environment {
    /// Returns the union of the two environments.
    #[must_use]
    pub fn joined(&self, other: &Environment) -> Environment {
        let names = self.variables.keys().chain(other.variables.keys());
        let either = |name: &String| {
            let (one, two) = (self.variables.get(name), other.variables.get(name));
            let shape = |variable: Option<&Variable>| {
                variable.map(|variable| variable.shape.clone()).unwrap_or_default()
            };
            let certain = |variable: Option<&Variable>| variable.is_some_and(|variable| variable.certain);
            let variable =
                Variable { shape: shape(one).or(shape(two)), certain: certain(one) && certain(two) };
            (name.clone(), variable)
        };
        Environment {
            input: self.input.clone().or(other.input.clone()),
            variables: names.map(either).collect(),
            facts: self.facts.iter().filter(|fact| other.facts.contains(fact)).cloned().collect(),
        }
    }

    /// Returns the environment with an unknown value in place of each shape that still differs from `before`.
    #[must_use]
    pub(super) fn widened(self, before: &Environment, unknown: &Shape) -> Environment {
        self.changed(before, |_| unknown.clone())
    }

    /// Returns the environment without the bounds of numbers in each shape that still differs from `before`.
    #[must_use]
    pub(super) fn without_bounds(self, before: &Environment) -> Environment {
        self.changed(before, Shape::without_bounds)
    }

    fn changed(mut self, before: &Environment, to: impl Fn(&Shape) -> Shape) -> Environment {
        if self.input != before.input {
            self.input = to(&self.input);
        }
        for (name, variable) in &mut self.variables {
            if before.variables.get(name).is_none_or(|known| known.shape != variable.shape) {
                variable.shape = to(&variable.shape);
            }
        }
        self
    }

    /// Returns the scope of an expression in this environment.
    pub(super) fn scope(&self, context: &Shape, gradual: bool) -> Scope {
        Scope {
            input: self.input.clone(),
            result: None,
            error_output: None,
            context: context.clone(),
            variables: self.variables.clone(),
            facts: self.facts.clone(),
            gradual,
            ..Scope::default()
        }
    }

    /// Returns the environment of a scope that conditions have narrowed. `None` if no value remains possible.
    pub(super) fn from_scope(scope: &Scope) -> Option<Environment> {
        let impossible = scope.input.is_never()
            || scope.variables.values().any(|variable| variable.shape.is_never() && variable.certain);
        let lasting = scope.facts.iter().filter(|fact| fact.root().is_some());
        let environment = Environment {
            input: scope.input.clone(),
            variables: scope.variables.clone(),
            facts: lasting.cloned().collect(),
        };
        (!impossible).then_some(environment)
    }

    /// Returns the environment with another input.
    #[must_use]
    pub(super) fn with_input(mut self, input: Shape) -> Environment {
        self.facts.retain(|fact| !fact.mentions("states"));
        self.input = input;
        self
    }

    /// Assigns a variable.
    pub(super) fn assign(&mut self, name: &str, shape: Shape) {
        self.facts.retain(|fact| !fact.mentions(name));
        self.variables.insert(name.to_owned(), Variable { shape, certain: true });
    }
}
