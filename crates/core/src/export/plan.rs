//! How one table is exported, and whose its folder is.
//!
//! The plan is written down before anything else, as a new object: S3 takes it from one of several that come at once
//! (`If-None-Match: *`). An execution that finds its own goes by what it says, so that a repetition decides nothing
//! anew; one that finds another's keeps off, and takes the next folder of its second.

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
use crate::aws::table_selection::InvalidInput;
use crate::error_name::{ErrorName, HasErrorName};
use crate::storage::{Files, FilesError};

/// The version of the document that this code writes, and the only one that it reads.
pub const VERSION: u32 = 1;

/// How one table is exported.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// The table.
    pub table_name: String,
    /// Its ARN.
    pub table_arn: String,
    /// Tells it from other tables of the same name.
    pub table_id: String,
    /// Where everything lies, the prefix included; ends in `/`.
    pub folder: String,
    /// The export, in the form of AWS's ids.
    pub export_id: String,
    /// In how many segments it is scanned.
    #[schemars(range(min = 1, max = 64))]
    pub segments: u32,
    /// When it was planned: what was written before is in the export.
    pub export_time: DateTime<Utc>,
    /// What there is to say about how it is exported.
    #[schemars(length(max = 4))]
    pub notes: Vec<String>,
}

/// Who reads the items.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// We do, by Scan.
    Scan,
    /// DynamoDB does, as of one moment.
    Managed,
}

/// What the document in the folder says: `export.json`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// Of the document's form.
    pub version: u32,
    /// Whose the folder is.
    pub owner: String,
    /// Who reads the items.
    pub mode: Mode,
    /// What the run goes by.
    pub run: ExportConfig,
    /// How the table is exported.
    pub plan: Plan,
}

/// Why a table cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// An execution would not come to the end of it.
    #[error(transparent)]
    Endless(#[from] InvalidInput),
    /// There is no such table.
    #[error("table {0} does not exist, so it cannot be exported")]
    SourceTableMissing(String),
    /// Not yet.
    #[error("table {table} cannot be scanned yet: {reason}")]
    Busy {
        /// The table's name.
        table: String,
        /// What is still going on.
        reason: String,
    },
    /// In the state that it is in, it never will.
    #[error("table {table} cannot be scanned: it is {status}")]
    Failed {
        /// The table's name.
        table: String,
        /// Its state.
        status: String,
    },
    /// There is no folder for it.
    #[error("{document} is there already, and {why}: an export is written to a folder of its own")]
    ExportExists {
        /// The document that is in its way.
        document: String,
        /// Why it is neither passed over nor adopted.
        why: String,
    },
    /// The plan could not be written down.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An AWS call failed. Its name and action are kept.
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

/// Plans the export of a table and writes the plan down, or adopts the one that `owner` wrote down before. `owner` is
/// the execution, or what the command line calls itself; `now` is when. What an execution's calls do not come to the end
/// of is refused.
pub async fn plan(
    dynamodb: &aws_sdk_dynamodb::Client,
    files: &Files,
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
                "it was scanned, and is of no one moment: its point-in-time recovery is off".to_owned(),
            );
            Mode::Scan
        }
    };
    if (mode, caller) == (Mode::Scan, Caller::Execution) {
        scan_plan::check(run, table_name, table.table_size_bytes())?;
    }
    let table_arn = table.table_arn().unwrap_or_default().to_owned();
    let mut plan = Plan {
        table_name: table_name.to_owned(),
        table_id: table.table_id().unwrap_or_default().to_owned(),
        folder: String::new(),
        export_id: export_id(run, owner, &table_arn),
        table_arn,
        segments,
        export_time: now,
        notes,
    };
    let mut whose = String::new();
    for folder in folders(run, table_name) {
        plan.folder = folder;
        let key = document_in(&plan.folder);
        let exists = |why: String| Err(PlanError::ExportExists { document: files.location(&key), why });
        let (owner, run, plan) = (owner.to_owned(), run.clone(), plan.clone());
        match claim(files, &key, Document { version: VERSION, owner, mode, run, plan }).await? {
            Claim::Ours(there) => return Ok((there.mode, there.plan)),
            Claim::Taken(there) => whose = there.owner,
            Claim::Unusable { why } => return exists(why),
        }
    }
    let why = format!("is of {whose}, as all the others of this second are others'");
    Err(PlanError::ExportExists { document: files.location(&document_in(&plan.folder)), why })
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
