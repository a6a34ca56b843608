//! What the check has to say: one [`Diagnostic`] a finding, each with a [`Code`].
//!
//! A diagnostic says where in the definition it is by JSON Pointer. Lines and columns are not its
//! business: the [`Document`](crate::document::Document) knows them, and the rendering puts both together.

use serde::Serialize;
use serde_json::Value;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnostic {
    /// Which check.
    pub code: Code,
    /// Where: a JSON Pointer into the definition, such as `/States/Check/Arguments/Payload/targetTable`.
    pub pointer: String,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What would be right, and who expects it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What there is instead, and where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub produced: Option<String>,
    /// The smallest value that shows the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<Value>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic that says no more than what is wrong, and where.
    pub fn new(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            pointer: pointer.into(),
            message: message.into(),
            expected: None,
            produced: None,
            counterexample: None,
            help: None,
        }
    }

    /// Adds what would be right.
    #[must_use]
    pub fn expected(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }

    /// Adds what there is instead.
    #[must_use]
    pub fn produced(self, produced: impl Into<String>) -> Self {
        Self { produced: Some(produced.into()), ..self }
    }

    /// Adds a value that the one side makes and the other refuses.
    #[must_use]
    pub fn counterexample(self, counterexample: impl Into<Value>) -> Self {
        Self { counterexample: Some(counterexample.into()), ..self }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Which check made a finding. Each has a section of its own in docs/contracts.md.
///
/// Where `ValidateStateMachineDefinition` has a code for the same fault, it is that code.
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
    /// A field is missing, is not one of this state's, or holds what it may not hold.
    SchemaValidationFailed,
    /// A member stands twice in one object; readers disagree about which of the two counts.
    DuplicateKey,
    /// Two states, wherever they are nested, have one name.
    DuplicateStateName,
    /// A state's name is empty or longer than Step Functions takes.
    InvalidStateName,
    /// A transition leads to a state that is not there.
    MissingTransitionTarget,
    /// No path from the start leads to this state.
    UnreachableState,
    /// No path from this state leads to an end.
    MissingEndState,
    /// A Task's `Resource` is no resource.
    InvalidResource,
    /// A machine or a state is written in JSONPath, which this check does not read.
    JsonpathNotChecked,

    // Expressions.
    /// An expression is not JSONata.
    InvalidJsonataExpression,
    /// A function that Step Functions' JSONata does not have.
    UnknownFunction,
    /// A function is given an argument that it does not take.
    WrongArgument,
    /// `$states.result` or `$states.errorOutput` where there is none.
    StatesFieldUnavailable,
    /// A variable that no path assigns.
    UnassignedVariable,
    /// A variable that some path does not assign.
    PerhapsUnassignedVariable,
    /// An assignment to a variable of an outer scope.
    AssignmentOutOfScope,
    /// An expression that cannot be typed.
    UntypedExpression,

    // Data.
    /// A field is read that is never produced.
    UnknownField,
    /// A field is read that is produced on some paths only.
    PerhapsAbsentField,
    /// What a task is given is not what its function takes.
    PayloadMismatch,
    /// What a nested execution is given is not what its machine takes.
    NestedInputMismatch,
    /// What a machine ends with is not what it is said to end with.
    OutputMismatch,
    /// A task whose input and output nothing describes.
    UnknownTask,
    /// A condition that is not a boolean.
    ConditionNotBoolean,
    /// A comparison of values that can never be equal or ordered.
    ComparedTypesDiffer,
    /// A Choice that no rule may match, without a `Default`.
    MissingDefault,
    /// A Map over what is not an array.
    NotAnArray,
    /// A Wait for what is not a number of seconds, or until what is not a time.
    WaitNotSeconds,
    /// A Fail whose `Error` or `Cause` is not a string.
    FailFieldNotString,

    // Errors.
    /// `ErrorEquals` matches a name that nothing fails by.
    UndeclaredError,
    /// A declared error that is neither retried nor caught.
    UnhandledError,
    /// `States.ALL` shares its `ErrorEquals` with other names.
    StatesAllNotAlone,
    /// A rule for `States.ALL` is not the last of its list.
    StatesAllNotLast,
    /// A retrier or catcher that earlier ones leave nothing to.
    RuleNeverApplies,
    /// A Lambda task that does not retry Lambda's transient errors.
    TransientErrorsNotRetried,

    // Time and size.
    /// A task or a machine that may run for ever.
    MissingTimeout,
    /// A heartbeat that the timeout always comes before.
    HeartbeatNotBelowTimeout,
    /// A loop in which nothing waits.
    LoopWithoutWait,
    /// A payload that its schemas do not keep under 256 KiB.
    UnboundedPayload,

    // Deployment.
    /// A `${Placeholder}` that the template does not substitute.
    PlaceholderNotSubstituted,
    /// A substitution that the definition does not use.
    UnusedSubstitution,
    /// A task's function that is not in the template.
    FunctionNotInTemplate,
    /// A function's `Handler` that names no step.
    UnknownHandler,
    /// A task that gives up before its function does.
    FunctionTimeoutNotBelowTask,

    // Samples.
    /// A sample that its schema refuses.
    SampleRefused,
    /// A sample whose name says no schema that is there.
    SampleWithoutSchema,

    // Dialect.
    /// What the local engine ignores, or runs unlike AWS.
    IgnoredByLocalEngine,
}

impl Code {
    /// Every code, by theme.
    pub const ALL: &'static [Code] = Code::VARIANTS;

    /// The code as it is printed, such as `MISSING_TRANSITION_TARGET`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
