//! What CloudFormation puts into a definition that is in a template.
//!
//! A reference becomes a placeholder, `${Name}`, so that the check sees it as it sees one of `DefinitionSubstitutions`.

use std::collections::BTreeMap;

use contracts::document::Excerpt;
use serde_json::{Map, Value, json};

/// The placeholders of one definition, each with the function that gives its value.
#[derive(Debug)]
pub(crate) struct Substitutes<'a> {
    template: &'a Value,
    pub(crate) found: BTreeMap<String, Value>,
}

impl<'a> Substitutes<'a> {
    pub(crate) fn new(template: &'a Value) -> Substitutes<'a> {
        Substitutes { template, found: BTreeMap::new() }
    }

    /// Notes what the placeholders in the text of an `Fn::Sub` are replaced by.
    pub(crate) fn sub(&mut self, text: &str, variables: Option<&Value>) {
        for name in names(text) {
            let own = variables.and_then(|variables| variables.get(name)).cloned();
            let value = own.unwrap_or_else(|| match name.split_once('.') {
                Some((resource, attribute)) => json!({ "Fn::GetAtt": [resource, attribute] }),
                None => json!({ "Ref": name }),
            });
            self.found.insert(name.to_owned(), value);
        }
    }

    /// Returns the placeholder of a function, such as `${Work.Arn}` for `{"Fn::GetAtt": ["Work", "Arn"]}`.
    pub(crate) fn placeholder(&mut self, function: Value) -> String {
        let whole = function.as_object().and_then(|function| function.iter().next());
        let name = match whole {
            Some((kind, Value::String(name))) if kind == "Ref" => name.clone(),
            Some((kind, Value::Array(path))) if kind == "Fn::GetAtt" => {
                path.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".")
            }
            Some((kind, _)) => format!("{}.{}", kind.replace("::", "-"), self.found.len()),
            None => format!("Value.{}", self.found.len()),
        };
        let placeholder = format!("${{{name}}}");
        self.found.insert(name, function);
        placeholder
    }

    /// Replaces every function in a value by its placeholder.
    pub(crate) fn within(&mut self, value: Value) -> Value {
        match value {
            Value::Array(items) => Value::Array(
                items.into_iter().filter(|item| !is_no_value(item)).map(|item| self.within(item)).collect(),
            ),
            Value::Object(members) => match function(&members) {
                Some((name, argument)) => self.function(&name, argument),
                None => {
                    let members = members.into_iter().filter(|(_, member)| !is_no_value(member));
                    Value::Object(members.map(|(name, member)| (name, self.within(member))).collect())
                }
            },
            scalar => scalar,
        }
    }

    fn function(&mut self, name: &str, argument: Value) -> Value {
        let whole = |argument: &Value| Value::Object(Map::from_iter([(name.to_owned(), argument.clone())]));
        match (name, &argument) {
            ("Ref", Value::String(parameter)) => match self.number(parameter) {
                Some(number) => number,
                None => Value::String(self.placeholder(whole(&argument))),
            },
            ("Fn::Sub", Value::String(text)) => self.substituted(text, None),
            ("Fn::Sub", Value::Array(parts)) => {
                let text = parts.first().and_then(Value::as_str).unwrap_or_default().to_owned();
                self.substituted(&text, parts.get(1))
            }
            // Either branch may be deployed. The first stands for both, as long as they are not text.
            ("Fn::If", Value::Array(branches)) => {
                let chosen = branches.iter().skip(1).find(|branch| !is_no_value(branch)).cloned();
                match self.within(chosen.unwrap_or_default()) {
                    Value::String(_) => Value::String(self.placeholder(whole(&argument))),
                    other => other,
                }
            }
            ("Fn::Join", Value::Array(parts)) => {
                let separator = parts.first().and_then(Value::as_str).unwrap_or_default().to_owned();
                let parts = parts.get(1).and_then(Value::as_array).cloned().unwrap_or_default();
                let parts = parts.into_iter().map(|part| self.within(part));
                let texts: Option<Vec<String>> = parts.map(|part| part.as_str().map(str::to_owned)).collect();
                let joined = texts.map(|texts| texts.join(&separator));
                Value::String(joined.unwrap_or_else(|| self.placeholder(whole(&argument))))
            }
            _ => Value::String(self.placeholder(whole(&argument))),
        }
    }

    fn substituted(&mut self, text: &str, variables: Option<&Value>) -> Value {
        self.sub(text, variables);
        Value::String(text.replace("${!", "${"))
    }

    /// Returns a number that a parameter may have, if it has only numbers.
    fn number(&self, parameter: &str) -> Option<Value> {
        let parameter = self.template.get("Parameters")?.get(parameter)?;
        if parameter.get("Type")?.as_str()? != "Number" {
            return None;
        }
        let default = parameter.get("Default").or_else(|| parameter.get("MinValue"));
        let default = default.map(|value| value.as_str().and_then(parsed).unwrap_or_else(|| value.clone()));
        Some(default.filter(Value::is_number).unwrap_or_else(|| json!(1)))
    }

    /// Returns the JSON that replaces a placeholder outside of a text.
    fn json(&self, name: &str) -> Option<Value> {
        let function = self.found.get(name)?;
        let Some(parameter) = function.get("Ref").and_then(Value::as_str) else {
            return Some(function.clone()).filter(|value| !value.is_object() && !value.is_array());
        };
        if let Some(number) = self.number(parameter) {
            return Some(number);
        }
        let default = self.template.get("Parameters")?.get(parameter)?.get("Default")?;
        default.as_str().map_or_else(|| Some(default.clone()), parsed)
    }
}

fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Replaces the placeholders that are outside of JSON's texts, such as that of `"Seconds": ${Seconds}`, by a value that
/// they may have. Returns the first whose value is unknown.
pub(crate) fn numbers(excerpt: &mut Excerpt, substitutes: &Substitutes<'_>) -> Option<String> {
    let mut outside = Vec::new();
    let (mut is_text, mut is_escaped) = (false, false);
    for (at, letter) in excerpt.text().char_indices() {
        match letter {
            '"' if !is_escaped => is_text = !is_text,
            '$' if !is_text => {
                let rest = excerpt.text().get(at..).unwrap_or_default();
                let name = rest.strip_prefix("${").and_then(|rest| rest.split_once('}'));
                outside.extend(name.map(|(name, _)| (at..at + name.len() + 3, name.to_owned())));
            }
            _ => {}
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    for (range, name) in outside.into_iter().rev() {
        match substitutes.json(&name) {
            Some(value) => excerpt.replace(range, &value.to_string()),
            None => return Some(name),
        }
    }
    None
}

/// Returns the names of the placeholders in the text of an `Fn::Sub`.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-.:".contains(letter);
    let candidates = text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
    candidates.filter(move |name| !name.is_empty() && name.chars().all(is_part))
}

/// Returns the function that an object stands for, with its argument.
fn function(members: &Map<String, Value>) -> Option<(String, Value)> {
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    let is_function = name == "Ref" || name.starts_with("Fn::");
    is_function.then(|| (name.clone(), argument.clone()))
}

fn is_no_value(value: &Value) -> bool {
    value.get("Ref").and_then(Value::as_str) == Some("AWS::NoValue")
}
