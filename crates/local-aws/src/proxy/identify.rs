//! Identifies the caller of a request and its IAM action.
//!
//! The request has everything needed. The credential scope names the account (the local stack's access keys are account
//! ids), the Region and the service. The SDK's app name names the step. The operation is where the service's protocol
//! puts it.

use hyper::header::{HeaderMap, USER_AGENT};
use hyper::http::request::Parts;

use super::actions;

/// The protocol of a service, which determines the form of its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `X-Amz-Target` names the operation. Requests and responses are JSON.
    Json,
    /// `Action` in a form names the operation. Responses are XML.
    Query,
    /// The path names the service and the operation. Requests and responses are CBOR.
    RpcCbor,
    /// Method and path identify the operation. Requests and responses are JSON.
    RestJson,
    /// Method and path identify the operation. Responses are XML (S3).
    RestXml,
}

/// A signed call with its caller and action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) region: String,
    /// The service's signing name.
    pub(crate) service: String,
    pub(crate) step: Option<String>,
    pub(crate) protocol: Protocol,
    pub(crate) operation: String,
    /// The IAM action, e.g. `lambda:InvokeFunction`.
    pub(crate) action: String,
    /// Additional IAM actions that the call requires because of its content.
    pub(crate) additional_actions: Vec<&'static str>,
}

/// Identifies a request. `None` means that it is unsigned and so has no caller.
pub(crate) fn identify(head: &Parts, body: &[u8]) -> Option<Caller> {
    let scope = credential_scope(head)?;
    let mut scope = scope.split('/');
    let account = scope.next()?.to_owned();
    let region = scope.nth(1)?.to_owned();
    let service = scope.next()?.to_owned();
    let (protocol, operation) = operation(head, body, &service);
    let action = actions::iam_action(&service, &operation);
    let additional_actions =
        if service == "s3" { actions::s3_additional_actions(&head.headers, &operation) } else { Vec::new() };
    let step = step(&head.headers);
    Some(Caller { account, region, step, protocol, action, additional_actions, service, operation })
}

/// Returns `<access key>/<date>/<region>/<service>/aws4_request` of a signed header or a presigned URL.
fn credential_scope(head: &Parts) -> Option<String> {
    let header = head.headers.get("authorization").and_then(|value| value.to_str().ok());
    if let Some(signed) = header.and_then(|value| value.split_once("Credential=")) {
        return signed.1.split([',', ' ']).next().map(str::to_owned);
    }
    query_value(head.uri.query()?, "X-Amz-Credential")
}

fn step(headers: &HeaderMap) -> Option<String> {
    ["x-amz-user-agent", USER_AGENT.as_str()]
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok())
        .flat_map(|agent| agent.split(' '))
        .find_map(|word| word.strip_prefix("app/"))
        .map(str::to_owned)
}

fn operation(head: &Parts, body: &[u8], service: &str) -> (Protocol, String) {
    let path = head.uri.path();
    if let Some(target) = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok()) {
        return (Protocol::Json, target.rsplit('.').next().unwrap_or(target).to_owned());
    }
    if let Some(operation) = rpc(head) {
        return (Protocol::RpcCbor, operation.to_owned());
    }
    let in_form = || value_of(body, "Action");
    let in_url = || query_value(head.uri.query()?, "Action");
    match service {
        "s3" => (Protocol::RestXml, actions::s3(head)),
        "backup" | "lambda" => (Protocol::RestJson, actions::rest(service, &head.method, path)),
        _ => match in_form().or_else(in_url) {
            Some(action) => (Protocol::Query, action),
            None => (Protocol::RestJson, format!("{} {path}", head.method)),
        },
    }
}

/// Returns the operation of the path `/service/<service>/operation/<operation>`.
fn rpc(head: &Parts) -> Option<&str> {
    let is_cbor = head.headers.get("smithy-protocol").is_some_and(|protocol| protocol == "rpc-v2-cbor");
    let (service, operation) = head.uri.path().strip_prefix("/service/")?.split_once("/operation/")?;
    (is_cbor && !service.contains('/')).then_some(operation)
}

/// Returns the value of one parameter of a query string.
pub(super) fn query_value(query: &str, name: &str) -> Option<String> {
    value_of(query.as_bytes(), name)
}

/// Returns the value of one parameter of a query string or a form.
fn value_of(pairs: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(pairs).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn request(method: &str, uri: &str, service: &str, headers: &[(&str, &str)]) -> Parts {
        let scope = format!("123456789012/20260101/eu-west-1/{service}/aws4_request");
        let signed = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
        let builder = Request::builder().method(method).uri(uri).header("authorization", signed);
        let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
        builder.body(()).unwrap().into_parts().0
    }

    fn action(head: &Parts, body: &str) -> (Protocol, String) {
        let caller = identify(head, body.as_bytes()).unwrap();
        assert_eq!(caller.account, "123456789012");
        assert_eq!(caller.region, "eu-west-1");
        (caller.protocol, caller.action)
    }

    #[test]
    fn json_services_are_identified_by_their_target() {
        let cases = [
            ("dynamodb", "DynamoDB_20120810.DescribeTable", "dynamodb:DescribeTable"),
            ("dynamodb", "DynamoDBStreams_20120810.GetRecords", "dynamodb:GetRecords"),
            ("dynamodb", "DynamoDB_20120810.ExportTableToPointInTime", "dynamodb:ExportTableToPointInTime"),
            ("states", "AWSStepFunctions.StartExecution", "states:StartExecution"),
            ("ssm", "AmazonSSM.PutParameter", "ssm:PutParameter"),
            ("sqs", "AmazonSQS.SendMessageBatch", "sqs:SendMessage"),
            (
                "application-autoscaling",
                "AnyScaleFrontendService.PutScalingPolicy",
                "application-autoscaling:PutScalingPolicy",
            ),
            ("monitoring", "GraniteServiceVersion20100801.PutMetricData", "cloudwatch:PutMetricData"),
        ];
        for (service, target, expected) in cases {
            let head = request("POST", "/", service, &[("x-amz-target", target)]);
            assert_eq!(action(&head, "{}"), (Protocol::Json, expected.to_owned()));
        }
    }

    #[test]
    fn query_services_are_identified_by_their_form() {
        let head = request("POST", "/", "sns", &[]);
        assert_eq!(
            action(&head, "Action=Publish&Version=2010-03-31"),
            (Protocol::Query, "sns:Publish".to_owned())
        );
        let head = request("GET", "/?Action=ListStacks", "cloudformation", &[]);
        assert_eq!(action(&head, ""), (Protocol::Query, "cloudformation:ListStacks".to_owned()));
        let head = request("POST", "/", "sts", &[]);
        assert_eq!(
            action(&head, "Action=AssumeRole&Version=2011-06-15"),
            (Protocol::Query, "sts:AssumeRole".to_owned())
        );
    }

    #[test]
    fn cbor_services_are_identified_by_their_path() {
        for operation in ["DescribeAlarms", "PutMetricAlarm", "DeleteAlarms"] {
            let path = format!("/service/GraniteServiceVersion20100801/operation/{operation}");
            let head = request("POST", &path, "monitoring", &[("smithy-protocol", "rpc-v2-cbor")]);
            assert_eq!(action(&head, ""), (Protocol::RpcCbor, format!("cloudwatch:{operation}")));
        }
    }

    #[test]
    fn rest_services_are_identified_by_method_and_path() {
        let arn = "arn%3Aaws%3Adynamodb%3Aeu-west-1%3A123456789012%3Atable%2Fa";
        let cases = [
            ("backup", "PUT", "/restore-jobs".to_owned(), "backup:StartRestoreJob"),
            ("backup", "GET", "/restore-jobs/8F".to_owned(), "backup:DescribeRestoreJob"),
            ("backup", "GET", "/restore-jobs/8F/metadata".to_owned(), "backup:GetRestoreJobMetadata"),
            ("backup", "PUT", "/restore-jobs/8F/validations".to_owned(), "backup:PutRestoreValidationResult"),
            ("backup", "GET", "/restore-jobs/?maxResults=3".to_owned(), "backup:ListRestoreJobs"),
            (
                "backup",
                "GET",
                format!("/resources/{arn}/restore-jobs"),
                "backup:ListRestoreJobsByProtectedResource",
            ),
            (
                "backup",
                "GET",
                format!("/backup-vaults/v/recovery-points/{arn}"),
                "backup:DescribeRecoveryPoint",
            ),
            ("backup", "PUT", "/backup-vaults/v".to_owned(), "backup:CreateBackupVault"),
            ("backup", "PATCH", "/new-thing".to_owned(), "backup:PATCH /new-thing"),
            ("lambda", "POST", "/2015-03-31/functions/f/invocations".to_owned(), "lambda:InvokeFunction"),
            (
                "lambda",
                "GET",
                "/2015-03-31/event-source-mappings/".to_owned(),
                "lambda:ListEventSourceMappings",
            ),
            (
                "lambda",
                "DELETE",
                "/2015-03-31/event-source-mappings/1".to_owned(),
                "lambda:DeleteEventSourceMapping",
            ),
            ("lambda", "GET", format!("/2017-03-31/tags/{arn}"), "lambda:ListTags"),
            ("lambda", "POST", format!("/2017-03-31/tags/{arn}"), "lambda:TagResource"),
            ("lambda", "DELETE", format!("/2017-03-31/tags/{arn}?tagKeys=a"), "lambda:UntagResource"),
        ];
        for (service, method, path, expected) in cases {
            let head = request(method, &path, service, &[]);
            assert_eq!(action(&head, ""), (Protocol::RestJson, expected.to_owned()), "{method} {path}");
        }
    }

    #[test]
    fn s3_calls_are_identified_by_their_address() {
        let cases = [
            ("PUT", "/bucket/a/key", "s3:PutObject"),
            ("GET", "/bucket/a/key?x-id=GetObject", "s3:GetObject"),
            ("GET", "/bucket/key?versionId=1", "s3:GetObjectVersion"),
            ("HEAD", "/bucket/key", "s3:GetObject"),
            ("DELETE", "/bucket/key", "s3:DeleteObject"),
            ("POST", "/bucket/?delete", "s3:DeleteObject"),
            ("GET", "/bucket?list-type=2&prefix=a", "s3:ListBucket"),
            ("GET", "/bucket/?versions", "s3:ListBucketVersions"),
            ("HEAD", "/bucket", "s3:ListBucket"),
            ("PUT", "/bucket", "s3:CreateBucket"),
            ("GET", "/", "s3:ListAllMyBuckets"),
            ("PUT", "/bucket/?versioning", "s3:PutBucketVersioning"),
            ("POST", "/bucket/key?uploads", "s3:PutObject"),
            ("PUT", "/bucket/key?partNumber=1&uploadId=u", "s3:PutObject"),
            ("DELETE", "/bucket/key?uploadId=u", "s3:AbortMultipartUpload"),
            ("POST", "/bucket/key?uploadId=u", "s3:PutObject"),
            ("PUT", "/bucket/key?tagging", "s3:PutObjectTagging"),
            ("GET", "/bucket/key?tagging&versionId=1", "s3:GetObjectVersionTagging"),
            ("GET", "/bucket/?uploads&prefix=a", "s3:ListBucketMultipartUploads"),
        ];
        for (method, uri, expected) in cases {
            let head = request(method, uri, "s3", &[]);
            assert_eq!(action(&head, ""), (Protocol::RestXml, expected.to_owned()), "{method} {uri}");
        }
    }

    #[test]
    fn an_object_that_is_put_with_tags_or_a_grant_requires_more_actions() {
        let additional = |method: &str, uri: &str, headers: &[(&str, &str)]| {
            identify(&request(method, uri, "s3", headers), b"").unwrap().additional_actions
        };
        let tags = [("x-amz-tagging", "TableName=orders&Frequency=Daily")];
        assert_eq!(additional("PUT", "/bucket/key", &tags), ["s3:PutObjectTagging"]);
        assert_eq!(additional("POST", "/bucket/key?uploads", &tags), ["s3:PutObjectTagging"]);
        assert_eq!(additional("PUT", "/bucket/key", &[]), [""; 0]);
        assert_eq!(additional("PUT", "/bucket/key?tagging", &[]), [""; 0]);
        assert_eq!(additional("PUT", "/bucket/key", &[("x-amz-acl", "private")]), ["s3:PutObjectAcl"]);
        assert_eq!(additional("GET", "/bucket/key", &tags), [""; 0]);
    }

    #[test]
    fn the_step_is_the_app_name_in_either_header() {
        let agent = "aws-sdk-rust/1.3 ua/2.1 api/dynamodb#1 os/linux app/rotate-restore.check-restore";
        for header in ["user-agent", "x-amz-user-agent"] {
            let head = request("POST", "/", "sns", &[(header, agent)]);
            assert_eq!(identify(&head, b"").unwrap().step.as_deref(), Some("rotate-restore.check-restore"));
        }
        assert_eq!(
            identify(&request("POST", "/", "sns", &[("user-agent", "myapp/1")]), b"").unwrap().step,
            None
        );
    }

    #[test]
    fn a_presigned_request_is_a_call_and_an_unsigned_one_is_not() {
        let url = "/bucket/key?X-Amz-Credential=123456789012%2F20260101%2Feu-west-1%2Fs3%2Faws4_request";
        let head = Request::get(url).body(()).unwrap().into_parts().0;
        assert_eq!(identify(&head, b"").unwrap().action, "s3:GetObject");
        let head = Request::get("/_ministack/health").body(()).unwrap().into_parts().0;
        assert_eq!(identify(&head, b""), None);
        let head = Request::get("/").header("authorization", "Bearer x").body(()).unwrap().into_parts().0;
        assert_eq!(identify(&head, b""), None);
    }
}
