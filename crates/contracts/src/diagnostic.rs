//! The findings of the check: one [`Diagnostic`] per finding, each with a [`Code`].
//!
//! A diagnostic has its position in the definition as a JSON Pointer. The [`Document`](crate::document::Document) knows
//! the line and column of each pointer, and the rendering combines both.

use serde::Serialize;
use serde_json::Value;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

pub use crate::severity::Severity;

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnostic {
    /// Code of the check that made the finding.
    pub code: Code,
    /// How certain it is that the finding matters.
    pub severity: Severity,
    /// JSON Pointer into the definition, such as `/States/Check/Arguments/Payload/targetTable`.
    pub pointer: String,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What would be right and what expects it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was found instead and where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub produced: Option<String>,
    /// Smallest value that shows the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<Value>,
    /// Advice on how to fix it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether the name at the pointer is wrong, not its value.
    #[serde(skip)]
    pub is_at_key: bool,
}

impl Diagnostic {
    /// Creates a diagnostic with a message only. Use the methods below to add details.
    pub fn new(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            pointer: pointer.into(),
            message: message.into(),
            expected: None,
            produced: None,
            counterexample: None,
            help: None,
            is_at_key: false,
        }
    }

    /// Replaces the severity of the code. Use it where one finding of a code is more or less certain than the others.
    #[must_use]
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// Marks that the name at the pointer is wrong, not its value.
    #[must_use]
    pub fn at_key(self) -> Self {
        Self { is_at_key: true, ..self }
    }

    /// Adds what would be right and what expects it.
    #[must_use]
    pub fn expected(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }

    /// Adds what was found instead and where it comes from.
    #[must_use]
    pub fn produced(self, produced: impl Into<String>) -> Self {
        Self { produced: Some(produced.into()), ..self }
    }

    /// Adds a value that one side produces and the other refuses.
    #[must_use]
    pub fn counterexample(self, counterexample: impl Into<Value>) -> Self {
        Self { counterexample: Some(counterexample.into()), ..self }
    }

    /// Adds advice on how to fix it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// The code of a check. Each has its own section in docs/contracts.md.
///
/// If `ValidateStateMachineDefinition` has a code for the same fault, it is used here.
#[derive(
    Clone,
    Copy,
    Debug,
    Display,
    EnumString,
    Eq,
    Hash,
    IntoStaticStr,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    VariantArray,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    // Structure.
    /// A field is missing, unknown in its state, or has an invalid value.
    SchemaValidationFailed,
    /// An object has two members of one name. Readers disagree about which of them counts.
    DuplicateKey,
    /// Two states, nested ones included, have the same name.
    DuplicateStateName,
    /// The name of a state is empty or longer than Step Functions allows.
    InvalidStateName,
    /// A transition leads to a state that does not exist.
    MissingTransitionTarget,
    /// No path from the start leads to this state.
    UnreachableState,
    /// No path from this state leads to an end.
    MissingEndState,
    /// The `Resource` of a Task is invalid.
    InvalidResource,

    // Expressions.
    /// An expression is not valid JSONata.
    InvalidJsonataExpression,
    /// A path of a JSONPath state is invalid, or leads to more than one value where only one is allowed.
    InvalidJsonpath,
    /// A call of an intrinsic function is invalid.
    InvalidIntrinsicFunction,
    /// An expression calls a function that Step Functions' JSONata does not have.
    UnknownFunction,
    /// A function gets an argument of the wrong type or number.
    WrongArgument,
    /// An expression reads `$states.result` or `$states.errorOutput` where it does not exist.
    StatesFieldUnavailable,
    /// An expression reads a variable that no path assigns.
    UnassignedVariable,
    /// An expression reads a variable that some path does not assign.
    PerhapsUnassignedVariable,
    /// A state assigns a variable of an outer scope.
    AssignmentOutOfScope,
    /// An expression cannot be typed.
    UntypedExpression,
    /// A plain text looks like an expression of another language.
    SuspiciousText,

    // Data.
    /// An expression reads a field that is never produced.
    UnknownField,
    /// An expression reads a field that only some paths produce.
    PerhapsAbsentField,
    /// A task waits for a callback without passing on its token.
    MissingTaskToken,
    /// The payload of a task does not match the input of its function.
    PayloadMismatch,
    /// The input of a nested execution does not match the input of its machine.
    NestedInputMismatch,
    /// The output of the machine does not match its declared output.
    OutputMismatch,
    /// A task has no contract, so its input and output are unknown.
    UnknownTask,
    /// A condition is not a boolean.
    ConditionNotBoolean,
    /// The values of a comparison can never be equal or ordered.
    ComparedTypesDiffer,
    /// A Choice without `Default` may match no rule.
    MissingDefault,
    /// The items of a Map are not an array.
    NotAnArray,
    /// The `Seconds` of a Wait are not a number of seconds, or its `Timestamp` is not a time.
    WaitNotSeconds,
    /// The `Error` or `Cause` of a Fail is not a string.
    FailFieldNotString,

    // Errors.
    /// `ErrorEquals` matches an error that nothing raises.
    UndeclaredError,
    /// A declared error is neither retried nor caught.
    UnhandledError,
    /// `States.ALL` shares its `ErrorEquals` with other names.
    StatesAllNotAlone,
    /// A rule for `States.ALL` is not the last one of its list.
    StatesAllNotLast,
    /// Earlier retriers or catchers leave nothing for this one.
    RuleNeverApplies,
    /// A Lambda task does not retry Lambda's transient errors.
    TransientErrorsNotRetried,

    // Time and size.
    /// A task or a machine may run forever.
    MissingTimeout,
    /// The timeout of a task always comes before its heartbeat.
    HeartbeatNotBelowTimeout,
    /// No state of a loop waits.
    LoopWithoutWait,
    /// The schemas of a payload do not limit it to 256 KiB.
    UnboundedPayload,

    // Deployment.
    /// The template does not substitute a `${Placeholder}`.
    PlaceholderNotSubstituted,
    /// The definition does not use a substitution.
    UnusedSubstitution,
    /// The function of a task is not in the template.
    FunctionNotInTemplate,
    /// The `Handler` of a function is unknown.
    UnknownHandler,
    /// A task may time out before its function does.
    FunctionTimeoutNotBelowTask,

    // Samples.
    /// A sample does not match its schema.
    SampleRefused,
    /// The schema that the name of a sample refers to does not exist.
    SampleWithoutSchema,

    // Dialect.
    /// The local engine ignores a field, or runs it differently from AWS.
    IgnoredByLocalEngine,

    // Comments.
    /// A `check:ignore` ignores nothing, or it cannot be understood.
    UnusedIgnore,
}

impl Code {
    /// All codes, grouped by topic.
    pub const ALL: &'static [Code] = Code::VARIANTS;

    /// Returns the code of this name. Names are compared without regard to case.
    pub fn parse(name: &str) -> Option<Code> {
        name.trim().to_uppercase().parse().ok()
    }

    /// Returns the code as it is printed, such as `MISSING_TRANSITION_TARGET`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
