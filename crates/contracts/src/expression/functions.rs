//! The functions of Step Functions' JSONata: those of JSONata 2 ("Function Library" in its documentation) without
//! `$eval`, and the six that Step Functions adds ("Functions provided by Step Functions" in the developer guide):
//! `$partition`, `$range`, `$hash`, `$random`, `$uuid`, `$parse`.

use jsonata_core::ast::AstNode;
use serde_json::json;

use super::infer::{Inference, shown};
use crate::diagnostic::{Code, Diagnostic};
use crate::shape::{Alternative, Object, Scalar, Shape, Typed};

/// The type of a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Takes {
    /// A value of any type.
    Value,
    /// A scalar of this type.
    One(Scalar),
    /// A string, a regular expression or a function.
    Pattern,
    /// An array, or a single value in place of one.
    Several,
    /// An object or an array of objects.
    Object,
    /// A function whose parameters are the items of the first argument.
    Function,
}

use Takes::{Function, One, Pattern, Several, Value};

const TEXT: Takes = One(Scalar::String);
const NUMBER: Takes = One(Scalar::Number);

/// The type of a function's result.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Gives {
    Text,
    Number,
    Integer,
    Boolean,
    /// An array of strings.
    Texts,
    /// An array of the first argument's items.
    Items,
    /// Some of the first argument's items: none, one or an array of them.
    SomeItems,
    /// One of the first argument's items. If there is not exactly one, the state fails.
    Item,
    /// A value of unknown type.
    Unknown,
    /// No value: the function is called for its effect.
    Nothing,
    /// No result: the function always fails the state.
    Failure,
    /// A time in the format of Step Functions, unless a picture sets another format.
    Time,
}

/// A function's name, the types of its parameters, the number of required ones, and the type of its result.
type Signature = (&'static str, &'static [Takes], usize, Gives);

/// The functions whose result type follows from their signature.
const SIGNATURES: &[Signature] = &[
    // Strings.
    ("string", &[Value, One(Scalar::Boolean)], 1, Gives::Text),
    ("length", &[TEXT], 1, Gives::Integer),
    ("substring", &[TEXT, NUMBER, NUMBER], 2, Gives::Text),
    ("substringBefore", &[TEXT, TEXT], 2, Gives::Text),
    ("substringAfter", &[TEXT, TEXT], 2, Gives::Text),
    ("uppercase", &[TEXT], 1, Gives::Text),
    ("lowercase", &[TEXT], 1, Gives::Text),
    ("trim", &[TEXT], 1, Gives::Text),
    ("pad", &[TEXT, NUMBER, TEXT], 2, Gives::Text),
    ("contains", &[TEXT, Pattern], 2, Gives::Boolean),
    ("split", &[TEXT, Pattern, NUMBER], 2, Gives::Texts),
    ("join", &[Several, TEXT], 1, Gives::Text),
    ("replace", &[TEXT, Pattern, Pattern, NUMBER], 3, Gives::Text),
    ("base64encode", &[TEXT], 1, Gives::Text),
    ("base64decode", &[TEXT], 1, Gives::Text),
    ("encodeUrlComponent", &[TEXT], 1, Gives::Text),
    ("encodeUrl", &[TEXT], 1, Gives::Text),
    ("decodeUrlComponent", &[TEXT], 1, Gives::Text),
    ("decodeUrl", &[TEXT], 1, Gives::Text),
    // Numbers.
    ("abs", &[NUMBER], 1, Gives::Number),
    ("floor", &[NUMBER], 1, Gives::Integer),
    ("ceil", &[NUMBER], 1, Gives::Integer),
    ("round", &[NUMBER, NUMBER], 1, Gives::Number),
    ("power", &[NUMBER, NUMBER], 2, Gives::Number),
    ("sqrt", &[NUMBER], 1, Gives::Number),
    ("random", &[NUMBER], 0, Gives::Number),
    ("formatNumber", &[NUMBER, TEXT, Takes::Object], 2, Gives::Text),
    ("formatBase", &[NUMBER, NUMBER], 1, Gives::Text),
    ("formatInteger", &[NUMBER, TEXT], 2, Gives::Text),
    ("parseInteger", &[TEXT, TEXT], 2, Gives::Number),
    // Arrays.
    ("count", &[Several], 1, Gives::Integer),
    ("sum", &[Several], 1, Gives::Number),
    ("reverse", &[Several], 1, Gives::Items),
    ("shuffle", &[Several], 1, Gives::Items),
    ("distinct", &[Several], 1, Gives::SomeItems),
    ("sort", &[Several, Function], 1, Gives::Items),
    ("filter", &[Several, Function], 2, Gives::SomeItems),
    ("single", &[Several, Function], 1, Gives::Item),
    ("zip", &[Several, Several, Several, Several], 1, Gives::Unknown),
    ("reduce", &[Several, Value, Value], 2, Gives::Unknown),
    // Objects.
    ("keys", &[Takes::Object], 1, Gives::Unknown),
    ("spread", &[Takes::Object], 1, Gives::Unknown),
    ("sift", &[Takes::Object, Value], 1, Gives::Unknown),
    ("each", &[Takes::Object, Value], 1, Gives::Unknown),
    ("type", &[Value], 1, Gives::Text),
    ("error", &[TEXT], 0, Gives::Failure),
    ("assert", &[One(Scalar::Boolean), TEXT], 1, Gives::Nothing),
    // Dates.
    ("now", &[TEXT, TEXT], 0, Gives::Time),
    ("millis", &[], 0, Gives::Integer),
    ("fromMillis", &[NUMBER, TEXT, TEXT], 1, Gives::Time),
    ("toMillis", &[TEXT, TEXT], 1, Gives::Integer),
    // Functions of Step Functions.
    ("uuid", &[], 0, Gives::Text),
    ("hash", &[TEXT, TEXT], 2, Gives::Text),
    ("parse", &[TEXT], 1, Gives::Unknown),
];

/// The functions that are typed by the code below, each with its least and greatest number of arguments.
const BY_HAND: &[(&str, usize, usize)] = &[
    ("exists", 1, 1),
    ("not", 1, 1),
    ("boolean", 1, 1),
    ("number", 1, 1),
    ("merge", 1, 1),
    ("append", 2, 2),
    ("map", 2, 2),
    ("lookup", 2, 2),
    ("max", 1, 1),
    ("min", 1, 1),
    ("average", 1, 1),
    ("match", 2, 3),
    ("partition", 2, 2),
    ("range", 3, 3),
];

/// Returns the names of all functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SIGNATURES.iter().map(|(name, ..)| *name).chain(BY_HAND.iter().map(|(name, ..)| *name))
}

pub(super) fn call(inference: &mut Inference<'_>, name: &str, args: &[AstNode]) -> Typed {
    let range = BY_HAND
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|(_, least, most)| (*least, *most))
        .or_else(|| signature(name).map(|(_, takes, least, _)| (*least, takes.len())));
    let Some((least, most)) = range else {
        let help = if name == "eval" {
            "Step Functions does not support $eval. Use $parse to read JSON"
        } else {
            "see the list in docs/contracts.md"
        };
        inference.report_with_help(
            Code::UnknownFunction,
            format!("Step Functions has no function ${name}"),
            help,
        );
        return Typed::always(Shape::any());
    };
    if !(least..=most).contains(&args.len()) {
        let count = args.len();
        let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
        inference.report(Code::WrongArgument, format!("${name} takes {wanted} arguments, not {count}"));
        return Typed::always(Shape::any());
    }
    match signature(name) {
        Some((_, takes, _, gives)) => by_signature(inference, name, takes, *gives, args),
        None => by_hand(inference, name, args),
    }
}

fn signature(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|(known, ..)| *known == name)
}

fn by_signature(
    inference: &mut Inference<'_>,
    name: &str,
    takes: &[Takes],
    gives: Gives,
    args: &[AstNode],
) -> Typed {
    let of = format!("${name}");
    let mut first = Shape::never();
    // Functions of lists return nothing for nothing, except $count, which returns 0.
    let mut perhaps_absent = false;
    for (index, (takes, arg)) in takes.iter().zip(args).enumerate() {
        let shape = match takes {
            Takes::One(scalar) => inference.operand(arg, *scalar, &of),
            // Most functions return nothing for nothing, so an argument that may be absent has to be tested first.
            Takes::Value | Takes::Pattern
                if matches!(arg, AstNode::Regex { .. } | AstNode::Lambda { .. }) =>
            {
                Shape::any()
            }
            Takes::Pattern => inference.operand(arg, Scalar::String, &of),
            Takes::Value => inference.value(arg),
            Takes::Several => {
                let given = inference.given(arg);
                perhaps_absent |= given.perhaps_absent;
                given.shape
            }
            Takes::Object => {
                let shape = inference.value(arg);
                expect(inference, &shape, arg, &of, "an object", |alternative| {
                    !matches!(alternative, Alternative::Scalar(..))
                });
                shape
            }
            Takes::Function => {
                let given = match name {
                    "sort" => compare(inference, arg, &first),
                    _ => apply(inference, arg, &first),
                };
                let condition = |alternative: &Alternative| {
                    matches!(alternative, Alternative::Any | Alternative::Scalar(Scalar::Boolean, _))
                };
                if matches!(name, "filter" | "sort" | "single") {
                    expect(inference, &given.shape, arg, &of, "a condition", condition);
                }
                given.shape
            }
        };
        if index == 0 {
            first = shape;
        }
    }
    if name == "sum" || name == "join" {
        let (wanted, kind) =
            if name == "sum" { ("numbers", Scalar::Number) } else { ("strings", Scalar::String) };
        let arg = args.first().unwrap_or(&AstNode::Undefined);
        let fits = |alternative: &Alternative| match alternative {
            Alternative::Any => true,
            Alternative::Scalar(found, _) => *found == kind,
            _ => false,
        };
        expect(inference, &first.items(), arg, &of, wanted, fits);
    }
    let given = match gives {
        Gives::Text => Typed::always(Shape::string()),
        Gives::Number => Typed::always(Shape::number()),
        Gives::Integer if name == "count" || name == "length" => Typed::always(Shape::integer_from(0)),
        Gives::Integer => Typed::always(Shape::from_schema(&json!({ "type": "integer" }))),
        Gives::Boolean => Typed::always(Shape::boolean()),
        Gives::Texts => Typed::always(Shape::array(Shape::string(), None)),
        Gives::Items => Typed::always(Shape::array(first.items(), first.max_items())),
        Gives::SomeItems => Typed::perhaps(first.items().or(Shape::array(first.items(), first.max_items()))),
        Gives::Item => Typed::always(first.items()),
        Gives::Time if args.len() == takes.len() - 2 => {
            Typed::always(Shape::from_schema(&json!({ "type": "string", "format": "date-time" })))
        }
        Gives::Time => Typed::always(Shape::string()),
        Gives::Failure => Typed::always(Shape::never()),
        Gives::Nothing => Typed::absent(),
        Gives::Unknown => inference.untyped(&format!("the result of ${name}")),
    };
    Typed { perhaps_absent: given.perhaps_absent || (perhaps_absent && name != "count"), ..given }
}

fn by_hand(inference: &mut Inference<'_>, name: &str, args: &[AstNode]) -> Typed {
    let of = format!("${name}");
    let undefined = AstNode::Undefined;
    let arg = args.first().unwrap_or(&undefined);
    let second = args.get(1).unwrap_or(&undefined);
    match name {
        "exists" => {
            // If it is never present, the path itself reports it. It may be absent.
            inference.given(arg);
            Typed::always(Shape::boolean())
        }
        "not" => {
            inference.condition(arg);
            Typed::always(Shape::boolean())
        }
        "boolean" => {
            inference.value(arg);
            Typed::always(Shape::boolean())
        }
        "number" => {
            let shape = inference.value(arg);
            let castable = |alternative: &Alternative| match alternative {
                Alternative::Scalar(kind, _) => *kind != Scalar::Null,
                Alternative::Any => true,
                _ => false,
            };
            expect(inference, &shape, arg, &of, "a string, number or boolean", castable);
            Typed::always(Shape::number())
        }
        "merge" => merge(inference, arg),
        "append" => {
            let (one, two) = (inference.given(arg), inference.given(second));
            let most = one.shape.max_items().zip(two.shape.max_items()).map(|(one, two)| one + two);
            let both = Shape::array(one.shape.items().or(two.shape.items()), most);
            // If one is absent, the other is returned unchanged.
            let first = if two.perhaps_absent { one.shape.clone() } else { Shape::never() };
            let last = if one.perhaps_absent { two.shape.clone() } else { Shape::never() };
            let perhaps_absent = one.perhaps_absent && two.perhaps_absent;
            Typed { shape: both.or(first).or(last), perhaps_absent }
        }
        "map" => {
            let over = inference.given(arg).shape;
            let given = apply(inference, second, &over);
            let array = Shape::array(given.shape.clone(), over.max_items());
            Typed::perhaps(given.shape.or(array))
        }
        "lookup" => match second {
            AstNode::String(field) => {
                let shape = inference.value(arg);
                shape.field(field)
            }
            _ => inference.untyped("$lookup of a computed name"),
        },
        "max" | "min" | "average" => {
            let shape = inference.given(arg).shape;
            let number = |alternative: &Alternative| {
                matches!(alternative, Alternative::Any | Alternative::Scalar(Scalar::Number, _))
            };
            expect(inference, &shape.items(), arg, &of, "numbers", number);
            // Without numbers there is no maximum, minimum or average.
            Typed { shape: Shape::number(), perhaps_absent: !inference.is_never_empty(arg) }
        }
        "match" => {
            inference.operand(arg, Scalar::String, &of);
            let found = [("match", Shape::string()), ("index", Shape::integer_from(0))];
            let fields = found.map(|(name, shape)| (name.to_owned(), Typed::always(shape)));
            let groups = ("groups".to_owned(), Typed::always(Shape::array(Shape::string(), None)));
            let one = Shape::object(Object::from_fields(fields.into_iter().chain([groups])));
            Typed::perhaps(one.clone().or(Shape::array(one, None)))
        }
        "partition" => {
            let over = inference.given(arg).shape;
            inference.operand(second, Scalar::Number, &of);
            Typed::always(Shape::array(Shape::array(over.items(), over.max_items()), over.max_items()))
        }
        "range" => {
            for bound in args {
                inference.operand(bound, Scalar::Number, &of);
            }
            // The developer guide limits it to 1,000 numbers.
            Typed::always(Shape::array(Shape::number(), Some(1_000)))
        }
        _ => inference.untyped(&format!("the result of ${name}")),
    }
}

/// Infers a function that is applied to each item: `function($item, $index, $array) {…}`.
fn apply(inference: &mut Inference<'_>, function: &AstNode, over: &Shape) -> Typed {
    match function {
        AstNode::Lambda { params, body, .. } => {
            let given = [over.items(), Shape::integer_from(0), Shape::array(over.items(), over.max_items())];
            let locals = params.iter().cloned().zip(given.map(Typed::always));
            inference.with_locals(locals, |inference| inference.given(body))
        }
        AstNode::Variable(name)
            if signature(name).is_some() || BY_HAND.iter().any(|(known, ..)| known == name) =>
        {
            let item = ("item".to_owned(), Typed::always(over.items()));
            inference.with_locals([item], |inference| {
                call(inference, name, &[AstNode::Variable("item".to_owned())])
            })
        }
        _ => inference.untyped("a function that is not a literal"),
    }
}

/// Infers the function by which `$sort` decides which of two items comes later.
fn compare(inference: &mut Inference<'_>, function: &AstNode, over: &Shape) -> Typed {
    let AstNode::Lambda { params, body, .. } = function else { return apply(inference, function, over) };
    let given = params.iter().map(|name| (name.clone(), Typed::always(over.items())));
    let locals: Vec<_> = given.collect();
    inference.with_locals(locals, |inference| inference.given(body))
}

/// Infers `$merge` of a literal list, in which later objects win. Other lists cannot be typed.
fn merge(inference: &mut Inference<'_>, arg: &AstNode) -> Typed {
    let AstNode::Array(parts) = arg else {
        let shape = inference.value(arg);
        expect(inference, &shape.items(), arg, "$merge", "objects", |alternative| {
            !matches!(alternative, Alternative::Scalar(..))
        });
        return inference.untyped("$merge of something other than a literal list");
    };
    let mut merged = vec![Object::default()];
    for part in parts {
        let shape = inference.value(part);
        expect(inference, &shape, part, "$merge", "an object", |alternative| {
            matches!(alternative, Alternative::Object(_) | Alternative::Any)
        });
        let mut next = Vec::new();
        for alternative in shape.alternatives() {
            match alternative {
                Alternative::Object(object) => {
                    next.extend(merged.iter().map(|so_far| so_far.merged_with(object)))
                }
                _ => return Typed::always(Shape::any()),
            }
        }
        merged = next;
    }
    Typed::always(merged.into_iter().fold(Shape::never(), |so_far, object| so_far.or(Shape::object(object))))
}

fn expect(
    inference: &mut Inference<'_>,
    shape: &Shape,
    arg: &AstNode,
    of: &str,
    wanted: &str,
    fits: impl Fn(&Alternative) -> bool,
) {
    if !shape.alternatives().iter().all(fits) {
        let message = format!("{of} accepts {wanted}, but {} may be something else", shown(arg));
        inference
            .found(Diagnostic::new(Code::WrongArgument, "", message).produced(shape.to_schema().to_string()));
    }
}
