//! The names of IAM actions.
//!
//! A policy names actions, not operations, and the two may differ: `Invoke` needs `lambda:InvokeFunction`, and
//! `HeadObject` needs `s3:GetObject`. The tests of least privilege compare the calls seen here with what a template
//! grants, so the names are those of IAM.

use hyper::Method;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;

/// Returns the action that IAM requires for an operation of the service with this signing name.
pub(crate) fn iam_action(service: &str, operation: &str) -> String {
    let prefix = match service {
        "monitoring" => "cloudwatch",
        "email" => "ses",
        same => same,
    };
    let action = match (service, operation) {
        ("lambda", "Invoke" | "InvokeAsync" | "InvokeWithResponseStream") => "InvokeFunction",
        ("sqs", "SendMessageBatch") => "SendMessage",
        ("sqs", "DeleteMessageBatch") => "DeleteMessage",
        ("sqs", "ChangeMessageVisibilityBatch") => "ChangeMessageVisibility",
        ("sns", "PublishBatch") => "Publish",
        (_, same) => same,
    };
    format!("{prefix}:{action}")
}

/// Returns the operation of a REST service by method and path pattern. `*` stands for one segment.
pub(crate) fn rest(service: &str, method: &Method, path: &str) -> String {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let known = if service == "backup" { BACKUP } else { LAMBDA };
    let found = known.iter().find(|(verb, shape, _)| *verb == method.as_str() && fits(&segments, shape));
    match found {
        Some((_, _, operation)) => (*operation).to_owned(),
        None => format!("{method} {path}"),
    }
}

fn fits(segments: &[&str], shape: &str) -> bool {
    let shape: Vec<&str> = shape.split('/').collect();
    shape.len() == segments.len()
        && shape.iter().zip(segments).all(|(part, segment)| *part == "*" || part == segment)
}

const BACKUP: &[(&str, &str, &str)] = &[
    ("PUT", "backup-vaults/*", "CreateBackupVault"),
    ("GET", "backup-vaults/*", "DescribeBackupVault"),
    ("DELETE", "backup-vaults/*", "DeleteBackupVault"),
    ("GET", "backup-vaults", "ListBackupVaults"),
    ("PUT", "backup-vaults/*/notification-configuration", "PutBackupVaultNotifications"),
    ("GET", "backup-vaults/*/notification-configuration", "GetBackupVaultNotifications"),
    ("DELETE", "backup-vaults/*/notification-configuration", "DeleteBackupVaultNotifications"),
    ("GET", "backup-vaults/*/recovery-points", "ListRecoveryPointsByBackupVault"),
    ("GET", "backup-vaults/*/recovery-points/*", "DescribeRecoveryPoint"),
    ("DELETE", "backup-vaults/*/recovery-points/*", "DeleteRecoveryPoint"),
    ("GET", "backup-vaults/*/recovery-points/*/restore-metadata", "GetRecoveryPointRestoreMetadata"),
    ("PUT", "account-settings", "UpdateRegionSettings"),
    ("GET", "account-settings", "DescribeRegionSettings"),
    ("PUT", "backup-jobs", "StartBackupJob"),
    ("GET", "backup-jobs", "ListBackupJobs"),
    ("GET", "backup-jobs/*", "DescribeBackupJob"),
    ("POST", "backup-jobs/*", "StopBackupJob"),
    ("PUT", "restore-jobs", "StartRestoreJob"),
    ("GET", "restore-jobs", "ListRestoreJobs"),
    ("GET", "restore-jobs/*", "DescribeRestoreJob"),
    ("GET", "restore-jobs/*/metadata", "GetRestoreJobMetadata"),
    ("PUT", "restore-jobs/*/validations", "PutRestoreValidationResult"),
    ("GET", "resources/*/restore-jobs", "ListRestoreJobsByProtectedResource"),
    ("GET", "resources/*/recovery-points", "ListRecoveryPointsByResource"),
    ("GET", "resources", "ListProtectedResources"),
    ("GET", "resources/*", "DescribeProtectedResource"),
];

const LAMBDA: &[(&str, &str, &str)] = &[
    ("POST", "2015-03-31/functions/*/invocations", "Invoke"),
    ("POST", "2015-03-31/functions", "CreateFunction"),
    ("GET", "2015-03-31/functions", "ListFunctions"),
    ("GET", "2015-03-31/functions/*", "GetFunction"),
    ("DELETE", "2015-03-31/functions/*", "DeleteFunction"),
    ("GET", "2015-03-31/functions/*/configuration", "GetFunctionConfiguration"),
    ("PUT", "2015-03-31/functions/*/configuration", "UpdateFunctionConfiguration"),
    ("PUT", "2015-03-31/functions/*/code", "UpdateFunctionCode"),
    ("GET", "2019-09-25/functions/*/event-invoke-config", "GetFunctionEventInvokeConfig"),
    ("POST", "2015-03-31/event-source-mappings", "CreateEventSourceMapping"),
    ("GET", "2015-03-31/event-source-mappings", "ListEventSourceMappings"),
    ("GET", "2015-03-31/event-source-mappings/*", "GetEventSourceMapping"),
    ("PUT", "2015-03-31/event-source-mappings/*", "UpdateEventSourceMapping"),
    ("DELETE", "2015-03-31/event-source-mappings/*", "DeleteEventSourceMapping"),
    ("GET", "2017-03-31/tags/*", "ListTags"),
    ("POST", "2017-03-31/tags/*", "TagResource"),
    ("DELETE", "2017-03-31/tags/*", "UntagResource"),
];

/// Returns the IAM action of an S3 call. S3 has no operation names on the wire, so it follows from the method and
/// address.
pub(crate) fn s3(head: &Parts) -> String {
    let (bucket, key) = match head.uri.path().trim_start_matches('/').split_once('/') {
        Some((bucket, key)) => (bucket, key),
        None => (head.uri.path().trim_start_matches('/'), ""),
    };
    let query = head.uri.query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let read_or_put =
        |what: &str| format!("{}{what}", if head.method == Method::GET { "Get" } else { "Put" });
    let action = match (head.method.as_str(), bucket.is_empty(), key.is_empty()) {
        ("GET", true, _) => "ListAllMyBuckets",
        (_, false, true) if has("versioning") => return read_or_put("BucketVersioning"),
        (_, false, true) if has("encryption") => return read_or_put("EncryptionConfiguration"),
        (_, false, true) if has("lifecycle") => return read_or_put("LifecycleConfiguration"),
        (_, false, true) if has("policy") => return read_or_put("BucketPolicy"),
        (_, false, true) if has("tagging") => return read_or_put("BucketTagging"),
        (_, false, true) if has("publicAccessBlock") => return read_or_put("BucketPublicAccessBlock"),
        ("GET", false, true) if has("versions") => "ListBucketVersions",
        ("GET", false, true) if has("uploads") => "ListBucketMultipartUploads",
        ("GET", false, true) if has("location") => "GetBucketLocation",
        ("GET" | "HEAD", false, true) => "ListBucket",
        ("PUT", false, true) => "CreateBucket",
        ("DELETE", false, true) => "DeleteBucket",
        ("POST", false, true) if has("delete") => "DeleteObject",
        ("DELETE", false, false) if has("tagging") => "DeleteObjectTagging",
        (_, false, false) if has("tagging") && has("versionId") => {
            return read_or_put("ObjectVersionTagging");
        }
        (_, false, false) if has("tagging") => return read_or_put("ObjectTagging"),
        ("GET", false, false) if has("attributes") => "GetObjectAttributes",
        ("GET", false, false) if has("uploadId") => "ListMultipartUploadParts",
        ("GET" | "HEAD", false, false) if has("versionId") => "GetObjectVersion",
        ("GET" | "HEAD", false, false) => "GetObject",
        ("PUT", false, false) => "PutObject",
        ("POST", false, false) if has("uploads") || has("uploadId") => "PutObject",
        ("DELETE", false, false) if has("uploadId") => "AbortMultipartUpload",
        ("DELETE", false, false) if has("versionId") => "DeleteObjectVersion",
        ("DELETE", false, false) => "DeleteObject",
        _ => return format!("{} {}", head.method, head.uri.path()),
    };
    action.to_owned()
}

/// Returns the additional actions that a call which puts an object requires: the tags and grants it carries need their
/// own.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
pub(crate) fn s3_additional_actions(headers: &HeaderMap, operation: &str) -> Vec<&'static str> {
    if operation != "PutObject" {
        return Vec::new();
    }
    let with = |names: &[&str]| names.iter().any(|name| headers.contains_key(*name));
    let acl = [
        "x-amz-acl",
        "x-amz-grant-full-control",
        "x-amz-grant-read",
        "x-amz-grant-read-acp",
        "x-amz-grant-write-acp",
    ];
    let tagging = with(&["x-amz-tagging"]).then_some("s3:PutObjectTagging");
    tagging.into_iter().chain(with(&acl).then_some("s3:PutObjectAcl")).collect()
}
