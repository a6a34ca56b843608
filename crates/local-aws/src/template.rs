//! CloudFormation templates as data.
//!
//! A template's YAML has tags (`!Sub`, `!GetAtt`) where JSON has objects (`Fn::Sub`, `Fn::GetAtt`) of the same meaning.
//! [`load`] reads either and returns the JSON form, so that code that reads templates (packaging, the tests of the
//! policies) handles one form only.

use std::path::Path;

use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;

use crate::Error;

/// The intrinsic functions that have a short form.
const FUNCTIONS: [&str; 18] = [
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
    "Transform",
];

/// Reads a template, YAML or JSON, and returns it with every short tag in its long form.
pub fn load(path: &Path) -> Result<Value, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
    // JSON is valid YAML.
    let yaml: Yaml = serde_yaml_ng::from_str(&text)
        .map_err(|source| Error::TemplateSyntax { path: path.to_owned(), source })?;
    to_json(yaml).map_err(|problem| Error::Template { path: path.to_owned(), problem })
}

fn to_json(yaml: Yaml) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(number) => number_to_json(&number)?,
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?),
        Yaml::Mapping(members) => {
            let member = |(key, value)| Ok((key_to_json(key)?, to_json(value)?));
            Value::Object(members.into_iter().map(member).collect::<Result<_, String>>()?)
        }
        Yaml::Tagged(tagged) => function_to_json(&tagged.tag.to_string(), tagged.value)?,
    })
}

fn number_to_json(number: &serde_yaml_ng::Number) -> Result<Value, String> {
    let json = match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(value), _, _) => Some(value.into()),
        (_, Some(value), _) => Some(value.into()),
        (_, _, Some(value)) => serde_json::Number::from_f64(value),
        _ => None,
    };
    json.map(Value::Number).ok_or_else(|| format!("{number} cannot be a number in JSON; quote it"))
}

fn key_to_json(key: Yaml) -> Result<String, String> {
    match key {
        Yaml::String(text) => Ok(text),
        Yaml::Number(number) => Ok(number.to_string()),
        Yaml::Bool(value) => Ok(value.to_string()),
        _ => Err("a mapping has a key that is not text; a key must be a plain name".to_owned()),
    }
}

fn function_to_json(tag: &str, argument: Yaml) -> Result<Value, String> {
    let name = tag.trim_start_matches('!');
    if !FUNCTIONS.contains(&name) {
        return Err(format!(
            "`!{name}` is not a CloudFormation function; the short forms are !{}",
            FUNCTIONS.join(", !")
        ));
    }
    let argument = match (name, to_json(argument)?) {
        // The name of a resource has no dots. An attribute's name may have some.
        ("GetAtt", Value::String(text)) => match text.split_once('.') {
            Some((resource, attribute)) => Value::Array(vec![resource.into(), attribute.into()]),
            None => {
                return Err(format!("`!GetAtt {text}` has no attribute; write `!GetAtt Resource.Attribute`"));
            }
        },
        (_, argument) => argument,
    };
    let key = match name {
        "Ref" | "Condition" => name.to_owned(),
        _ => format!("Fn::{name}"),
    };
    Ok(Value::Object(Map::from_iter([(key, argument)])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, Error> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("template.yaml");
        std::fs::write(&path, text).unwrap();
        load(&path)
    }

    #[test]
    fn every_short_form_has_its_long_form() {
        let cases = [
            ("!Ref A", json!({"Ref": "A"})),
            ("!Condition A", json!({"Condition": "A"})),
            ("!Sub '${A}-b'", json!({"Fn::Sub": "${A}-b"})),
            ("!Sub ['${A}', {A: !Ref B}]", json!({"Fn::Sub": ["${A}", {"A": {"Ref": "B"}}]})),
            ("!GetAtt A.Arn", json!({"Fn::GetAtt": ["A", "Arn"]})),
            ("!GetAtt A.Outputs.B", json!({"Fn::GetAtt": ["A", "Outputs.B"]})),
            ("!GetAtt [A, Arn]", json!({"Fn::GetAtt": ["A", "Arn"]})),
            ("!If [C, 1, !Ref AWS::NoValue]", json!({"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]})),
            ("!Equals [!Ref A, '']", json!({"Fn::Equals": [{"Ref": "A"}, ""]})),
            ("!Not [!Condition C]", json!({"Fn::Not": [{"Condition": "C"}]})),
            (
                "!And [!Condition C, !Condition D]",
                json!({"Fn::And": [{"Condition": "C"}, {"Condition": "D"}]}),
            ),
            ("!Or [!Condition C, !Condition D]", json!({"Fn::Or": [{"Condition": "C"}, {"Condition": "D"}]})),
            ("!Join ['', [a, !Ref B]]", json!({"Fn::Join": ["", ["a", {"Ref": "B"}]]})),
            ("!Select [0, !Split [',', a]]", json!({"Fn::Select": [0, {"Fn::Split": [",", "a"]}]})),
            ("!FindInMap [M, a, b]", json!({"Fn::FindInMap": ["M", "a", "b"]})),
            ("!GetAZs ''", json!({"Fn::GetAZs": ""})),
            ("!Cidr [a, 1, 2]", json!({"Fn::Cidr": ["a", 1, 2]})),
            ("!Base64 a", json!({"Fn::Base64": "a"})),
            ("!ImportValue a", json!({"Fn::ImportValue": "a"})),
            ("!Transform {Name: AWS::Include}", json!({"Fn::Transform": {"Name": "AWS::Include"}})),
        ];
        for (yaml, expected) in &cases {
            assert_eq!(read(&format!("a: {yaml}")).unwrap()["a"], *expected, "{yaml}");
        }
        let untested: Vec<_> = FUNCTIONS
            .iter()
            .filter(|name| !cases.iter().any(|(yaml, _)| yaml.contains(&format!("!{name} "))))
            .collect();
        assert!(untested.is_empty(), "not tested: {untested:?}");
    }

    #[test]
    fn scalars_retain_their_type() {
        let yaml = "a: 2010-09-09\nb: 1\nc: -1.5\nd: true\ne: '1'\nf:\n200: g\n";
        let expected =
            json!({"a": "2010-09-09", "b": 1, "c": -1.5, "d": true, "e": "1", "f": null, "200": "g"});
        assert_eq!(read(yaml).unwrap(), expected);
    }

    #[test]
    fn json_templates_are_read_unchanged() {
        let text = r#"{"Resources": {"A": {"Fn::GetAtt": ["B", "Arn"]}}}"#;
        assert_eq!(read(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn mistakes_are_reported_with_a_message() {
        let message = |text: &str| read(text).unwrap_err().to_string();
        assert!(message("a: !Subb b").contains("`!Subb` is not a CloudFormation function"));
        assert!(message("a: !GetAtt B").contains("write `!GetAtt Resource.Attribute`"));
        assert!(message("a: .inf").contains("quote it"));
        assert!(message("a: [").contains("is not a valid template"));
        assert!(
            load(Path::new("no/such/file.yaml"))
                .unwrap_err()
                .to_string()
                .contains("cannot read no/such/file.yaml")
        );
    }
}
