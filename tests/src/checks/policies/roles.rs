//! Roles and their statements. Also checks that a role allows only what is written in it.
//!
//! A template has more than one way to extend a role: separate policies that name the role, managed policies, SAM's
//! policy templates and connectors. They are not used, so that a role can be judged by reading it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::of_type;

/// The resource types that could extend a role beyond what is written in it.
const GRANTS_FROM_ELSEWHERE: &[&str] = &[
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::RolePolicy",
    "AWS::Serverless::Api",
    "AWS::Serverless::Connector",
    "AWS::Serverless::HttpApi",
];

/// Returns the role of a function or a state machine, if it is defined in the template.
pub(super) fn role_of(properties: &Value) -> Option<&str> {
    properties.pointer("/Role/Fn::GetAtt/0")?.as_str()
}

/// Returns the roles of the template's functions.
pub(super) fn of_functions(template: &Value) -> Vec<&str> {
    of_type(template, "AWS::Serverless::Function").filter_map(|(_, properties)| role_of(properties)).collect()
}

/// Returns the roles of the template's state machines.
pub(super) fn of_state_machines(template: &Value) -> Vec<&str> {
    of_type(template, "AWS::Serverless::StateMachine")
        .filter_map(|(_, properties)| role_of(properties))
        .collect()
}

/// Returns the statements of the role, for all values of the template's parameters.
pub(super) fn statements<'a>(template: &'a Value, role: &str) -> Vec<&'a Value> {
    let policies = template["Resources"][role]["Properties"]["Policies"].as_array().into_iter().flatten();
    let mut found = Vec::new();
    policies
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap())
        .for_each(|statement| branches(statement, &mut found));
    found
}

/// Returns the statements that the role has whatever the template's parameters are.
pub(super) fn always<'a>(template: &'a Value, role: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let policies = template["Resources"][role]["Properties"]["Policies"].as_array().into_iter().flatten();
    let statements = policies.flat_map(|policy| one_or_more(&policy["PolicyDocument"]["Statement"]));
    statements.filter(|statement| statement["Fn::If"].is_null())
}

/// Collects a value of the template, or each value that its conditions may select.
pub(super) fn branches<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value["Fn::If"].as_array() {
        Some(choice) => choice.iter().skip(1).for_each(|branch| branches(branch, found)),
        None if value["Ref"] == "AWS::NoValue" => {}
        None => found.push(value),
    }
}

/// Returns the actions of a statement.
pub(super) fn actions(statement: &Value) -> Vec<String> {
    one_or_more(&statement["Action"]).map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// Returns the items of a list, or a single value that stands for a list of one.
pub(super) fn one_or_more(value: &Value) -> impl Iterator<Item = &Value> {
    let one = (!value.is_array() && !value.is_null()).then_some(value);
    value.as_array().into_iter().flatten().chain(one)
}

/// Returns whether a policy is attached only to roles that a parameter names, which do not belong to the template.
fn is_for_others(template: &Value, policy: &Value) -> bool {
    let named_by_a_parameter =
        |role: &Value| role["Ref"].as_str().is_some_and(|name| !template["Parameters"][name].is_null());
    let roles = policy["Roles"]
        .as_array()
        .is_some_and(|roles| !roles.is_empty() && roles.iter().all(named_by_a_parameter));
    roles && policy["Users"].is_null() && policy["Groups"].is_null()
}

/// Returns each way in which a role of the template could allow more than is written in it.
pub(super) fn wrong_with(template: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for kind in GRANTS_FROM_ELSEWHERE {
        let for_others = |policy: &Value| *kind == "AWS::IAM::Policy" && is_for_others(template, policy);
        let grants = of_type(template, kind).filter(|(_, policy)| !for_others(policy)).map(|(id, _)| id);
        wrong.extend(grants.map(|id| format!("{id} ({kind}) could let a role do what is not written in it")));
    }
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (kind, service) in
        [("AWS::Serverless::Function", "lambda"), ("AWS::Serverless::StateMachine", "states")]
    {
        for (id, properties) in of_type(template, kind) {
            if !properties["Policies"].is_null() {
                wrong.push(format!("{id} has policies in addition to its role"));
            }
            let Some(role) = role_of(properties) else {
                wrong.push(format!("{id} has no role of the template"));
                continue;
            };
            users.entry(role).or_default().insert(id);
            let properties = &template["Resources"][role]["Properties"];
            if !properties["ManagedPolicyArns"].is_null() {
                wrong.push(format!("{role} has a managed policy, which allows more than {id} needs"));
            }
            let trusted: Vec<&Value> = one_or_more(&properties["AssumeRolePolicyDocument"]["Statement"])
                .map(|statement| &statement["Principal"])
                .collect();
            if trusted != [&serde_json::json!({ "Service": format!("{service}.amazonaws.com") })] {
                wrong.push(format!("{role} can be assumed by others than {service}: {trusted:?}"));
            }
        }
    }
    let shared = users.into_iter().filter(|(_, users)| users.len() > 1);
    wrong.extend(
        shared.map(|(role, users)| format!("{role} is shared by {}", Vec::from_iter(users).join(", "))),
    );
    wrong
}
