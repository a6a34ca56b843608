//! Infers calls of the functions of Step Functions' JSONata.

mod by_hand;
mod objects;
mod signatures;

use jsonata_core::ast::AstNode;
use serde_json::json;

use super::constants;
use super::infer::Inference;
use super::numbers;
use super::shown::shown;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::shape::{Absence, Alternative, Scalar, Shape, Typed};
use crate::suggestion::closest;
use signatures::{BY_HAND, Gives, SIGNATURES, Takes, arity, signature};

/// Returns the names of all functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SIGNATURES.iter().map(|(name, ..)| *name).chain(BY_HAND.iter().map(|(name, ..)| *name))
}

/// Returns whether there is a function of this name.
pub(super) fn is_known(name: &str) -> bool {
    arity(name).is_some()
}

/// Infers the call of a function, one of the expression's own or one of JSONata's.
pub(super) fn call(inference: &mut Inference<'_>, name: &str, args: &[AstNode]) -> Typed {
    if let Some(given) = inference.call_local(name, args) {
        return given;
    }
    let Some((least, most)) = arity(name) else { return unknown_function(inference, name, args) };
    if !(least..=most).contains(&args.len()) {
        let count = args.len();
        let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
        inference.report(Code::WrongArgument, format!("${name} takes {wanted} arguments, not {count}"));
        return inference.reported();
    }
    match signature(name) {
        Some((_, takes, _, gives)) => by_signature(inference, name, takes, *gives, args),
        None => by_hand::infer(inference, name, args),
    }
}

fn unknown_function(inference: &mut Inference<'_>, name: &str, args: &[AstNode]) -> Typed {
    if name.starts_with(super::text::PLACEHOLDER) {
        return inference.reported();
    }
    let help = if name == "eval" {
        "Step Functions does not support $eval. Use $parse to read JSON".to_owned()
    } else {
        match closest(name, names()) {
            Some(meant) => format!("did you mean ${meant}?"),
            None => {
                "it has those of JSONata 2, $partition, $range, $hash, $random, $uuid and $parse".to_owned()
            }
        }
    };
    let message = format!("Step Functions has no function ${name}");
    inference.report_with_help(Code::UnknownFunction, message, &help);
    // What the arguments read is checked all the same.
    for arg in args.iter().filter(|_| inference.scope.gradual).cloned().collect::<Vec<_>>() {
        if !inference.is_function(&arg) {
            inference.given(&arg);
        }
    }
    inference.reported()
}

fn by_signature(
    inference: &mut Inference<'_>,
    name: &str,
    takes: &[Takes],
    gives: Gives,
    args: &[AstNode],
) -> Typed {
    let of = format!("${name}");
    let mut shapes: Vec<Shape> = Vec::new();
    let mut absence = Absence::Never;
    for (index, (takes, arg)) in takes.iter().zip(args).enumerate() {
        let first = shapes.first().cloned().unwrap_or_default();
        let given = argument(inference, name, &of, *takes, arg, &first);
        // Most functions yield nothing if their first argument is nothing, and fail if another one is.
        if index == 0 && !matches!(name, "assert" | "hash" | "parse") {
            absence = given.absence;
        } else if given.absence == Absence::Perhaps {
            inference.value(arg);
        }
        shapes.push(given.shape);
    }
    refuse_constants(inference, name, &shapes);
    let first = shapes.first().cloned().unwrap_or_default();
    if name == "join" {
        expect_items(inference, &first, args, &of, ("strings", Scalar::String));
    }
    if name == "sort" && args.len() == 1 {
        expect_sortable(inference, &first, args);
    }
    let all: Vec<&Shape> = shapes.iter().collect();
    let given = match gives {
        Gives::Text => Typed::always(Shape::string().uncertain_if(&all)),
        Gives::Number => Typed::always(Shape::number().uncertain_if(&all)),
        Gives::OfNumber if name == "power" => {
            Typed::always(numbers::power(&first, shapes.get(1).unwrap_or(&first)))
        }
        Gives::OfNumber => Typed::always(numbers::of_one(name, &first, args.len() > 1)),
        Gives::Fraction => Typed::always(Shape::from_schema(
            &json!({ "type": "number", "minimum": 0, "exclusiveMaximum": 1 }),
        )),
        Gives::Count => Typed::always(Shape::integer_from(0)),
        Gives::Integer => Typed::always(Shape::from_schema(&json!({ "type": "integer" })).uncertain_if(&all)),
        Gives::Boolean => Typed::always(Shape::boolean()),
        Gives::Items => {
            let array = Shape::array(first.items(), first.max_items());
            Typed::always(array.with_least_items(first.min_items()))
        }
        Gives::SomeItems => some_items(name, &first),
        Gives::Item => Typed::always(first.items()),
        Gives::Names => objects::names(&first),
        Gives::Time if args.len() == takes.len() - 2 => {
            Typed::always(Shape::from_schema(&json!({ "type": "string", "format": "date-time" })))
        }
        Gives::Time => Typed::always(Shape::string().uncertain_if(&all)),
        Gives::Failure => return Typed::always(Shape::never()),
        Gives::Nothing => Typed::absent(),
        Gives::Unknown => inference.untyped(&format!("the result of ${name}")),
    };
    match name {
        "count" | "error" | "now" | "random" => given,
        _ => given.or_absent(absence),
    }
}

/// Infers an argument by the type of its parameter.
fn argument(
    inference: &mut Inference<'_>,
    name: &str,
    of: &str,
    takes: Takes,
    arg: &AstNode,
    first: &Shape,
) -> Typed {
    let is_value = matches!(takes, Takes::Value | Takes::Pattern);
    if is_value && (matches!(arg, AstNode::Regex { .. }) || inference.is_function(arg)) {
        return Typed::always(inference.scope.unknown());
    }
    match takes {
        Takes::One(scalar) => inference.operand(arg, scalar, of),
        Takes::Pattern => inference.operand(arg, Scalar::String, of),
        Takes::Value | Takes::Several => inference.given(arg),
        Takes::Object => {
            let given = inference.given(arg);
            expect(inference, &given.shape, arg, of, "an object", |alternative| {
                !matches!(alternative, Alternative::Scalar(..))
            });
            given
        }
        Takes::Function => {
            let given = match name {
                "sort" => compare(inference, arg, first),
                _ => inference.apply(arg, first),
            };
            let condition = |alternative: &Alternative| {
                alternative.is_open() || matches!(alternative, Alternative::Scalar(Scalar::Boolean, _))
            };
            if matches!(name, "filter" | "sort" | "single") && !inference.scope.gradual {
                expect(inference, &given.shape, arg, of, "a condition", condition);
            }
            // A condition may yield nothing, which counts as false.
            Typed::always(given.shape)
        }
    }
}

fn some_items(name: &str, first: &Shape) -> Typed {
    let array = Shape::array(first.items(), first.max_items());
    if first.is_unknown() {
        return Typed::unknown();
    }
    match name {
        // Of several items at least one is left. An empty array stays empty.
        "distinct" => {
            let least = first.min_items().min(1);
            Typed::always(first.items().or(array.with_least_items(least)))
        }
        _ => Typed::perhaps(first.items().or(array)),
    }
}

/// Reports constants that the function certainly refuses.
fn refuse_constants(inference: &mut Inference<'_>, name: &str, shapes: &[Shape]) {
    if let Some(message) = constants::refused(name, shapes) {
        inference.report(Code::WrongArgument, message);
    }
}

/// Infers the function by which `$sort` decides which of two items comes later.
fn compare(inference: &mut Inference<'_>, function: &AstNode, over: &Shape) -> Typed {
    let AstNode::Lambda { params, body, .. } = function else {
        return inference.untyped("a function that is not a literal");
    };
    let given = params.iter().map(|name| (name.clone(), Typed::always(over.items())));
    let locals: Vec<_> = given.collect();
    inference.with_locals(locals, |inference| inference.given(body))
}

/// Reports an array with items that are not all of a type.
fn expect_items(
    inference: &mut Inference<'_>,
    given: &Shape,
    args: &[AstNode],
    of: &str,
    (wanted, kind): (&str, Scalar),
) {
    let undefined = AstNode::Undefined;
    let arg = args.first().unwrap_or(&undefined);
    let fits = |alternative: &Alternative| match alternative {
        Alternative::Scalar(found, _) => *found == kind,
        other => other.is_open(),
    };
    expect(inference, &given.items(), arg, of, wanted, fits);
}

/// Reports items that `$sort` cannot compare without a function: those that are not all numbers or all strings. A single
/// item is never compared.
fn expect_sortable(inference: &mut Inference<'_>, given: &Shape, args: &[AstNode]) {
    let kind = match given.items().alternatives().first() {
        Some(Alternative::Scalar(Scalar::String, _)) => Scalar::String,
        _ => Scalar::Number,
    };
    if given.max_items().is_none_or(|most| most > 1) {
        expect_items(inference, given, args, "$sort without a function", ("numbers or strings", kind));
    }
}

/// Reports an argument that is not always what the function accepts.
fn expect(
    inference: &mut Inference<'_>,
    shape: &Shape,
    arg: &AstNode,
    of: &str,
    wanted: &str,
    fits: impl Fn(&Alternative) -> bool,
) {
    let fitting = shape.alternatives().iter().filter(|alternative| fits(alternative)).count();
    if fitting == shape.alternatives().len() {
        return;
    }
    let (how, severity) = if fitting == 0 { ("is", Severity::Error) } else { ("may be", Severity::Warning) };
    let message = format!("{of} accepts {wanted}, but {} {how} something else", shown(arg));
    let finding = Diagnostic::new(Code::WrongArgument, "", message).severity(severity);
    inference.found(finding.produced(shape.to_schema().to_string()));
}
