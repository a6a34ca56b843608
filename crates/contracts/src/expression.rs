//! Parsing and type inference of JSONata expressions.
//!
//! Inference is sound: the inferred shape contains every value that the expression can produce. Where the type is
//! unknown, inference continues with an unknown value, so that one unknown does not hide other mistakes. In a strict
//! check the unknown is a finding too ([`Code::UntypedExpression`](crate::diagnostic::Code::UntypedExpression)). The language is JSONata 2.0.6 as in Step Functions
//! ("Transforming data with JSONata in Step Functions" in the developer guide): without `$eval`, and with six
//! additional functions.

mod absence;
mod change;
mod condition;
mod constants;
mod facts;
mod functions;
mod infer;
mod local;
mod narrow;
mod numbers;
mod operators;
mod path;
mod shown;
mod text;

use std::collections::BTreeMap;

use jsonata_core::ast::AstNode;

#[cfg(test)]
use crate::diagnostic::Code;
use crate::diagnostic::Diagnostic;
use crate::shape::{Absence, Shape, Typed};

pub use facts::Fact;
pub use local::Local;
pub use narrow::narrowed;
pub use text::{Text, expression_of, parse, read};

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
    pub locals: BTreeMap<String, Local>,
    /// The current item in a step or filter of a path. `$` refers to it, and bare names are its fields.
    pub item: Option<Shape>,
    /// What conditions have shown of values that their shapes do not tell.
    pub facts: Vec<Fact>,
    /// Whether what nothing describes is unknown instead of any value. Nothing is reported about what is unknown.
    pub gradual: bool,
}

/// A variable of a state machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// The shape of its value.
    pub shape: Shape,
    /// Whether every path to here has assigned it.
    pub certain: bool,
}

impl Variable {
    /// Returns the type of a reference to it.
    pub fn typed(&self) -> Typed {
        let absence = if self.certain { Absence::Never } else { Absence::Perhaps };
        Typed { shape: self.shape.clone(), absence }
    }
}

impl Scope {
    /// Returns the shape of a value that nothing describes.
    pub fn unknown(&self) -> Shape {
        if self.gradual { Shape::unknown() } else { Shape::any() }
    }
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
