//! Which values JSONata takes for true: everything except nothing, `null`, `false`, 0, empty text, an empty object, and
//! an array without a true item.

use serde_json::{Value, json};

use super::infer::Inference;
use super::shown::shown;
use crate::diagnostic::{Code, Diagnostic};
use crate::shape::{Absence, Alternative, Scalar, Shape, Typed};
use jsonata_core::ast::AstNode;

/// Returns the part of a type that a condition takes for true, or the part that it takes for false.
pub(super) fn taken_for(given: Typed, outcome: bool) -> Typed {
    let shape = given
        .shape
        .alternatives()
        .iter()
        .fold(Shape::never(), |so_far, alternative| so_far.or(part(alternative, outcome)));
    let absence = if outcome { Absence::Never } else { given.absence };
    Typed { shape, absence }
}

fn part(alternative: &Alternative, outcome: bool) -> Shape {
    let whole = || Shape::from_alternative(alternative.clone());
    match alternative {
        Alternative::Scalar(Scalar::Boolean, facets) => match facets.get("const") {
            Some(constant) if *constant != json!(outcome) => Shape::never(),
            _ => Shape::constant(&json!(outcome)),
        },
        Alternative::Scalar(Scalar::Null, _) if outcome => Shape::never(),
        Alternative::Scalar(_, facets) => match facets.get("const") {
            Some(constant) if is_true(constant) != outcome => Shape::never(),
            _ => whole(),
        },
        Alternative::Object(object) => {
            let filled = object.fields.values().any(|field| field.absence == Absence::Never);
            let empty = object.fields.is_empty() && object.rest.is_none();
            if (filled && !outcome) || (empty && outcome) { Shape::never() } else { whole() }
        }
        Alternative::Array { .. } if outcome => whole().with_least_items(1),
        _ => whole(),
    }
}

fn is_true(constant: &Value) -> bool {
    match constant {
        Value::Null => false,
        Value::Bool(boolean) => *boolean,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_true),
        Value::Object(fields) => !fields.is_empty(),
    }
}

impl Inference<'_> {
    /// Infers an operand of `and`, `or`, `? :` or `$not`. JSONata casts any value, and nothing is false. A strict check
    /// accepts only booleans, because the cast surprises.
    pub(super) fn condition(&mut self, node: &AstNode) -> Typed {
        let given = self.optional(node);
        let boolean = |alternative: &Alternative| {
            alternative.is_open() || matches!(alternative, Alternative::Scalar(Scalar::Boolean, _))
        };
        if !self.scope.gradual && !given.shape.alternatives().iter().all(boolean) {
            let message = format!("{} is not always true or false", shown(node));
            let finding = Diagnostic::new(Code::ConditionNotBoolean, "", message);
            self.found(finding.produced(given.shape.to_schema().to_string()));
        }
        given
    }
}
