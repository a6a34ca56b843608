//! How certain it is that a finding matters, and what a check reports at all.

use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr};

use crate::diagnostic::Code;

/// How certain it is that a finding matters. The order is from the least to the most certain.
#[derive(
    Clone, Copy, Debug, Display, EnumString, Eq, Hash, IntoStaticStr, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Severity {
    /// A matter of taste, or something that the check does not know.
    Note,
    /// It may fail, by a schema or a definition that is there.
    Warning,
    /// Step Functions refuses the definition, or an execution that gets there certainly fails.
    Error,
}

impl Severity {
    /// Returns the severity as it is printed, such as `warning`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a check reports.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// Whether what has no schema is an error. By default it is unknown, and nothing is reported about it. With this
    /// every finding is an error, so that a check without an error is a proof.
    pub strict: bool,
    /// Whether to report what the local engine ignores or runs differently.
    pub local_engine: bool,
}

impl Options {
    /// Returns the options of a project in which every function has its schemas and whose tests run on the local
    /// engine.
    pub fn strict() -> Options {
        Options { strict: true, local_engine: true }
    }
}

impl Code {
    /// Returns the severity of most findings of this code. A finding may have another one.
    pub fn severity(self) -> Severity {
        match self {
            Code::MissingTimeout
            | Code::TransientErrorsNotRetried
            | Code::LoopWithoutWait
            | Code::UnboundedPayload
            | Code::UnknownTask
            | Code::UntypedExpression
            | Code::UnusedSubstitution
            | Code::IgnoredByLocalEngine => Severity::Note,
            Code::PerhapsUnassignedVariable
            | Code::PerhapsAbsentField
            | Code::ComparedTypesDiffer
            | Code::MissingDefault
            | Code::UndeclaredError
            | Code::UnhandledError
            | Code::RuleNeverApplies
            | Code::HeartbeatNotBelowTimeout
            | Code::FunctionTimeoutNotBelowTask
            | Code::SuspiciousText
            | Code::SampleWithoutSchema
            | Code::UnusedIgnore => Severity::Warning,
            Code::SchemaValidationFailed
            | Code::DuplicateKey
            | Code::DuplicateStateName
            | Code::InvalidStateName
            | Code::MissingTransitionTarget
            | Code::UnreachableState
            | Code::MissingEndState
            | Code::InvalidResource
            | Code::InvalidJsonataExpression
            | Code::InvalidJsonpath
            | Code::InvalidIntrinsicFunction
            | Code::UnknownFunction
            | Code::WrongArgument
            | Code::StatesFieldUnavailable
            | Code::UnassignedVariable
            | Code::AssignmentOutOfScope
            | Code::UnknownField
            | Code::MissingTaskToken
            | Code::PayloadMismatch
            | Code::NestedInputMismatch
            | Code::OutputMismatch
            | Code::ConditionNotBoolean
            | Code::NotAnArray
            | Code::WaitNotSeconds
            | Code::FailFieldNotString
            | Code::StatesAllNotAlone
            | Code::StatesAllNotLast
            | Code::PlaceholderNotSubstituted
            | Code::FunctionNotInTemplate
            | Code::UnknownHandler
            | Code::SampleRefused => Severity::Error,
        }
    }
}
