//! JSONata expressions: reading them, and finding out what they give.
//!
//! Inference is sound where it answers at all: the shape of an expression has every value that the
//! expression can give. Where it does not know, it says so ([`Code::UntypedExpression`]) and goes on with
//! anything, so that one unknown does not hide what else is wrong. The language is JSONata 2 as Step
//! Functions has it ("Transforming data with JSONata in Step Functions" in the developer guide): without
//! `$eval`, and with six functions of its own.

mod functions;
mod infer;
mod narrow;

use std::collections::BTreeMap;

use jsonata_core::ast::AstNode;

use crate::diagnostic::{Code, Diagnostic};
use crate::shape::{Shape, Typed};

pub use narrow::narrowed;

/// What an expression can refer to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// `$states.input`.
    pub input: Shape,
    /// `$states.result`, where there is one.
    pub result: Option<Shape>,
    /// `$states.errorOutput`, where there is one.
    pub error_output: Option<Shape>,
    /// `$states.context`.
    pub context: Shape,
    /// The variables that some path here has assigned.
    pub variables: BTreeMap<String, Variable>,
    /// What the expression itself has bound: parameters of functions, `:=`. These hide variables.
    pub locals: BTreeMap<String, Typed>,
    /// What a bare name is read from, and `$` is: the item, in a step or filter of a path.
    pub item: Option<Shape>,
}

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// What it holds.
    pub shape: Shape,
    /// Whether every path here has assigned it.
    pub certain: bool,
}

/// The expression in a string of a definition: `{% … %}`, or `None` for a plain string.
pub fn expression_of(text: &str) -> Option<&str> {
    let text = text.trim();
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

/// Reads an expression; an error is a diagnostic at `pointer`.
pub fn parse(expression: &str, pointer: &str) -> Result<AstNode, Box<Diagnostic>> {
    jsonata_core::parser::parse(expression).map_err(|error| {
        let message = format!("`{expression}` is not JSONata: {}", error.display_message());
        Box::new(Diagnostic::new(Code::InvalidJsonataExpression, pointer, message))
    })
}

/// The functions that are known, without their `$`, for whoever lists them or proves that each is tried.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    functions::names()
}

/// What the expression gives in this scope. Findings go to `found`.
pub fn infer(expression: &AstNode, scope: &Scope, pointer: &str, found: &mut Vec<Diagnostic>) -> Typed {
    infer::Inference::new(scope, pointer, found).given(expression)
}

/// What the expression gives where a value must be: what is or may be absent is a finding, for Step
/// Functions fails with `States.QueryEvaluationError` when an expression gives nothing.
pub fn infer_value(expression: &AstNode, scope: &Scope, pointer: &str, found: &mut Vec<Diagnostic>) -> Shape {
    infer::Inference::new(scope, pointer, found).value(expression)
}

#[cfg(test)]
mod tests;
