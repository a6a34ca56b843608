//! Infers what each type of state does with its environment.

use serde_json::{Value, json};

use super::environment::Environment;
use super::{Inference, Transition, Walk};
use crate::diagnostic::{Code, Diagnostic};
use crate::expression::{Scope, expression_of, infer_value, narrowed, parse};
use crate::machine::{Kind, State, join};
use crate::shape::{Alternative, Object, Scalar, Shape, Typed};

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
        let scope = environment.scope(&self.context);
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
                let seconds = json!({ "type": "integer", "minimum": 0, "maximum": 99_999_999 });
                self.field_fits(state, "Seconds", &scope, &seconds, Code::WaitNotSeconds, inference);
                let time = json!({ "type": "string", "format": "date-time" });
                self.field_fits(state, "Timestamp", &scope, &time, Code::WaitNotSeconds, inference);
                self.goes_on(state, environment, scope, None, inference)
            }
            Some(Kind::Task) => {
                let result = self.task(state, &scope, inference);
                self.goes_on(state, environment, scope, Some(result), inference)
            }
            Some(Kind::Parallel) => {
                let given = self.arguments(state, &scope, &mut inference.diagnostics);
                let branches = state.nested();
                let results = branches.iter().map(|branch| {
                    let start =
                        Environment { input: given.clone(), variables: environment.variables.clone() };
                    self.inner(environment).response(branch, start, inference)
                });
                let items = results.fold(Shape::never(), Shape::or);
                let result = Shape::array(items, Some(branches.len() as u64));
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
    fn inner(&self, environment: &Environment) -> Walk<'_> {
        let outer = self.outer.iter().chain(environment.variables.keys()).cloned().collect();
        Walk { contracts: self.contracts, memory: self.memory, context: self.context.clone(), outer }
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
                let environment = Environment { input: output, variables: after.variables };
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
        let text = |name: &str| (name.to_owned(), Typed::always(Shape::string()));
        let error_output = Shape::object(Object::from_fields([text("Error"), text("Cause")]));
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
            Some(Transition {
                to: to.to_owned(),
                environment: Environment { input, variables: after.variables },
            })
        };
        catchers.filter_map(led).collect()
    }

    fn choice(
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
            let condition = rule.get("Condition").and_then(Value::as_str).and_then(expression_of);
            let (held, not_held) = match condition.map(|text| parse(text, &join(&pointer, "Condition"))) {
                Some(Ok(condition)) => {
                    let pointer = join(&pointer, "Condition");
                    let shape = infer_value(&condition, scope, &pointer, found);
                    let boolean = |alternative: &Alternative| {
                        matches!(alternative, Alternative::Any | Alternative::Scalar(Scalar::Boolean, _))
                    };
                    if !shape.alternatives().iter().all(boolean) {
                        let finding = Diagnostic::new(
                            Code::ConditionNotBoolean,
                            &pointer,
                            "the condition is not always true or false",
                        );
                        found.push(finding.produced(shape.to_schema().to_string()));
                    }
                    (narrowed(scope, &condition, true), narrowed(scope, &condition, false))
                }
                Some(Err(diagnostic)) => {
                    found.push(*diagnostic);
                    (scope.clone(), scope.clone())
                }
                None => {
                    let literal = rule.get("Condition").is_some_and(Value::is_boolean);
                    if !literal {
                        let message = "a condition must be an expression, {% … %}, or true or false";
                        found.push(Diagnostic::new(
                            Code::ConditionNotBoolean,
                            join(&pointer, "Condition"),
                            message,
                        ));
                    }
                    (scope.clone(), scope.clone())
                }
            };
            if let (Some(inside), Some(to)) =
                (Environment::from_scope(&held), rule.get("Next").and_then(Value::as_str))
            {
                let after =
                    self.assigned(rule.get("Assign"), &held, &join(&pointer, "Assign"), &inside, found);
                let output =
                    self.choice_output(rule.get("Output"), &join(&pointer, "Output"), state, &held, found);
                let environment = Environment { input: output, variables: after.variables };
                outcome.leads.push(Transition { to: to.to_owned(), environment });
            }
            open = Environment::from_scope(&not_held).map(|_| not_held);
        }
        let Some(scope) = open else { return outcome };
        match state.field("Default").and_then(Value::as_str) {
            Some(to) => {
                let inside = Environment::from_scope(&scope).unwrap_or_else(|| environment.clone());
                let after = self.assigned(state.field("Assign"), &scope, &state.at("Assign"), &inside, found);
                let output = self.choice_output(None, "", state, &scope, found);
                let environment = Environment { input: output, variables: after.variables };
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

    fn choice_output(
        &self,
        of_rule: Option<&Value>,
        pointer: &str,
        state: &State<'_>,
        scope: &Scope,
        found: &mut Vec<Diagnostic>,
    ) -> Shape {
        match (of_rule, state.field("Output")) {
            (Some(output), _) => self.data(output, scope, pointer, found),
            (None, Some(output)) => self.data(output, scope, &state.at("Output"), found),
            (None, None) => scope.input.clone(),
        }
    }

    fn map(
        &self,
        state: &State<'_>,
        environment: &Environment,
        scope: &Scope,
        inference: &mut Inference,
    ) -> Shape {
        let found = &mut inference.diagnostics;
        let items = match (state.field("Items"), state.field("ItemReader")) {
            (Some(items), _) => self.data(items, scope, &state.at("Items"), found),
            (None, Some(reader)) => {
                self.data(
                    reader.get("Arguments").unwrap_or(&Value::Null),
                    scope,
                    &state.at("ItemReader"),
                    found,
                );
                // The content of a file is not in the definition.
                let message = "the items that ItemReader reads cannot be typed";
                found.push(Diagnostic::new(Code::UntypedExpression, state.at("ItemReader"), message));
                Shape::array(Shape::any(), None)
            }
            (None, None) => scope.input.clone(),
        };
        let lists =
            |alternative: &Alternative| matches!(alternative, Alternative::Any | Alternative::Array { .. });
        let place = if state.field("Items").is_some() { state.at("Items") } else { state.pointer.clone() };
        if !items.alternatives().iter().all(lists) {
            let finding = Diagnostic::new(
                Code::NotAnArray,
                place,
                "the items of a Map must be an array, and this value is not always one",
            );
            found.push(finding.produced(items.to_schema().to_string()));
        }
        let most = items.max_items();
        let item = [("Index", Shape::integer_from(0)), ("Value", items.items())];
        let item = Object::from_fields(item.map(|(name, shape)| (name.to_owned(), Typed::always(shape))));
        let map = Object::from_fields([("Item".to_owned(), Typed::always(Shape::object(item)))]);
        let with_map = Object::from_fields([("Map".to_owned(), Typed::always(Shape::object(map)))]);
        let context =
            self.context.alternatives().iter().fold(
                Shape::never(),
                |so_far, alternative| match alternative {
                    Alternative::Object(object) => so_far.or(Shape::object(object.merged_with(&with_map))),
                    _ => so_far.or(Shape::any()),
                },
            );
        let selecting = Scope { context: context.clone(), ..scope.clone() };
        let given = match state.field("ItemSelector") {
            Some(selector) => self.data(selector, &selecting, &state.at("ItemSelector"), found),
            None => items.items(),
        };
        let inner = Walk { context, ..self.inner(environment) };
        let results = state.nested().iter().fold(Shape::never(), |so_far, machine| {
            let start = Environment { input: given.clone(), variables: environment.variables.clone() };
            so_far.or(inner.response(machine, start, inference))
        });
        Shape::array(results, most)
    }

    /// Checks the value of a field, if it exists, against a schema.
    fn field_fits(
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
            let message = format!("{field} is not always valid: {}", mismatch.reason);
            let finding = Diagnostic::new(code, state.at(field), message).expected(schema.to_string());
            let finding = finding.produced(shape.to_schema().to_string());
            inference.diagnostics.push(match mismatch.counterexample {
                Some(example) => finding.counterexample(example),
                None => finding,
            });
        }
    }
}
