//! The names of failure.

use std::error::Error as StdError;

use schemars::JsonSchema;
use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Every name that a step can fail by.
///
/// A name becomes the Lambda `errorType`, which is what the `ErrorEquals` of a state machine's
/// `Retry` and `Catch` match, and each has an entry of its own in docs/errors.md. A test holds the
/// three together.
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
    /// AWS refused the call because the function's role may not make it.
    AccessDenied,
    /// A backup that was being made will never be available.
    BackupFailed,
    /// Another table is being restored from the same backup, and DynamoDB makes one at a time.
    BackupInUse,
    /// The backup that stays is not available any more, so nothing older is deleted.
    BackupNotAvailable,
    /// The backup or recovery point does not exist (any more).
    BackupNotFound,
    /// A backup took longer than it may.
    BackupTimedOut,
    /// Another execution has begun an export of this table in the same second.
    ExportExists,
    /// DynamoDB's own export failed.
    ExportFailed,
    /// What the export wrote is not what it should be, so it has no manifest.
    ExportNotVerified,
    /// DynamoDB's own export took longer than it may.
    ExportTimedOut,
    /// The bucket's history does not reach back to the second that is asked for, or has a gap there.
    HistoryIncomplete,
    /// The files of an import changed while they were being read.
    ImportChanged,
    /// What was imported is not as much as the export holds.
    ImportNotVerified,
    /// A function's environment holds a value that it cannot work with.
    InvalidConfiguration,
    /// A file of an export cannot be read, or does not hold what its manifest says.
    InvalidExport,
    /// The input of an execution, or of a step, is not what it takes.
    InvalidInput,
    /// The expanded SSM parameter name is not one that SSM accepts.
    InvalidParameterName,
    /// The source pattern is not a regular expression.
    InvalidPattern,
    /// An object that should be a settings document is none, or one of another version.
    InvalidSettingsDocument,
    /// The name of the table to restore to is not one that DynamoDB accepts.
    InvalidTargetName,
    /// An object among the versions of an incremental backup is none.
    InvalidVersion,
    /// A notification that cannot be read.
    MalformedNotification,
    /// Objects of changes that were given up could not be replayed, and are left.
    ObjectsLeft,
    /// An override that the kind of recovery point cannot honour.
    OverrideNotSupported,
    /// Other executions kept writing the SSM parameter while this one tried to.
    PointerContended,
    /// AWS refused the call for a reason that trying again does not change.
    RequestRefused,
    /// The table or the backup is busy with another operation.
    ResourceBusy,
    /// The restore, or the table that it made, ended in a state that it cannot leave.
    RestoreFailed,
    /// The restore took longer than it may.
    RestoreTimedOut,
    /// AWS did not answer, or answered with a failure of its own.
    ServiceUnavailable,
    /// The settings of the target table are not what they should be.
    SettingsNotEqual,
    /// The source table is gone.
    SourceTableMissing,
    /// The stream is not read, or so late that it has not told of the second that is asked for.
    StreamLags,
    /// The table's stream is off, is another one, or does not carry the items.
    StreamNotUsable,
    /// The table holds items, and only an empty one was to be written to.
    TableNotEmpty,
    /// Some tables were not backed up, exported or pruned as they should be.
    TablesFailed,
    /// The target table exists and was not made from this recovery point.
    TargetTableExists,
    /// The table that was being restored is gone.
    TargetTableMissing,
    /// AWS refused the call because there were too many.
    Throttled,
    /// The account makes as many backups at a time as it may.
    TooManyBackups,
    /// The account runs as many restores as it may.
    TooManyRestores,
}

impl ErrorName {
    /// Every name, in alphabetical order.
    pub const ALL: &'static [ErrorName] = ErrorName::VARIANTS;

    /// The name as a state machine matches it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns whether the same call may succeed a little later: what a step tries again within its time, and where a
    /// segment ends well with what it has so far.
    pub fn is_transient(self) -> bool {
        matches!(self, ErrorName::Throttled | ErrorName::ServiceUnavailable | ErrorName::ResourceBusy)
    }
}

/// An error that has one of the project's names.
pub trait HasErrorName: StdError + Send + Sync + 'static {
    /// The name that a state machine matches.
    fn name(&self) -> ErrorName;
}
