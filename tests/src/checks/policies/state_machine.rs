//! Checks that a state machine may invoke the functions that its definition names, may do what its logs and traces
//! require, and nothing else.

use std::collections::BTreeSet;

use local_aws::workspace_root;
use serde_json::Value;

use super::of_type;
use super::roles::{actions, always, branches, one_or_more, role_of, statements};

const INVOKE: &str = "lambda:InvokeFunction";

/// The actions that AWS requires if `Logging` has a destination:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>
const DEMANDED_BY_LOGGING: &[&str] = &[
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];

/// The actions that AWS requires if `Tracing` is enabled:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html>
const DEMANDED_BY_TRACING: &[&str] = &[
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// The actions that AWS requires if the state machine waits for a nested execution:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html>
const DEMANDED_BY_NESTED: &[&str] = &[
    "events:DescribeRule",
    "events:PutRule",
    "events:PutTargets",
    "states:DescribeExecution",
    "states:StartExecution",
    "states:StopExecution",
];

/// The actions that a task of a service requires, by the task's resource:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html>
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html>
const DEMANDED_BY_SERVICE: &[(&str, &str)] =
    &[(":states:::events:putEvents", "events:PutEvents"), (":states:::sns:publish", "sns:Publish")];

/// The actions among those that AWS uses when the state machine is created or updated. Without them AWS refuses the
/// definition ("is not authorized to create managed-rule"), and the stack rolls back.
const DEMANDED_AT_CREATION: &[&str] = &["events:DescribeRule", "events:PutRule", "events:PutTargets"];

/// Returns each way in which the roles of the template's state machines do not fit their definitions.
pub(super) fn wrong_with(template: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (machine, properties) in of_type(template, "AWS::Serverless::StateMachine") {
        let Some(role) = role_of(properties) else { continue };
        let definition = &definition(properties);
        let (mut allowed, mut invocable) = (BTreeSet::new(), BTreeSet::new());
        for statement in statements(template, role) {
            let actions = actions(statement);
            if actions.iter().any(|action| action == INVOKE) {
                invocable.extend(one_or_more(&statement["Resource"]).map(Value::to_string));
            }
            allowed.extend(actions);
        }
        let substitutions = &properties["DefinitionSubstitutions"];
        // If a condition leaves a function out, its placeholder has the name of no function. No role needs to name
        // that.
        let mut functions = Vec::new();
        for name in placeholders_of_functions(definition) {
            branches(&substitutions[name], &mut functions);
        }
        let existing = functions.into_iter().filter(|function| {
            !function["Fn::Sub"].as_str().is_some_and(|arn| arn.ends_with(":function:none"))
        });
        let invoked: BTreeSet<String> = existing.map(Value::to_string).collect();
        for needless in invocable.difference(&invoked) {
            wrong.push(format!("{role} may invoke {needless}, which {machine} does not invoke"));
        }
        for missing in invoked.difference(&invocable) {
            wrong.push(format!("{role} may not invoke {missing}, which {machine} invokes"));
        }
        let mut demanded = BTreeSet::from([INVOKE]);
        if properties.pointer("/Logging/Destinations/0").is_some() {
            demanded.extend(DEMANDED_BY_LOGGING);
        }
        if properties["Tracing"]["Enabled"] == true {
            demanded.extend(DEMANDED_BY_TRACING);
        }
        if definition.to_string().contains(":states:::states:startExecution.sync") {
            demanded.extend(DEMANDED_BY_NESTED);
            let always: BTreeSet<String> = always(template, role).flat_map(actions).collect();
            let conditional = DEMANDED_AT_CREATION.iter().filter(|action| !always.contains(**action));
            for action in conditional {
                wrong.push(format!("{role} does not allow {action} under every condition, and AWS does not create {machine} without it"));
            }
        }
        let text = definition.to_string();
        let of_services = DEMANDED_BY_SERVICE.iter().filter(|(resource, _)| text.contains(resource));
        demanded.extend(of_services.map(|(_, action)| *action));
        let demanded: BTreeSet<String> = demanded.into_iter().map(str::to_owned).collect();
        for needless in allowed.difference(&demanded) {
            wrong.push(format!("{role} allows {needless}, which nothing in {machine} requires"));
        }
        for missing in demanded.difference(&allowed) {
            wrong.push(format!("{role} does not allow {missing}, which {machine} requires"));
        }
    }
    wrong
}

/// Returns the definition of a state machine, with its placeholders.
fn definition(properties: &Value) -> Value {
    let path = workspace_root().join("infra").join(properties["DefinitionUri"].as_str().unwrap());
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the placeholders of the functions in the definition's tasks.
fn placeholders_of_functions(definition: &Value) -> BTreeSet<String> {
    match definition {
        Value::Object(fields) => {
            let function = fields.get("FunctionName").and_then(Value::as_str);
            let function = function.and_then(|name| name.strip_prefix("${")?.strip_suffix('}'));
            let inner = fields.values().flat_map(placeholders_of_functions);
            inner.chain(function.map(str::to_owned)).collect()
        }
        Value::Array(items) => items.iter().flat_map(placeholders_of_functions).collect(),
        _ => BTreeSet::new(),
    }
}
