//! Checks the names of variables ("Passing data between states with variables" in the developer guide).

use serde_json::Value;

use super::items;
use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{Language, State, join};

/// The greatest number of characters in the name of a variable.
const LONGEST: usize = 80;

/// Checks every `Assign` of a state and of its rules.
pub(crate) fn state(state: &State<'_>) -> Vec<Diagnostic> {
    let mut found = names(state.field("Assign"), &state.at("Assign"), state.language());
    for list in ["Choices", "Catch"] {
        for (pointer, rule) in items(state.field(list), &state.at(list)) {
            found.extend(names(rule.get("Assign"), &join(&pointer, "Assign"), state.language()));
        }
    }
    found
}

fn names(assign: Option<&Value>, pointer: &str, language: Language) -> Vec<Diagnostic> {
    let variables = assign.and_then(Value::as_object).into_iter().flatten();
    let named = |name: &'_ String| match language {
        Language::JsonPath => name.strip_suffix(".$").unwrap_or(name).to_owned(),
        Language::Jsonata => name.clone(),
    };
    variables.filter_map(|(name, _)| name_refused(&named(name), &join(pointer, name))).collect()
}

fn name_refused(name: &str, pointer: &str) -> Option<Diagnostic> {
    let refused = |message: String| Diagnostic::new(Code::SchemaValidationFailed, pointer, message).at_key();
    let letters = name.chars().count();
    if name == "states" {
        let message = "a variable cannot have the name states, which is reserved for $states".to_owned();
        return Some(refused(message).help("use another name"));
    }
    if letters > LONGEST {
        return Some(
            refused(format!("the name of a variable has {letters} characters"))
                .expected(format!("1 to {LONGEST} characters")),
        );
    }
    let mut rest = name.chars();
    let starts = rest.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if starts && rest.all(|letter| letter.is_alphanumeric() || letter == '_') {
        return None;
    }
    let help = match name.strip_suffix(".$") {
        Some(meant) => format!("name it {meant}: `.$` belongs to JSONPath"),
        None => "use letters, digits and underscores".to_owned(),
    };
    let message = format!("\"{name}\" is not a name for a variable");
    Some(refused(message).expected("a letter, then letters, digits and underscores").help(help))
}
