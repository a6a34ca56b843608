//! Infers a Choice: which rules may match, and what is known behind them.

use jsonata_core::ast::AstNode;
use serde_json::Value;

use super::environment::Environment;
use super::states::Outcome;
use super::{Transition, Walk};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::expression::{Scope, Text, infer_value, narrowed, parse, read};
use crate::machine::{State, join};
use crate::shape::{Alternative, Scalar, Shape};

/// The scopes in which a condition holds and does not hold. `None` if it never does.
type Split = (Option<Scope>, Option<Scope>);

impl Walk<'_> {
    pub(super) fn choice(
        &self,
        state: &State<'_>,
        environment: &Environment,
        scope: &Scope,
        found: &mut Vec<Diagnostic>,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut open = Some(scope.clone());
        let rules = state.field("Choices").and_then(Value::as_array).into_iter().flatten().enumerate();
        for (index, rule) in rules {
            let Some(scope) = &open else { break };
            let pointer = join(&state.at("Choices"), &index.to_string());
            let (held, not_held) =
                condition(rule.get("Condition"), scope, &join(&pointer, "Condition"), found);
            if let Some(held) = held
                && let Some(inside) = Environment::from_scope(&held)
                && let Some(to) = rule.get("Next").and_then(Value::as_str)
            {
                let after =
                    self.assigned(rule.get("Assign"), &held, &join(&pointer, "Assign"), &inside, found);
                let own = rule.get("Output").map(|output| (output, join(&pointer, "Output")));
                let environment = self.chosen(own, state, &held, after, found);
                outcome.leads.push(Transition { to: to.to_owned(), environment });
            }
            open = not_held.filter(|scope| Environment::from_scope(scope).is_some());
        }
        let Some(scope) = open else { return outcome };
        match state.field("Default").and_then(Value::as_str) {
            Some(to) => {
                let inside = Environment::from_scope(&scope).unwrap_or_else(|| environment.clone());
                let after = self.assigned(state.field("Assign"), &scope, &state.at("Assign"), &inside, found);
                let environment = self.chosen(None, state, &scope, after, found);
                outcome.leads.push(Transition { to: to.to_owned(), environment });
            }
            None => {
                let message =
                    "a value may match no rule, and then the execution fails with States.NoChoiceMatched";
                let finding = Diagnostic::new(Code::MissingDefault, state.at("Default"), message);
                found
                    .push(finding.help("add a Default. Lead it to a Fail state if it should never be taken"));
            }
        }
        outcome
    }

    /// Returns the environment behind a rule: with its `Output`, that of the state, or the same input.
    fn chosen(
        &self,
        own: Option<(&Value, String)>,
        state: &State<'_>,
        scope: &Scope,
        after: Environment,
        found: &mut Vec<Diagnostic>,
    ) -> Environment {
        let output = own.or_else(|| state.field("Output").map(|output| (output, state.at("Output"))));
        match output {
            Some((output, pointer)) => {
                let output = self.data(output, scope, &pointer, found);
                after.with_input(output)
            }
            None => after,
        }
    }
}

fn condition(condition: Option<&Value>, scope: &Scope, pointer: &str, found: &mut Vec<Diagnostic>) -> Split {
    let either = || (Some(scope.clone()), Some(scope.clone()));
    let text = match condition {
        Some(Value::Bool(constant)) => return decided(*constant, scope),
        // Another check reports that there is none.
        None => return either(),
        Some(condition) => condition.as_str().map_or(Text::Plain, read),
    };
    let expression = match text {
        Text::Expression(expression) => expression,
        Text::Broken(_) => return either(),
        Text::Plain => {
            let message = "a condition must be an expression, {% … %}, or true or false";
            found.push(Diagnostic::new(Code::ConditionNotBoolean, pointer, message));
            return either();
        }
    };
    let tree = match parse(expression, pointer) {
        Ok(tree) => tree,
        Err(diagnostic) => {
            found.push(*diagnostic);
            return either();
        }
    };
    let shape = infer_value(&tree, scope, pointer, found);
    if let Some(finding) = not_boolean(&shape, pointer) {
        found.push(finding);
    }
    match tree {
        AstNode::Boolean(constant) => decided(constant, scope),
        tree => (Some(narrowed(scope, &tree, true)), Some(narrowed(scope, &tree, false))),
    }
}

fn decided(constant: bool, scope: &Scope) -> Split {
    let scope = Some(scope.clone());
    if constant { (scope, None) } else { (None, scope) }
}

fn not_boolean(shape: &Shape, pointer: &str) -> Option<Diagnostic> {
    let boolean = |alternative: &&Alternative| {
        alternative.is_open() || matches!(alternative, Alternative::Scalar(Scalar::Boolean, _))
    };
    let fitting = shape.alternatives().iter().filter(boolean).count();
    if fitting == shape.alternatives().len() {
        return None;
    }
    let (how, severity) =
        if fitting == 0 { ("never", Severity::Error) } else { ("not always", Severity::Warning) };
    let message = format!("the condition is {how} true or false");
    let finding = Diagnostic::new(Code::ConditionNotBoolean, pointer, message).severity(severity);
    Some(
        finding
            .produced(shape.to_schema().to_string())
            .help("compare with the value that you mean, or use $exists or $boolean"),
    )
}
