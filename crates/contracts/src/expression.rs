//! Parsing and type inference of JSONata expressions.
//!
//! Inference is sound: the inferred shape contains every value that the expression can produce. Where the type is
//! unknown, inference reports it ([`Code::UntypedExpression`]) and continues with any value, so that one unknown does
//! not hide other mistakes. The language is JSONata 2 as in Step Functions ("Transforming data with JSONata in Step
//! Functions" in the developer guide): without `$eval`, and with six additional functions.

mod functions;
mod infer;
mod narrow;

use std::collections::BTreeMap;

use jsonata_core::ast::AstNode;

use crate::diagnostic::{Code, Diagnostic};
use crate::shape::{Shape, Typed};

pub use narrow::narrowed;

/// The names that an expression can refer to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// The shape of `$states.input`.
    pub input: Shape,
    /// The shape of `$states.result`, if it exists here.
    pub result: Option<Shape>,
    /// The shape of `$states.errorOutput`, if it exists here.
    pub error_output: Option<Shape>,
    /// The shape of `$states.context`.
    pub context: Shape,
    /// The variables that some path to here has assigned.
    pub variables: BTreeMap<String, Variable>,
    /// The names that the expression itself has bound: parameters of functions, `:=`. They hide variables.
    pub locals: BTreeMap<String, Typed>,
    /// The current item in a step or filter of a path. `$` refers to it, and bare names are its fields.
    pub item: Option<Shape>,
}

/// A variable of a state machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// The shape of its value.
    pub shape: Shape,
    /// Whether every path to here has assigned it.
    pub certain: bool,
}

/// Returns the expression in a string of a definition, `{% … %}`. `None` means that it is a plain string.
pub fn expression_of(text: &str) -> Option<&str> {
    let text = text.trim();
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

/// Parses an expression. The error is a diagnostic at `pointer`.
pub fn parse(expression: &str, pointer: &str) -> Result<AstNode, Box<Diagnostic>> {
    jsonata_core::parser::parse(expression).map_err(|error| {
        let message = format!("`{expression}` is not JSONata: {}", error.display_message());
        Box::new(Diagnostic::new(Code::InvalidJsonataExpression, pointer, message))
    })
}

/// Returns the names of all known functions without their `$`.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    functions::names()
}

/// Infers what the expression produces in this scope. Adds findings to `found`.
pub fn infer(expression: &AstNode, scope: &Scope, pointer: &str, found: &mut Vec<Diagnostic>) -> Typed {
    infer::Inference::new(scope, pointer, found).given(expression)
}

/// Infers the value of an expression where a value is required. A value that is or may be absent is a finding, because
/// Step Functions fails with `States.QueryEvaluationError` if an expression produces nothing.
pub fn infer_value(expression: &AstNode, scope: &Scope, pointer: &str, found: &mut Vec<Diagnostic>) -> Shape {
    infer::Inference::new(scope, pointer, found).value(expression)
}

#[cfg(test)]
mod tests;
