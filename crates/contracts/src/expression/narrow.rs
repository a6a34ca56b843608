//! Narrows a scope by the outcome of a condition.

use jsonata_core::ast::{AstNode, BinaryOp, UnaryOp};
use serde_json::{Value, json};

use super::Scope;
use super::change::change;
use super::condition::taken_for;
use super::facts::unwrapped;
use super::infer::Inference;
use crate::shape::{Absence, Alternative, Object, Scalar, Shape, Typed};

/// Returns the scope in which the condition has this outcome.
///
/// `$exists(path)`, comparisons, `$count`, `$type`, a path by itself, and `and`, `or` and `$not` of these narrow the
/// scope. Any other condition leaves it unchanged, which is always sound. A condition that yields nothing counts as
/// false.
pub fn narrowed(scope: &Scope, condition: &AstNode, outcome: bool) -> Scope {
    match condition {
        AstNode::Binary { op: BinaryOp::And, lhs, rhs } if outcome => {
            narrowed(&narrowed(scope, lhs, true), rhs, true)
        }
        AstNode::Binary { op: BinaryOp::Or, lhs, rhs } if !outcome => {
            narrowed(&narrowed(scope, lhs, false), rhs, false)
        }
        AstNode::Binary { op, lhs, rhs } => compared(scope, *op, lhs, rhs, outcome),
        AstNode::Unary { op: UnaryOp::Not, operand } => negated(scope, operand, outcome),
        AstNode::Function { name, args, .. } => match (name.as_str(), args.as_slice()) {
            ("not", [operand]) => negated(scope, operand, outcome),
            ("boolean", [operand]) => narrowed(scope, operand, outcome),
            ("exists", [path]) if outcome => present(scope, path, &mut |given| Typed::always(given.shape)),
            ("exists", [path]) => change(scope, path, &mut |given| match given.absence {
                Absence::Never => Typed::always(Shape::never()),
                _ => Typed::absent(),
            }),
            ("contains", [text, _]) if outcome => {
                present(scope, text, &mut |given| Typed::always(given.shape))
            }
            _ => scope.clone(),
        },
        AstNode::Block(_) | AstNode::FunctionApplication(_) => match unwrapped(condition) {
            same if same == condition => scope.clone(),
            inner => narrowed(scope, inner, outcome),
        },
        // A path that is used as a condition.
        path @ (AstNode::Path { .. } | AstNode::Variable(_) | AstNode::Name(_)) => match outcome {
            true => present(scope, path, &mut |given| taken_for(given, true)),
            false => change(scope, path, &mut |given| taken_for(given, false)),
        },
        _ => scope.clone(),
    }
}

/// Narrows by `$not(operand)`. It yields nothing if the operand does, and that counts as false.
fn negated(scope: &Scope, operand: &AstNode, outcome: bool) -> Scope {
    let mut dropped = Vec::new();
    let mut decided = || Inference::new(scope, "", &mut dropped).given(operand).absence == Absence::Never;
    if outcome || decided() { narrowed(scope, operand, !outcome) } else { scope.clone() }
}

fn compared(scope: &Scope, op: BinaryOp, lhs: &AstNode, rhs: &AstNode, outcome: bool) -> Scope {
    let (lhs, rhs) = (unwrapped(lhs), unwrapped(rhs));
    if let Some(scope) = counted(scope, op, lhs, rhs, outcome) {
        return scope;
    }
    if let Some(scope) = typed(scope, op, lhs, rhs, outcome) {
        return scope;
    }
    let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
    if equality && let Some((path, value)) = with_constant(lhs, rhs) {
        return equal_to(scope, path, &value, op == BinaryOp::Equal, outcome);
    }
    let shows_both = equality
        || matches!(
            op,
            BinaryOp::LessThan
                | BinaryOp::LessThanOrEqual
                | BinaryOp::GreaterThan
                | BinaryOp::GreaterThanOrEqual
                | BinaryOp::In
        );
    if !outcome || !shows_both {
        return scope.clone();
    }
    // With nothing on one side it would not be true.
    let present =
        |scope: &Scope, node: &AstNode| present(scope, node, &mut |given| Typed::always(given.shape));
    present(&present(scope, lhs), rhs)
}

/// Narrows by a comparison of `$count(path)` with a number, if it shows that there is an item.
fn counted(scope: &Scope, op: BinaryOp, lhs: &AstNode, rhs: &AstNode, outcome: bool) -> Option<Scope> {
    let counts = |node: &AstNode| match node {
        AstNode::Function { name, args, .. } if name == "count" => args.first().cloned(),
        _ => None,
    };
    let (path, op, number) = match (counts(lhs), lhs, counts(rhs), rhs) {
        (Some(path), _, _, AstNode::Number(number)) => (path, op, *number),
        (_, AstNode::Number(number), Some(path), _) => (path, mirrored(op), *number),
        _ => return None,
    };
    let least = match (op, outcome) {
        (BinaryOp::GreaterThan, true) | (BinaryOp::LessThanOrEqual, false) => number.floor() + 1.0,
        (BinaryOp::GreaterThanOrEqual | BinaryOp::Equal, true)
        | (BinaryOp::LessThan | BinaryOp::NotEqual, false) => number.ceil(),
        (BinaryOp::NotEqual, true) | (BinaryOp::Equal, false) if number == 0.0 => 1.0,
        _ => return Some(scope.clone()),
    };
    if least < 1.0 {
        return Some(scope.clone());
    }
    Some(present(scope, &path, &mut |given| Typed::always(given.shape.with_least_items(least as u64))))
}

fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::LessThan => BinaryOp::GreaterThan,
        BinaryOp::LessThanOrEqual => BinaryOp::GreaterThanOrEqual,
        BinaryOp::GreaterThan => BinaryOp::LessThan,
        BinaryOp::GreaterThanOrEqual => BinaryOp::LessThanOrEqual,
        other => other,
    }
}

/// Narrows by a comparison of `$type(path)` with a name.
fn typed(scope: &Scope, op: BinaryOp, lhs: &AstNode, rhs: &AstNode, outcome: bool) -> Option<Scope> {
    let (name, args, kind) = match (lhs, rhs) {
        (AstNode::Function { name, args, .. }, AstNode::String(kind))
        | (AstNode::String(kind), AstNode::Function { name, args, .. }) => (name, args, kind),
        _ => return None,
    };
    let path = args.first().filter(|_| name == "type")?;
    let is = match op {
        BinaryOp::Equal => outcome,
        BinaryOp::NotEqual => !outcome,
        _ => return None,
    };
    let wanted = of_type(kind, scope)?;
    let among = |alternative: &&Alternative| alternative.is_open() || is_of(alternative, kind);
    Some(match (op, outcome) {
        (BinaryOp::Equal, true) => present(scope, path, &mut |given| {
            Typed::always(given.shape.filtered(|alternative| among(alternative)).and(&wanted))
        }),
        // The type of nothing is nothing, which differs from no name and equals none.
        (BinaryOp::NotEqual, true) => present(scope, path, &mut |given| {
            Typed::always(given.shape.filtered(|alternative| !is_of(alternative, kind)))
        }),
        _ if is => change(scope, path, &mut |given| Typed {
            shape: given.shape.filtered(|alternative| among(alternative)),
            ..given
        }),
        _ => change(scope, path, &mut |given| Typed {
            shape: given.shape.filtered(|alternative| !is_of(alternative, kind)),
            ..given
        }),
    })
}

fn is_of(alternative: &Alternative, kind: &str) -> bool {
    match alternative {
        Alternative::Scalar(scalar, _) => scalar.as_str() == kind,
        Alternative::Array { .. } => kind == "array",
        Alternative::Object(_) => kind == "object",
        Alternative::Any | Alternative::Unknown => false,
    }
}

/// Returns the shape of every value whose `$type` has this name.
fn of_type(kind: &str, scope: &Scope) -> Option<Shape> {
    Some(match kind {
        "string" => Shape::string(),
        "number" => Shape::number(),
        "boolean" => Shape::boolean(),
        "null" => Shape::scalar(Scalar::Null),
        "array" => Shape::array(scope.unknown(), None),
        "object" => Shape::object(Object { rest: Some(Box::new(scope.unknown())), ..Object::default() }),
        _ => return None,
    })
}

fn with_constant<'a>(lhs: &'a AstNode, rhs: &'a AstNode) -> Option<(&'a AstNode, Value)> {
    match (constant(lhs), constant(rhs)) {
        (None, Some(value)) => Some((lhs, value)),
        (Some(value), None) => Some((rhs, value)),
        _ => None,
    }
}

fn constant(node: &AstNode) -> Option<Value> {
    match node {
        AstNode::String(text) if !text.contains("${") => Some(json!(text)),
        AstNode::Boolean(boolean) => Some(json!(boolean)),
        AstNode::Null => Some(Value::Null),
        _ => None,
    }
}

/// Narrows by a comparison with a constant. Nothing neither equals a constant nor differs from it.
fn equal_to(scope: &Scope, path: &AstNode, value: &Value, equals: bool, outcome: bool) -> Scope {
    let wanted = Shape::constant(value);
    let equal = |given: &Typed| match given.shape.filtered(may_be(value)).is_never() {
        // An array of one item equals only itself. Any value, or a wider type, may equal the constant.
        true => Shape::never(),
        false => wanted.clone(),
    };
    match (equals, outcome) {
        (true, true) => present(scope, path, &mut |given| Typed::always(equal(&given))),
        (false, true) => present(scope, path, &mut |given| Typed::always(without(&given.shape, value))),
        (true, false) => {
            change(scope, path, &mut |given| Typed { shape: without(&given.shape, value), ..given })
        }
        (false, false) => change(scope, path, &mut |given| Typed { shape: equal(&given), ..given }),
    }
}

/// Returns the shape without this constant, as far as shapes can express that.
fn without(shape: &Shape, value: &Value) -> Shape {
    let unwanted = Shape::constant(value);
    let left = shape.filtered(|alternative| !unwanted.alternatives().contains(alternative));
    match value {
        // Of the two booleans the other remains.
        Value::Bool(value) => {
            let either = Shape::boolean();
            let rest = left.filtered(|alternative| !either.alternatives().contains(alternative));
            if rest == left { left } else { rest.or(Shape::constant(&json!(!value))) }
        }
        _ => left,
    }
}

/// Returns a predicate for the alternatives that contain the value.
fn may_be(value: &Value) -> impl Fn(&&Alternative) -> bool {
    move |alternative| match alternative {
        Alternative::Any | Alternative::Unknown => true,
        Alternative::Scalar(_, facets) if facets.contains_key("const") => facets.get("const") == Some(value),
        Alternative::Scalar(kind, _) => Shape::constant(value)
            .alternatives()
            .iter()
            .any(|wanted| matches!(wanted, Alternative::Scalar(other, _) if other == kind)),
        _ => false,
    }
}

/// Narrows a path that has a value, and remembers that it has one.
fn present(scope: &Scope, path: &AstNode, to: &mut dyn FnMut(Typed) -> Typed) -> Scope {
    let path = unwrapped(path);
    let mut dropped = Vec::new();
    let given = Inference::new(scope, "", &mut dropped).given(path);
    let known = to(given).shape;
    let mut changed = change(scope, path, to);
    if !known.is_never() {
        changed.learn(path, known);
    }
    changed
}
