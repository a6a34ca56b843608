//! Every template passes, and each way of widening a role is found.

use serde_json::{Value, json};

use crate::checks::policies::*;
use crate::workflows;

#[test]
fn no_role_is_wider_than_necessary() {
    let templates: BTreeSet<&str> = workflows::all().iter().map(|workflow| workflow.template).collect();
    for name in templates {
        let wrong = wrong_with(&template(name));
        assert!(wrong.is_empty(), "infra/{name}.yaml:\n{}", wrong.join("\n"));
    }
}

/// Returns the statement of this name in this role.
fn statement<'a>(template: &'a mut Value, role: &str, sid: &str) -> &'a mut Value {
    let policy = &mut template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"];
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.iter_mut().find(|statement| statement["Sid"] == sid).unwrap()
}

fn add_action(statement: &mut Value, action: &str) {
    let mut actions: Vec<Value> = roles::actions(statement).into_iter().map(Value::String).collect();
    actions.push(json!(action));
    statement["Action"] = Value::Array(actions);
}

/// A way to widen a role, and a part of the finding that reports it.
type Widening = (fn(&mut Value), &'static str);

#[test]
fn each_way_to_widen_a_role_is_found() {
    let widenings: &[Widening] = &[
        (
            |it| statement(it, "StartRole", "StartTheWorkflow")["Resource"] = json!("*"),
            "StartRole: StartTheWorkflow allows states:StartExecution on *, though it knows resources",
        ),
        (
            |it| {
                let arn = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*";
                statement(it, "CheckRestoreRole", "LookAtTargets")["Resource"] = json!({ "Fn::Sub": arn });
            },
            "LookAtTargets allows dynamodb:DescribeTable on table/*, which is all of them",
        ),
        (
            |it| {
                let arn = "arn:aws:dynamodb:*:*:table/*-????????-??-??-??";
                statement(it, "CheckRestoreRole", "LookAtTargets")["Resource"] = json!({ "Fn::Sub": arn });
            },
            "which is not in dynamodb of this account and Region",
        ),
        (
            |it| statement(it, "StartRole", "WriteLogs")["Resource"] = json!({ "Ref": "DeadLetterQueue" }),
            "on DeadLetterQueue, which is not of logs",
        ),
        (
            |it| statement(it, "StartRole", "WriteLogs")["Resource"] = json!({ "Ref": "LogLevel" }),
            "on LogLevel, which is not of logs",
        ),
        (
            |it| {
                let either = json!({ "Fn::If": ["HasBackupTopic", "*", { "Ref": "StateMachine" }] });
                statement(it, "StartRole", "StartTheWorkflow")["Resource"] = either;
            },
            "StartTheWorkflow allows states:StartExecution on *",
        ),
        (
            |it| drop(statement(it, "RestoreBackupRole", "PassTheRestoreRole")["Condition"].take()),
            "allows iam:PassRole without the condition iam:PassedToService",
        ),
        (
            |it| drop(statement(it, "RestoreBackupRole", "UseKeysThroughDynamoDB")["Condition"].take()),
            "allows kms:CreateGrant without the condition kms:ViaService",
        ),
        (
            |it| statement(it, "PublishPointerRole", "ReadAndMoveThePointer")["Action"] = json!("ssm:*"),
            "allows ssm:*, which is more than one action",
        ),
        (
            |it| statement(it, "StartRole", "WriteTraces")["NotAction"] = json!("iam:PassRole"),
            "WriteTraces does not say what it allows",
        ),
        (
            |it| {
                let resources = &mut statement(it, "StateMachineRole", "InvokeTheSteps")["Resource"];
                resources.as_array_mut().unwrap().push(json!({ "Fn::GetAtt": ["StartFunction", "Arn"] }));
            },
            r#"StateMachineRole may invoke {"Fn::GetAtt":["StartFunction","Arn"]}, which StateMachine does not"#,
        ),
        (
            |it| {
                let resources = &mut statement(it, "StateMachineRole", "InvokeTheSteps")["Resource"];
                drop(resources.as_array_mut().unwrap().remove(0));
            },
            r#"may not invoke {"Fn::GetAtt":["RestoreBackupFunction","Arn"]}, which StateMachine does"#,
        ),
        (
            |it| add_action(statement(it, "StateMachineRole", "DeliverLogs"), "logs:DeleteLogGroup"),
            "StateMachineRole allows logs:DeleteLogGroup, which nothing of StateMachine demands",
        ),
        (
            |it| {
                let rule = statement(it, "StateMachineRole", "HearOfItsEnd");
                *rule = json!({ "Fn::If": ["SyncsSettings", rule.clone(), { "Ref": "AWS::NoValue" }] });
            },
            "StateMachineRole does not allow events:PutRule under every condition",
        ),
        (
            |it| it["Resources"]["StateMachine"]["Properties"]["Tracing"]["Enabled"] = json!(false),
            "StateMachineRole allows xray:PutTraceSegments, which nothing of StateMachine demands",
        ),
        (
            |it| {
                let policy = json!({ "Type": "AWS::IAM::Policy", "Properties": { "Roles": [{ "Ref": "StartRole" }] } });
                it["Resources"]["Further"] = policy;
            },
            "Further (AWS::IAM::Policy) could let a role do what is not written in it",
        ),
        (
            |it| {
                let roles = json!([{ "Ref": "RestoreRoleArn" }, { "Ref": "StartRole" }]);
                it["Resources"]["Further"] =
                    json!({ "Type": "AWS::IAM::Policy", "Properties": { "Roles": roles } });
            },
            "Further (AWS::IAM::Policy) could let a role do what is not written in it",
        ),
        (
            |it| it["Resources"]["Further"] = json!({ "Type": "AWS::IAM::Policy", "Properties": {} }),
            "Further (AWS::IAM::Policy) could let a role do what is not written in it",
        ),
        (
            |it| {
                let managed = json!(["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]);
                it["Resources"]["StartRole"]["Properties"]["ManagedPolicyArns"] = managed;
            },
            "StartRole has a managed policy",
        ),
        (
            |it| {
                let policies = json!(["AmazonDynamoDBFullAccess"]);
                it["Resources"]["StartFunction"]["Properties"]["Policies"] = policies;
            },
            "StartFunction has policies beside its role",
        ),
        (
            |it| {
                let role = json!({ "Fn::GetAtt": ["RestoreBackupRole", "Arn"] });
                it["Resources"]["StartFunction"]["Properties"]["Role"] = role;
            },
            "RestoreBackupRole is shared by RestoreBackupFunction, StartFunction",
        ),
        (
            |it| {
                let trust = &mut it["Resources"]["StartRole"]["Properties"]["AssumeRolePolicyDocument"];
                trust["Statement"][0]["Principal"] = json!({ "AWS": "*" });
            },
            "StartRole can be assumed by others than lambda",
        ),
    ];
    for (widen, words) in widenings {
        let mut template = template("rotate-restore");
        widen(&mut template);
        let wrong = wrong_with(&template);
        assert!(wrong.iter().any(|it| it.contains(words)), "`{words}` was not said, but: {wrong:#?}");
    }
}

#[test]
fn a_resource_that_begins_with_a_named_arn_is_of_its_service() {
    let table = json!({ "Fn::Select": [0, { "Fn::Split": ["/stream/", { "Ref": "StreamArn" }] }] });
    let streams = |of: Value, rest: &str| json!({ "Fn::Sub": [format!("${{Of}}/{rest}"), { "Of": of }] });
    let topic = json!({ "Fn::Select": [0, { "Fn::Split": ["/", { "Ref": "AlarmTopicARN" }] }] });
    for (sid, resource, words) in [
        (
            "ListStreams",
            json!("*"),
            "ListStreams allows dynamodb:ListStreams on *, though it knows resources",
        ),
        (
            "ListStreams",
            streams(table.clone(), "*"),
            "ListStreams allows dynamodb:ListStreams on *, which is all",
        ),
        ("ListStreams", streams(json!({ "Ref": "LogLevel" }), "stream/*"), "which is not of dynamodb"),
        ("ReadTheKeySchema", topic, "on AlarmTopicARN, which is not of dynamodb"),
    ] {
        let mut template = template("incremental");
        statement(&mut template, "StreamBackupRole", sid)["Resource"] = resource;
        let wrong = wrong_with(&template);
        assert!(wrong.iter().any(|it| it.contains(words)), "`{words}` was not said, but: {wrong:#?}");
    }
}
