//! Narrows a scope by the outcome of a condition.

use jsonata_core::ast::{AstNode, BinaryOp, UnaryOp};
use serde_json::{Value, json};

use super::Scope;
use crate::shape::{Alternative, Object, Shape, Typed};

/// Returns the scope in which the condition has this outcome.
///
/// `$exists(path)`, comparisons of a path with a constant, and `and`, `or` and `$not` of these narrow the scope. Any
/// other condition leaves it unchanged, which is always sound.
pub fn narrowed(scope: &Scope, condition: &AstNode, outcome: bool) -> Scope {
    match condition {
        AstNode::Binary { op: BinaryOp::And, lhs, rhs } if outcome => {
            narrowed(&narrowed(scope, lhs, true), rhs, true)
        }
        AstNode::Binary { op: BinaryOp::Or, lhs, rhs } if !outcome => {
            narrowed(&narrowed(scope, lhs, false), rhs, false)
        }
        AstNode::Binary { op: BinaryOp::Equal, lhs, rhs } => compared(scope, lhs, rhs, outcome),
        AstNode::Binary { op: BinaryOp::NotEqual, lhs, rhs } => compared(scope, lhs, rhs, !outcome),
        AstNode::Unary { op: UnaryOp::Not, operand } => narrowed(scope, operand, !outcome),
        AstNode::Function { name, args, .. } => match (name.as_str(), args.as_slice()) {
            ("not", [operand]) => narrowed(scope, operand, !outcome),
            ("exists", [path]) => change(scope, path, &mut |given| match outcome {
                true => Typed::always(given.shape),
                false if given.perhaps_absent => Typed::absent(),
                false => Typed::always(Shape::never()),
            }),
            _ => scope.clone(),
        },
        AstNode::Block(expressions) => match expressions.as_slice() {
            [only] => narrowed(scope, only, outcome),
            _ => scope.clone(),
        },
        // A path to a boolean that is used as a condition.
        path @ (AstNode::Path { .. } | AstNode::Variable(_) | AstNode::Name(_)) => {
            equal_to(scope, path, &json!(true), outcome)
        }
        _ => scope.clone(),
    }
}

fn compared(scope: &Scope, lhs: &AstNode, rhs: &AstNode, equal: bool) -> Scope {
    match (constant(lhs), constant(rhs)) {
        (None, Some(value)) => equal_to(scope, lhs, &value, equal),
        (Some(value), None) => equal_to(scope, rhs, &value, equal),
        _ => scope.clone(),
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

fn equal_to(scope: &Scope, path: &AstNode, value: &Value, equal: bool) -> Scope {
    let wanted = Shape::constant(value);
    change(scope, path, &mut |given| match equal {
        // An array of one item equals only itself. Any value, or a wider type, may equal the constant.
        true if given.shape.filtered(may_be(value)).is_never() => Typed::always(Shape::never()),
        true => Typed::always(wanted.clone()),
        false => Typed { shape: without(&given.shape, value), ..given },
    })
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
        Alternative::Any => true,
        Alternative::Scalar(_, facets) if facets.contains_key("const") => facets.get("const") == Some(value),
        Alternative::Scalar(kind, _) => Shape::constant(value)
            .alternatives()
            .iter()
            .any(|wanted| matches!(wanted, Alternative::Scalar(other, _) if other == kind)),
        _ => false,
    }
}

/// Changes the type of a path of plain names that starts at a variable or `$states`.
fn change(scope: &Scope, path: &AstNode, to: &mut dyn FnMut(Typed) -> Typed) -> Scope {
    let mut changed = scope.clone();
    let Some((root, names)) = plain_path(path) else { return changed };
    if let Some(local) = changed.locals.get_mut(root) {
        *local = match names.as_slice() {
            [] => to(local.clone()),
            names => deeper(local, names, to),
        };
        return changed;
    }
    let (place, names): (&mut Shape, &[&str]) = match (root, names.as_slice()) {
        ("", names) => match &mut changed.item {
            Some(item) => (item, names),
            None => return changed,
        },
        ("states", ["input", names @ ..]) => (&mut changed.input, names),
        ("states", ["context", names @ ..]) => (&mut changed.context, names),
        ("states", ["result", names @ ..]) => match &mut changed.result {
            Some(result) => (result, names),
            None => return changed,
        },
        ("states", _) => return changed,
        (variable, names) => match changed.variables.get_mut(variable) {
            Some(variable) => (&mut variable.shape, names),
            None => return changed,
        },
    };
    *place = change_field(place, names, to);
    changed
}

/// Changes the type of a field at any depth. Rules out the alternatives in which no value remains possible.
fn change_field(shape: &Shape, names: &[&str], to: &mut dyn FnMut(Typed) -> Typed) -> Shape {
    let Some((name, rest)) = names.split_first() else { return to(Typed::always(shape.clone())).shape };
    let mut possible = Shape::never();
    for alternative in shape.alternatives() {
        let Alternative::Object(object) = alternative else {
            // A path may read arrays and any value as well, so nothing is ruled out. A scalar has no field, so it is
            // possible only if the field may be absent.
            let scalar = matches!(alternative, Alternative::Scalar(..));
            if !scalar || to(Typed::absent()).perhaps_absent {
                possible = possible.or(shape.filtered(|candidate| *candidate == alternative));
            }
            continue;
        };
        let before = object.field(name);
        let after = match rest {
            [] => to(before),
            rest => deeper(&before, rest, to),
        };
        if after.shape.is_never() && !after.perhaps_absent {
            continue;
        }
        let mut object = object.clone();
        object.fields.remove(*name);
        if !after.shape.is_never() {
            object = object.merged_with(&Object::from_fields([((*name).to_owned(), after)]));
        }
        possible = possible.or(Shape::object(object));
    }
    possible
}

/// Changes a field of a value that may be absent. It may still be absent if the field may be absent after the change.
fn deeper(given: &Typed, names: &[&str], to: &mut dyn FnMut(Typed) -> Typed) -> Typed {
    let perhaps_absent = given.perhaps_absent && to(Typed::absent()).perhaps_absent;
    Typed { shape: change_field(&given.shape, names, to), perhaps_absent }
}

/// Returns the root and the names of a path of plain names. The root is a variable's name, or `""` for the current
/// item.
fn plain_path(path: &AstNode) -> Option<(&str, Vec<&str>)> {
    match path {
        AstNode::Variable(name) => Some((name, Vec::new())),
        AstNode::Name(name) => Some(("", vec![name])),
        AstNode::Path { steps } => {
            let (first, rest) = steps.split_first()?;
            let (root, rest) = match &first.node {
                AstNode::Variable(root) => (root.as_str(), rest),
                AstNode::Name(_) => ("", steps.as_slice()),
                _ => return None,
            };
            let names: Option<Vec<&str>> = rest
                .iter()
                .map(|step| match &step.node {
                    AstNode::Name(name) if step.stages.is_empty() => Some(name.as_str()),
                    _ => None,
                })
                .collect();
            Some((root, names.filter(|_| first.stages.is_empty())?))
        }
        _ => None,
    }
}
