//! Constant arguments that a function certainly refuses.

use crate::shape::{Alternative, Shape};
use serde_json::Value;

/// The algorithms of `$hash` ("Functions provided by Step Functions" in the developer guide).
const ALGORITHMS: [&str; 5] = ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"];

/// Returns whether a shape is the number 0 alone.
pub(super) fn is_zero(shape: &Shape) -> bool {
    all(shape, |value| value.as_f64() == Some(0.0))
}

/// Returns why a function refuses these arguments. `None` if it may accept them.
pub(super) fn refused(name: &str, given: &[Shape]) -> Option<String> {
    let at = |index: usize| given.get(index);
    let text = |index: usize, refused: &dyn Fn(&str) -> bool| {
        at(index).is_some_and(|shape| all(shape, |value| value.as_str().is_some_and(refused)))
    };
    let number = |index: usize, refused: &dyn Fn(f64) -> bool| {
        at(index).is_some_and(|shape| all(shape, |value| value.as_f64().is_some_and(refused)))
    };
    let message = match name {
        "number" if text(0, &|text| !is_number(text)) => "$number cannot read this text as a number",
        "hash" if text(1, &|name| !ALGORITHMS.contains(&name)) => {
            return Some(format!("$hash knows the algorithms {}", ALGORITHMS.join(", ")));
        }
        "range" if number(2, &|step| step == 0.0) => "$range never ends with a step of 0",
        "partition" if number(1, &|size| size < 1.0) => "$partition needs parts of at least 1 item",
        "toMillis" if given.len() == 1 && text(0, &|text| !may_be_time(text)) => {
            "$toMillis without a picture reads times in the format of ISO 8601 only"
        }
        "parse" if text(0, &|text| serde_json::from_str::<Value>(text).is_err()) => "$parse reads JSON only",
        "sqrt" if number(0, &|number| number < 0.0) => "$sqrt of a negative number does not exist",
        "formatBase" if number(1, &|radix| !(2.0..=36.0).contains(&radix)) => {
            "the radix of $formatBase is from 2 to 36"
        }
        _ => return None,
    };
    Some(message.to_owned())
}

/// Returns whether every value of a shape is a constant of this kind, and there is one.
fn all(shape: &Shape, kind: impl Fn(&Value) -> bool) -> bool {
    let constant = |alternative: &Alternative| match alternative {
        Alternative::Scalar(_, facets) => facets.get("const").is_some_and(&kind),
        _ => false,
    };
    !shape.is_never() && shape.alternatives().iter().all(constant)
}

/// Returns whether `$number` reads the text: a JSON number, or a whole number after `0x`, `0o` or `0b`.
fn is_number(text: &str) -> bool {
    let radix = |prefix: [&str; 2], radix: u32| {
        let digits = prefix.iter().find_map(|prefix| text.strip_prefix(prefix));
        digits.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix)))
    };
    let is_json = text.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit())
        && text.ends_with(|letter: char| letter.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok();
    is_json || radix(["0x", "0X"], 16) || radix(["0o", "0O"], 8) || radix(["0b", "0B"], 2)
}

/// Returns whether a text begins as a time of ISO 8601 does: with a year.
fn may_be_time(text: &str) -> bool {
    text.contains("${") || (text.len() >= 4 && text.chars().take(4).all(|letter| letter.is_ascii_digit()))
}
