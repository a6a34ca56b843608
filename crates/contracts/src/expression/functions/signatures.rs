//! The functions of Step Functions' JSONata with their parameters and results: those of JSONata 2 ("Function Library" in
//! its documentation) without `$eval`, and the six that Step Functions adds ("Functions provided by Step Functions" in
//! the developer guide): `$partition`, `$range`, `$hash`, `$random`, `$uuid`, `$parse`.

use crate::shape::Scalar;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Takes {
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
pub(super) enum Gives {
    Text,
    Number,
    /// A number that depends on the arguments.
    OfNumber,
    /// A number from 0 to 1, exclusive.
    Fraction,
    Integer,
    /// A whole number from 0.
    Count,
    Boolean,
    /// An array of the first argument's items.
    Items,
    /// Some of the first argument's items: none, one or an array of them.
    SomeItems,
    /// One of the first argument's items. If there is not exactly one, the state fails.
    Item,
    /// A value of unknown type.
    Unknown,
    /// None, one or an array of strings.
    Names,
    /// No value: the function is called for its effect.
    Nothing,
    /// No result: the function always fails the state.
    Failure,
    /// A time in the format of Step Functions, unless a picture sets another format.
    Time,
}

/// A function's name, the types of its parameters, the number of required ones, and the type of its result.
pub(super) type Signature = (&'static str, &'static [Takes], usize, Gives);

/// The functions whose result type follows from their signature.
pub(super) const SIGNATURES: &[Signature] = &[
    // Strings.
    ("string", &[Value, One(Scalar::Boolean)], 1, Gives::Text),
    ("length", &[TEXT], 1, Gives::Count),
    ("substring", &[TEXT, NUMBER, NUMBER], 2, Gives::Text),
    ("substringBefore", &[TEXT, TEXT], 2, Gives::Text),
    ("substringAfter", &[TEXT, TEXT], 2, Gives::Text),
    ("uppercase", &[TEXT], 1, Gives::Text),
    ("lowercase", &[TEXT], 1, Gives::Text),
    ("trim", &[TEXT], 1, Gives::Text),
    ("pad", &[TEXT, NUMBER, TEXT], 2, Gives::Text),
    ("contains", &[TEXT, Pattern], 2, Gives::Boolean),
    ("join", &[Several, TEXT], 1, Gives::Text),
    ("replace", &[TEXT, Pattern, Pattern, NUMBER], 3, Gives::Text),
    ("base64encode", &[TEXT], 1, Gives::Text),
    ("base64decode", &[TEXT], 1, Gives::Text),
    ("encodeUrlComponent", &[TEXT], 1, Gives::Text),
    ("encodeUrl", &[TEXT], 1, Gives::Text),
    ("decodeUrlComponent", &[TEXT], 1, Gives::Text),
    ("decodeUrl", &[TEXT], 1, Gives::Text),
    // Numbers.
    ("abs", &[NUMBER], 1, Gives::OfNumber),
    ("floor", &[NUMBER], 1, Gives::OfNumber),
    ("ceil", &[NUMBER], 1, Gives::OfNumber),
    ("round", &[NUMBER, NUMBER], 1, Gives::OfNumber),
    ("power", &[NUMBER, NUMBER], 2, Gives::OfNumber),
    ("sqrt", &[NUMBER], 1, Gives::OfNumber),
    ("random", &[NUMBER], 0, Gives::Fraction),
    ("formatNumber", &[NUMBER, TEXT, Takes::Object], 2, Gives::Text),
    ("formatBase", &[NUMBER, NUMBER], 1, Gives::Text),
    ("formatInteger", &[NUMBER, TEXT], 2, Gives::Text),
    ("parseInteger", &[TEXT, TEXT], 2, Gives::Number),
    // Arrays.
    ("count", &[Several], 1, Gives::Count),
    ("reverse", &[Several], 1, Gives::Items),
    ("shuffle", &[Several], 1, Gives::Items),
    ("distinct", &[Several], 1, Gives::SomeItems),
    ("sort", &[Several, Function], 1, Gives::Items),
    ("filter", &[Several, Function], 2, Gives::SomeItems),
    ("single", &[Several, Function], 1, Gives::Item),
    ("zip", &[Several, Several, Several, Several], 1, Gives::Unknown),
    ("reduce", &[Several, Value, Value], 2, Gives::Unknown),
    // Objects.
    ("keys", &[Takes::Object], 1, Gives::Names),
    ("spread", &[Takes::Object], 1, Gives::Unknown),
    ("sift", &[Takes::Object, Value], 1, Gives::Unknown),
    ("each", &[Takes::Object, Value], 1, Gives::Unknown),
    ("type", &[Value], 1, Gives::Text),
    ("error", &[TEXT], 0, Gives::Failure),
    ("assert", &[One(Scalar::Boolean), TEXT], 1, Gives::Nothing),
    // Dates.
    ("now", &[TEXT, TEXT], 0, Gives::Time),
    ("millis", &[], 0, Gives::Count),
    ("fromMillis", &[NUMBER, TEXT, TEXT], 1, Gives::Time),
    ("toMillis", &[TEXT, TEXT], 1, Gives::Integer),
    // Functions of Step Functions.
    ("uuid", &[], 0, Gives::Text),
    ("hash", &[TEXT, TEXT], 2, Gives::Text),
    ("parse", &[TEXT], 1, Gives::Unknown),
];

/// The functions that are typed by the code below, each with its least and greatest number of arguments.
pub(super) const BY_HAND: &[(&str, usize, usize)] = &[
    ("exists", 1, 1),
    ("not", 1, 1),
    ("boolean", 1, 1),
    ("number", 1, 1),
    ("merge", 1, 1),
    ("append", 2, 2),
    ("map", 2, 2),
    ("lookup", 2, 2),
    ("sum", 1, 1),
    ("max", 1, 1),
    ("min", 1, 1),
    ("average", 1, 1),
    ("match", 2, 3),
    ("split", 2, 3),
    ("partition", 2, 2),
    ("range", 3, 3),
];

/// Returns the signature of a function. `None` if it has none, or there is no such function.
pub(super) fn signature(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|(known, ..)| *known == name)
}

/// Returns the least and greatest number of arguments of a function. `None` if there is no such function.
pub(super) fn arity(name: &str) -> Option<(usize, usize)> {
    let by_hand = BY_HAND.iter().find(|(known, ..)| *known == name).map(|(_, least, most)| (*least, *most));
    by_hand.or_else(|| signature(name).map(|(_, takes, least, _)| (*least, takes.len())))
}
