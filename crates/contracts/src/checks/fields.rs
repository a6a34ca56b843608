//! Checks the fields of a JSONata state: which exist, which are required, and which values they allow.
//!
//! Step Functions refuses an unknown field. An emulator ignores it, so a field with a typo in its name has no effect.
//! Fields of JSONPath are unknown too, and the finding names the JSONata equivalent.

use serde_json::{Map, Value};

use super::{closest, is_expression, items};
use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{Kind, Language, Machine, State, join};

/// The fields of JSONPath, each with its JSONata equivalent.
const OF_JSONPATH: [(&str, &str); 18] = [
    ("CausePath", "Cause, with an expression"),
    ("ErrorPath", "Error, with an expression"),
    ("HeartbeatSecondsPath", "HeartbeatSeconds"),
    ("InputPath", "$states.input in the expressions themselves"),
    ("ItemsPath", "Items"),
    ("Iterator", "ItemProcessor"),
    ("MaxConcurrencyPath", "MaxConcurrency"),
    ("OutputPath", "Output"),
    ("Parameters", "Arguments, or ItemSelector in a Map"),
    ("Result", "Output"),
    ("ResultPath", "Output, or Assign to keep a result for later"),
    ("ResultSelector", "Output, or Assign to keep a result for later"),
    ("SecondsPath", "Seconds, with an expression"),
    ("TimeoutSecondsPath", "TimeoutSeconds"),
    ("TimestampPath", "Timestamp, with an expression"),
    ("ToleratedFailureCountPath", "ToleratedFailureCount"),
    ("ToleratedFailurePercentagePath", "ToleratedFailurePercentage"),
    ("Variable", "Condition"),
];

/// The fields of JSONata, each with its JSONPath equivalent.
const OF_JSONATA: [(&str, &str); 4] = [
    ("Arguments", "Parameters"),
    ("Condition", "Variable and an operator"),
    ("Items", "ItemsPath"),
    ("Output", "ResultSelector, ResultPath or OutputPath"),
];

/// Returns what JSONata has instead of a field of JSONPath. `None` if it is no field of JSONPath.
pub(crate) fn of_jsonpath(field: &str) -> Option<&'static str> {
    OF_JSONPATH.iter().find(|(name, _)| *name == field).map(|(_, instead)| *instead)
}

/// The fields that all states have.
const OF_ANY: [&str; 3] = ["Comment", "QueryLanguage", "Type"];

/// Returns the additional fields of a type of state.
fn of_kind(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Task => &[
            "Resource",
            "Arguments",
            "Output",
            "Assign",
            "Retry",
            "Catch",
            "TimeoutSeconds",
            "HeartbeatSeconds",
            "Credentials",
            "Next",
            "End",
        ],
        Kind::Pass => &["Output", "Assign", "Next", "End"],
        Kind::Choice => &["Choices", "Default", "Output", "Assign"],
        Kind::Wait => &["Seconds", "Timestamp", "Output", "Assign", "Next", "End"],
        Kind::Succeed => &["Output"],
        Kind::Fail => &["Error", "Cause"],
        Kind::Parallel => &["Branches", "Arguments", "Output", "Assign", "Retry", "Catch", "Next", "End"],
        Kind::Map => &[
            "Items",
            "ItemSelector",
            "ItemProcessor",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "MaxConcurrency",
            "ToleratedFailurePercentage",
            "ToleratedFailureCount",
            "Label",
            "Output",
            "Assign",
            "Retry",
            "Catch",
            "Next",
            "End",
        ],
    }
}

fn invalid(pointer: String, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::SchemaValidationFailed, pointer, message)
}

/// Checks the fields of a machine.
pub(crate) fn machine(machine: &Machine<'_>) -> Vec<Diagnostic> {
    let known: &[&str] = if machine.pointer.is_empty() {
        &["Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"]
    } else if ["/ItemProcessor", "/Iterator"].iter().any(|end| machine.pointer.ends_with(end)) {
        &["Comment", "ProcessorConfig", "StartAt", "States"]
    } else {
        &["Comment", "StartAt", "States"]
    };
    let mut found = unknown(machine.value, &machine.pointer, known, "a state machine");
    if machine.value.get("States").and_then(Value::as_object).is_none_or(Map::is_empty) {
        found.push(invalid(
            machine.at("States"),
            "a state machine needs States, an object with at least one state",
        ));
    }
    match machine.start_at() {
        None => found.push(invalid(machine.at("StartAt"), "a state machine needs StartAt, a state's name")),
        Some(name) if machine.state(name).is_none() => {
            let message = format!("StartAt names \"{name}\", which is not a state of this machine");
            let names: Vec<&str> = machine.states().map(|state| state.name).collect();
            let refused = Diagnostic::new(Code::MissingTransitionTarget, machine.at("StartAt"), message);
            found.push(did_you_mean(refused, closest(name, names)));
        }
        Some(_) => {}
    }
    let states = machine.value.get("States").and_then(Value::as_object).into_iter().flatten();
    for (name, state) in states.filter(|(_, state)| !state.is_object()) {
        let message = format!("the state \"{name}\" is {state}, not an object");
        let refused = invalid(join(&machine.at("States"), name), message);
        found.push(match known.contains(&name.as_str()) {
            true => refused.help(format!("{name} belongs next to States, not into it")),
            false => refused,
        });
    }
    found.extend(whole_number(machine.value, &machine.pointer, "TimeoutSeconds", 1, 99_999_999));
    if let Some(timeout) = machine.value.get("TimeoutSeconds").filter(|timeout| is_expression(timeout)) {
        let message = format!("TimeoutSeconds of a state machine is {timeout}, but cannot be an expression");
        let refused = invalid(machine.at("TimeoutSeconds"), message);
        found.push(refused.expected("a whole number from 1 to 99999999"));
    }
    found
}

/// Checks the fields of a state.
pub(crate) fn state(state: &State<'_>) -> Vec<Diagnostic> {
    let Some(kind) = state.kind() else {
        let types = "Task, Pass, Choice, Wait, Succeed, Fail, Parallel or Map";
        let message = match state.field("Type") {
            Some(other) => format!("the state \"{}\" has the Type {other}, which does not exist", state.name),
            None => format!("the state \"{}\" has no Type", state.name),
        };
        return vec![invalid(state.at("Type"), message).expected(types)];
    };
    let language = state.language();
    let of_kind = match language {
        Language::Jsonata => of_kind(kind),
        Language::JsonPath => super::jsonpath::of_kind(kind),
    };
    let known: Vec<&str> = OF_ANY.iter().chain(of_kind).copied().collect();
    let mut found = unknown_in(language, state.value, &state.pointer, &known, &format!("a {kind} state"));
    found.extend(required(state, kind));
    found.extend(transition(state, kind));
    let object = |name: &str| state.field(name).filter(|value| !value.is_object());
    if let Some(other) = object("Assign") {
        found.push(invalid(state.at("Assign"), format!("Assign is {other}, not an object of variables")));
    }
    for field in ["TimeoutSeconds", "HeartbeatSeconds"] {
        found.extend(whole_number(state.value, &state.pointer, field, 1, 99_999_999));
    }
    found.extend(whole_number(state.value, &state.pointer, "MaxConcurrency", 0, i64::MAX));
    found.extend(credentials(state));
    found
}

/// Checks that `Credentials` names a role. A recording of AWS shows that it refuses a definition without.
fn credentials(state: &State<'_>) -> Option<Diagnostic> {
    let credentials = state.field("Credentials")?;
    let names = ["RoleArn", "RoleArn.$"];
    let is_whole = is_expression(credentials) || names.iter().any(|name| credentials.get(name).is_some());
    (!is_whole).then(|| invalid(state.at("Credentials"), "Credentials needs RoleArn, the ARN of a role"))
}

/// Checks the required fields of a state.
fn required(state: &State<'_>, kind: Kind) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let missing = |field: &str, what: &str| {
        invalid(state.at(field), format!("the {kind} state \"{}\" needs {field}, {what}", state.name))
    };
    let is_empty = |field: &str| state.field(field).and_then(Value::as_array).is_none_or(Vec::is_empty);
    match kind {
        Kind::Task => match state.field("Resource").and_then(Value::as_str) {
            None => found.push(missing("Resource", "the ARN of an integration, a function or an activity")),
            Some(resource) if resource.starts_with("arn:") || resource.starts_with("${") => {}
            Some(resource) => {
                let message = format!("the Resource \"{resource}\" is not an ARN");
                let refused = Diagnostic::new(Code::InvalidResource, state.at("Resource"), message);
                found.push(refused.help("a Lambda function is invoked by arn:aws:states:::lambda:invoke"));
            }
        },
        Kind::Choice if is_empty("Choices") => {
            found.push(missing("Choices", "a list of at least one rule"));
        }
        // The rules of JSONPath, and its four fields of a Wait, are checked elsewhere.
        Kind::Choice | Kind::Wait if state.language() == Language::JsonPath => {}
        Kind::Choice => found.extend(choices(state)),
        Kind::Wait => match (state.field("Seconds"), state.field("Timestamp")) {
            (None, None) => found.push(missing("Seconds", "or Timestamp")),
            (Some(_), Some(_)) => {
                let message = format!("the Wait state \"{}\" has both Seconds and Timestamp", state.name);
                found.push(invalid(state.at("Timestamp"), message).help("keep one of them"));
            }
            _ => {}
        },
        Kind::Parallel if is_empty("Branches") => {
            found.push(missing("Branches", "a list of at least one state machine"));
        }
        Kind::Parallel => {
            let branches = items(state.field("Branches"), &state.at("Branches"));
            let broken = branches.into_iter().filter(|(_, branch)| !branch.is_object());
            found.extend(
                broken.map(|(pointer, _)| invalid(pointer, "a branch is a state machine: an object")),
            );
        }
        Kind::Map if state.nested().is_empty() => {
            found.push(missing("ItemProcessor", "the state machine that runs for each item"));
        }
        _ => {}
    }
    found
}

fn choices(state: &State<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (pointer, rule) in items(state.field("Choices"), &state.at("Choices")) {
        let Some(rule) = rule.as_object() else {
            found.push(invalid(pointer, "a rule of a Choice is an object with Condition and Next"));
            continue;
        };
        let known = ["Assign", "Comment", "Condition", "Next", "Output"];
        found.extend(unknown(rule, &pointer, &known, "a rule of a Choice"));
        for field in ["Condition", "Next"].into_iter().filter(|field| !rule.contains_key(*field)) {
            found.push(invalid(join(&pointer, field), format!("a rule of a Choice needs {field}")));
        }
        if let Some(next) = rule.get("Next").filter(|next| !next.is_string()) {
            found.push(invalid(join(&pointer, "Next"), format!("Next is {next}, not a state's name")));
        }
    }
    found
}

/// Checks that a state has exactly one of `Next` and `End`, unless its type needs neither.
fn transition(state: &State<'_>, kind: Kind) -> Option<Diagnostic> {
    if matches!(kind, Kind::Choice | Kind::Succeed | Kind::Fail) {
        return None;
    }
    let name = state.name;
    match (state.field("Next"), state.field("End")) {
        (None, None) => {
            let message = format!("the state \"{name}\" has neither Next nor End");
            Some(invalid(state.pointer.clone(), message).expected(r#""Next": "<state>", or "End": true"#))
        }
        (Some(_), Some(_)) => {
            let message = format!("the state \"{name}\" has both Next and End");
            Some(invalid(state.at("End"), message).help("keep one of them"))
        }
        (Some(next), None) if !next.is_string() => {
            Some(invalid(state.at("Next"), format!("Next is {next}, not a state's name")))
        }
        (None, Some(end)) if end != &Value::Bool(true) => {
            Some(invalid(state.at("End"), format!("End is {end}")).expected("true, or Next instead"))
        }
        _ => None,
    }
}

/// Reports the fields that their holder does not have.
pub(crate) fn unknown(
    holder: &Map<String, Value>,
    pointer: &str,
    known: &[&str],
    what: &str,
) -> Vec<Diagnostic> {
    unknown_in(Language::Jsonata, holder, pointer, known, what)
}

/// Reports the fields that their holder does not have in a language.
pub(crate) fn unknown_in(
    language: Language,
    holder: &Map<String, Value>,
    pointer: &str,
    known: &[&str],
    what: &str,
) -> Vec<Diagnostic> {
    let wrong = holder.keys().filter(|field| !known.contains(&field.as_str()));
    let refused = wrong.map(|field| {
        let refused = invalid(join(pointer, field), format!("{what} has no field {field}")).at_key();
        if language == Language::JsonPath {
            let instead = OF_JSONATA.iter().find(|(name, _)| name == field);
            return match instead {
                Some((_, instead)) => {
                    refused.help(format!("{field} belongs to JSONata. In JSONPath use {instead}"))
                }
                None => did_you_mean(refused, closest(field, known.iter().copied())),
            };
        }
        if let Some(instead) = of_jsonpath(field) {
            return refused.help(format!("{field} belongs to JSONPath. In JSONata use {instead}"));
        }
        if field.ends_with(".$") {
            return refused.help("`.$` belongs to JSONPath. In JSONata use \"{% … %}\" as the value");
        }
        did_you_mean(refused, closest(field, known.iter().copied()))
    });
    refused.collect()
}

/// Checks that a field is a whole number within bounds, or an expression.
pub(crate) fn whole_number(
    holder: &Map<String, Value>,
    pointer: &str,
    field: &str,
    least: i64,
    most: i64,
) -> Option<Diagnostic> {
    let value = holder.get(field)?;
    let fits = value.as_i64().is_some_and(|number| (least..=most).contains(&number));
    if fits || is_expression(value) {
        return None;
    }
    let expected = match most {
        i64::MAX => format!("a whole number from {least}"),
        _ => format!("a whole number from {least} to {most}"),
    };
    Some(invalid(join(pointer, field), format!("{field} is {value}")).expected(expected))
}

/// Adds the name that was probably meant, if any.
pub(crate) fn did_you_mean(diagnostic: Diagnostic, meant: Option<&str>) -> Diagnostic {
    match meant {
        Some(meant) => diagnostic.help(format!("did you mean {meant}?")),
        None => diagnostic,
    }
}
