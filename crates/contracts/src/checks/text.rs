//! Checks the strings of a JSONata state: the delimiters of expressions, and plain text that looks like an expression of
//! another language.

use serde_json::Value;

use super::items;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::expression::{Text, read};
use crate::machine::{State, join};

/// The fields of a state that hold no expressions, or whose rules are read one by one.
const NOT_READ: [&str; 12] = [
    "Branches",
    "Catch",
    "Choices",
    "Comment",
    "Default",
    "ItemProcessor",
    "Label",
    "Next",
    "QueryLanguage",
    "Resource",
    "Retry",
    "Type",
];

/// The intrinsic functions of JSONPath.
const INTRINSICS: [&str; 18] = [
    "Array",
    "ArrayContains",
    "ArrayGetItem",
    "ArrayLength",
    "ArrayPartition",
    "ArrayRange",
    "ArrayUnique",
    "Base64Decode",
    "Base64Encode",
    "Format",
    "Hash",
    "JsonMerge",
    "JsonToString",
    "MathAdd",
    "MathRandom",
    "StringSplit",
    "StringToJson",
    "UUID",
];

/// Checks one state.
pub(crate) fn state(state: &State<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    // Another check reports the fields of JSONPath.
    let of_jsonpath = |field: &str| super::fields::of_jsonpath(field).is_some();
    let own =
        state.value.iter().filter(|(field, _)| !NOT_READ.contains(&field.as_str()) && !of_jsonpath(field));
    for (field, value) in own {
        strings(value, &state.at(field), &mut found);
    }
    for list in ["Choices", "Catch"] {
        for (pointer, rule) in items(state.field(list), &state.at(list)) {
            for field in ["Condition", "Assign", "Output"] {
                if let Some(value) = rule.get(field) {
                    strings(value, &join(&pointer, field), &mut found);
                }
            }
        }
    }
    found
}

fn strings(value: &Value, pointer: &str, found: &mut Vec<Diagnostic>) {
    match value {
        Value::String(text) => found.extend(string(text, pointer)),
        Value::Array(_) => {
            for (pointer, item) in items(Some(value), pointer) {
                strings(item, &pointer, found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let pointer = join(pointer, name);
                match name.strip_suffix(".$") {
                    Some(meant) => {
                        let message =
                            format!("`{name}` is a name like any other: `.$` means nothing in JSONata");
                        let finding = Diagnostic::new(Code::SuspiciousText, &pointer, message).at_key();
                        found.push(
                            finding.help(format!("name it `{meant}`, and write the value as `{{% … %}}`")),
                        );
                    }
                    None => strings(member, &pointer, found),
                }
            }
        }
        _ => {}
    }
}

fn string(text: &str, pointer: &str) -> Option<Diagnostic> {
    if let Text::Broken(why) = read(text) {
        let finding =
            Diagnostic::new(Code::InvalidJsonataExpression, pointer, format!("this is no expression: {why}"));
        return Some(finding.help("`{%` must be the first characters of the text and `%}` the last ones"));
    }
    if matches!(read(text), Text::Expression(_)) {
        return None;
    }
    let (what, severity) = suspicious(text.trim())?;
    let message = format!("this is plain text that is passed on as it is, though it looks like {what}");
    let finding = Diagnostic::new(Code::SuspiciousText, pointer, message).severity(severity);
    Some(finding.help("in JSONata the whole value is written as `{% … %}`"))
}

/// Returns what a plain text looks like, if it looks like an expression.
fn suspicious(text: &str) -> Option<(&'static str, Severity)> {
    let within = |open: &str, close: &str| text.starts_with(open) && text.ends_with(close);
    if within("{{", "}}") {
        return Some(("an expression in `{{ }}`", Severity::Note));
    }
    if within("{%", "%}") {
        return Some(("an expression with white space around it", Severity::Warning));
    }
    let inside = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::trim);
    if inside.is_some_and(|inside| inside.len() > 1 && inside.starts_with('%') && inside.ends_with('%')) {
        return Some(("an expression with a space in its `{%` or `%}`", Severity::Warning));
    }
    if text.split_once("{%").is_some_and(|(_, rest)| rest.contains("%}")) {
        return Some(("text with an expression in it, which is not evaluated", Severity::Warning));
    }
    if is_path(text) {
        return Some(("a path of JSONPath", Severity::Warning));
    }
    let name = text.strip_prefix("States.").and_then(|rest| rest.split_once('('));
    if name.is_some_and(|(name, _)| INTRINSICS.contains(&name)) && text.ends_with(')') {
        return Some(("an intrinsic function of JSONPath", Severity::Warning));
    }
    None
}

/// Returns whether a text is a path such as `$.a.b[0]` or `$$.Execution.Id`.
fn is_path(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('$') else { return false };
    let rest = rest.strip_prefix('$').unwrap_or(rest);
    let Some(first) = rest.strip_prefix(['.', '[']).and_then(|rest| rest.chars().next()) else {
        return false;
    };
    let is_part = |letter: char| letter.is_alphanumeric() || "_-.[]'\"*:@?".contains(letter);
    (first.is_alphabetic() || "_['*.".contains(first) || first.is_ascii_digit() && rest.starts_with('['))
        && rest.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::suspicious;

    #[test]
    fn only_what_looks_like_an_expression_is_suspicious() {
        for text in [
            "{{ $.a }}",
            "{ % $a % }",
            "{ %$a%}",
            "{% a % }",
            "a {% $b %} c",
            "$.s",
            "$.s[0].t",
            "$['a']",
            "$$.Execution.Id",
            "States.UUID()",
            "States.Format('{}', $.a)",
        ] {
            assert!(suspicious(text).is_some(), "{text}");
        }
        for text in [
            "",
            "$5.00",
            "$",
            "$$",
            "100 %",
            "{ a }",
            "States.ALL",
            "see $.a for more",
            "$HOME",
            "States.Timeout (late)",
        ] {
            assert!(suspicious(text).is_none(), "{text}");
        }
    }
}
