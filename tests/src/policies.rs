//! What the template lets each step and the state machine do, and what AWS demands beyond the calls that
//! are seen.
//!
//! Two questions, two answers. *Which actions* a step's role must allow is known only by watching it, so
//! [`functions`] answers what is granted and [`Function::demanded`] what has to be beside the calls of a
//! run. *On what* they are allowed can be read off the template alone: [`wrong_with`].

mod resources;
mod roles;
mod state_machine;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use local_aws::workspace_root;
use serde_json::Value;

use roles::{role_of, statements};

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
        Because::Calls("dynamodb:DescribeKinesisStreamingDestination"),
        &["kinesis:DescribeStream", "kinesis:DescribeStreamSummary"],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_iam.html",
    ),
    (
        Because::Calls("dynamodb:EnableKinesisStreamingDestination"),
        &[
            "iam:CreateServiceLinkedRole",
            "kinesis:DescribeStream",
            "kinesis:ListStreams",
            "kinesis:PutRecords",
        ],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_iam.html",
    ),
    (
        Because::Calls("dynamodb:UpdateContributorInsights"),
        &["iam:CreateServiceLinkedRole", "kms:Decrypt"],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Contributor_Insights_IAM.html",
    ),
    (
        Because::Calls("application-autoscaling:RegisterScalableTarget"),
        &["dynamodb:DescribeTable", "dynamodb:UpdateTable", "iam:CreateServiceLinkedRole"],
        "https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html",
    ),
    (
        Because::Calls("application-autoscaling:PutScalingPolicy"),
        &["cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"],
        "https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html",
    ),
    (
        Because::Calls("dynamodb:BatchWriteItem"),
        &["kms:Decrypt"],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
    ),
    (
        Because::Calls("dynamodb:Scan"),
        &["kms:Decrypt"],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
    ),
    (
        Because::Calls("dynamodb:ExportTableToPointInTime"),
        &["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectAcl"],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html",
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

/// The workflow's template.
pub fn template(workflow: &str) -> Value {
    let path = workspace_root().join(format!("infra/{workflow}.yaml"));
    local_aws::template::load(&path).expect("the template is YAML")
}

/// The workflow's state machine, as it is deployed but for its placeholders.
pub fn definition(workflow: &str) -> Value {
    let path = workspace_root().join(format!("statemachines/{workflow}.asl.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Each way in which the roles of the template's functions and state machine are wider than they must be,
/// or get at more than they say; none is right.
pub fn wrong_with(template: &Value, definition: &Value) -> Vec<String> {
    let mut wrong = roles::wrong_with(template);
    wrong.extend(state_machine::wrong_with(template, definition));
    for role in roles::of_functions(template).into_iter().chain(roles::of_state_machines(template)) {
        for statement in statements(template, role) {
            wrong.extend(resources::wrong_with(template, statement).map(|what| format!("{role}: {what}")));
        }
    }
    wrong
}

/// The resources of this type.
fn of_type<'a>(template: &'a Value, kind: &'static str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().unwrap();
    resources
        .iter()
        .filter(move |(_, it)| it["Type"] == kind)
        .map(|(id, it)| (id.as_str(), &it["Properties"]))
}

/// The functions of a workflow's template.
pub fn functions(workflow: &str) -> Vec<Function> {
    let template = template(workflow);
    let with_destination: BTreeSet<&str> = of_type(&template, "AWS::Lambda::EventInvokeConfig")
        .filter(|(_, config)| config.pointer("/DestinationConfig/OnFailure").is_some())
        .filter_map(|(_, config)| config.pointer("/FunctionName/Ref")?.as_str())
        .collect();
    let globals = &template["Globals"]["Function"];
    of_type(&template, "AWS::Serverless::Function")
        .map(|(logical_id, properties)| {
            let role = role_of(properties).expect("each function has a role of the template");
            Function {
                step: properties["Handler"].as_str().unwrap().to_owned(),
                granted: statements(&template, role).into_iter().flat_map(roles::actions).collect(),
                logs: properties["LoggingConfig"]["LogGroup"].is_object(),
                traced: properties["Tracing"] == "Active" || globals["Tracing"] == "Active",
                failure_destination: with_destination.contains(logical_id),
            }
        })
        .collect()
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
