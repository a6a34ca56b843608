//! Sorts failed AWS calls by what a state machine does next:
//!
//! - It retries soon after `Throttled` and `ServiceUnavailable`.
//! - It retries later after `ResourceBusy`.
//! - It stops after `AccessDenied` and `RequestRefused`, which need a person.
//!
//! A step matches codes that only it understands before it uses this module.

mod texts;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

use crate::error_name::ErrorName;

/// Begins the description of a call for which no credentials were found, or for which they could not be obtained.
pub const NO_CREDENTIALS: &str = "there are no usable AWS credentials";

/// Begins the description of a call that did not reach AWS.
pub const NO_CONNECTION: &str = "cannot connect";

/// A failed AWS call with its error name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{action} failed: {detail}")]
pub struct AwsFailure {
    /// IAM action of the call, such as `dynamodb:DescribeTable`.
    pub action: &'static str,
    /// Name of the error.
    pub name: ErrorName,
    /// AWS's error code, such as `ValidationException`. `None` if AWS sent none, or no response at all.
    pub code: Option<String>,
    /// AWS's error code and message, or a description of the failed connection.
    pub detail: String,
}

impl AwsFailure {
    /// The error names that any AWS call can fail with.
    pub const NAMES: &'static [ErrorName] = &[
        ErrorName::AccessDenied,
        ErrorName::RequestRefused,
        ErrorName::ResourceBusy,
        ErrorName::ServiceUnavailable,
        ErrorName::Throttled,
    ];

    /// Describes a call that failed for a reason that AWS did not state, such as an incomplete response.
    pub fn new(action: &'static str, name: ErrorName, detail: String) -> AwsFailure {
        AwsFailure { action, name, code: None, detail }
    }

    /// Converts the failure of a call of `action`. Use it with `map_err` after an SDK call.
    pub fn from_call<E>(action: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> AwsFailure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        move |error| {
            let code = error.code().unwrap_or_default();
            let message = error.message().unwrap_or_default();
            let server_fault =
                error.raw_response().is_some_and(|response| response.status().is_server_error());
            let forbidden = status_alone(&error) == Some(403);
            let name = match &error {
                SdkError::ServiceError(_) if is_throttling(code) => ErrorName::Throttled,
                SdkError::ServiceError(_) if forbidden || is_access_denied(code) => ErrorName::AccessDenied,
                SdkError::ServiceError(_) if is_busy(action, code, message) => ErrorName::ResourceBusy,
                SdkError::ServiceError(_) if is_interrupted(code) => ErrorName::ServiceUnavailable,
                SdkError::ServiceError(_) if !server_fault => ErrorName::RequestRefused,
                SdkError::ConstructionFailure(_) => ErrorName::RequestRefused,
                SdkError::DispatchFailure(_) => of_assumed_role(&error),
                _ => ErrorName::ServiceUnavailable,
            };
            AwsFailure { action, name, code: error.code().map(str::to_owned), detail: describe(&error) }
        }
    }

    /// Returns whether HeadObject found no object. Its response has no body and therefore no error code.
    pub fn is_missing<E>(error: &SdkError<E, HttpResponse>) -> bool {
        error.raw_response().is_some_and(|response| response.status().as_u16() == 404)
    }

    /// Converts the error of a request that could not be built because a required member is missing.
    pub fn unbuilt<E: std::error::Error>(action: &'static str) -> impl FnOnce(E) -> AwsFailure {
        move |error| AwsFailure::new(action, ErrorName::RequestRefused, error.to_string())
    }

    /// Describes a body that broke off after the head of its response, which is transient. `place` is the location of
    /// the object.
    pub fn broken_off(action: &'static str, place: &str, error: impl std::fmt::Display) -> AwsFailure {
        let detail = format!("{place} broke off: {error}");
        AwsFailure::new(action, ErrorName::ServiceUnavailable, detail)
    }

    /// Describes an object that could not be put in `tries` attempts, because others kept writing it.
    pub fn contended(place: &str, tries: usize) -> AwsFailure {
        let detail = format!("{place} was written by others during all {tries} attempts");
        AwsFailure::new("s3:PutObject", ErrorName::ResourceBusy, detail)
    }
}

/// Returns the HTTP status of an error response without a code, such as S3's response to HEAD, which has no body.
fn status_alone<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    let status = error.raw_response()?.status().as_u16();
    (matches!(error, SdkError::ServiceError(_)) && error.code().is_none()).then_some(status)
}

/// Returns an error and its causes.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_end_matches(". Attempted:")
}

/// Returns the error name of a call that was never sent: its role could not be assumed, or the connection failed. The
/// SDK reports both alike, but the error of STS is among the causes.
fn of_assumed_role(error: &(dyn std::error::Error + 'static)) -> ErrorName {
    let code = causes(error).find_map(|cause| cause.downcast_ref::<AssumeRoleError>()?.code());
    match code {
        Some(code) if is_access_denied(code) => ErrorName::AccessDenied,
        Some(code) if is_throttling(code) => ErrorName::Throttled,
        _ => ErrorName::ServiceUnavailable,
    }
}

/// Returns whether a code means throttling. DynamoDB's codes are listed in the developer guide's "Error handling with
/// DynamoDB", SSM's `TooManyUpdates` in the reference of PutParameter.
fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "ProvisionedThroughputExceededException"
            | "TooManyRequestsException"
            | "TooManyUpdates"
            | "SlowDown"
    )
}

/// Returns whether S3 reports that a request arrived incomplete or conflicted with another one. The status is 400 or
/// 409, and a retry succeeds (API reference, "Error responses": list of error codes).
fn is_interrupted(code: &str) -> bool {
    matches!(code, "RequestTimeout" | "IncompleteBody" | "OperationAborted" | "PriorRequestNotComplete")
}

fn is_access_denied(code: &str) -> bool {
    matches!(
        code,
        "AccessDeniedException"
            | "AccessDenied"
            | "UnauthorizedOperation"
            | "UnrecognizedClientException"
            | "ExpiredTokenException"
            | "ExpiredToken"
    )
}

/// Returns whether another operation on the resource is in progress. The code says so, and for some errors of DynamoDB
/// the message. Other services report a quota with LimitExceededException, which is not transient.
fn is_busy(action: &str, code: &str, message: &str) -> bool {
    let of_dynamodb = action.starts_with("dynamodb:");
    match code {
        "LimitExceededException" => of_dynamodb && !texts::is_quota(message),
        "ValidationException" => of_dynamodb && texts::is_transient_state(message),
        "ResourceInUseException"
        | "TableInUseException"
        | "BackupInUseException"
        | "ContinuousBackupsUnavailableException"
        | "ResourceConflictException"
        | "ConcurrentUpdateException" => true,
        _ => false,
    }
}

/// Describes an error: AWS's code and message, or else the status, or the causes of a failed connection.
fn describe<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let Some(status) = status_alone(error) {
        return format!("the response has the status {status} and no error message");
    }
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => match (bucket_of(error, code), region_of(error, code)) {
            (Some(bucket), Some(region)) => format!("{code}: {message} (bucket {bucket} in {region})"),
            (Some(bucket), None) => format!("{code}: {message} (bucket {bucket})"),
            (None, _) => format!("{code}: {message}"),
        },
        (Some(code), None) => code.to_owned(),
        (None, _) if causes(error).any(|cause| cause.is::<CredentialsError>()) => {
            format!("{NO_CREDENTIALS}: {}", first_line(&innermost(error)))
        }
        (None, _) if matches!(error, SdkError::DispatchFailure(failure) if failure.is_io()) => {
            format!("{NO_CONNECTION}: {}", innermost(error))
        }
        (None, _) => causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": "),
    }
}

/// Returns the bucket that S3's response names if it does not exist or is in another Region.
fn bucket_of<E>(error: &SdkError<E, HttpResponse>, code: &str) -> Option<String> {
    if !matches!(code, "NoSuchBucket" | "PermanentRedirect") {
        return None;
    }
    let body = std::str::from_utf8(error.raw_response()?.body().bytes()?).ok()?;
    ["BucketName", "Bucket", "Resource"].iter().find_map(|element| {
        let (_, rest) = body.split_once(&format!("<{element}>"))?;
        let (text, _) = rest.split_once('<')?;
        text.split('/').find(|part| !part.is_empty()).map(str::to_owned)
    })
}

/// Returns the Region of the bucket, which S3's response names if it is another one.
fn region_of<E>(error: &SdkError<E, HttpResponse>, code: &str) -> Option<String> {
    let region = error.raw_response()?.headers().get("x-amz-bucket-region")?;
    (code == "PermanentRedirect").then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::ErrorMetadata;

    use super::*;

    /// Returns the error name for this action, HTTP status and code.
    fn name_of(action: &'static str, status: u16, code: &str) -> ErrorName {
        name_by_text(action, status, code, "so AWS says")
    }

    /// Returns the error name for this action, HTTP status, code and message.
    fn name_by_text(action: &'static str, status: u16, code: &str, text: &str) -> ErrorName {
        let response = HttpResponse::new(status.try_into().unwrap(), "".into());
        let error = ErrorMetadata::builder().code(code).message(text).build();
        let failure = AwsFailure::from_call(action)(SdkError::service_error(error, response));
        assert_eq!(failure.to_string(), format!("{action} failed: {code}: {text}"));
        assert!(AwsFailure::NAMES.contains(&failure.name), "{failure:?}");
        failure.name
    }

    #[test]
    fn missing_bucket_is_named() {
        for (code, body, named) in [
            ("NoSuchBucket", "<Error><BucketName>a-b</BucketName></Error>", " (bucket a-b)"),
            ("PermanentRedirect", "<Error><Bucket>a-b</Bucket></Error>", " (bucket a-b)"),
            ("NoSuchBucket", "<Error><Resource>/a-b/c</Resource></Error>", " (bucket a-b)"),
            ("NoSuchBucket", "<Error/>", ""),
            ("NoSuchKey", "<Error><BucketName>a-b</BucketName></Error>", ""),
        ] {
            let response = HttpResponse::new(404.try_into().unwrap(), body.into());
            let error = ErrorMetadata::builder().code(code).message("so AWS says").build();
            let failure = AwsFailure::from_call("s3:ListBucket")(SdkError::service_error(error, response));
            assert_eq!(failure.to_string(), format!("s3:ListBucket failed: {code}: so AWS says{named}"));
        }
    }

    #[test]
    fn region_of_a_bucket_is_named_if_it_is_another_one() {
        for (code, expected) in
            [("PermanentRedirect", " (bucket a-b in eu-west-1)"), ("NoSuchBucket", " (bucket a-b)")]
        {
            let body = "<Error><Bucket>a-b</Bucket></Error>";
            let mut response = HttpResponse::new(301.try_into().unwrap(), body.into());
            response.headers_mut().insert("x-amz-bucket-region", "eu-west-1");
            let error = ErrorMetadata::builder().code(code).message("so AWS says").build();
            let failure = AwsFailure::from_call("s3:ListBucket")(SdkError::service_error(error, response));
            assert_eq!(failure.detail, format!("{code}: so AWS says{expected}"));
        }
    }

    #[test]
    fn throttling_codes_are_recognized_at_any_status() {
        for (status, code) in [
            (400, "ThrottlingException"),
            (400, "Throttling"),
            (400, "ThrottledException"),
            (400, "RequestLimitExceeded"),
            (400, "ProvisionedThroughputExceededException"),
            (429, "TooManyRequestsException"),
            (400, "TooManyUpdates"),
            (503, "SlowDown"),
        ] {
            assert_eq!(name_of("s3:GetObject", status, code), ErrorName::Throttled, "{code}");
        }
    }

    #[test]
    fn interrupted_s3_requests_are_transient() {
        for (status, code) in [
            (400, "RequestTimeout"),
            (400, "IncompleteBody"),
            (409, "OperationAborted"),
            (400, "PriorRequestNotComplete"),
        ] {
            assert_eq!(name_of("s3:PutObject", status, code), ErrorName::ServiceUnavailable, "{code}");
        }
    }

    #[test]
    fn conflicting_operations_are_busy() {
        for code in [
            "ResourceInUseException",
            "TableInUseException",
            "BackupInUseException",
            "ContinuousBackupsUnavailableException",
            "ResourceConflictException",
            "ConcurrentUpdateException",
        ] {
            let action = "lambda:UpdateEventSourceMapping";
            assert_eq!(name_of(action, 409, code), ErrorName::ResourceBusy, "{code}");
        }
    }

    #[test]
    fn limit_exceeded_is_transient_only_for_dynamodb() {
        let code = "LimitExceededException";
        assert_eq!(name_of("dynamodb:UpdateTable", 400, code), ErrorName::ResourceBusy);
        assert_eq!(name_of("cloudwatch:PutMetricAlarm", 400, code), ErrorName::RequestRefused);
        assert_eq!(name_of("cloudwatch:PutMetricAlarm", 400, "LimitExceeded"), ErrorName::RequestRefused);
    }

    #[test]
    fn quotas_and_states_are_recognized_by_their_text() {
        let class = "Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).";
        let tags = "Subscriber limit exceeded: Table tags are being updated: orders";
        let limit = |text| name_by_text("dynamodb:UpdateTable", 400, "LimitExceededException", text);
        assert_eq!((limit(class), limit(tags)), (ErrorName::RequestRefused, ErrorName::ResourceBusy));
        let creating =
            "Cannot describe time to live while table is in CREATING state: Current table state is CREATING";
        let describe = |action| name_by_text(action, 400, "ValidationException", creating);
        assert_eq!(describe("dynamodb:DescribeTimeToLive"), ErrorName::ResourceBusy);
        assert_eq!(describe("ssm:PutParameter"), ErrorName::RequestRefused);
    }

    #[test]
    fn other_codes_are_refusals_or_server_faults() {
        assert_eq!(name_of("s3:GetObject", 403, "AccessDenied"), ErrorName::AccessDenied);
        assert_eq!(name_of("dynamodb:UpdateTable", 400, "ExpiredTokenException"), ErrorName::AccessDenied);
        assert_eq!(name_of("s3:GetObject", 400, "ExpiredToken"), ErrorName::AccessDenied);
        assert_eq!(name_of("dynamodb:UpdateTable", 400, "ValidationException"), ErrorName::RequestRefused);
        assert_eq!(
            name_of("dynamodb:UpdateTable", 500, "InternalServerError"),
            ErrorName::ServiceUnavailable
        );
    }

    #[test]
    fn response_without_a_body_is_sorted_by_its_status() {
        for (status, name) in [
            (403, ErrorName::AccessDenied),
            (400, ErrorName::RequestRefused),
            (503, ErrorName::ServiceUnavailable),
        ] {
            let response = HttpResponse::new(status.try_into().unwrap(), "".into());
            let error = SdkError::service_error(ErrorMetadata::builder().build(), response);
            let failure = AwsFailure::from_call("s3:GetObject")(error);
            assert_eq!(failure.name, name, "{status}");
            let detail = format!("the response has the status {status} and no error message");
            assert_eq!(failure.detail, detail);
        }
    }

    #[test]
    fn failed_connection_reports_its_causes() {
        let lost = SdkError::<ErrorMetadata, HttpResponse>::timeout_error("no response");
        let failure = AwsFailure::from_call("s3:GetObject")(lost);
        assert_eq!(failure.name, ErrorName::ServiceUnavailable);
        assert!(failure.detail.ends_with("no response"), "{failure}");
        let unbuilt = SdkError::<ErrorMetadata, HttpResponse>::construction_failure("no table");
        assert_eq!(AwsFailure::from_call("s3:GetObject")(unbuilt).name, ErrorName::RequestRefused);
    }
}
