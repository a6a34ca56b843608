//! Plans the export of one table and claims its folder.
//!
//! The plan is written before anything else, as a new object. S3 accepts it from only one of several concurrent writers
//! (`If-None-Match: *`). An execution that finds its own plan uses it, so a repeated call does not decide again. An
//! execution that finds another's plan takes the next folder of the same second.

use aws_sdk_dynamodb::types::{PointInTimeRecoveryStatus, TableDescription};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::{Claim, Owned, claim};
use super::layout::{document_in, export_id, folders};
use super::{ExportConfig, scan_plan};
use crate::aws::failure::AwsFailure;
use crate::aws::rate::Caller;
use crate::aws::table as table_description;
use crate::aws::table::Unscannable;
use crate::aws::table_selection::SelectionError;
use crate::error_name::{ErrorName, HasErrorName};
use crate::storage::{Files, FilesError};

/// The version of the document that this code writes, and the only one that it reads.
pub const VERSION: u32 = 1;

/// The plan of one table's export.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// Name of the table.
    pub table_name: String,
    /// ARN of the table.
    pub table_arn: String,
    /// Id of the table, which differs between consecutive tables of the same name.
    pub table_id: String,
    /// Folder of the export, including the prefix; ends in `/`.
    pub folder: String,
    /// Id of the export, in AWS's form.
    pub export_id: String,
    /// Number of scan segments.
    #[schemars(range(min = 1, max = 64))]
    pub segments: u32,
    /// Time at which the export was planned. The export contains all changes that were made before.
    pub export_time: DateTime<Utc>,
    /// Notes about the way in which the table is exported.
    #[schemars(length(max = 4))]
    pub notes: Vec<String>,
}

/// The reader of the items.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// This project scans the table.
    Scan,
    /// DynamoDB exports the table at one point in time.
    Managed,
}

/// The document in the folder, `export.json`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// Version of the document.
    pub version: u32,
    /// Owner of the folder.
    pub owner: String,
    /// Reader of the items.
    pub mode: Mode,
    /// Options of the export.
    pub run: ExportConfig,
    /// Plan of the table's export.
    pub plan: Plan,
}

/// A table that cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The export would not end in time.
    #[error(transparent)]
    Endless(#[from] SelectionError),
    /// The table does not exist.
    #[error("table {0} does not exist, so it cannot be exported")]
    SourceTableMissing(String),
    /// The table cannot be scanned yet.
    #[error("table {table} cannot be scanned yet: {reason}")]
    Busy {
        /// Name of the table.
        table: String,
        /// What is in progress.
        reason: String,
    },
    /// The table is in a state in which it can never be scanned.
    #[error("table {table} cannot be scanned: it is {status}")]
    Failed {
        /// Name of the table.
        table: String,
        /// Status of the table.
        status: String,
    },
    /// No folder is free for the export.
    #[error("{document} already exists, and {why}: each export needs its own folder")]
    ExportExists {
        /// Location of the existing document.
        document: String,
        /// Why the document is neither skipped nor adopted.
        why: String,
    },
    /// The plan could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for PlanError {
    fn name(&self) -> ErrorName {
        match self {
            PlanError::Endless(error) => error.name(),
            PlanError::SourceTableMissing(_) => ErrorName::SourceTableMissing,
            PlanError::Busy { .. } => ErrorName::ResourceBusy,
            PlanError::Failed { .. } => ErrorName::ExportFailed,
            PlanError::ExportExists { .. } => ErrorName::ExportExists,
            PlanError::Files(error) => error.name(),
            PlanError::Aws(failure) => failure.name,
        }
    }
}

/// Plans the export of a table and writes the plan, or adopts the plan that `owner` wrote before. `owner` is the ARN of
/// the execution, or the name that the command line uses for itself. `now` is the time of the plan. Refuses a scan that
/// an execution would not end in time.
pub async fn plan(
    dynamodb: &aws_sdk_dynamodb::Client,
    files: &Files,
    run: &ExportConfig,
    owner: &str,
    table_name: &str,
    now: DateTime<Utc>,
    caller: Caller,
) -> Result<(Mode, Plan), PlanError> {
    let (mode, mut plan) = draft(dynamodb, run, owner, table_name, now, caller).await?;
    let mut other_owner = String::new();
    for folder in folders(run, table_name) {
        plan.folder = folder;
        let key = document_in(&plan.folder);
        let exists = |why: String| Err(PlanError::ExportExists { document: files.location(&key), why });
        let (owner, run, plan) = (owner.to_owned(), run.clone(), plan.clone());
        match claim(files, &key, Document { version: VERSION, owner, mode, run, plan }).await? {
            Claim::Ours(existing) => return Ok((existing.mode, existing.plan)),
            Claim::Taken(existing) => other_owner = existing.owner,
            Claim::Unusable { why } => return exists(why),
        }
    }
    let why = format!("belongs to {other_owner}, and every other folder of this second is also taken");
    Err(PlanError::ExportExists { document: files.location(&document_in(&plan.folder)), why })
}

/// Returns the plan that [`plan`] would write now, and writes nothing. Use it for a dry run.
pub async fn preview(
    dynamodb: &aws_sdk_dynamodb::Client,
    files: &Files,
    run: &ExportConfig,
    owner: &str,
    table_name: &str,
    now: DateTime<Utc>,
) -> Result<Plan, PlanError> {
    let (_, mut plan) = draft(dynamodb, run, owner, table_name, now, Caller::Process).await?;
    for folder in folders(run, table_name) {
        plan.folder = folder;
        if files.get(&document_in(&plan.folder)).await?.is_none() {
            return Ok(plan);
        }
    }
    let why = "every other folder of this second is also taken".to_owned();
    Err(PlanError::ExportExists { document: files.location(&document_in(&plan.folder)), why })
}

/// Checks the table and plans its export without a folder. Writes nothing.
async fn draft(
    dynamodb: &aws_sdk_dynamodb::Client,
    run: &ExportConfig,
    owner: &str,
    table_name: &str,
    now: DateTime<Utc>,
    caller: Caller,
) -> Result<(Mode, Plan), PlanError> {
    let Some(table) = table_description::describe(dynamodb, table_name).await? else {
        return Err(PlanError::SourceTableMissing(table_name.to_owned()));
    };
    can_be_read(table_name, &table)?;
    let (segments, mut notes) = scan_plan::segments(run, table.table_size_bytes(), caller);
    let mode = match run.managed {
        false => Mode::Scan,
        true if has_recovery(dynamodb, table_name).await? => Mode::Managed,
        true => {
            notes.push(
                "the table was scanned, so the export is not of one point in time: point-in-time recovery is \
                 off".to_owned(),
            );
            Mode::Scan
        }
    };
    if (mode, caller) == (Mode::Scan, Caller::Execution) {
        scan_plan::check(run, table_name, table.table_size_bytes())?;
    }
    let table_arn = table.table_arn().unwrap_or_default().to_owned();
    let plan = Plan {
        table_name: table_name.to_owned(),
        table_id: table.table_id().unwrap_or_default().to_owned(),
        folder: String::new(),
        export_id: export_id(run, owner, &table_arn),
        table_arn,
        segments,
        export_time: now,
        notes,
    };
    Ok((mode, plan))
}

impl Owned for Document {
    const VERSION: u32 = VERSION;

    fn version(&self) -> u32 {
        self.version
    }

    fn owner(&self) -> &str {
        &self.owner
    }
}

fn can_be_read(table_name: &str, table: &TableDescription) -> Result<(), PlanError> {
    let table_name = table_name.to_owned();
    table_description::scannable(table).map_err(|unscannable| match unscannable {
        Unscannable::Yet(reason) => PlanError::Busy { table: table_name, reason: reason.to_owned() },
        Unscannable::Ever(status) => {
            PlanError::Failed { table: table_name, status: status.as_str().to_owned() }
        }
    })
}

async fn has_recovery(dynamodb: &aws_sdk_dynamodb::Client, table_name: &str) -> Result<bool, AwsFailure> {
    let described = dynamodb.describe_continuous_backups().table_name(table_name).send().await;
    let described = described.map_err(AwsFailure::from_call("dynamodb:DescribeContinuousBackups"))?;
    let recovery = described
        .continuous_backups_description
        .and_then(|backups| backups.point_in_time_recovery_description)
        .and_then(|recovery| recovery.point_in_time_recovery_status);
    Ok(recovery == Some(PointInTimeRecoveryStatus::Enabled))
}
