//! What the template lets each step do, and what AWS demands beyond the calls that are seen.

use std::collections::{BTreeMap, BTreeSet};

use local_aws::workspace_root;
use serde_json::Value;

/// What makes AWS demand an action that no step is seen to call.
enum Because {
    /// The step calls this.
    Calls(&'static str),
    /// The function logs to a group of its own.
    Logs,
    /// The function is traced.
    IsTraced,
    /// What the function fails at goes to a queue.
    HasFailureDestination,
}

/// The actions that AWS demands on behalf of something else, with the page that says so.
const DEMANDED: &[(Because, &[&str], &str)] = &[
    (
        Because::Calls("dynamodb:RestoreTableFromBackup"),
        &[
            "dynamodb:BatchWriteItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:UpdateItem",
        ],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html",
    ),
    (
        Because::Calls("dynamodb:RestoreTableFromBackup"),
        &[
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
    ),
    (
        Because::Calls("backup:StartRestoreJob"),
        &["iam:PassRole"],
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html",
    ),
    (
        Because::Logs,
        &["logs:CreateLogStream", "logs:PutLogEvents"],
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
    ),
    (
        Because::IsTraced,
        &["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
    ),
    (
        Because::HasFailureDestination,
        &["sqs:SendMessage"],
        "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    ),
];

/// A function of a template.
pub struct Function {
    /// The step that it runs.
    pub step: String,
    /// The actions that its role allows.
    pub granted: BTreeSet<String>,
    logs: bool,
    traced: bool,
    failure_destination: bool,
}

/// The functions of a workflow's template.
pub fn functions(workflow: &str) -> Vec<Function> {
    let path = workspace_root().join(format!("infra/{workflow}.yaml"));
    let template = local_aws::template::load(&path).expect("the template is YAML");
    let resources = template["Resources"].as_object().unwrap();
    let of_type = |kind: &'static str| resources.iter().filter(move |(_, resource)| resource["Type"] == kind);
    let with_destination: BTreeSet<&str> = of_type("AWS::Lambda::EventInvokeConfig")
        .filter(|(_, config)| config.pointer("/Properties/DestinationConfig/OnFailure").is_some())
        .filter_map(|(_, config)| config.pointer("/Properties/FunctionName/Ref")?.as_str())
        .collect();
    let globals = &template["Globals"]["Function"];
    of_type("AWS::Serverless::Function")
        .map(|(logical_id, function)| {
            let properties = &function["Properties"];
            let role = properties.pointer("/Role/Fn::GetAtt/0").and_then(Value::as_str);
            let role = &resources[role.expect("each function has a role of its own")]["Properties"];
            Function {
                step: properties["Handler"].as_str().unwrap().to_owned(),
                granted: actions(role),
                logs: properties["LoggingConfig"]["LogGroup"].is_object(),
                traced: properties["Tracing"] == "Active" || globals["Tracing"] == "Active",
                failure_destination: with_destination.contains(logical_id.as_str()),
            }
        })
        .collect()
}

/// Every action that the role's own policies allow.
fn actions(role: &Value) -> BTreeSet<String> {
    assert!(role["ManagedPolicyArns"].is_null(), "a managed policy allows more than a step needs");
    let statements =
        role["Policies"].as_array().unwrap().iter().flat_map(|policy| {
            policy.pointer("/PolicyDocument/Statement").and_then(Value::as_array).unwrap()
        });
    let mut actions = BTreeSet::new();
    for statement in statements {
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        match &statement["Action"] {
            Value::String(action) => drop(actions.insert(action.clone())),
            Value::Array(several) => actions.extend(several.iter().map(|it| it.as_str().unwrap().to_owned())),
            other => panic!("not an action: {other}"),
        }
    }
    actions
}

impl Function {
    /// The actions that AWS demands on behalf of these calls and of the function's configuration, each
    /// with the page that says so.
    pub fn demanded(&self, calls: &BTreeSet<String>) -> BTreeMap<String, &'static str> {
        let holds = |because: &Because| match because {
            Because::Calls(action) => calls.contains(*action),
            Because::Logs => self.logs,
            Because::IsTraced => self.traced,
            Because::HasFailureDestination => self.failure_destination,
        };
        DEMANDED
            .iter()
            .filter(|(because, ..)| holds(because))
            .flat_map(|(_, actions, page)| actions.iter().map(|action| ((*action).to_owned(), *page)))
            .collect()
    }
}
