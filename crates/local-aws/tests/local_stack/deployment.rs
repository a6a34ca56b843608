use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use local_aws::{Deployment, Error, Fault, Rule, deploy};
use serde_json::{Value, json};

use crate::client::{Api, eventually, stack};

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello}
Resources:
  Greet:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../functions/
      Handler: test.greet
      Runtime: provided.al2023
      Environment: {Variables: {GREETING: !Ref Greeting}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.asl.json
      DefinitionSubstitutions: {GreetArn: !GetAtt Greet.Arn}
      Policies: [LambdaInvokePolicy: {FunctionName: !Ref Greet}]
Outputs:
  MachineArn: {Value: !Ref Machine}
  Greeting: {Value: !Sub '${Greeting}!'}
"#;

const MACHINE: &str = r#"{
  "QueryLanguage": "JSONata",
  "StartAt": "Greet",
  "States": {"Greet": {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Arguments": {"FunctionName": "${GreetArn}", "Payload": {}},
    "Output": "{% $states.result.Payload %}",
    "End": true
  }}
}"#;

/// A small function: it calls AWS at the endpoint that it was given, as a step would, and returns what it found.
const BOOTSTRAP: &str = r#"#!/usr/bin/env python3
import json, os, urllib.request

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"

def list_tables():
    account = os.environ["AWS_ACCESS_KEY_ID"]
    scope = f"{account}/20260101/{os.environ['AWS_REGION']}/dynamodb/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
        "X-Amz-User-Agent": f"app/{os.environ['_HANDLER']}",
    }
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], data=b"{}", headers=headers)
    return json.load(urllib.request.urlopen(request))

while True:
    with urllib.request.urlopen(f"{RUNTIME}/next") as invocation:
        invocation.read()
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    response = {"greeting": os.environ["GREETING"], "tables": list_tables()["TableNames"]}
    data = json.dumps(response).encode()
    urllib.request.urlopen(urllib.request.Request(f"{RUNTIME}/{request_id}/response", data=data)).read()
"#;

const BROKEN_BUCKET: &str = r#"Resources:
  Broken:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration: {TopicConfigurations: [{Event: 's3:NoSuchEvent:*', Topic: 'arn:aws:sns:us-east-1:1:t'}]}"#;

struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self { folder };
        std::fs::write(project.path("template.yaml"), TEMPLATE).unwrap();
        std::fs::write(project.path("machine.asl.json"), MACHINE).unwrap();
        std::fs::write(project.path("bootstrap"), BOOTSTRAP).unwrap();
        std::fs::set_permissions(project.path("bootstrap"), std::fs::Permissions::from_mode(0o755)).unwrap();
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn deploy(
        &self,
        account: &str,
        parameters: &[(&str, String)],
    ) -> Result<BTreeMap<String, String>, Error> {
        let (template, bootstrap) = (self.path("template.yaml"), self.path("bootstrap"));
        let template: &Path = &template;
        let deployment = Deployment { template, stack_name: "greeter", parameters, bootstrap: &bootstrap };
        deploy(&stack().await.config(account).await, &deployment).await
    }
}

async fn run(api: &Api, machine: &str) -> Value {
    let input = json!({"stateMachineArn": machine, "input": "{}"});
    let started = api.try_json("states", "AWSStepFunctions.StartExecution", input).await.unwrap().ok();
    eventually("the execution's end", async || {
        let input = json!({"executionArn": started["executionArn"]});
        let described =
            api.try_json("states", "AWSStepFunctions.DescribeExecution", input).await.unwrap().ok();
        (described["status"] != "RUNNING").then_some(described)
    })
    .await
}

#[tokio::test]
async fn a_template_deploys_and_its_functions_call_aws_through_the_proxy() {
    let account = "500000000001";
    let api = Api::new(account).await;
    let project = Project::new();
    let outputs = project.deploy(account, &[]).await.unwrap();
    assert_eq!(outputs["Greeting"], "hello!");
    api.make_table("orders").await;

    let execution = run(&api, &outputs["MachineArn"]).await;
    assert_eq!(execution["status"], "SUCCEEDED", "{execution}");
    let output: Value = serde_json::from_str(execution["output"].as_str().unwrap()).unwrap();
    assert_eq!(output, json!({"greeting": "hello", "tables": ["orders"]}));
    let calls = stack().await.proxy().calls(account);
    let of_step: Vec<_> = calls.iter().filter(|call| call.step.as_deref() == Some("test.greet")).collect();
    assert_eq!(of_step.len(), 1, "{calls:?}");
    assert_eq!(of_step[0].action, "dynamodb:ListTables");

    // Nothing to update is success. A changed parameter is an update.
    assert_eq!(project.deploy(account, &[]).await.unwrap(), outputs);
    let changed = project.deploy(account, &[("Greeting", "welcome".to_owned())]).await.unwrap();
    assert_eq!(changed["Greeting"], "welcome!");
    let uploads = stack().await.proxy().calls(account);
    assert_eq!(uploads.iter().filter(|call| call.action == "s3:PutObject").count(), 2);
}

#[tokio::test]
async fn deployment_survives_throttles_and_lost_responses() {
    let account = "500000000002";
    let rule = |action: &str, fault| {
        let (account, action) = (account.to_owned(), action.to_owned());
        Rule { account, step: None, action, from_ordinal: 0, times: 1, fault }
    };
    let proxy = stack().await.proxy();
    proxy.inject(rule("cloudformation:CreateStack", Fault::Throttle));
    proxy.inject(rule("cloudformation:DescribeStacks", Fault::FailBeforeEffect));
    proxy.inject(rule("s3:PutObject", Fault::LoseResponse));
    let outputs = Project::new().deploy(account, &[]).await.unwrap();
    assert_eq!(outputs["Greeting"], "hello!");
    let faults: Vec<_> = proxy.calls(account).iter().filter_map(|call| call.fault).collect();
    assert_eq!(faults, ["lose-answer", "throttle", "fail-before-effect"]);
}

#[tokio::test]
async fn a_failed_stack_says_which_resource_and_why() {
    let project = Project::new();
    let broken = TEMPLATE.replace("Resources:", BROKEN_BUCKET);
    std::fs::write(project.path("template.yaml"), broken).unwrap();
    let error = project.deploy("500000000003", &[]).await.unwrap_err();
    let Error::StackFailed { stack_name, reason, .. } = &error else { panic!("{error}") };
    assert_eq!(stack_name, "greeter");
    assert!(
        reason.starts_with("Broken CREATE_FAILED: ") && reason.contains("arn:aws:sns:us-east-1:1:t"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_refused_template_has_the_message_of_cloudformation() {
    let project = Project::new();
    std::fs::write(project.path("template.yaml"), "Resources: {A: {Type: 'AWS::No::Such'}}").unwrap();
    let message = project.deploy("500000000004", &[]).await.unwrap_err().to_string();
    assert!(message.contains("AWS::No::Such"), "{message}");
}
