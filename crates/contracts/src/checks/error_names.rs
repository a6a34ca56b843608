//! The error names that occur without a step declaring them.

/// The error names of Step Functions:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>.
pub(crate) const OF_STEP_FUNCTIONS: [&str; 17] = [
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
    // Only JSONPath can raise these three, but naming them does no harm.
    "States.IntrinsicFailure",
    "States.ParameterPathFailure",
    "States.ResultPathMatchFailure",
];

/// The error names of the Lambda integration: errors of `Invoke`, and of functions that do not respond.
pub(crate) const OF_LAMBDA: [&str; 36] = [
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.EC2AccessDeniedException",
    "Lambda.EC2ThrottledException",
    "Lambda.EC2UnexpectedException",
    "Lambda.EFSIOException",
    "Lambda.EFSMountConnectivityException",
    "Lambda.EFSMountFailureException",
    "Lambda.EFSMountTimeoutException",
    "Lambda.ENILimitReachedException",
    "Lambda.InvalidParameterValueException",
    "Lambda.InvalidRequestContentException",
    "Lambda.InvalidRuntimeException",
    "Lambda.InvalidSecurityGroupIDException",
    "Lambda.InvalidSubnetIDException",
    "Lambda.InvalidZipFileException",
    "Lambda.KMSAccessDeniedException",
    "Lambda.KMSDisabledException",
    "Lambda.KMSInvalidStateException",
    "Lambda.KMSNotFoundException",
    "Lambda.RecursiveInvocationException",
    "Lambda.RequestTooLargeException",
    "Lambda.ResourceConflictException",
    "Lambda.ResourceNotFoundException",
    "Lambda.ResourceNotReadyException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.SnapStartException",
    "Lambda.SnapStartNotReadyException",
    "Lambda.SnapStartTimeoutException",
    "Lambda.SubnetIPAddressLimitReachedException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Lambda.UnsupportedMediaTypeException",
    "Sandbox.Timedout",
    "Function.ResponseSizeTooLarge",
];

/// The known error names of Lambda runtimes. Each runtime has its own names, so another name is refused only if it
/// looks like a typo of one of these.
pub(crate) const OF_RUNTIMES: [&str; 8] = [
    "Runtime.ExitError",
    "Runtime.HandlerNotFound",
    "Runtime.ImportModuleError",
    "Runtime.InvalidEntrypoint",
    "Runtime.MarshalError",
    "Runtime.UnhandledPromiseRejection",
    "Runtime.Unknown",
    "Runtime.UserCodeSyntaxError",
];

/// The known error names of the integration that starts another execution. This list is not complete either.
pub(crate) const OF_NESTED_EXECUTIONS: [&str; 9] = [
    "StepFunctions.AWSStepFunctionsException",
    "StepFunctions.ExecutionAlreadyExistsException",
    "StepFunctions.ExecutionDoesNotExistException",
    "StepFunctions.ExecutionLimitExceededException",
    "StepFunctions.InvalidArnException",
    "StepFunctions.SdkClientException",
    "StepFunctions.SfnException",
    "StepFunctions.StateMachineDoesNotExistException",
    "StepFunctions.ThrottlingException",
];

/// The transient errors of Lambda: "Handle transient Lambda service exceptions" in
/// <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html>. All but the last occur before the
/// function runs. After the last one the function may have run, so it has to be safe to repeat.
pub(crate) const TRANSIENT: [&str; 5] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
];

/// The errors after which it is unknown whether the function did its work. The definition has to decide whether the
/// call may be repeated, by retrying or catching them.
pub(crate) const OUTCOME_UNKNOWN: [&str; 3] = ["Lambda.Unknown", "Sandbox.Timedout", "States.Timeout"];

/// The error after which an execution always ends: it is never retried and never caught.
pub(crate) const RUNTIME: &str = "States.Runtime";

/// The start of the names of HTTP statuses, with which a task that calls an HTTP endpoint fails.
const HTTP_STATUS: &str = "States.Http.StatusCode.";

/// Returns whether a name is that of an HTTP status, such as `States.Http.StatusCode.429`.
pub(crate) fn is_http_status(name: &str) -> bool {
    let status = name.strip_prefix(HTTP_STATUS);
    status.is_some_and(|status| status.len() == 3 && status.chars().all(|digit| digit.is_ascii_digit()))
}

/// The name that matches all errors which no other rule matches.
pub(crate) const ALL: &str = "States.ALL";

/// The name that matches every error except a timeout.
pub(crate) const TASK_FAILED: &str = "States.TaskFailed";

/// Returns whether a rule for `matcher` matches an error of this name.
pub(crate) fn matches(matcher: &str, name: &str) -> bool {
    matcher == name || matcher == ALL || (matcher == TASK_FAILED && name != "States.Timeout" && name != ALL)
}
