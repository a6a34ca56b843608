//! The tags that CloudFormation has for its functions.

use saphyr_parser::Tag;
use serde_json::{Map, Value};

/// The functions whose long form has no `Fn::`.
const WITHOUT_PREFIX: [&str; 2] = ["Ref", "Condition"];

/// Returns the name of the function that a tag stands for, in its long form. Tags of YAML itself stand for none.
pub(super) fn function(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| tag.handle == "!" && !tag.suffix.is_empty())?;
    if WITHOUT_PREFIX.contains(&tag.suffix.as_str()) {
        return Some(tag.suffix.clone());
    }
    Some(format!("Fn::{}", tag.suffix))
}

/// Returns a value with its tag in the long form: `!GetAtt A.Arn` is `{"Fn::GetAtt": ["A", "Arn"]}`.
pub(super) fn long_form(tag: Option<&Tag>, value: Value) -> Value {
    let Some(name) = function(tag) else { return value };
    let value = match value {
        Value::String(path) if name == "Fn::GetAtt" => {
            let (resource, attribute) = path.split_once('.').unwrap_or((&path, ""));
            Value::Array([resource, attribute].map(Value::from).into())
        }
        other => other,
    };
    Value::Object(Map::from_iter([(name, value)]))
}
