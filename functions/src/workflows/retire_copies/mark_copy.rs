//! `retire-copies.mark-copy`: marks a table, so that no writer points a parameter at it any more.
//!
//! A repeated step finds its own mark. A mark of another execution is left alone, and the table stays.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::retire::copies;
use tablekeeper_core::retire::mark::{EXPIRES_AFTER, Mark, set};
use tablekeeper_core::retire::{CopyToRetire, RetireConfig};

use super::report::CopyReport;
use crate::step::{Failure, Step};

/// Age from which the execution's own mark is written again, so that it does not expire before the deletion.
const OWN_MARK_IS_NEW_FOR: TimeDelta = TimeDelta::hours(1);

/// The step that marks a table.
#[derive(Debug)]
pub struct MarkCopy {
    dynamodb: aws_sdk_dynamodb::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, which the mark names.
    pub execution_arn: String,
    /// The options of the execution, for the logs.
    pub run: RetireConfig,
    /// The copy.
    pub copy: CopyToRetire,
    /// ARN of the backup of the copy; null if none was made.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub backup_arn: Option<String>,
}

/// Whether the table is marked.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Whether the table is marked by this execution.
    pub marked: bool,
    /// Report of the copy, as of now.
    pub report: CopyReport,
}

/// Why the table could not be marked.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] AwsFailure);

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        self.0.name
    }
}

impl Step for MarkCopy {
    const NAME: &'static str = "retire-copies.mark-copy";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<MarkCopy, Failure> {
        Ok(MarkCopy { dynamodb: clients.dynamodb(), clock: Clock::System })
    }

    async fn run(&self, Input { execution_arn, copy, backup_arn, .. }: Input) -> Result<Output, Error> {
        let now = self.clock.now();
        let found = copies::read(&self.dynamodb, std::slice::from_ref(&copy.table_name)).await?.pop();
        let left = |report| Ok(Output { marked: false, report });
        let kept = |reason: String| CopyReport::kept(&copy.table_name, reason, backup_arn.clone());
        let marked = || Output { marked: true, report: kept("it is marked, and not deleted yet".to_owned()) };
        let Some(found) = found else {
            return left(CopyReport::retired(&copy, Some("it was gone already"), backup_arn.clone()));
        };
        if found.table_id != copy.table_id {
            return left(kept("it was deleted and made again since the plan".to_owned()));
        }
        let mark = match &found.tags {
            Ok(tags) => tags.mark.as_ref(),
            Err(detail) => return Err(Error(unreadable(detail))),
        };
        match mark {
            Some(own) if own.is_of(&execution_arn) && own.is_younger_than(OWN_MARK_IS_NEW_FOR, now) => {
                return Ok(marked());
            }
            Some(other) if !other.is_of(&execution_arn) && other.is_younger_than(EXPIRES_AFTER, now) => {
                return left(kept(format!("another execution retires it: {}", other.value())));
            }
            _ => {}
        }
        match set(&self.dynamodb, &copy.table_arn, &Mark::new(&execution_arn, now)).await? {
            true => Ok(marked()),
            false => left(CopyReport::retired(&copy, Some("it was gone already"), backup_arn.clone())),
        }
    }
}

/// Returns the failure of a table whose tags cannot be read.
pub(super) fn unreadable(detail: &str) -> AwsFailure {
    AwsFailure::new("dynamodb:ListTagsOfResource", ErrorName::AccessDenied, detail.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::aws::own_tag::RETIRING;
    use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

    use super::*;
    use crate::step::AnyStep;
    use crate::workflows::retire_copies::testing::{EXECUTION, aws, copy, name, run};

    async fn mark(aws: &FakeAws, hour: u32) -> Result<Value, Failure> {
        let clock = Clock::Fixed(format!("2026-04-01T{hour:02}:00:00Z").parse().unwrap());
        let step = MarkCopy { dynamodb: aws.clients().dynamodb(), clock };
        step.run_json(json!({ "executionArn": EXECUTION, "run": run(), "copy": copy(1), "backupArn": "b" }))
            .await
    }

    fn tag(aws: &FakeAws) -> Option<String> {
        aws.state().tags.get(&arn(&name(1))).and_then(|tags| tags.get(RETIRING).cloned())
    }

    #[tokio::test]
    async fn a_table_is_marked_once() {
        let aws = aws(1);
        for _ in 0..2 {
            assert_eq!(mark(&aws, 2).await.unwrap()["marked"], true);
            assert_eq!(tag(&aws), Some(format!("{EXECUTION} 2026-04-01T02:00:00Z")));
        }
        assert_eq!(aws.calls("dynamodb:TagResource").len(), 1);
        mark(&aws, 5).await.unwrap();
        assert_eq!(tag(&aws), Some(format!("{EXECUTION} 2026-04-01T05:00:00Z")));
    }

    #[tokio::test]
    async fn a_table_of_another_execution_stays_until_its_mark_expires() {
        let other =
            "arn:aws:states:eu-west-1:123456789012:execution:retire-copies:other 2026-03-31T04:00:00Z";
        let aws = aws(1).with_tag(&name(1), RETIRING, other);
        let output = mark(&aws, 3).await.unwrap();
        assert_eq!((&output["marked"], &output["report"]["Outcome"]), (&json!(false), &json!("KEPT")));
        assert_eq!(output["report"]["Reason"], format!("another execution retires it: {other}"));
        assert_eq!(mark(&aws, 4).await.unwrap()["marked"], true);
    }

    #[tokio::test]
    async fn another_table_of_the_name_stays_and_a_missing_one_is_gone() {
        let aws = aws(1);
        aws.set(&name(1), "TableId", json!("another"));
        assert_eq!(mark(&aws, 2).await.unwrap()["report"]["Outcome"], "KEPT");
        aws.state().tables.clear();
        assert_eq!(mark(&aws, 2).await.unwrap()["report"]["Outcome"], "RETIRED");
        assert_eq!(tag(&aws), None);
    }

    #[tokio::test]
    async fn unreadable_tags_and_a_refused_mark_fail() {
        let aws = aws(1);
        aws.refuse("dynamodb:TagResource", "AccessDeniedException");
        assert_eq!(mark(&aws, 2).await.unwrap_err().name, ErrorName::AccessDenied);
        aws.refuse("dynamodb:ListTagsOfResource", "AccessDeniedException");
        assert_eq!(mark(&aws, 2).await.unwrap_err().name, ErrorName::AccessDenied);
        assert_eq!(tag(&aws), None);
    }
}
