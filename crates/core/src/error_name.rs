//! The names of the errors that a step can fail with.

use std::error::Error as StdError;

use schemars::JsonSchema;
use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A name that a step can fail with.
///
/// It becomes the Lambda `errorType`, which `ErrorEquals` in a state machine's `Retry` and `Catch` matches. Each name
/// has an entry in docs/errors.md. A test compares the three.
#[derive(
    Clone,
    Copy,
    Debug,
    Display,
    EnumString,
    Eq,
    Hash,
    IntoStaticStr,
    JsonSchema,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    VariantArray,
)]
pub enum ErrorName {
    /// AWS refused the call because the role of the function does not have the permission.
    AccessDenied,
    /// The new backup was deleted, or not found, before it was available.
    BackupFailed,
    /// Another table is being restored from the same backup. DynamoDB restores one at a time.
    BackupInUse,
    /// The new backup was no longer available when an older one was to be deleted, so the older one was not deleted.
    BackupNotAvailable,
    /// The backup or recovery point does not exist.
    BackupNotFound,
    /// A backup took longer than its time limit.
    BackupTimedOut,
    /// The user's function that checks a table failed, or its answer cannot be read.
    CheckFunctionFailed,
    /// Another execution began an export of this table in the same second.
    ExportExists,
    /// The table cannot be exported: DynamoDB's own export failed, or an item cannot be written, for example.
    ExportFailed,
    /// The export failed verification, so no manifest was written.
    ExportNotVerified,
    /// A managed export of DynamoDB took longer than its time limit.
    ExportTimedOut,
    /// The tables of the account could not be read within the time of an invocation.
    FleetTimedOut,
    /// The history in the bucket does not reach back to the requested second, or has a gap there.
    HistoryIncomplete,
    /// The files of an import changed while they were being read.
    ImportChanged,
    /// The result of an import differs from its plan.
    ImportNotVerified,
    /// The environment of a function holds an invalid value.
    InvalidConfiguration,
    /// A file of an export cannot be read, or does not match its manifest.
    InvalidExport,
    /// The input of an execution or of a step is invalid.
    InvalidInput,
    /// SSM does not accept the expanded parameter name.
    InvalidParameterName,
    /// A pattern is not a regular expression, or a replacement names a group that it does not have.
    InvalidPattern,
    /// An object is not a settings document, or has an unknown version.
    InvalidSettingsDocument,
    /// DynamoDB does not accept the name of the table to restore to.
    InvalidTargetName,
    /// A version of an object in the item history is invalid.
    InvalidVersion,
    /// A notification cannot be read.
    MalformedNotification,
    /// The event or the message about the end of an execution could not be delivered.
    NotDelivered,
    /// Objects with changes that Lambda discarded could not be replayed and remain in the bucket.
    ObjectsLeft,
    /// An override is not supported for this kind of recovery point.
    OverrideNotSupported,
    /// Other executions kept writing the SSM parameter while this one tried to.
    PointerContended,
    /// The SSM parameter has as many versions as SSM retains, and a label keeps SSM from dropping the oldest.
    PointerVersionsFull,
    /// AWS refused the call for a reason that a retry does not change.
    RequestRefused,
    /// The table or the backup is busy with another operation.
    ResourceBusy,
    /// The restore failed, or the table is in a state that it does not leave by itself.
    RestoreFailed,
    /// The restore took longer than its time limit.
    RestoreTimedOut,
    /// A table breaks a rule about its protection.
    RulesBroken,
    /// It is not known whether a table keeps a rule about its protection.
    RulesNotKnown,
    /// AWS did not respond, or responded with an internal failure.
    ServiceUnavailable,
    /// The settings of the target table still differ from those of the source.
    SettingsNotEqual,
    /// A table to read from does not exist.
    SourceTableMissing,
    /// The stream is not being read, or is read too late to cover the requested second.
    StreamLags,
    /// The stream of the table is disabled, was replaced, or does not carry the items.
    StreamNotUsable,
    /// The table holds items, but only an empty table may be written to.
    TableNotEmpty,
    /// The table is being retired, so no SSM parameter may be pointed at it.
    TableRetiring,
    /// Some tables could not be backed up, exported, pruned or retired.
    TablesFailed,
    /// The target table exists and was not made from this recovery point.
    TargetTableExists,
    /// The table that is being restored, or that should be written to, does not exist.
    TargetTableMissing,
    /// AWS throttled the call.
    Throttled,
    /// A limit of the account does not allow another backup now.
    TooManyBackups,
    /// A quota of the account does not allow another restored table.
    TooManyRestores,
    /// The validation window of a restore test closed before a result was put.
    ValidationTimedOut,
    /// The table does not hold what a verification expects.
    VerificationFailed,
}

impl ErrorName {
    /// All names, in alphabetical order.
    pub const ALL: &'static [ErrorName] = ErrorName::VARIANTS;

    /// Returns the name as a state machine matches it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns whether the same call may succeed a little later. A step retries such a failure within its time limit. A
    /// segment ends successfully with what it has done so far.
    pub fn is_transient(self) -> bool {
        matches!(self, ErrorName::Throttled | ErrorName::ServiceUnavailable | ErrorName::ResourceBusy)
    }
}

/// An error with an [`ErrorName`].
pub trait HasErrorName: StdError + Send + Sync + 'static {
    /// Returns the name that a state machine matches.
    fn name(&self) -> ErrorName;
}
