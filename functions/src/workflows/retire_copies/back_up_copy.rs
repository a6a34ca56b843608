//! `retire-copies.back-up-copy`: makes a backup of a copy, or says when to poll it again.
//!
//! The state machine runs this step until the backup is available. Without one, the copy is not deleted.

use aws_sdk_dynamodb::types::BackupStatus;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::{PollSchedule, Wait};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::prune::retention::backup_name;
use tablekeeper_core::prune::{NewBackup, new_backup};
use tablekeeper_core::retire::{CopyToRetire, RetireConfig};

use crate::step::{Failure, Step};
use crate::workflows::backup_prune::check_backup::status;

/// Seconds before the second poll. A backup is available within a second.
const FIRST_WAIT: i64 = 5;

/// The step that makes a backup of a copy.
#[derive(Debug)]
pub struct BackUpCopy {
    dynamodb: aws_sdk_dynamodb::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The options of the execution.
    pub run: RetireConfig,
    /// The copy.
    pub copy: CopyToRetire,
    /// The backup, once it was started; null before.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "nullable_backup")]
    pub backup: Option<NewBackup>,
}

/// The state of the backup.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// The backup is available.
    Ready {
        /// The backup.
        backup: NewBackup,
    },
    /// The backup is not available yet.
    Pending {
        /// The backup.
        backup: NewBackup,
        /// Seconds to wait before the next poll.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
    },
}

/// Why there is no backup.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The backup was not started.
    #[error(transparent)]
    NotStarted(#[from] new_backup::Error),
    /// The table is another one than that of the plan.
    #[error("table {0} is not the one that was planned to be retired: it was deleted and made again")]
    Replaced(String),
    /// The backup will never be available; holds its name.
    #[error("backup {0} failed: it was deleted, or no longer exists")]
    BackupFailed(String),
    /// The backup was not available by the deadline; holds its name and the deadline.
    #[error("backup {0} was to be available by {1}, but it is not")]
    BackupTimedOut(String, String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::NotStarted(error) => error.name(),
            Error::Replaced(_) => ErrorName::SourceTableMissing,
            Error::BackupFailed(_) => ErrorName::BackupFailed,
            Error::BackupTimedOut(..) => ErrorName::BackupTimedOut,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for BackUpCopy {
    const NAME: &'static str = "retire-copies.back-up-copy";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[
            ErrorName::SourceTableMissing,
            ErrorName::TooManyBackups,
            ErrorName::BackupFailed,
            ErrorName::BackupTimedOut,
        ],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<BackUpCopy, Failure> {
        Ok(BackUpCopy { dynamodb: clients.dynamodb(), clock: Clock::System })
    }

    async fn run(&self, Input { run, copy, backup, .. }: Input) -> Result<Output, Error> {
        let backup = match backup {
            Some(backup) => backup,
            None => {
                let name = backup_name(&copy.table_name, run.started_at);
                new_backup::start_or_adopt(&self.dynamodb, &copy.table_name, name).await?.0
            }
        };
        if backup.table_id != copy.table_id {
            return Err(Error::Replaced(copy.table_name));
        }
        match status(&self.dynamodb, &backup.backup_arn).await? {
            Some(BackupStatus::Available) => return Ok(Output::Ready { backup }),
            Some(BackupStatus::Deleted) | None => return Err(Error::BackupFailed(backup.backup_name)),
            Some(_) => {}
        }
        let schedule = PollSchedule {
            shortest_wait: FIRST_WAIT,
            ..PollSchedule::until(backup.created_at, run.deadline)
        };
        match schedule.wait(self.clock.now()) {
            Wait::Seconds(wait_seconds) => Ok(Output::Pending { backup, wait_seconds }),
            Wait::TimedOut => Err(Error::BackupTimedOut(backup.backup_name, run.deadline.to_rfc3339())),
        }
    }
}

/// Returns the schema of a backup, or null. The field is required.
fn nullable_backup(generator: &mut SchemaGenerator) -> Schema {
    let backup = generator.subschema_for::<NewBackup>();
    schemars::json_schema!({ "anyOf": [backup, { "type": "null" }] })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::testing::fake_aws::FakeAws;

    use super::*;
    use crate::step::AnyStep;
    use crate::workflows::retire_copies::testing::{EXECUTION, aws, copy, name, run};

    async fn back_up(aws: &FakeAws, backup: Value) -> Result<Value, Failure> {
        let clock = Clock::Fixed("2026-04-01T03:00:00Z".parse().unwrap());
        let step = BackUpCopy { dynamodb: aws.clients().dynamodb(), clock };
        step.run_json(json!({ "executionArn": EXECUTION, "run": run(), "copy": copy(1), "backup": backup }))
            .await
    }

    #[tokio::test]
    async fn a_backup_is_started_once_and_polled_until_it_is_available() {
        let aws = aws(1);
        let first = back_up(&aws, Value::Null).await.unwrap();
        assert_eq!(first["status"], "PENDING");
        assert_eq!(first["backup"]["backupName"], format!("{}-20260401T020000Z", name(1)));
        // The response was lost.
        assert_eq!(back_up(&aws, Value::Null).await.unwrap()["backup"], first["backup"]);
        assert_eq!(aws.calls("dynamodb:CreateBackup").len(), 1);
        aws.set_backup(0, "BackupStatus", json!("AVAILABLE"));
        let ready = back_up(&aws, first["backup"].clone()).await.unwrap();
        assert_eq!(ready, json!({ "status": "READY", "backup": first["backup"] }));
    }

    #[tokio::test]
    async fn failures_have_their_names() {
        let aws = aws(1);
        let backup = back_up(&aws, Value::Null).await.unwrap()["backup"].clone();
        aws.set_backup(0, "BackupStatus", json!("DELETED"));
        assert_eq!(back_up(&aws, backup.clone()).await.unwrap_err().name, ErrorName::BackupFailed);
        aws.set_backup(0, "BackupStatus", json!("CREATING"));
        let late = Clock::Fixed("2026-04-03T03:00:00Z".parse().unwrap());
        let step = BackUpCopy { dynamodb: aws.clients().dynamodb(), clock: late };
        let input = json!({ "executionArn": EXECUTION, "run": run(), "copy": copy(1), "backup": backup });
        assert_eq!(step.run_json(input).await.unwrap_err().name, ErrorName::BackupTimedOut);
        aws.refuse("dynamodb:DescribeBackup", "AccessDeniedException");
        assert_eq!(back_up(&aws, backup).await.unwrap_err().name, ErrorName::AccessDenied);
        aws.set(&name(1), "TableId", json!("another"));
        assert_eq!(back_up(&aws, Value::Null).await.unwrap_err().name, ErrorName::SourceTableMissing);
        aws.state().tables.clear();
        assert_eq!(back_up(&aws, Value::Null).await.unwrap_err().name, ErrorName::SourceTableMissing);
    }
}
