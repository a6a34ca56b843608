//! Infers `$merge` and `$keys`.

use jsonata_core::ast::AstNode;

use super::expect;
use crate::expression::infer::Inference;
use crate::shape::{Absence, Alternative, Object, Shape, Typed};

/// The greatest number of objects that the alternatives of a `$merge` are combined to.
const MOST_COMBINED: usize = 64;

/// Infers `$keys`: the names of an object's fields, or of those of all objects of a list.
pub(super) fn names(of: &Shape) -> Typed {
    let array = Shape::array_made_from(of, Shape::string(), None);
    let names = Shape::string().or(array);
    let filled = |alternative: &Alternative| match alternative {
        Alternative::Object(object) => object.fields.values().any(|field| field.absence == Absence::Never),
        _ => false,
    };
    if of.is_unknown_in_part() {
        return Typed { shape: names, absence: Absence::Unknown };
    }
    match !of.is_never() && of.alternatives().iter().all(filled) {
        true => Typed::always(names),
        false => Typed::perhaps(names),
    }
}

/// Infers `$merge` of a list whose objects are known by position. Later objects win.
pub(super) fn merge(inference: &mut Inference<'_>, arg: &AstNode) -> Typed {
    let mut absence = Absence::Never;
    let parts: Vec<Shape> = if let AstNode::Array(parts) = arg {
        parts.iter().map(|part| literal_part(inference, part)).collect()
    } else {
        let given = inference.given(arg);
        absence = given.absence;
        expect_objects(inference, arg, &given.shape);
        match given.shape.alternatives() {
            [Alternative::Array { first, min_items, max_items, .. }]
                if *max_items == Some(*min_items) && first.len() as u64 == *min_items =>
            {
                first.clone()
            }
            [Alternative::Object(_)] => vec![given.shape.clone()],
            _ => {
                return inference.untyped("$merge of something other than a literal list").or_absent(absence);
            }
        }
    };
    let mut merged = vec![Object::default()];
    for part in parts {
        let mut next = Vec::new();
        for alternative in part.alternatives() {
            match alternative {
                Alternative::Object(object) => {
                    next.extend(merged.iter().map(|so_far| so_far.merged_with(object)));
                }
                Alternative::Unknown => {
                    // Any field may come from it, or be replaced by it.
                    let unknown = Object { rest: Some(Box::new(Shape::unknown())), ..Object::default() };
                    next.extend(merged.iter().map(|so_far| so_far.merged_with(&unknown)));
                }
                // A list of objects within the list is flattened.
                Alternative::Array { .. } | Alternative::Any | Alternative::Scalar(..) => {
                    return Typed::always(inference.scope.unknown());
                }
            }
        }
        if next.len() > MOST_COMBINED {
            return Typed::always(inference.scope.unknown());
        }
        merged = next;
    }
    let shape = merged.into_iter().fold(Shape::never(), |so_far, object| so_far.or(Shape::object(object)));
    Typed::always(shape).or_absent(absence)
}

/// Infers an item of a literal list of objects. One that is nothing is left out.
fn literal_part(inference: &mut Inference<'_>, part: &AstNode) -> Shape {
    let given = inference.given(part);
    expect_objects(inference, part, &given.shape);
    let nothing = given.absence != Absence::Never;
    given.shape.or(if nothing { Shape::object(Object::default()) } else { Shape::never() })
}

fn expect_objects(inference: &mut Inference<'_>, arg: &AstNode, shape: &Shape) {
    expect(inference, &shape.items(), arg, "$merge", "objects", |alternative| {
        matches!(alternative, Alternative::Object(_)) || alternative.is_open()
    });
}
