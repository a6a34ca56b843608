//! Infers tasks: compares the payload with the function's input and returns its output.

use serde_json::{Value, json};

use super::services::{self, Integration};
use super::{Inference, Walk, token};
use crate::checks::is_expression;
use crate::contract::TaskContract;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::expression::Scope;
use crate::machine::{State, join};
use crate::shape::{Absence, Object, SchemaMismatch, Shape, Typed};
use crate::suggestion::closest;

/// The member that links a nested execution to the one that starts it. AWS asks for it, whatever the input is.
const STARTED_BY: &str = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID";

impl Walk<'_> {
    /// Checks the arguments of the task and returns the shape of its result.
    pub(super) fn task(&self, state: &State<'_>, scope: &Scope, inference: &mut Inference) -> Shape {
        for field in ["TimeoutSeconds", "HeartbeatSeconds"] {
            if state.field(field).is_some_and(is_expression) {
                let seconds = self.seconds(1);
                self.field_fits(state, field, scope, &seconds, Code::SchemaValidationFailed, inference);
            }
        }
        if let Some(credentials) = state.field("Credentials") {
            self.data(credentials, scope, &state.at("Credentials"), &mut inference.diagnostics);
        }
        let before = inference.diagnostics.len();
        let given = self.arguments(state, scope, &mut inference.diagnostics);
        let readable = inference.diagnostics.len() == before;
        let resource = state.field("Resource").and_then(Value::as_str).unwrap_or_default();
        let integration = services::integration(resource);
        let action = services::action(resource).unwrap_or_default();
        inference.diagnostics.extend(refused_members(state, action));
        let callback = services::waits_for_callback(state);
        if callback {
            inference.diagnostics.extend(token::check(state));
        }
        let function = match integration {
            Integration::LambdaInvoke => argument(state, "FunctionName"),
            Integration::StartExecution => argument(state, "StateMachineArn"),
            Integration::Service | Integration::Direct => Some(resource),
        };
        let result = if integration == Integration::StartExecution {
            self.nested_execution(state, function, &given, readable, resource, inference)
        } else {
            self.invoked(state, (integration, resource), function, given, readable, inference)
        };
        // The result is what somebody passes to SendTaskSuccess.
        if callback { self.unknown() } else { result }
    }

    /// Infers a task that calls a function, an activity or an action of a service.
    fn invoked(
        &self,
        state: &State<'_>,
        (integration, resource): (Integration, &str),
        function: Option<&str>,
        given: Shape,
        readable: bool,
        inference: &mut Inference,
    ) -> Shape {
        let known = || services::contract(services::action(resource)?);
        let of_project = match integration {
            Integration::Service if self.gradual => None,
            _ => self.contracts.task(resource, function),
        };
        let Some(contract) = of_project.or_else(known) else {
            inference.diagnostics.extend(self.unknown_task(state, integration, function.unwrap_or(resource)));
            return match integration {
                Integration::LambdaInvoke => response(state, self.unknown()),
                _ => self.unknown(),
            };
        };
        let (payload, place) = match integration {
            Integration::LambdaInvoke => {
                let payload = given.field("Payload");
                // A function that is invoked without a payload gets an empty object.
                let empty = Shape::constant(&json!({}));
                let shape = if payload.is_never_present() { empty } else { payload.shape };
                (Typed { shape, absence: payload.absence }, join(&state.at("Arguments"), "Payload"))
            }
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
            Integration::LambdaInvoke => response(state, output),
            _ => output,
        }
    }

    /// Returns the finding that nothing describes a task. For an action of a service no schema can be given.
    fn unknown_task(&self, state: &State<'_>, integration: Integration, named: &str) -> Option<Diagnostic> {
        if integration == Integration::Service && self.gradual {
            return None;
        }
        let message = format!("no schema describes the input and the output of {named}");
        let finding = Diagnostic::new(Code::UnknownTask, &state.pointer, message);
        Some(match integration {
            Integration::Service => finding.help(format!(
                "the check does not know this action. Accept that with {} in the Comment",
                crate::UNTYPED
            )),
            _ => finding.help("add a schema for its input and one for its output"),
        })
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
                *mismatch,
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
        let input = if input.is_never_present() { Shape::constant(&json!({})) } else { input.shape };
        match machine.and_then(|machine| self.contracts.machine_input(machine)) {
            Some(schema) if readable => {
                let names_link =
                    schema.get("properties").is_some_and(|fields| fields.get(STARTED_BY).is_some());
                let input = if names_link { input } else { input.without_field(STARTED_BY) };
                if let Err(mismatch) = input.fits(&schema) {
                    let name = machine.unwrap_or_default();
                    let message = format!("{name} does not accept what {} passes to it", state.name);
                    let code = Code::NestedInputMismatch;
                    inference.diagnostics.push(diagnostic_of(code, state, &place, message, name, *mismatch));
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
        let mut fields = vec![always("ExecutionArn", Shape::string()), always("StartDate", self.unknown())];
        if resource.contains(".sync") {
            fields.extend(["Name", "StateMachineArn", "Status"].map(|name| always(name, Shape::string())));
            fields.extend(
                ["StopDate", "Input", "InputDetails", "OutputDetails"]
                    .map(|name| always(name, self.unknown())),
            );
            // `.sync:2` returns the output as JSON, `.sync` as a string.
            let output = if resource.ends_with(".sync:2") {
                let output = machine.and_then(|machine| self.contracts.machine_output(machine));
                output.map_or_else(|| self.unknown(), |schema| Shape::from_schema(&schema))
            } else {
                Shape::string()
            };
            fields.push(always("Output", output));
        }
        if self.gradual {
            // A response has members that the guide does not list, such as those about the call itself.
            let rest = Some(Box::new(Shape::unknown()));
            let known = Object::from_fields(fields);
            return Shape::object(if resource.contains(".sync") { Object { rest, ..known } } else { known });
        }
        Shape::object(Object::from_fields(fields))
    }
}

/// Returns the response of `lambda:invoke`. A function that is only started returns nothing.
fn response(state: &State<'_>, output: Shape) -> Shape {
    let invocation = state.field("Arguments").and_then(|arguments| arguments.get("InvocationType"));
    let payload = match invocation.and_then(Value::as_str) {
        Some("Event" | "DryRun") => Typed { shape: Shape::string(), absence: Absence::Perhaps },
        Some(text) if text.starts_with("{%") || text.contains("${") => {
            Typed { shape: output.or(Shape::unknown()), absence: Absence::Unknown }
        }
        _ => Typed::always(output),
    };
    let fixed = Object::of([("ExecutedVersion", Shape::string()), ("StatusCode", Shape::integer_from(0))]);
    Shape::object(fixed.merged_with(&Object::from_fields([("Payload".to_owned(), payload)])))
}

/// Reports arguments that an action does not have, and required ones that are missing.
fn refused_members(state: &State<'_>, action: &str) -> Vec<Diagnostic> {
    let Some((known, required)) = services::members(action) else { return Vec::new() };
    let pointer = state.at("Arguments");
    let Some(arguments) = state.field("Arguments").and_then(Value::as_object) else { return Vec::new() };
    let mut found = Vec::new();
    for name in arguments.keys().filter(|name| !known.contains(&name.as_str())) {
        let message = format!("{action} has no argument {name}");
        let refused = Diagnostic::new(Code::SchemaValidationFailed, join(&pointer, name), message);
        found.push(crate::checks::fields::did_you_mean(refused, closest(name, known.iter().copied())));
    }
    for name in required.iter().filter(|name| !arguments.contains_key(**name)) {
        let message = format!("{action} needs the argument {name}");
        found.push(Diagnostic::new(Code::SchemaValidationFailed, pointer.clone(), message));
    }
    found
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
    let severity = if mismatch.certain { Severity::Error } else { Severity::Warning };
    let finding = Diagnostic::new(code, pointer, message)
        .severity(severity)
        .expected(format!("{at}{} (by {taker})", mismatch.reason))
        .produced(format!("by state {}", state.name));
    match mismatch.counterexample {
        Some(example) => finding.counterexample(example),
        None => finding,
    }
}
