//! Checks that a statement allows its actions on as few resources as AWS lets one name, and only for their purpose.

use serde_json::Value;

use super::roles::{actions, branches, one_or_more};

/// The actions without resource types, which can only be allowed on `*`, with the page that says so.
const WITHOUT_RESOURCES: &[(&[&str], &str)] = &[
    (
        &[
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
            "application-autoscaling:DescribeScheduledActions",
        ],
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html",
    ),
    (
        &[
            "dynamodb:ListBackups",
            "dynamodb:ListContributorInsights",
            "dynamodb:ListExports",
            "dynamodb:ListTables",
        ],
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html",
    ),
    (
        &["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:PutMetricData"],
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html",
    ),
    (
        &["ssm:DescribeParameters"],
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html",
    ),
    (
        &["kinesis:ListStreams"],
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_iam.html",
    ),
    (
        &["lambda:CreateEventSourceMapping", "lambda:ListEventSourceMappings"],
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html",
    ),
    (
        &[
            "backup:DescribeRestoreJob",
            "backup:GetRestoreJobMetadata",
            "backup:ListProtectedResources",
            "backup:ListRecoveryPointsByResource",
            "backup:ListRestoreJobs",
            "backup:ListRestoreJobsByProtectedResource",
            "backup:PutRestoreValidationResult",
        ],
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html",
    ),
    (
        &[
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ],
        "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
    ),
    (
        &[
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ],
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html",
    ),
];

/// Statements that read all of a kind, by their names and actions. A person may have pointed a parameter at any table, and a
/// description holds no items.
const STATEMENTS_ON_ALL: &[(&str, &str)] = &[
    ("LookAtTheTables", "dynamodb:DescribeTable"),
    // A report of the fleet is about all tables.
    ("LookAtEveryTable", "dynamodb:DescribeContinuousBackups"),
    ("LookAtEveryTable", "dynamodb:DescribeTable"),
    ("LookAtEveryTable", "dynamodb:ListTagsOfResource"),
];

/// The resource types that have to be allowed as a whole, with the reason.
const ALL_OF_A_KIND: &[(&str, &str, &str)] = &[
    ("kms", "key/*", "the owner of a backup or a table chooses its key, and kms:ViaService confines it"),
    ("application-autoscaling", "scalable-target/*", "the ids of scalable targets are random"),
    ("backup", "recovery-point:*", "the ids of recovery points are random"),
    ("cloudwatch", "alarm:*", "the alarms on a table's metrics are found by describing all alarms"),
    ("kinesis", "stream/*", "the owner of a table chooses the streams of its changes"),
    ("lambda", "event-source-mapping:*", "the ids of event source mappings are random"),
];

/// The conditions that actions need, because their role could do unintended things otherwise.
const CONFINED: &[(&str, &str)] = &[
    ("application-autoscaling:DeleteScal", "application-autoscaling:service-namespace"),
    ("application-autoscaling:DeleteSche", "application-autoscaling:service-namespace"),
    ("application-autoscaling:Deregister", "application-autoscaling:service-namespace"),
    ("application-autoscaling:Put", "application-autoscaling:service-namespace"),
    ("application-autoscaling:Register", "application-autoscaling:service-namespace"),
    ("cloudwatch:PutMetricData", "cloudwatch:namespace"),
    ("iam:CreateServiceLinkedRole", "iam:AWSServiceName"),
    ("iam:PassRole", "iam:PassedToService"),
    ("kms:", "kms:ViaService"),
];

/// The services whose ARNs have no Region, or no account either.
const WITHOUT_REGION: &[(&str, &str)] =
    &[("iam", "arn:${AWS::Partition}:iam::${AWS::AccountId}:"), ("s3", "arn:${AWS::Partition}:s3:::")];

/// The actions that may be allowed in every Region of the account: they only read, and a source may be in another
/// Region.
const IN_ANY_REGION: &[&str] = &[
    "cloudwatch:DescribeAlarms",
    "dynamodb:DescribeBackup",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeKinesisStreamingDestination",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:GetResourcePolicy",
    "dynamodb:ListTagsOfResource",
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "lambda:GetEventSourceMapping",
];

/// The service of each resource type.
const SERVICES: &[(&str, &str)] = &[
    ("AWS::IAM::Role", "iam"),
    ("AWS::Logs::LogGroup", "logs"),
    ("AWS::S3::Bucket", "s3"),
    ("AWS::SQS::Queue", "sqs"),
    ("AWS::Serverless::Function", "lambda"),
    ("AWS::Serverless::StateMachine", "states"),
];

/// Returns each way in which the statement allows more than necessary.
pub(super) fn wrong_with(template: &Value, statement: &Value) -> impl Iterator<Item = String> {
    let mut wrong = Vec::new();
    let sid = statement["Sid"].as_str().unwrap_or("a statement without Sid");
    if statement["Effect"] != "Allow"
        || !statement["NotAction"].is_null()
        || !statement["NotResource"].is_null()
    {
        wrong.push(format!("{sid} does not list what it allows: it needs Effect Allow, Action and Resource"));
    }
    for action in actions(statement) {
        if action.contains(['*', '?']) {
            wrong.push(format!("{sid} allows {action}, which is more than one action"));
        }
        for (confined, key) in CONFINED.iter().filter(|(confined, _)| action.starts_with(confined)) {
            let condition = &statement["Condition"]["StringEquals"][key];
            if !condition.is_string() && !condition.is_object() {
                wrong.push(format!(
                    "{sid} allows {action} without the condition {key} that {confined} requires"
                ));
            }
        }
        let mut on = Vec::new();
        one_or_more(&statement["Resource"]).for_each(|resource| branches(resource, &mut on));
        if on.is_empty() {
            wrong.push(format!("{sid} allows {action} on nothing"));
        }
        let too_wide = on.into_iter().filter_map(|resource| too_wide(template, (sid, &action), resource));
        wrong.extend(too_wide.map(|why| format!("{sid} allows {action} {why}")));
    }
    wrong.into_iter()
}

/// Returns the reason why this resource is wider than the action needs, or `None`.
fn too_wide(template: &Value, (sid, action): (&str, &str), resource: &Value) -> Option<String> {
    // A role belongs to IAM, whichever service assumes it.
    let service = if action == "sts:AssumeRole" { "iam" } else { action.split_once(':').unwrap().0 };
    if resource == "*" {
        let excused = WITHOUT_RESOURCES.iter().any(|(actions, _)| actions.contains(&action));
        return (!excused).then(|| "on *, although it supports resources".to_owned());
    }
    if let Some(parameter) = executions_of(resource) {
        let of_service = is_arn_of(template, parameter, service);
        return (!of_service).then(|| format!("on {parameter}, which is not of {service}"));
    }
    // The resource begins with an ARN that the operator names, or with the table's part of a stream's ARN.
    let begun = resource.pointer("/Fn::Sub/0").and_then(Value::as_str).and_then(|text| {
        let (name, rest) = text.strip_prefix("${")?.split_once("}/")?;
        Some((resource.pointer("/Fn::Sub/1")?.get(name)?, rest))
    });
    if let Some((arn, rest)) = begun {
        return match parameter_of(arn) {
            Some(parameter) if is_arn_of(template, parameter, service) => {
                (rest == "*").then(|| format!("on {rest}, which is all of them"))
            }
            _ => Some(format!("on {arn}, which is not of {service}")),
        };
    }
    let substituted = resource["Fn::Sub"].as_str().or_else(|| resource.pointer("/Fn::Sub/0")?.as_str());
    if let Some(arn) = substituted {
        let here = format!("arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:");
        let here =
            WITHOUT_REGION.iter().find(|(of, _)| *of == service).map_or(here, |(_, arn)| (*arn).to_owned());
        let anywhere = format!("arn:${{AWS::Partition}}:{service}:*:${{AWS::AccountId}}:");
        let elsewhere = || IN_ANY_REGION.contains(&action).then(|| arn.strip_prefix(&anywhere)).flatten();
        let Some(what) = arn.strip_prefix(&here).or_else(elsewhere) else {
            return Some(format!("on {arn}, which is not in {service} of this account and Region"));
        };
        // In S3 the bucket comes first instead of a type. The operator chooses all of a bucket that a parameter names.
        let bucket = what.strip_prefix("${").and_then(|bucket| bucket.split_once('}'));
        let named =
            service == "s3" && bucket.is_some_and(|(name, _)| template["Parameters"][name].is_object());
        let everything = !named && what.split_once(['/', ':']).is_none_or(|(_, which)| which == "*");
        let excused = ALL_OF_A_KIND.iter().any(|(of, kind, _)| *of == service && *kind == what)
            || STATEMENTS_ON_ALL.contains(&(sid, action));
        return (everything && !excused).then(|| format!("on {what}, which is all of them"));
    }
    let id = parameter_of(resource).or_else(|| resource.pointer("/Fn::GetAtt/0")?.as_str());
    let Some(id) = id else { return Some(format!("on {resource}, which is unknown")) };
    let kind = template["Resources"][id]["Type"].as_str();
    let of_the_service = is_arn_of(template, id, service)
        || SERVICES.iter().any(|(known, of)| Some(*known) == kind && *of == service);
    (!of_the_service).then(|| format!("on {id}, which is not of {service}"))
}

/// Returns the parameter with a list of state machines if the resource is all executions of each of them: the list, with
/// `:execution:` instead of `:stateMachine:` and with `:*` at the end of each.
fn executions_of(resource: &Value) -> Option<&str> {
    let of = |value: &'_ Value, function: &str, with: &str| {
        value.pointer(&format!("/{function}/0")).is_some_and(|first| first == with)
    };
    let whole = resource.pointer("/Fn::Split/1").filter(|_| of(resource, "Fn::Split", ","))?;
    let each = whole.pointer("/Fn::Sub/1/Executions").filter(|_| of(whole, "Fn::Sub", "${Executions}:*"))?;
    let mut inner = each;
    for (function, with) in [
        ("Fn::Join", ":*,"),
        ("Fn::Split", ","),
        ("Fn::Join", ":execution:"),
        ("Fn::Split", ":stateMachine:"),
        ("Fn::Join", ","),
    ] {
        inner = inner.pointer(&format!("/{function}/1")).filter(|_| of(inner, function, with))?;
    }
    inner["Ref"].as_str()
}

/// Returns whether a parameter accepts only ARNs of the service.
fn is_arn_of(template: &Value, parameter: &str, service: &str) -> bool {
    let pattern = template["Parameters"][parameter]["AllowedPattern"].as_str();
    pattern.is_some_and(|pattern| pattern.contains(&format!(":{service}:")))
}

/// Returns the parameter that a value refers to or is the first part of. A table's ARN is the part of its stream's ARN
/// before `/stream/`.
fn parameter_of(value: &Value) -> Option<&str> {
    let first =
        || (value.pointer("/Fn::Select/0")? == 0).then(|| value.pointer("/Fn::Select/1/Fn::Split/1/Ref"))?;
    value.get("Ref").or_else(first)?.as_str()
}
