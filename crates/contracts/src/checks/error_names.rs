//! The names that an error can have without any step declaring it.

/// Step Functions' own:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>.
pub(crate) const OF_STEP_FUNCTIONS: [&str; 16] = [
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
    // JSONPath alone can raise these two, but naming them does no harm.
    "States.IntrinsicFailure",
    "States.ParameterPathFailure",
];

/// What the Lambda integration makes of the errors of `Invoke`, and of a function that does not answer.
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

/// What runtimes are known to end by. Each has names of its own, so another name is refused only where it is all but one of
/// these.
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

/// What the integration that starts another execution is known to fail by. Of it, too, not every name is known.
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

/// Errors of Lambda itself that pass by themselves: "Handle transient Lambda service exceptions" in
/// <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html>. All but the last come
/// before the function runs; after that one it may have run, and has to be safe to repeat.
pub(crate) const TRANSIENT: [&str; 5] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
];

/// Errors after which nobody knows whether the function did its work. Whether such a call may be repeated
/// is the definition's to say, by retrying or catching them.
pub(crate) const OUTCOME_UNKNOWN: [&str; 3] = ["Lambda.Unknown", "Sandbox.Timedout", "States.Timeout"];

/// Matches whatever another rule does not.
pub(crate) const ALL: &str = "States.ALL";

/// Matches everything but a timeout.
pub(crate) const TASK_FAILED: &str = "States.TaskFailed";

/// Whether a rule for `matcher` is taken for an error of this name.
pub(crate) fn matches(matcher: &str, name: &str) -> bool {
    matcher == name || matcher == ALL || (matcher == TASK_FAILED && name != "States.Timeout" && name != ALL)
}
