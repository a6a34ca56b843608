//! Infers what each type of state does with its environment.

use serde_json::{Value, json};

use super::environment::Environment;
use super::{Inference, Transition, Walk};
use super::{context, services};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::expression::Scope;
use crate::machine::{Kind, Language, State, join};
use crate::shape::{Absence, Object, Shape};

/// The transitions from a state, and the output of an execution that ends in it.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) leads: Vec<Transition>,
    pub(super) ends_with: Shape,
}

impl Walk<'_> {
    pub(super) fn state(
        &self,
        state: &State<'_>,
        environment: &Environment,
        inference: &mut Inference,
    ) -> Outcome {
        if state.language() == Language::JsonPath {
            return self.jsonpath(state, environment, inference);
        }
        let scope = environment.scope(&self.context, self.gradual);
        match state.kind() {
            Some(Kind::Choice) => self.choice(state, environment, &scope, &mut inference.diagnostics),
            Some(Kind::Fail) => {
                for field in ["Error", "Cause"] {
                    self.field_fits(
                        state,
                        field,
                        &scope,
                        &json!({ "type": "string" }),
                        Code::FailFieldNotString,
                        inference,
                    );
                }
                Outcome::default()
            }
            Some(Kind::Wait) => {
                let seconds = self.seconds(0);
                self.field_fits(state, "Seconds", &scope, &seconds, Code::WaitNotSeconds, inference);
                let time = json!({ "type": "string", "format": "date-time" });
                self.field_fits(state, "Timestamp", &scope, &time, Code::WaitNotSeconds, inference);
                self.goes_on(state, environment, scope, None, inference)
            }
            Some(Kind::Task) => {
                let absence = if services::waits_for_callback(state) {
                    Absence::Never
                } else if services::waits_for_work(state) && self.gradual {
                    // The guide does not say whether such a task has a token.
                    Absence::Unknown
                } else {
                    Absence::Perhaps
                };
                let scope = match absence {
                    Absence::Perhaps => scope,
                    absence => Scope { context: context::with_token(&self.context, absence), ..scope },
                };
                let result = self.task(state, &scope, inference);
                self.goes_on(state, environment, scope, Some(result), inference)
            }
            Some(Kind::Parallel) => {
                let given = self.arguments(state, &scope, &mut inference.diagnostics);
                let branches = state.nested();
                let results = branches.iter().map(|branch| {
                    let start = environment.clone().with_input(given.clone());
                    self.inner(environment).response(branch, start, inference)
                });
                // The results are in the order of the branches.
                let result = Shape::tuple(results.collect());
                self.goes_on(state, environment, scope, Some(result), inference)
            }
            Some(Kind::Map) => {
                let result = self.map(state, environment, &scope, inference);
                self.goes_on(state, environment, scope, Some(result), inference)
            }
            Some(Kind::Pass | Kind::Succeed) | None => {
                self.goes_on(state, environment, scope, None, inference)
            }
        }
    }

    /// Returns a walk of a machine that is nested in this one.
    pub(super) fn inner(&self, environment: &Environment) -> Walk<'_> {
        let outer = self.outer.iter().chain(environment.variables.keys()).cloned().collect();
        Walk { context: self.context.clone(), outer, ..*self }
    }

    /// Returns the schema of a number of seconds from `least` up. Few values show that they stay below the limit of
    /// three years, so only a strict check asks for it.
    pub(super) fn seconds(&self, least: u64) -> Value {
        match self.gradual {
            true => json!({ "type": "integer", "minimum": least }),
            false => json!({ "type": "integer", "minimum": least, "maximum": 99_999_999 }),
        }
    }

    /// Returns the shape of `Arguments`, or of the input if there are none.
    pub(super) fn arguments(&self, state: &State<'_>, scope: &Scope, found: &mut Vec<Diagnostic>) -> Shape {
        match state.field("Arguments") {
            Some(arguments) => self.data(arguments, scope, &state.at("Arguments"), found),
            None => scope.input.clone(),
        }
    }

    /// Handles `Output`, `Assign`, `Next` and `Catch`, which all types but Choice and Fail have.
    fn goes_on(
        &self,
        state: &State<'_>,
        environment: &Environment,
        mut scope: Scope,
        result: Option<Shape>,
        inference: &mut Inference,
    ) -> Outcome {
        let found = &mut inference.diagnostics;
        let has_result = result.is_some();
        scope.result = result.clone();
        let after = self.assigned(state.field("Assign"), &scope, &state.at("Assign"), environment, found);
        let output = match state.field("Output") {
            Some(output) => self.data(output, &scope, &state.at("Output"), found),
            None => result.unwrap_or_else(|| scope.input.clone()),
        };
        if has_result {
            let place =
                if state.field("Output").is_some() { state.at("Output") } else { state.pointer.clone() };
            self.keeps_small(&output, &place, found);
            for name in
                state.field("Assign").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name)
            {
                if let Some(variable) = after.variables.get(name) {
                    self.keeps_small(&variable.shape, &join(&state.at("Assign"), name), found);
                }
            }
        }
        let mut outcome = Outcome::default();
        match state.field("Next").and_then(Value::as_str) {
            Some(next) => {
                let passed_on = !has_result && state.field("Output").is_none();
                let environment = if passed_on { after } else { after.with_input(output) };
                outcome.leads.push(Transition { to: next.to_owned(), environment });
            }
            None => outcome.ends_with = output,
        }
        outcome.leads.extend(self.catchers(state, environment, &scope, found));
        outcome
    }

    fn catchers(
        &self,
        state: &State<'_>,
        environment: &Environment,
        scope: &Scope,
        found: &mut Vec<Diagnostic>,
    ) -> Vec<Transition> {
        let error_output = Shape::object(Object::of(["Error", "Cause"].map(|name| (name, Shape::string()))));
        let scope = Scope { result: None, error_output: Some(error_output.clone()), ..scope.clone() };
        let catchers = state.field("Catch").and_then(Value::as_array).into_iter().flatten().enumerate();
        let led = |(index, catcher): (usize, &Value)| {
            let pointer = join(&state.at("Catch"), &index.to_string());
            let after =
                self.assigned(catcher.get("Assign"), &scope, &join(&pointer, "Assign"), environment, found);
            let input = match catcher.get("Output") {
                Some(output) => self.data(output, &scope, &join(&pointer, "Output"), found),
                None => error_output.clone(),
            };
            let to = catcher.get("Next")?.as_str()?;
            Some(Transition { to: to.to_owned(), environment: after.with_input(input) })
        };
        catchers.filter_map(led).collect()
    }

    /// Checks the value of a field, if it exists, against a schema.
    pub(super) fn field_fits(
        &self,
        state: &State<'_>,
        field: &str,
        scope: &Scope,
        schema: &Value,
        code: Code,
        inference: &mut Inference,
    ) {
        let Some(value) = state.field(field) else { return };
        let before = inference.diagnostics.len();
        let shape = self.data(value, scope, &state.at(field), &mut inference.diagnostics);
        if inference.diagnostics.len() > before {
            return;
        }
        if let Err(mismatch) = shape.fits(schema) {
            let (how, severity) = match mismatch.certain {
                true => ("never", Severity::Error),
                false => ("not always", Severity::Warning),
            };
            let message = format!("{field} is {how} valid: {}", mismatch.reason);
            let finding = Diagnostic::new(code, state.at(field), message).severity(severity);
            let finding = finding.expected(schema.to_string());
            let finding = finding.produced(shape.to_schema().to_string());
            inference.diagnostics.push(match mismatch.counterexample {
                Some(example) => finding.counterexample(example),
                None => finding,
            });
        }
    }
}
