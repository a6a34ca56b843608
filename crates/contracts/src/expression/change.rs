//! Changes the type of a path in a scope, at any depth.

use jsonata_core::ast::AstNode;

use super::Scope;
use super::facts::unwrapped;
use crate::shape::{Absence, Alternative, Object, Shape, Typed};

/// Changes the type of a path of plain names that starts at a variable or `$states`.
pub(super) fn change(scope: &Scope, path: &AstNode, to: &mut dyn FnMut(Typed) -> Typed) -> Scope {
    let mut changed = scope.clone();
    let Some((root, names)) = plain_path(unwrapped(path)) else { return changed };
    if let Some(local) = changed.locals.get_mut(root) {
        local.typed = match names.as_slice() {
            [] => to(local.typed.clone()),
            names => deeper(&local.typed, names, to),
        };
        return changed;
    }
    if let Some(variable) = changed.variables.get_mut(root) {
        let typed = match names.as_slice() {
            [] => to(variable.typed()),
            names => deeper(&variable.typed(), names, to),
        };
        variable.certain = typed.absence == Absence::Never;
        // A variable that no path to here has assigned keeps its shape, which says nothing then.
        if !typed.shape.is_never() || variable.certain {
            variable.shape = typed.shape;
        }
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
        _ => return changed,
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
            if !scalar || to(Typed::absent()).absence != Absence::Never {
                possible = possible.or(shape.filtered(|candidate| *candidate == alternative));
            }
            continue;
        };
        let before = object.field(name);
        let after = match rest {
            [] => to(before),
            rest => deeper(&before, rest, to),
        };
        if after.shape.is_never() && after.absence == Absence::Never {
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
    let stays = given.absence != Absence::Never && to(Typed::absent()).absence != Absence::Never;
    let absence = if stays { given.absence } else { Absence::Never };
    Typed { shape: change_field(&given.shape, names, to), absence }
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
