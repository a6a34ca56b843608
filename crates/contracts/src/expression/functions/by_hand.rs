//! Infers the functions whose result does not follow from a signature.

use jsonata_core::ast::AstNode;

use super::{expect, expect_items, objects, refuse_constants};
use crate::expression::infer::Inference;
use crate::expression::numbers;
use crate::shape::{Absence, Alternative, Object, Scalar, Shape, Typed};

pub(super) fn infer(inference: &mut Inference<'_>, name: &str, args: &[AstNode]) -> Typed {
    let of = format!("${name}");
    let undefined = AstNode::Undefined;
    let arg = args.first().unwrap_or(&undefined);
    let second = args.get(1).unwrap_or(&undefined);
    let boolean = || Typed::always(Shape::boolean());
    match name {
        "exists" => {
            // If it is never present, that is worth a warning. It may be absent.
            inference.asked_for(arg);
            boolean()
        }
        "not" => {
            let given = inference.condition(arg);
            boolean().or_absent(given.absence)
        }
        "boolean" => {
            let given = inference.given(arg);
            boolean().or_absent(given.absence)
        }
        "number" => {
            let given = inference.given(arg);
            let castable = |alternative: &Alternative| match alternative {
                Alternative::Scalar(kind, _) => *kind != Scalar::Null,
                other => other.is_open(),
            };
            expect(inference, &given.shape, arg, &of, "a string, number or boolean", castable);
            refuse_constants(inference, name, std::slice::from_ref(&given.shape));
            Typed { shape: Shape::number().uncertain_if(&[&given.shape]), ..given }
        }
        "merge" => objects::merge(inference, arg),
        "append" => append(inference, arg, second),
        "map" => {
            let over = inference.given(arg);
            let given = inference.apply(second, &over.shape);
            let array = Shape::array(given.shape.clone(), over.shape.max_items());
            let least = over.shape.min_items();
            let always = least > 0 && given.absence == Absence::Never && over.absence == Absence::Never;
            let array = if always { array.with_least_items(least) } else { array };
            if given.shape.is_unknown() {
                return Typed::unknown();
            }
            let shape = given.shape.or(array);
            if always {
                return Typed::always(shape);
            }
            Typed { shape, absence: over.shape.absence_of_all() }.or_absent(over.absence)
        }
        "lookup" => match second {
            AstNode::String(field) => {
                let given = inference.given(arg);
                given.shape.field(field).or_absent(given.absence)
            }
            _ => {
                inference.given(arg);
                inference.value(second);
                inference.untyped("$lookup of a computed name")
            }
        },
        "sum" | "max" | "min" | "average" => {
            let given = inference.given(arg);
            expect_items(inference, &given.shape, args, &of, ("numbers", Scalar::Number));
            let positions = match given.shape.alternatives() {
                [Alternative::Array { first, min_items, .. }] if first.len() as u64 == *min_items => {
                    Some(first.as_slice())
                }
                _ => None,
            };
            let shape = numbers::of_several(name, &given.shape.items(), positions);
            // Without numbers there is no maximum, minimum or average, and the sum of nothing is nothing.
            let absence = match name {
                "sum" => Absence::Never,
                _ if given.shape.min_items() > 0 => Absence::Never,
                _ => Typed::perhaps(given.shape.items()).absence,
            };
            Typed { shape, absence }.or_absent(given.absence)
        }
        "split" => split(inference, &of, args),
        "match" => {
            let given = inference.operand(arg, Scalar::String, &of);
            let found = [("match", Shape::string()), ("index", Shape::integer_from(0))];
            let groups = ("groups", Shape::array(Shape::string(), None));
            let one = Shape::object(Object::of(found.into_iter().chain([groups])));
            let uncertain = given.shape.holds_unknown();
            let absence = if uncertain { Absence::Unknown } else { Absence::Perhaps };
            let several = Shape::array_made_from(&given.shape, one.clone(), None);
            Typed { shape: one.or(several), absence }.or_absent(given.absence)
        }
        "partition" => {
            let over = inference.value(arg);
            let size = inference.value(second);
            inference.expect_scalar(second, &size, Scalar::Number, &of);
            refuse_constants(inference, name, &[over.clone(), size]);
            let part = Shape::array(over.items(), over.max_items());
            Typed::always(Shape::array_made_from(&over, part, over.max_items()))
        }
        "range" => {
            let mut bounds = Vec::new();
            for bound in args {
                let given = inference.value(bound);
                inference.expect_scalar(bound, &given, Scalar::Number, &of);
                bounds.push(given);
            }
            refuse_constants(inference, name, &bounds);
            // The developer guide limits it to 1,000 numbers.
            let made_from = bounds.into_iter().fold(Shape::never(), Shape::or);
            Typed::always(Shape::array_made_from(&made_from, Shape::number(), Some(1_000)))
        }
        _ => inference.untyped(&format!("the result of ${name}")),
    }
}

fn append(inference: &mut Inference<'_>, arg: &AstNode, second: &AstNode) -> Typed {
    let (one, two) = (inference.given(arg), inference.given(second));
    let most = one.shape.max_items().zip(two.shape.max_items()).map(|(one, two)| one + two);
    let both = Shape::array(one.shape.items().or(two.shape.items()), most);
    let both = both.with_least_items(one.shape.min_items() + two.shape.min_items());
    // If one is absent, the other is returned unchanged.
    let first = if two.absence == Absence::Never { Shape::never() } else { one.shape.clone() };
    let last = if one.absence == Absence::Never { Shape::never() } else { two.shape.clone() };
    Typed { shape: both.or(first).or(last), absence: one.absence.min(two.absence) }
}

fn split(inference: &mut Inference<'_>, of: &str, args: &[AstNode]) -> Typed {
    let undefined = AstNode::Undefined;
    let (arg, separator) = (args.first().unwrap_or(&undefined), args.get(1).unwrap_or(&undefined));
    let text = inference.operand(arg, Scalar::String, of);
    let is_pattern = matches!(separator, AstNode::Regex { .. }) || inference.is_function(separator);
    if !is_pattern {
        let given = inference.value(separator);
        inference.expect_scalar(separator, &given, Scalar::String, of);
    }
    if let Some(limit) = args.get(2) {
        let given = inference.value(limit);
        inference.expect_scalar(limit, &given, Scalar::Number, of);
    }
    let least = match separator {
        _ if args.len() > 2 => 0,
        AstNode::String(separator) if separator == ":" => least_parts(&text.shape),
        AstNode::String(separator) if !separator.is_empty() => 1,
        AstNode::Regex { .. } => 1,
        _ => 0,
    };
    let parts = Shape::array_made_from(&text.shape, Shape::string(), None);
    Typed::always(parts.with_least_items(least)).or_absent(text.absence)
}

/// Returns the least number of parts between colons. An ARN has at least six.
fn least_parts(text: &Shape) -> u64 {
    let parts = |alternative: &Alternative| match alternative {
        Alternative::Scalar(Scalar::String, facets) => {
            let constant = facets.get("const").and_then(|constant| constant.as_str());
            let pattern = facets.get("pattern").and_then(|pattern| pattern.as_str());
            match (constant, pattern) {
                (Some(text), _) => text.split(':').count() as u64,
                (None, Some(pattern)) if pattern.starts_with("^arn:") => {
                    (outside_of_brackets(pattern) as u64 + 1).max(6)
                }
                _ => 1,
            }
        }
        _ => 1,
    };
    text.alternatives().iter().map(parts).min().unwrap_or(1)
}

/// Returns the number of colons that a pattern requires: those outside of brackets and parentheses.
fn outside_of_brackets(pattern: &str) -> usize {
    let mut depth = 0_i32;
    let mut colons = 0;
    for letter in pattern.chars() {
        match letter {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            ':' if depth == 0 => colons += 1,
            _ => {}
        }
    }
    colons
}
