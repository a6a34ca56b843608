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
            |template| statement(template, "StartRole", "StartTheWorkflow")["Resource"] = json!("*"),
            "StartRole: StartTheWorkflow allows states:StartExecution on *, although it supports resources",
        ),
        (
            |template| {
                let arn = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*";
                statement(template, "CheckRestoreRole", "LookAtTargets")["Resource"] =
                    json!({ "Fn::Sub": arn });
            },
            "LookAtTargets allows dynamodb:DescribeTable on table/*, which is all of them",
        ),
        (
            |template| {
                let arn = "arn:aws:dynamodb:*:*:table/*-????????-??-??-??";
                statement(template, "CheckRestoreRole", "LookAtTargets")["Resource"] =
                    json!({ "Fn::Sub": arn });
            },
            "which is not in dynamodb of this account and Region",
        ),
        (
            |template| {
                statement(template, "StartRole", "WriteLogs")["Resource"] =
                    json!({ "Ref": "DeadLetterQueue" })
            },
            "on DeadLetterQueue, which is not of logs",
        ),
        (
            |template| {
                statement(template, "StartRole", "WriteLogs")["Resource"] = json!({ "Ref": "LogLevel" })
            },
            "on LogLevel, which is not of logs",
        ),
        (
            |template| {
                let either = json!({ "Fn::If": ["HasBackupTopic", "*", { "Ref": "StateMachine" }] });
                statement(template, "StartRole", "StartTheWorkflow")["Resource"] = either;
            },
            "StartTheWorkflow allows states:StartExecution on *",
        ),
        (
            |template| {
                drop(statement(template, "RestoreBackupRole", "PassTheRestoreRole")["Condition"].take())
            },
            "allows iam:PassRole without the condition iam:PassedToService",
        ),
        (
            |template| {
                drop(statement(template, "RestoreBackupRole", "UseKeysThroughDynamoDB")["Condition"].take())
            },
            "allows kms:CreateGrant without the condition kms:ViaService",
        ),
        (
            |template| {
                statement(template, "PublishPointerRole", "ReadAndMoveThePointer")["Action"] = json!("ssm:*")
            },
            "allows ssm:*, which is more than one action",
        ),
        (
            |template| statement(template, "StartRole", "WriteTraces")["NotAction"] = json!("iam:PassRole"),
            "WriteTraces does not list what it allows",
        ),
        (
            |template| {
                let resources = &mut statement(template, "StateMachineRole", "InvokeTheSteps")["Resource"];
                resources.as_array_mut().unwrap().push(json!({ "Fn::GetAtt": ["StartFunction", "Arn"] }));
            },
            r#"StateMachineRole may invoke {"Fn::GetAtt":["StartFunction","Arn"]}, which StateMachine does not invoke"#,
        ),
        (
            |template| {
                let resources = &mut statement(template, "StateMachineRole", "InvokeTheSteps")["Resource"];
                drop(resources.as_array_mut().unwrap().remove(0));
            },
            r#"may not invoke {"Fn::GetAtt":["RestoreBackupFunction","Arn"]}, which StateMachine invokes"#,
        ),
        (
            |template| {
                add_action(statement(template, "StateMachineRole", "DeliverLogs"), "logs:DeleteLogGroup")
            },
            "StateMachineRole allows logs:DeleteLogGroup, which nothing in StateMachine requires",
        ),
        (
            |template| {
                let rule = statement(template, "StateMachineRole", "HearOfItsEnd");
                *rule = json!({ "Fn::If": ["SyncsSettings", rule.clone(), { "Ref": "AWS::NoValue" }] });
            },
            "StateMachineRole does not allow events:PutRule under every condition",
        ),
        (
            |template| {
                template["Resources"]["StateMachine"]["Properties"]["Tracing"]["Enabled"] = json!(false)
            },
            "StateMachineRole allows xray:PutTraceSegments, which nothing in StateMachine requires",
        ),
        (
            |template| {
                let policy = json!({ "Type": "AWS::IAM::Policy", "Properties": { "Roles": [{ "Ref": "StartRole" }] } });
                template["Resources"]["Further"] = policy;
            },
            "Further (AWS::IAM::Policy) could let a role do what is not written in it",
        ),
        (
            |template| {
                let roles = json!([{ "Ref": "RestoreRoleArn" }, { "Ref": "StartRole" }]);
                template["Resources"]["Further"] =
                    json!({ "Type": "AWS::IAM::Policy", "Properties": { "Roles": roles } });
            },
            "Further (AWS::IAM::Policy) could let a role do what is not written in it",
        ),
        (
            |template| {
                template["Resources"]["Further"] = json!({ "Type": "AWS::IAM::Policy", "Properties": {} })
            },
            "Further (AWS::IAM::Policy) could let a role do what is not written in it",
        ),
        (
            |template| {
                let managed = json!(["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]);
                template["Resources"]["StartRole"]["Properties"]["ManagedPolicyArns"] = managed;
            },
            "StartRole has a managed policy",
        ),
        (
            |template| {
                let policies = json!(["AmazonDynamoDBFullAccess"]);
                template["Resources"]["StartFunction"]["Properties"]["Policies"] = policies;
            },
            "StartFunction has policies in addition to its role",
        ),
        (
            |template| {
                let role = json!({ "Fn::GetAtt": ["RestoreBackupRole", "Arn"] });
                template["Resources"]["StartFunction"]["Properties"]["Role"] = role;
            },
            "RestoreBackupRole is shared by RestoreBackupFunction, StartFunction",
        ),
        (
            |template| {
                let trust = &mut template["Resources"]["StartRole"]["Properties"]["AssumeRolePolicyDocument"];
                trust["Statement"][0]["Principal"] = json!({ "AWS": "*" });
            },
            "StartRole can be assumed by others than lambda",
        ),
    ];
    for (widen, expected) in widenings {
        let mut template = template("rotate-restore");
        widen(&mut template);
        let wrong = wrong_with(&template);
        assert!(wrong.iter().any(|finding| finding.contains(expected)), "`{expected}` is not in {wrong:#?}");
    }
}

#[test]
fn a_resource_that_begins_with_a_named_arn_is_of_its_service() {
    let table = json!({ "Fn::Select": [0, { "Fn::Split": ["/stream/", { "Ref": "StreamArn" }] }] });
    let streams = |of: Value, rest: &str| json!({ "Fn::Sub": [format!("${{Of}}/{rest}"), { "Of": of }] });
    let topic = json!({ "Fn::Select": [0, { "Fn::Split": ["/", { "Ref": "AlarmTopicARN" }] }] });
    for (sid, resource, expected) in [
        (
            "ListStreams",
            json!("*"),
            "ListStreams allows dynamodb:ListStreams on *, although it supports resources",
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
        assert!(wrong.iter().any(|finding| finding.contains(expected)), "`{expected}` is not in {wrong:#?}");
    }
}

#[test]
fn executions_of_other_than_state_machines_are_found() {
    let mut template = template("report-execution");
    template["Parameters"]["StateMachineARNs"]["AllowedPattern"] = json!("^arn:aws:lambda:.+$");
    let wrong = wrong_with(&template);
    let expected = "WriteReportRole: ReadTheExecutions allows states:DescribeExecution on StateMachineARNs, which is not of states";
    assert!(wrong.iter().any(|found| found == expected), "{wrong:?}");
    let resource = &mut statement(&mut template, "WriteReportRole", "ReadTheExecutions")["Resource"];
    resource["Fn::Split"][1]["Fn::Sub"][0] = json!("${Executions}*");
    assert!(wrong_with(&template).iter().any(|found| found.contains("which is unknown")));
}
