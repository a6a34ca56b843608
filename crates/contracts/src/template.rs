//! The template that deploys a definition: the values of its `${Placeholders}` and the resources behind them.
//!
//! A template is JSON with every function in its long form (`{"Fn::GetAtt": ["A", "Arn"]}`). Nothing is evaluated: of a
//! parameter only the possible values matter, of a function only its name and timeout.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use thiserror::Error;

/// Lambda's default timeout in seconds.
const DEFAULT_TIMEOUT: u64 = 3;

/// The error for a template that cannot be used for a definition.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Unsuitable {
    /// The template has no state machine, or has several and none of them is made from this file.
    #[error(
        "{template} does not say which of its {machines} state machines is made from {definition}: one of them must name it as DefinitionUri"
    )]
    NoSuchMachine {
        /// Name of the template.
        template: String,
        /// Name of the definition's file.
        definition: String,
        /// Number of state machines in the template.
        machines: usize,
    },
}

/// The part of a template that concerns one definition.
#[derive(Clone, Debug)]
pub struct Template {
    name: String,
    state_machine: String,
    substitutions: BTreeMap<String, Value>,
    whole: Value,
}

/// A Lambda function of a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Function {
    /// Logical id of the function.
    pub logical_id: String,
    /// `Handler` of the function, if it is given as a string.
    pub handler: Option<String>,
    /// Timeout in seconds. `None` if a parameter sets it.
    pub timeout: Option<u64>,
}

/// The target of a substitution.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target<'a> {
    /// A resource of the template, with its logical id and its definition if it exists.
    Resource(&'a str, Option<&'a Value>),
    /// Anything else: a parameter, a pseudo parameter, or text that is put together.
    Other,
}

impl Template {
    /// Finds the state machine that is made from a definition's file: its `DefinitionUri` ends in the name of the file.
    /// Use it to search several templates. `name` is the name of the template in diagnostics.
    pub fn with_definition(name: &str, template: &Value, definition: &str) -> Option<Template> {
        let file = file_name(definition);
        let is_made_from_it = |machine: &Value| {
            let uri =
                machine.get("Properties").and_then(|properties| properties.get("DefinitionUri")?.as_str());
            uri.is_some_and(|uri| file_name(uri) == file)
        };
        let found = state_machines(template).into_iter().find(|(_, machine)| is_made_from_it(machine));
        found.map(|(logical_id, machine)| Template::from_parts(name, template, logical_id, machine))
    }

    /// Returns the part of the given template that deploys a definition. Finds the state machine as
    /// [`Template::with_definition`] does, or takes the only one in the template.
    pub fn parse(name: &str, template: &Value, definition: &str) -> Result<Template, Unsuitable> {
        if let Some(found) = Template::with_definition(name, template, definition) {
            return Ok(found);
        }
        match state_machines(template).as_slice() {
            [(logical_id, machine)] => Ok(Template::from_parts(name, template, logical_id, machine)),
            machines => Err(Unsuitable::NoSuchMachine {
                template: name.to_owned(),
                definition: definition.to_owned(),
                machines: machines.len(),
            }),
        }
    }

    /// Returns the part of a template that deploys one of its state machines, by its logical id. `substitutions` are
    /// added to those of the resource. Use it for a definition in the template itself, in which CloudFormation replaces
    /// more than `DefinitionSubstitutions`.
    pub fn of_machine(
        name: &str,
        template: &Value,
        logical_id: &str,
        substitutions: BTreeMap<String, Value>,
    ) -> Option<Template> {
        let (logical_id, machine) = state_machines(template).into_iter().find(|(id, _)| *id == logical_id)?;
        let mut found = Template::from_parts(name, template, logical_id, machine);
        for (name, value) in substitutions {
            found.substitutions.entry(name).or_insert(value);
        }
        Some(found)
    }

    fn from_parts(name: &str, template: &Value, logical_id: &str, machine: &Value) -> Template {
        let substitutions =
            machine.get("Properties").and_then(|properties| properties.get("DefinitionSubstitutions"));
        let substitutions = substitutions.and_then(Value::as_object).cloned().unwrap_or_default();
        Template {
            name: name.to_owned(),
            state_machine: logical_id.to_owned(),
            substitutions: substitutions.into_iter().collect(),
            whole: template.clone(),
        }
    }

    /// Returns the name of the template in diagnostics.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the logical id of the state machine.
    pub fn state_machine(&self) -> &str {
        &self.state_machine
    }

    /// Returns the names in `DefinitionSubstitutions`.
    pub fn substitutions(&self) -> impl Iterator<Item = &str> {
        self.substitutions.keys().map(String::as_str)
    }

    /// Returns the function behind a placeholder. Use it to find the step of a task. `reference` may be `${Name}` or
    /// `Name`.
    pub fn function(&self, reference: &str) -> Option<Function> {
        match self.target(placeholder_name(reference))? {
            Target::Resource(logical_id, _) => {
                self.functions().find(|function| function.logical_id == logical_id)
            }
            Target::Other => None,
        }
    }

    /// Returns all Lambda functions of the template.
    pub fn functions(&self) -> impl Iterator<Item = Function> {
        let resources = self.whole.get("Resources").and_then(Value::as_object).into_iter().flatten();
        let functions = resources.filter(|(_, resource)| is_function(resource));
        functions.map(|(logical_id, resource)| {
            let own = |field: &str| resource.get("Properties").and_then(|properties| properties.get(field));
            let global = |field: &str| {
                self.whole.get("Globals").and_then(|globals| globals.get("Function")?.get(field))
            };
            let property = |field: &str| own(field).or_else(|| global(field));
            Function {
                logical_id: logical_id.clone(),
                handler: property("Handler").and_then(Value::as_str).map(str::to_owned),
                timeout: property("Timeout").map_or(Some(DEFAULT_TIMEOUT), Value::as_u64),
            }
        })
    }

    /// Returns the JSON Schema of the text that replaces a placeholder, derived from its parameter or constant. `None`
    /// if the template does not restrict it.
    pub fn placeholder(&self, name: &str) -> Option<Value> {
        self.schema(self.substitutions.get(name)?)
    }

    fn schema(&self, value: &Value) -> Option<Value> {
        match value {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => Some(json!({ "const": text_of(value) })),
            Value::Object(function) => match function.iter().next()? {
                (name, Value::Array(branches)) if name == "Fn::If" => {
                    let schemas: Option<Vec<Value>> =
                        branches.iter().skip(1).map(|branch| self.schema(branch)).collect();
                    Some(json!({ "anyOf": schemas? }))
                }
                (name, Value::String(parameter)) if name == "Ref" => {
                    parameter_schema(self.whole.get("Parameters")?.get(parameter)?)
                }
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn target(&self, name: &str) -> Option<Target<'_>> {
        self.target_of(self.substitutions.get(name)?)
    }

    fn target_of<'a>(&'a self, value: &'a Value) -> Option<Target<'a>> {
        let Value::Object(function) = value else { return Some(Target::Other) };
        let logical_id = match function.iter().next()? {
            // A conditional resource counts as existing. The definition tests whether it exists.
            (name, Value::Array(branches)) if name == "Fn::If" => {
                let mut targets = branches.iter().skip(1).filter_map(|branch| self.target_of(branch));
                let resource = targets.find(|target| matches!(target, Target::Resource(..)));
                return Some(resource.unwrap_or(Target::Other));
            }
            (name, Value::Array(path)) if name == "Fn::GetAtt" => path.first().and_then(Value::as_str),
            (name, Value::String(id)) if name == "Ref" && !self.is_parameter(id) => Some(id.as_str()),
            (name, Value::String(text)) if name == "Fn::Sub" => {
                let whole = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
                let id = whole.map(|text| text.split_once('.').map_or(text, |(id, _)| id));
                id.filter(|id| !id.contains("${") && !self.is_parameter(id))
            }
            _ => None,
        };
        Some(match logical_id {
            Some(id) => {
                Target::Resource(id, self.whole.get("Resources").and_then(|resources| resources.get(id)))
            }
            None => Target::Other,
        })
    }

    fn is_parameter(&self, name: &str) -> bool {
        let parameters = self.whole.get("Parameters");
        name.starts_with("AWS::") || parameters.is_some_and(|parameters| parameters.get(name).is_some())
    }
}

/// Returns the state machines of a template with their logical ids.
pub fn state_machines(template: &Value) -> Vec<(&str, &Value)> {
    let resources = template.get("Resources").and_then(Value::as_object).into_iter().flatten();
    let machines = resources.filter(|(_, resource)| {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        matches!(kind, "AWS::Serverless::StateMachine" | "AWS::StepFunctions::StateMachine")
    });
    machines.map(|(logical_id, machine)| (logical_id.as_str(), machine)).collect()
}

/// Returns whether a resource is a Lambda function.
pub(crate) fn is_function(resource: &Value) -> bool {
    let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
    matches!(kind, "AWS::Serverless::Function" | "AWS::Lambda::Function")
}

/// Returns the JSON Schema of a parameter's text. CloudFormation's patterns have to match the whole value.
fn parameter_schema(parameter: &Value) -> Option<Value> {
    let is_number = parameter.get("Type")?.as_str()? == "Number";
    let mut schema = Map::from_iter([("type".to_owned(), json!("string"))]);
    for (from, to) in [("MinLength", "minLength"), ("MaxLength", "maxLength")] {
        if let Some(limit) = parameter.get(from).filter(|_| !is_number) {
            schema.insert(to.to_owned(), limit.clone());
        }
    }
    if let Some(values) = parameter.get("AllowedValues").and_then(Value::as_array) {
        schema.insert("enum".to_owned(), values.iter().map(text_of).collect());
    }
    let own = parameter.get("AllowedPattern").and_then(Value::as_str);
    if is_number {
        schema.insert("pattern".to_owned(), json!("^-?[0-9]+([.][0-9]+)?$"));
    } else if let Some(pattern) = own {
        schema.insert("pattern".to_owned(), json!(format!("^(?:{pattern})$")));
    }
    Some(Value::Object(schema))
}

/// Returns the text that replaces a placeholder of this value.
fn text_of(value: &Value) -> Value {
    match value {
        Value::String(_) => value.clone(),
        other => Value::String(other.to_string()),
    }
}

/// Returns `Name` of `${Name}`.
fn placeholder_name(reference: &str) -> &str {
    reference.strip_prefix("${").and_then(|name| name.strip_suffix('}')).unwrap_or(reference)
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Value {
        let function =
            json!({"Type": "AWS::Serverless::Function", "Properties": {"Handler": "a.b", "Timeout": 9}});
        let machine = |file: &str, substitutions: Value| {
            json!({
                "Type": "AWS::Serverless::StateMachine",
                "Properties": {"DefinitionUri": file, "DefinitionSubstitutions": substitutions},
            })
        };
        json!({
            "Globals": {"Function": {"Timeout": 60}},
            "Parameters": {
                "Hours": {"Type": "Number", "MinValue": 1},
                "Mode": {"Type": "String", "AllowedValues": ["A", "B"]},
                "Name": {"Type": "String", "AllowedPattern": "[a-z]+", "MaxLength": 9},
            },
            "Resources": {
                "One": function,
                "Two": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": {"Ref": "Name"}}},
                "First": machine("../statemachines/first.asl.json", json!({
                    "OneArn": {"Fn::GetAtt": ["One", "Arn"]},
                    "TwoArn": {"Fn::Sub": "${Two.Arn}"},
                    "PerhapsOneArn": {"Fn::If": ["C", {"Fn::GetAtt": ["One", "Arn"]}, ""]},
                    "Hours": {"Ref": "Hours"},
                    "Mode": {"Ref": "Mode"},
                    "Name": {"Fn::If": ["C", {"Ref": "Name"}, "none"]},
                    "Region": {"Ref": "AWS::Region"},
                })),
                "Second": machine("../statemachines/second.asl.json", json!({})),
            },
        })
    }

    #[test]
    fn a_definition_finds_the_state_machine_that_is_made_from_it() {
        let whole = template();
        let of = |file: &str| {
            Template::parse("t.yaml", &whole, file).map(|template| template.state_machine().to_owned())
        };
        assert_eq!(of("anywhere/second.asl.json").as_deref(), Ok("Second"));
        let refused = of("third.asl.json").unwrap_err().to_string();
        assert!(refused.starts_with("t.yaml does not say which of its 2 state machines"), "{refused}");
        let mut single = whole.clone();
        single["Resources"].as_object_mut().unwrap().remove("Second");
        assert_eq!(Template::parse("t.yaml", &single, "third.asl.json").unwrap().state_machine(), "First");
        assert!(Template::with_definition("t.yaml", &single, "third.asl.json").is_none());
    }

    #[test]
    fn a_definition_in_the_template_has_more_substitutions() {
        let more = BTreeMap::from([("Two.Arn".to_owned(), json!({"Fn::GetAtt": ["Two", "Arn"]}))]);
        let template = Template::of_machine("t.yaml", &template(), "First", more).unwrap();
        assert_eq!(template.function("${Two.Arn}").unwrap().logical_id, "Two");
        assert_eq!(template.function("${OneArn}").unwrap().logical_id, "One");
        assert!(Template::of_machine("t.yaml", &template.whole, "One", BTreeMap::new()).is_none());
    }

    #[test]
    fn placeholders_resolve_to_functions_and_to_the_values_of_parameters() {
        let template = Template::parse("t.yaml", &template(), "first.asl.json").unwrap();
        let function = |handler: Option<&str>, logical_id: &str, timeout| {
            let (handler, logical_id) = (handler.map(str::to_owned), logical_id.to_owned());
            Some(Function { logical_id, handler, timeout: Some(timeout) })
        };
        assert_eq!(template.function("${OneArn}"), function(Some("a.b"), "One", 9));
        assert_eq!(template.function("PerhapsOneArn"), function(Some("a.b"), "One", 9));
        assert_eq!(template.function("TwoArn"), function(None, "Two", 60));
        assert_eq!(template.function("${Mode}"), None);
        let number = json!({"type": "string", "pattern": "^-?[0-9]+([.][0-9]+)?$"});
        assert_eq!(template.placeholder("Hours"), Some(number));
        assert_eq!(template.placeholder("Mode"), Some(json!({"type": "string", "enum": ["A", "B"]})));
        let name = json!({"type": "string", "pattern": "^(?:[a-z]+)$", "maxLength": 9});
        assert_eq!(template.placeholder("Name"), Some(json!({"anyOf": [name, {"const": "none"}]})));
        for unbounded in ["OneArn", "Region", "Nothing"] {
            assert_eq!(template.placeholder(unbounded), None, "{unbounded}");
        }
    }
}
