//! What became of an AWS call that failed, sorted into the few kinds that a state machine treats
//! differently: try again soon (`Throttled`, `ServiceUnavailable`), try again later (`ResourceBusy`),
//! ask a person (`AccessDenied`, `RequestRefused`). Codes that mean something to one step alone are
//! matched by that step before it asks for this sorting.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::error_name::ErrorName;

/// A failed AWS call, in words, with the kind of failure that it is.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{action} failed: {detail}")]
pub struct AwsFailure {
    /// The call by its IAM action, such as `dynamodb:DescribeTable`.
    pub action: &'static str,
    /// The kind of failure.
    pub name: ErrorName,
    /// AWS's error code and message, or what happened to the connection.
    pub detail: String,
}

impl AwsFailure {
    /// Sorts the failure of `action`. For use with `map_err` behind an SDK call.
    pub fn of<E>(action: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> AwsFailure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        move |error| {
            let code = error.code().unwrap_or_default();
            let server_fault = error.raw_response().is_some_and(|answer| answer.status().is_server_error());
            let name = match &error {
                SdkError::ServiceError(_) if is_throttling(code) => ErrorName::Throttled,
                SdkError::ServiceError(_) if is_access_denied(code) => ErrorName::AccessDenied,
                SdkError::ServiceError(_) if is_busy(code) => ErrorName::ResourceBusy,
                SdkError::ServiceError(_) if !server_fault => ErrorName::RequestRefused,
                SdkError::ConstructionFailure(_) => ErrorName::RequestRefused,
                _ => ErrorName::ServiceUnavailable,
            };
            AwsFailure { action, name, detail: describe(&error) }
        }
    }
}

/// The codes that AWS services throttle with; DynamoDB's are listed in the developer guide's "Error
/// handling with DynamoDB", SSM's `TooManyUpdates` in the reference of PutParameter.
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
    )
}

fn is_access_denied(code: &str) -> bool {
    matches!(
        code,
        "AccessDeniedException"
            | "AccessDenied"
            | "UnauthorizedOperation"
            | "UnrecognizedClientException"
            | "ExpiredTokenException"
    )
}

fn is_busy(code: &str) -> bool {
    matches!(code, "ResourceInUseException" | "TableInUseException" | "BackupInUseException")
}

/// The code and message that AWS sent, or else the innermost causes of a failed connection.
fn describe<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => {
            let mut words = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(inner) = cause {
                words = format!("{words}: {inner}");
                cause = inner.source();
            }
            words
        }
    }
}
