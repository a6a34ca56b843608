//! The cases and how they run.

mod deployment;
mod errors;
mod structure;
mod time;

use std::sync::Arc;

use std::sync::LazyLock;

use contracts::Checker;
use contracts::contract::{Contracts, TaskContract};
use contracts::diagnostic::{Code, Diagnostic};
use contracts::document::Document;
use contracts::severity::Options;
use contracts::template::Template;
use serde_json::{Value, json};

/// A fault and its nearest correct neighbour. Each is a list of changes to the base: a JSON Pointer and the new value
/// as JSON text. An empty text removes the value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) code: Code,
    pub(crate) at: &'static str,
    pub(crate) wrong: &'static [Change],
    pub(crate) right: &'static [Change],
}

pub(crate) type Change = (&'static str, &'static str);

/// All cases, by topic.
pub(crate) static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    [structure::CASES, errors::CASES, time::CASES, deployment::CASES].into_iter().flatten().copied().collect()
});

/// The codes whose cases are elsewhere, with that place.
pub(crate) const NOT_HERE: &[(&str, &[Code])] = &[
    (
        "the inference's, in its own tests",
        &[
            Code::InvalidJsonataExpression,
            Code::UnknownFunction,
            Code::WrongArgument,
            Code::StatesFieldUnavailable,
            Code::UnassignedVariable,
            Code::PerhapsUnassignedVariable,
            Code::AssignmentOutOfScope,
            Code::UntypedExpression,
            Code::SuspiciousText,
            Code::UnknownField,
            Code::PerhapsAbsentField,
            Code::MissingTaskToken,
            Code::PayloadMismatch,
            Code::NestedInputMismatch,
            Code::OutputMismatch,
            Code::UnknownTask,
            Code::ConditionNotBoolean,
            Code::ComparedTypesDiffer,
            Code::NotAnArray,
            Code::WaitNotSeconds,
            Code::FailFieldNotString,
            Code::UnboundedPayload,
        ],
    ),
    ("of JSONPath states: tests/jsonpath.rs", &[Code::InvalidJsonpath, Code::InvalidIntrinsicFunction]),
    ("not about a definition: tests/samples.rs", &[Code::SampleRefused, Code::SampleWithoutSchema]),
    ("about comments, which the crate asl-check reads", &[Code::UnusedIgnore]),
    ("about the text, not the value: tests/samples.rs", &[Code::DuplicateKey]),
];

/// Returns the base of all cases, which has no finding.
pub(crate) fn base() -> Value {
    json!({
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 3600,
        "StartAt": "Work",
        "States": {
            "Work": {
                "Type": "Task",
                "Resource": "arn:${Partition}:states:::lambda:invoke",
                "Arguments": {"FunctionName": "${WorkFunctionArn}", "Payload": {}},
                "TimeoutSeconds": 60,
                "Retry": [{
                    "ErrorEquals": [
                        "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
                        "Lambda.TooManyRequestsException", "Lambda.Unknown", "Sandbox.Timedout", "States.Timeout",
                        "Lambda.ClientExecutionTimeoutException",
                    ],
                    "MaxAttempts": 3,
                }],
                "Catch": [{"ErrorEquals": ["WorkRefused"], "Next": "Refused"}],
                "Output": {},
                "Next": "Pause",
            },
            "Pause": {"Type": "Wait", "Seconds": 5, "Next": "Again?"},
            "Again?": {
                "Type": "Choice",
                "Choices": [{"Condition": true, "Next": "Done"}],
                "Default": "Work",
            },
            "Done": {"Type": "Succeed"},
            "Refused": {"Type": "Fail", "Error": "WorkRefused", "Cause": "The work was refused."},
        },
    })
}

fn template() -> Value {
    json!({
        "Parameters": {"Other": {"Type": "String"}},
        "Resources": {
            "WorkFunction": {
                "Type": "AWS::Serverless::Function",
                "Properties": {"Handler": "work.do", "Timeout": 30},
            },
            "StateMachine": {
                "Type": "AWS::Serverless::StateMachine",
                "Properties": {
                    "DefinitionUri": "../statemachines/machine.asl.json",
                    "DefinitionSubstitutions": {
                        "Partition": {"Ref": "AWS::Partition"},
                        "WorkFunctionArn": {"Fn::GetAtt": ["WorkFunction", "Arn"]},
                    },
                },
            },
        },
    })
}

/// A contract whose one step can fail with one error.
struct Steps;

impl Contracts for Steps {
    fn task(&self, _resource: &str, _function: Option<&str>) -> Option<Arc<TaskContract>> {
        Some(Arc::new(TaskContract {
            name: "work.do".to_owned(),
            input: json!({"type": "object"}),
            output: json!({"type": "object", "maxProperties": 0}),
            errors: vec!["WorkRefused".to_owned()],
        }))
    }

    fn machine_input(&self, _state_machine: &str) -> Option<Value> {
        None
    }

    fn handler(&self, handler: &str) -> bool {
        handler == "work.do"
    }
}

/// Applies the changes to the base. A pointer that begins with `template:` changes the template.
fn changed(changes: &[Change]) -> (Value, Value) {
    let (mut definition, mut template) = (base(), template());
    for (pointer, json) in changes {
        let (whole, pointer) = match pointer.strip_prefix("template:") {
            Some(pointer) => (&mut template, pointer),
            None => (&mut definition, *pointer),
        };
        let (holder, name) = pointer.rsplit_once('/').unwrap();
        let name = name.replace("~1", "/").replace("~0", "~");
        let holder = whole.pointer_mut(holder).unwrap_or_else(|| panic!("nothing at {holder}"));
        match (holder, json.is_empty()) {
            (Value::Object(members), true) => {
                members.remove(&name).unwrap();
            }
            (Value::Object(members), false) => {
                members.insert(name, serde_json::from_str(json).unwrap());
            }
            (Value::Array(items), true) => {
                items.remove(name.parse().unwrap());
            }
            (Value::Array(items), false) => items.push(serde_json::from_str(json).unwrap()),
            (other, _) => panic!("{pointer} is in {other}"),
        }
    }
    (definition, template)
}

fn diagnostics(changes: &[Change]) -> Vec<Diagnostic> {
    let (definition, template) = changed(changes);
    let document = Document::parse("machine.asl.json", definition.to_string()).unwrap();
    let template = Template::parse("template.yaml", &template, document.file()).unwrap();
    let input = json!({"type": "object", "maxProperties": 0});
    Checker::new(Options::strict()).check(&document, &Steps, Some(&input), None, Some(&template)).diagnostics
}

/// Returns the code and pointer of each finding.
pub(crate) fn codes(changes: &[Change]) -> Vec<(Code, String)> {
    diagnostics(changes).into_iter().map(|finding| (finding.code, finding.pointer)).collect()
}

/// Returns the findings as text for a person.
pub(crate) fn findings(changes: &[Change]) -> Vec<String> {
    let text = |finding: Diagnostic| format!("{} {}: {}", finding.code, finding.pointer, finding.message);
    diagnostics(changes).into_iter().map(text).collect()
}
