//! Checks the rules of a JSONPath Choice.
//!
//! A rule is a comparison (a `Variable` and exactly one operator), or `And`, `Or` or `Not` of other rules. Only the
//! outermost has `Next`.

use serde_json::{Map, Value};

use super::{at, invalid, not_a_path, path, paths};
use crate::checks::fields::unknown_in;
use crate::checks::{closest, is_time, items};
use crate::diagnostic::{Code, Diagnostic};
use crate::jsonpath::{Path, has_placeholder};
use crate::machine::{Kind, Language, State, join};

/// What an operator compares with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operand {
    Text,
    Number,
    Boolean,
    Time,
    Path,
}

/// Returns what an operator compares with. `None` if it is none.
fn operand(operator: &str) -> Option<Operand> {
    let comparisons = ["Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"].as_slice();
    let equals = ["Equals"].as_slice();
    let types = [
        ("String", Operand::Text, comparisons),
        ("Numeric", Operand::Number, comparisons),
        ("Timestamp", Operand::Time, comparisons),
        ("Boolean", Operand::Boolean, equals),
    ];
    for (prefix, operand, comparisons) in types {
        let Some(comparison) = operator.strip_prefix(prefix) else { continue };
        if comparisons.contains(&comparison) {
            return Some(operand);
        }
        if comparison.strip_suffix("Path").is_some_and(|comparison| comparisons.contains(&comparison)) {
            return Some(Operand::Path);
        }
    }
    match operator {
        "StringMatches" => Some(Operand::Text),
        "IsNull" | "IsPresent" | "IsNumeric" | "IsString" | "IsBoolean" | "IsTimestamp" => {
            Some(Operand::Boolean)
        }
        _ => None,
    }
}

const OPERATORS: [&str; 12] = [
    "StringEquals",
    "StringMatches",
    "StringLessThan",
    "StringGreaterThan",
    "NumericEquals",
    "NumericLessThan",
    "NumericGreaterThan",
    "BooleanEquals",
    "TimestampLessThan",
    "TimestampGreaterThan",
    "IsPresent",
    "IsNull",
];

/// Checks the rules of a state.
pub(super) fn check(state: &State<'_>) -> Vec<Diagnostic> {
    if state.kind() != Some(Kind::Choice) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let rules = items(state.field("Choices"), &state.at("Choices"));
    for (pointer, rule) in &rules {
        match rule.as_object() {
            Some(rule) => found.extend(of_rule(rule, pointer, true, state)),
            None => found.push(invalid(pointer.clone(), "a rule of a Choice is an object")),
        }
    }
    let all: Vec<&Value> = rules.iter().map(|(_, rule)| *rule).collect();
    if state.field("Default").is_none() && !rules.is_empty() && !covers_everything(&all) {
        let message = "a value may match no rule, and then the execution fails with States.NoChoiceMatched";
        let finding = Diagnostic::new(Code::MissingDefault, state.at("Default"), message);
        found.push(finding.help("add a Default. Lead it to a Fail state if it should never be taken"));
    }
    found
}

fn of_rule(
    rule: &Map<String, Value>,
    pointer: &str,
    is_outermost: bool,
    state: &State<'_>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    match (rule.get("Next"), is_outermost) {
        (None, true) => found.push(invalid(at(pointer, "Next"), "a rule of a Choice needs Next")),
        (Some(next), true) if !next.is_string() => {
            found.push(invalid(at(pointer, "Next"), format!("Next is {next}, not a state's name")));
        }
        (Some(_), false) => found.push(
            invalid(at(pointer, "Next"), "a rule in And, Or or Not has no Next")
                .help("only the rule around it leads to a state"),
        ),
        _ => {}
    }
    let of_any: &[&str] = if is_outermost { &["Next", "Assign", "Comment"] } else { &["Next", "Comment"] };
    let combined: Vec<&str> =
        ["And", "Or", "Not"].into_iter().filter(|name| rule.contains_key(*name)).collect();
    match combined.as_slice() {
        [] => found.extend(comparison(rule, pointer, of_any, state)),
        [name] => {
            let known: Vec<&str> = of_any.iter().chain([name]).copied().collect();
            found.extend(unknown_in(
                Language::JsonPath,
                rule,
                pointer,
                &known,
                &format!("a rule with {name}"),
            ));
            found.extend(inner(rule.get(*name), name, &at(pointer, name), state));
        }
        [one, other, ..] => found.push(
            invalid(at(pointer, other), format!("a rule has both {one} and {other}"))
                .help("put one of them into the other"),
        ),
    }
    found
}

/// Checks the rules in `And`, `Or` or `Not`.
fn inner(value: Option<&Value>, name: &str, pointer: &str, state: &State<'_>) -> Vec<Diagnostic> {
    match (name, value) {
        ("Not", Some(Value::Object(rule))) => of_rule(rule, pointer, false, state),
        ("Not", other) => {
            let other = other.map(Value::to_string).unwrap_or_default();
            vec![invalid(pointer.to_owned(), format!("Not is {other}, not a rule"))]
        }
        (_, Some(Value::Array(rules))) if !rules.is_empty() => {
            let mut found = Vec::new();
            for (pointer, rule) in items(value, pointer) {
                match rule.as_object() {
                    Some(rule) => found.extend(of_rule(rule, &pointer, false, state)),
                    None => found.push(invalid(pointer, format!("{name} holds {rule}, not a rule"))),
                }
            }
            found
        }
        _ => vec![invalid(pointer.to_owned(), format!("{name} is a list of at least one rule"))],
    }
}

/// Checks a `Variable` with its operator.
fn comparison(
    rule: &Map<String, Value>,
    pointer: &str,
    of_any: &[&str],
    state: &State<'_>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let operators: Vec<&String> = rule.keys().filter(|name| operand(name).is_some()).collect();
    let of_rule = of_any.iter().copied().chain(["Variable"]);
    let known: Vec<&str> = of_rule.chain(operators.iter().map(|name| name.as_str())).collect();
    let mut is_misspelt = false;
    for field in rule.keys().filter(|field| !known.contains(&field.as_str())) {
        let refused = invalid(join(pointer, field), format!("a rule of a Choice has no field {field}"));
        is_misspelt = true;
        found.push(match (field.as_str(), closest(field, OPERATORS)) {
            ("Condition", _) => {
                refused.help("Condition belongs to JSONata. In JSONPath use Variable and an operator")
            }
            ("Output", _) => refused.help("Output belongs to JSONata"),
            (_, Some(meant)) => refused.help(format!("did you mean {meant}?")),
            (_, None) => refused,
        });
    }
    match rule.get("Variable") {
        None if is_misspelt => {}
        None => found.push(invalid(at(pointer, "Variable"), "a comparison needs Variable, a path")),
        Some(Value::String(_)) => {
            let text = rule.get("Variable").and_then(Value::as_str).unwrap_or_default();
            match path(rule, "Variable") {
                Some(Ok(path)) => found.extend(paths::context(&path, &at(pointer, "Variable"), state)),
                Some(Err(reason)) => found.push(not_a_path(at(pointer, "Variable"), text, &reason)),
                None => {}
            }
        }
        Some(other) => {
            found.push(invalid(at(pointer, "Variable"), format!("Variable is {other}, not a path")));
        }
    }
    match operators.as_slice() {
        [] if is_misspelt => {}
        [] => found.push(invalid(pointer.to_owned(), "a comparison needs an operator, such as StringEquals")),
        [operator] => found.extend(operator_fits(rule, operator, pointer)),
        [one, other, ..] => found.push(
            invalid(join(pointer, other), format!("a comparison has both {one} and {other}"))
                .help("put two comparisons into And"),
        ),
    }
    found
}

/// Checks the value that an operator compares with.
fn operator_fits(rule: &Map<String, Value>, operator: &str, pointer: &str) -> Option<Diagnostic> {
    let value = rule.get(operator)?;
    let pointer = join(pointer, operator);
    let (fits, wanted) = match operand(operator)? {
        Operand::Text => (value.is_string(), "a text"),
        Operand::Number => (value.is_number(), "a number"),
        Operand::Boolean => (value.is_boolean(), "true or false"),
        Operand::Time => (is_time(value), "a time such as \"2030-01-31T18:00:00Z\""),
        Operand::Path => {
            let Some(text) = value.as_str() else {
                return Some(invalid(pointer, format!("{operator} is {value}, not a path")));
            };
            if has_placeholder(text) {
                return None;
            }
            return Path::parse(text).err().map(|reason| not_a_path(pointer, text, &reason));
        }
    };
    (!fits).then(|| invalid(pointer, format!("{operator} is {value}")).expected(wanted))
}

/// Returns whether one of the rules always applies: two of them test the same for `true` and for `false`.
fn covers_everything(rules: &[&Value]) -> bool {
    let tests: Vec<(&Value, &String, bool)> = rules
        .iter()
        .filter_map(|rule| {
            let rule = rule.as_object()?;
            let (operator, value) = rule.iter().find(|(name, _)| operand(name).is_some())?;
            Some((rule.get("Variable")?, operator, value.as_bool()?))
        })
        .collect();
    let has_opposite = |(variable, operator, value): &(&Value, &String, bool)| {
        tests.iter().any(|(other, by, against)| other == variable && by == operator && against != value)
    };
    tests.iter().any(has_opposite)
}
