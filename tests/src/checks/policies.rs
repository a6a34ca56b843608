//! Checks what the template allows each step and the state machine to do, including what AWS requires beyond the calls
//! that are visible.
//!
//! There are two questions. *Which actions* a step's role must allow follows only from its calls in a run:
//! [`functions`] returns what is granted, and [`Function::demanded`] what AWS requires in addition to the calls. *On
//! which resources* they are allowed follows from the template alone: [`wrong_with`].

mod resources;
mod roles;
mod state_machine;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use local_aws::{Call, workspace_root};
use serde_json::Value;

use roles::{role_of, statements};

/// The reason why AWS requires an action that no step calls visibly.
enum Because {
    /// The step calls this action.
    Calls(&'static str),
    /// The function logs to its own log group.
    Logs,
    /// The function is traced.
    IsTraced,
    /// Failed events of the function go to a queue.
    HasFailureDestination,
    /// Batches that an event source mapping of the function discards go to a bucket.
    StoresDiscardedBatches,
    /// An event source mapping reads a table's stream for the function.
    ReadsStream,
}

/// The actions that AWS requires indirectly, with the page that says so.
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
        // Listing mappings decrypts their filters if these are encrypted.
        Because::Calls("lambda:ListEventSourceMappings"),
        &["kms:Decrypt"],
        "https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html",
    ),
    (
        Because::Calls("lambda:CreateEventSourceMapping"),
        &["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
        "https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html",
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
        Because::Calls("dynamodb:BatchGetItem"),
        &["kms:Decrypt"],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
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
    (
        Because::StoresDiscardedBatches,
        &["s3:ListBucket", "s3:PutObject"],
        "https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html",
    ),
    (
        Because::ReadsStream,
        &["kms:Decrypt"],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
    ),
    (
        Because::ReadsStream,
        &[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/iam-policy-example-lamda-process-dynamodb-streams.html",
    ),
];

/// The steps that do not need the filters of mappings: they list only mappings of a function of the same template, whose
/// filters are not encrypted, or do not read the filters.
const NEED_NO_FILTERS: &[&str] = &[
    "backfill.plan-backfill",
    "fleet.write-report",
    "incremental.watch-stream",
    "replay.replay-objects",
    "snapshot.plan-snapshot",
];

/// A function of a template.
pub struct Function {
    /// The step that the function runs.
    pub step: String,
    /// The actions that the function's role allows.
    pub granted: BTreeSet<String>,
    logs: bool,
    traced: bool,
    failure_destination: bool,
    stores_discarded_batches: bool,
    reads_stream: bool,
}

/// Returns the template of this name.
pub fn template(name: &str) -> Value {
    let path = workspace_root().join(format!("infra/{name}.yaml"));
    local_aws::template::load(&path).expect("the template is YAML")
}

/// Returns each way in which the roles of the template's functions and state machines allow more than necessary, or
/// more than their policies show. There should be none.
pub fn wrong_with(template: &Value) -> Vec<String> {
    let mut wrong = roles::wrong_with(template);
    wrong.extend(state_machine::wrong_with(template));
    for role in roles::of_functions(template).into_iter().chain(roles::of_state_machines(template)) {
        for statement in statements(template, role) {
            wrong.extend(resources::wrong_with(template, statement).map(|what| format!("{role}: {what}")));
        }
    }
    wrong
}

/// Returns the resources of this type.
fn of_type<'a>(template: &'a Value, kind: &'static str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().unwrap();
    resources
        .iter()
        .filter(move |(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
}

/// Returns the functions of the template of this name.
pub fn functions(name: &str) -> Vec<Function> {
    let template = template(name);
    let has_destination = |config: &Value| config.pointer("/DestinationConfig/OnFailure").is_some();
    let of = |config: &Value| Some(config.pointer("/FunctionName/Ref")?.as_str()?.to_owned());
    let configured = of_type(&template, "AWS::Lambda::EventInvokeConfig");
    let mapped = of_type(&template, "AWS::Lambda::EventSourceMapping");
    let with_destination = |config: &Value| of(config).filter(|_| has_destination(config));
    let queued: BTreeSet<String> = configured.filter_map(|(_, config)| with_destination(config)).collect();
    let stored: BTreeSet<String> = mapped.filter_map(|(_, config)| with_destination(config)).collect();
    let of_streams: BTreeSet<String> = of_type(&template, "AWS::Lambda::EventSourceMapping")
        .filter(|(_, mapping)| !mapping["StartingPosition"].is_null())
        .filter_map(|(_, mapping)| of(mapping))
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
                failure_destination: queued.contains(logical_id),
                stores_discarded_batches: stored.contains(logical_id),
                reads_stream: of_streams.contains(logical_id),
            }
        })
        .collect()
}

/// Checks least privilege in both directions. Returns each difference between what the roles of these functions allow
/// and what the recorded calls need, and each step that called without being one of the functions.
pub fn grants_are_calls<'a>(functions: &[Function], seen: impl Iterator<Item = &'a Call>) -> Vec<String> {
    let mut calls: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for call in seen {
        let actions = calls.entry(call.step.as_deref().unwrap_or_default()).or_default();
        actions.insert(call.action.clone());
        // Without this permission S3 reports a missing object as one that may not be read:
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        if call.action == "s3:GetObject" && call.status == 404 {
            actions.insert("s3:ListBucket".to_owned());
        }
        actions.extend(call.additional_actions.iter().map(|action| (*action).to_owned()));
    }
    let mut wrong = Vec::new();
    for function in functions {
        let called = calls.remove(function.step.as_str()).unwrap_or_default();
        let demanded = function.demanded(&called);
        let needed: BTreeSet<String> = called.iter().chain(demanded.keys()).cloned().collect();
        let missing: Vec<_> = needed.difference(&function.granted).collect();
        let unused: Vec<_> = function.granted.difference(&needed).collect();
        let step = &function.step;
        if !missing.is_empty() {
            wrong.push(format!("{step} needed actions that its role does not allow: {missing:?}"));
        }
        if !unused.is_empty() {
            wrong.push(format!("{step}'s role allows actions that it did not need: {unused:?}"));
        }
    }
    wrong.extend(
        calls
            .into_iter()
            .map(|(step, calls)| format!("{step} has no function in the template, but called {calls:?}")),
    );
    wrong
}

impl Function {
    /// Returns the actions that AWS requires in addition to these calls or for the function's configuration, each with
    /// the page that says so.
    pub fn demanded(&self, calls: &BTreeSet<String>) -> BTreeMap<String, &'static str> {
        let holds = |because: &Because| match because {
            Because::Calls("lambda:ListEventSourceMappings")
                if NEED_NO_FILTERS.contains(&self.step.as_str()) =>
            {
                false
            }
            Because::Calls(action) => calls.contains(*action),
            Because::Logs => self.logs,
            Because::IsTraced => self.traced,
            Because::HasFailureDestination => self.failure_destination,
            Because::StoresDiscardedBatches => self.stores_discarded_batches,
            Because::ReadsStream => self.reads_stream,
        };
        DEMANDED
            .iter()
            .filter(|(because, ..)| holds(because))
            .flat_map(|(_, actions, page)| actions.iter().map(|action| ((*action).to_owned(), *page)))
            .collect()
    }
}
