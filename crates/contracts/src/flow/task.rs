//! Infers tasks: compares the payload with the function's input and returns its output.

use serde_json::Value;

use super::{Inference, Walk, services};
use crate::contract::TaskContract;
use crate::diagnostic::{Code, Diagnostic};
use crate::expression::Scope;
use crate::machine::{State, join};
use crate::shape::{Object, SchemaMismatch, Shape, Typed};

/// The way in which a task's `Resource` passes on its arguments.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Integration {
    /// `arn:…:states:::lambda:invoke`: `Payload` goes to the function, and its output comes back as `Payload`.
    LambdaInvoke,
    /// `arn:…:states:::states:startExecution…`: `Input` goes to a state machine.
    StartExecution,
    /// The ARN of a function or an activity, or a service. It gets all of `Arguments` and returns its whole output.
    Direct,
}

impl Walk<'_> {
    /// Checks the arguments of the task and returns the shape of its result.
    pub(super) fn task(&self, state: &State<'_>, scope: &Scope, inference: &mut Inference) -> Shape {
        for field in ["TimeoutSeconds", "HeartbeatSeconds"] {
            if let Some(value) = state.field(field) {
                self.data(value, scope, &state.at(field), &mut inference.diagnostics);
            }
        }
        let before = inference.diagnostics.len();
        let given = self.arguments(state, scope, &mut inference.diagnostics);
        let readable = inference.diagnostics.len() == before;
        let resource = state.field("Resource").and_then(Value::as_str).unwrap_or_default();
        let integration = integration(resource);
        let function = match integration {
            Integration::LambdaInvoke => argument(state, "FunctionName"),
            Integration::StartExecution => argument(state, "StateMachineArn"),
            Integration::Direct => Some(resource),
        };
        if integration == Integration::StartExecution {
            return self.nested_execution(state, function, &given, readable, resource, inference);
        }
        let known = || (integration == Integration::Direct).then(|| services::contract(resource)).flatten();
        let Some(contract) = self.contracts.task(resource, function).or_else(known) else {
            let named = function.unwrap_or(resource);
            let message = format!("no schema describes the input and the output of {named}");
            let finding = Diagnostic::new(Code::UnknownTask, &state.pointer, message);
            inference.diagnostics.push(finding.help("add a schema for its input and one for its output"));
            return Shape::any();
        };
        let (payload, place) = match integration {
            Integration::LambdaInvoke => (given.field("Payload"), join(&state.at("Arguments"), "Payload")),
            _ => (Typed::always(given), state.at("Arguments")),
        };
        if let Some(at) = inference.states.get_mut(&state.pointer) {
            at.payload = Some(payload.shape.clone());
        }
        if readable {
            self.payload_fits(state, &payload.shape, &contract, &place, inference);
        }
        let output = Shape::from_schema(&contract.output);
        match integration {
            Integration::LambdaInvoke => Shape::object(Object::from_fields([
                ("ExecutedVersion".to_owned(), Typed::always(Shape::string())),
                ("Payload".to_owned(), Typed::always(output)),
                ("StatusCode".to_owned(), Typed::always(Shape::integer_from(0))),
            ])),
            _ => output,
        }
    }

    fn payload_fits(
        &self,
        state: &State<'_>,
        payload: &Shape,
        contract: &TaskContract,
        place: &str,
        inference: &mut Inference,
    ) {
        if let Err(mismatch) = payload.fits(&contract.input) {
            let message = format!("{} does not accept what {} passes to it", contract.name, state.name);
            inference.diagnostics.push(diagnostic_of(
                Code::PayloadMismatch,
                state,
                place,
                message,
                &contract.name,
                mismatch,
            ));
        }
    }

    /// Infers `startExecution`: checks the input of the other machine and returns the shape of the response.
    fn nested_execution(
        &self,
        state: &State<'_>,
        machine: Option<&str>,
        given: &Shape,
        readable: bool,
        resource: &str,
        inference: &mut Inference,
    ) -> Shape {
        let place = join(&state.at("Arguments"), "Input");
        let input = given.field("Input");
        match machine.and_then(|machine| self.contracts.machine_input(machine)) {
            Some(schema) if readable => {
                if let Err(mismatch) = input.shape.fits(&schema) {
                    let name = machine.unwrap_or_default();
                    let message = format!("{name} does not accept what {} passes to it", state.name);
                    let code = Code::NestedInputMismatch;
                    inference.diagnostics.push(diagnostic_of(code, state, &place, message, name, mismatch));
                }
            }
            Some(_) => {}
            None => {
                let named = machine.unwrap_or("the machine");
                let message = format!("no schema describes the input of {named}");
                inference.diagnostics.push(Diagnostic::new(Code::UnknownTask, &state.pointer, message));
            }
        }
        let always = |name: &str, shape: Shape| (name.to_owned(), Typed::always(shape));
        // Times are text or numbers, depending on the protocol of the call to Step Functions.
        let mut fields = vec![always("ExecutionArn", Shape::string()), always("StartDate", Shape::any())];
        if resource.contains(".sync") {
            fields.extend(["Name", "StateMachineArn", "Status"].map(|name| always(name, Shape::string())));
            fields.extend(
                ["StopDate", "Input", "InputDetails", "OutputDetails"].map(|name| always(name, Shape::any())),
            );
            // `.sync:2` returns the output as JSON, `.sync` as a string.
            let output = if resource.ends_with(".sync:2") {
                let output = machine.and_then(|machine| self.contracts.machine_output(machine));
                output.map_or_else(Shape::any, |schema| Shape::from_schema(&schema))
            } else {
                Shape::string()
            };
            fields.push(always("Output", output));
        }
        Shape::object(Object::from_fields(fields))
    }
}

fn integration(resource: &str) -> Integration {
    if resource.contains(":states:::lambda:invoke") {
        Integration::LambdaInvoke
    } else if resource.contains(":states:::states:startExecution") {
        Integration::StartExecution
    } else {
        Integration::Direct
    }
}

fn argument<'a>(state: &State<'a>, name: &str) -> Option<&'a str> {
    state.field("Arguments")?.get(name)?.as_str()
}

/// Builds the diagnostic of a mismatch at the innermost pointer that the definition itself has.
fn diagnostic_of(
    code: Code,
    state: &State<'_>,
    place: &str,
    message: String,
    taker: &str,
    mismatch: SchemaMismatch,
) -> Diagnostic {
    let within = place.strip_prefix(&state.pointer).unwrap_or_default();
    let mut pointer = place.to_owned();
    let mut existing = Value::Object(state.value.clone()).pointer(within).cloned();
    for token in mismatch.place.split('/').skip(1) {
        existing = existing.and_then(|value| value.get(token.replace("~1", "/").replace("~0", "~")).cloned());
        if existing.is_none() {
            break;
        }
        pointer = format!("{pointer}/{token}");
    }
    let path = mismatch.place.trim_start_matches('/').replace('/', ".");
    let at = if path.is_empty() { String::new() } else { format!("`{path}`: ") };
    let finding = Diagnostic::new(code, pointer, message)
        .expected(format!("{at}{} (by {taker})", mismatch.reason))
        .produced(format!("by state {}", state.name));
    match mismatch.counterexample {
        Some(example) => finding.counterexample(example),
        None => finding,
    }
}
