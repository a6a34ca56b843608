//! `rollback.check-target`: checks that the table to go back to is usable and has the keys of the current one.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::arn::Arn;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::{PollSchedule, TableState, Wait};
use tablekeeper_core::aws::table::{self, key_names, key_types};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::rotation::rollback::Rollback;

use crate::step::{Failure, Step};

/// How long a table that is busy is waited for.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// The step that checks the table. The state machine runs it until the table is usable.
#[derive(Debug)]
pub struct CheckTarget {
    dynamodb: aws_sdk_dynamodb::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// Time when the execution began. The poll interval grows with the age since then.
    pub started_at: DateTime<Utc>,
    /// The rollback.
    pub rollback: Rollback,
}

/// The state of the table.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// The table is usable.
    Ready {},
    /// The table is not ready yet.
    Pending {
        /// Seconds to wait before the next poll.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
        /// What is still in progress.
        reason: String,
    },
}

/// Why the parameter cannot point at the table.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The table does not exist.
    #[error("the table {0} does not exist; go back to another one")]
    Missing(String),
    /// The table will never be usable.
    #[error("the table {table} cannot be used: {reason}")]
    NotUsable {
        /// ARN of the table.
        table: String,
        /// Why the table is not usable.
        reason: String,
    },
    /// The table was not usable in time.
    #[error("the table {table} was to be usable by {deadline}, but {reason}")]
    TimedOut {
        /// ARN of the table.
        table: String,
        /// Time by which the table had to be usable.
        deadline: String,
        /// What is still in progress.
        reason: String,
    },
    /// The table has other keys, so programs that use the current one could not use it.
    #[error("the table {table} has the key {keys}, but the current table {current} has {current_keys}")]
    OtherKeys {
        /// ARN of the table.
        table: String,
        /// Its keys.
        keys: String,
        /// Value of the parameter.
        current: String,
        /// The keys of the current table.
        current_keys: String,
    },
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Missing(_) => ErrorName::TargetTableMissing,
            Error::NotUsable { .. } => ErrorName::RestoreFailed,
            Error::TimedOut { .. } => ErrorName::RestoreTimedOut,
            Error::OtherKeys { .. } => ErrorName::InvalidInput,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for CheckTarget {
    const NAME: &'static str = "rollback.check-target";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[ErrorName::RestoreFailed, ErrorName::RestoreTimedOut, ErrorName::TargetTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CheckTarget, Failure> {
        Ok(CheckTarget { dynamodb: clients.dynamodb(), clock: Clock::System })
    }

    async fn run(&self, Input { started_at, rollback, .. }: Input) -> Result<Output, Error> {
        let deadline = started_at + PATIENCE;
        let schedule = PollSchedule {
            unseen_for_at_most: TimeDelta::zero(),
            ..PollSchedule::until(started_at, deadline)
        };
        let (table, now) = (rollback.table_arn, self.clock.now());
        let reason = match schedule.poll(&self.dynamodb, &table, now).await? {
            TableState::Ready(described) => {
                self.compare_keys(&described, table, rollback.from_value).await?;
                return Ok(Output::Ready {});
            }
            TableState::Failed(reason) => return Err(Error::NotUsable { table, reason }),
            TableState::Missing => return Err(Error::Missing(table)),
            TableState::Pending(reason, _) => reason,
        };
        match schedule.wait(now) {
            Wait::Seconds(wait_seconds) => Ok(Output::Pending { wait_seconds, reason }),
            Wait::TimedOut => Err(Error::TimedOut { table, deadline: deadline.to_rfc3339(), reason }),
        }
    }
}

impl CheckTarget {
    /// Compares the keys with those of the current table, if it still exists.
    async fn compare_keys(
        &self,
        described: &aws_sdk_dynamodb::types::TableDescription,
        table: String,
        current: String,
    ) -> Result<(), Error> {
        let place = |arn: &str| Arn::parse(arn).map(|arn| (arn.account.to_owned(), arn.region.to_owned()));
        let is_table = Arn::parse(&current).is_some_and(|arn| arn.table_name().is_some());
        if !is_table || place(&current) != place(&table) {
            return Ok(());
        }
        let Some(of_current) = table::describe(&self.dynamodb, &current).await? else { return Ok(()) };
        let (keys, current_keys) = (keys(described)?, keys(&of_current)?);
        if keys == current_keys {
            return Ok(());
        }
        Err(Error::OtherKeys { table, keys, current, current_keys })
    }
}

/// Describes the keys of a table, such as `id (S), at (N)`.
fn keys(table: &aws_sdk_dynamodb::types::TableDescription) -> Result<String, AwsFailure> {
    let keys = key_names(table).into_iter().zip(key_types(table)?);
    let keys: Vec<String> = keys.map(|(name, kind)| format!("{name} ({kind})")).collect();
    Ok(keys.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

    use super::*;
    use crate::step::AnyStep;

    fn aws() -> FakeAws {
        let aws = FakeAws::default().with_table("one").with_table("two");
        for table in ["one", "two"] {
            set_key(&aws, table, "id");
        }
        aws
    }

    fn set_key(aws: &FakeAws, table: &str, name: &str) {
        aws.set(table, "KeySchema", json!([{ "AttributeName": name, "KeyType": "HASH" }]));
        aws.set(table, "AttributeDefinitions", json!([{ "AttributeName": name, "AttributeType": "S" }]));
    }

    async fn check(aws: &FakeAws, age: i64, current: &str) -> Result<Value, Failure> {
        let clock = Clock::Fixed(DateTime::from_timestamp(age, 0).unwrap());
        let step = CheckTarget { dynamodb: aws.clients().dynamodb(), clock };
        let rollback = json!({ "ssmParameterName": "/p", "fromValue": current, "fromVersion": 2, "tableArn": arn("one"),
            "backup": null, "verified": "none", "pin": true });
        step.run_json(
            json!({ "executionArn": "e", "startedAt": "1970-01-01T00:00:00Z", "rollback": rollback }),
        )
        .await
    }

    #[tokio::test]
    async fn a_usable_table_with_the_same_keys_is_ready() {
        let aws = aws();
        for current in [&arn("two"), &arn("gone"), "x", "arn:aws:dynamodb:us-east-1:123456789012:table/two"] {
            assert_eq!(check(&aws, 0, current).await.unwrap(), json!({ "status": "READY" }));
        }
    }

    #[tokio::test]
    async fn a_table_with_other_keys_is_refused() {
        let aws = aws();
        set_key(&aws, "two", "number");
        let failure = check(&aws, 0, &arn("two")).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput);
        assert!(failure.message.contains("has the key id (S), but"), "{failure}");
        assert!(failure.message.ends_with("has number (S)"), "{failure}");
    }

    #[tokio::test]
    async fn a_busy_table_is_waited_for_within_an_hour() {
        let aws = aws();
        aws.set("one", "TableStatus", json!("UPDATING"));
        assert_eq!(check(&aws, 0, &arn("two")).await.unwrap()["waitSeconds"], 60);
        assert_eq!(check(&aws, 3_600, &arn("two")).await.unwrap_err().name, ErrorName::RestoreTimedOut);
    }

    #[tokio::test]
    async fn a_table_that_cannot_be_used_has_its_error_name() {
        let aws = aws();
        aws.set("one", "TableStatus", json!("ARCHIVED"));
        assert_eq!(check(&aws, 0, &arn("two")).await.unwrap_err().name, ErrorName::RestoreFailed);
        aws.state().tables.remove("one");
        assert_eq!(check(&aws, 0, &arn("two")).await.unwrap_err().name, ErrorName::TargetTableMissing);
        aws.refuse("dynamodb:DescribeTable", "AccessDeniedException");
        assert_eq!(check(&aws, 0, &arn("two")).await.unwrap_err().name, ErrorName::AccessDenied);
    }
}
