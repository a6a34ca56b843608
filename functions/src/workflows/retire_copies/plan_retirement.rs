//! `retire-copies.plan-retirement`: decides which copies are retired, and says why the others stay.
//!
//! This step finds everything that can be wrong with the input. [`tablekeeper_core::retire::decision`] decides, for the
//! state machine and for `tablekeeper plan retire` alike. If a parameter or an execution cannot be read, it fails, and
//! nothing is deleted.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::table_selection::SelectionError;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::retire::decision::Decision;
use tablekeeper_core::retire::execution_input::{Defaults, ExecutionInput};
use tablekeeper_core::retire::plan::Readers;
use tablekeeper_core::retire::{CopyToRetire, RetireConfig};

use super::report::{CopyOutcome, CopyReport};
use crate::step::{Failure, Step};

/// The maximum number of copies that one execution retires, the oldest first. The next execution continues. This many
/// fit into the history of an execution, at about 60 events each, and their reports into its state.
const MOST_RETIREMENTS: usize = 100;
/// The maximum number of other copies that the report lists.
const MOST_LISTED: usize = 150;

/// The step that decides which copies are retired.
#[derive(Debug)]
pub struct PlanRetirement {
    readers: Readers,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Time when the execution began. The ages of the copies are judged at it.
    pub started_at: DateTime<Utc>,
    /// Default values: the template's parameters.
    pub defaults: Defaults,
}

/// The copies to retire, and what is known of the others.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The options of the execution.
    pub run: RetireConfig,
    /// Copies to retire; none if nothing is to be deleted.
    #[schemars(length(max = 100))]
    pub retire: Vec<CopyToRetire>,
    /// What is known of the other copies.
    pub others: Others,
}

/// The copies that an execution does not retire.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Others {
    /// Reports of these copies.
    #[schemars(length(max = 150))]
    pub reports: Vec<CopyReport>,
    /// Number of copies that stay.
    pub kept: u32,
    /// Number of copies that no rule keeps and that this execution leaves to the next ones.
    pub later: u32,
}

/// Why nothing could be decided.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input is invalid.
    #[error(transparent)]
    Input(#[from] SelectionError),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for PlanRetirement {
    const NAME: &'static str = "retire-copies.plan-retirement";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::InvalidPattern]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanRetirement, Failure> {
        Ok(PlanRetirement { readers: readers(clients) })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let run = input.execution_input.config(&input.defaults, input.started_at)?;
        let bases = input.execution_input.bases(&input.defaults)?;
        let decisions = self.readers.plan(&run, &input.execution_arn, &bases).await?;
        let (mut stale, kept): (Vec<Decision>, Vec<Decision>) =
            decisions.into_iter().partition(|decision| decision.reasons.is_empty());
        stale.sort_by(|one, other| one.copy.time().cmp(other.copy.time()));
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let mut others = Others { kept: count(kept.len()), ..Others::default() };
        if run.delete {
            others.later = count(stale.len().saturating_sub(MOST_RETIREMENTS));
            stale.truncate(MOST_RETIREMENTS);
        } else {
            let would =
                |decision: &Decision| CopyReport::new(&decision.copy.table_name, CopyOutcome::WouldRetire);
            others.reports.extend(stale.iter().map(would));
            stale.clear();
        }
        let report = |decision: &Decision| match &decision.copy.tags {
            Ok(_) => CopyReport::kept(&decision.copy.table_name, decision.text(), None),
            Err(detail) => CopyReport::unreadable(&decision.copy.table_name, detail),
        };
        others.reports.extend(kept.iter().map(report));
        others.reports.truncate(MOST_LISTED);
        Ok(Output { retire: stale.iter().filter_map(Decision::to_retire).collect(), run, others })
    }
}

/// Builds the clients that a decision needs.
pub(super) fn readers(clients: &Clients) -> Readers {
    Readers { dynamodb: clients.dynamodb(), sfn: clients.sfn(), ssm: clients.ssm() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

    use super::*;
    use crate::step::AnyStep;
    use crate::workflows::retire_copies::testing::{EXECUTION, STARTED_AT, aws, copy, name};

    async fn plan(aws: &FakeAws, input: Value) -> Result<Value, Failure> {
        let defaults = json!({ "tableNames": "orders", "tableNamePattern": "", "keep": "2", "olderThanDays": "0",
            "ssmParameterPrefixes": "", "stateMachineArns": "", "backUp": "true", "delete": "false",
            "backupTimeoutHours": "24" });
        PlanRetirement::new(&aws.clients())
            .unwrap()
            .run_json(json!({ "executionArn": EXECUTION, "executionInput": input, "startedAt": STARTED_AT,
                "defaults": defaults }))
            .await
    }

    #[tokio::test]
    async fn the_oldest_copies_that_no_rule_keeps_are_retired() {
        let aws = aws(4);
        aws.state().parameters.put("/p", &arn(&name(1)));
        let output = plan(&aws, json!({ "Delete": true })).await.unwrap();
        assert_eq!(output["retire"], json!([copy(2)]));
        assert_eq!((&output["others"]["kept"], &output["others"]["later"]), (&json!(3), &json!(0)));
        let reasons: Vec<&str> = output["others"]["reports"]
            .as_array()
            .unwrap()
            .iter()
            .map(|report| report["Reason"].as_str().unwrap())
            .collect();
        let newest = "it is one of the newest 2 (Keep)";
        assert_eq!(reasons, [newest, newest, "/p points at it (current)"]);
        assert_eq!(output["run"]["deadline"], "2026-04-02T02:00:00Z");
    }

    #[tokio::test]
    async fn nothing_is_retired_without_delete() {
        let output = plan(&aws(3), json!({})).await.unwrap();
        assert_eq!((&output["retire"], &output["others"]["kept"]), (&json!([]), &json!(2)));
        let first = &output["others"]["reports"][0];
        assert_eq!((&first["TableName"], &first["Outcome"]), (&json!(name(1)), &json!("WOULD_RETIRE")));
    }

    #[tokio::test]
    async fn one_execution_retires_a_hundred_copies_and_leaves_the_others_to_the_next() {
        let mut aws = aws(1);
        for minute in 0..104 {
            let name = format!("orders-20260201-{:02}-{:02}-00", minute / 60, minute % 60);
            aws = aws.with_table(&name).with_tag(&name, "tablekeeper:recovery-point", "r");
        }
        let output = plan(&aws, json!({ "Delete": true })).await.unwrap();
        let retire = output["retire"].as_array().unwrap();
        assert_eq!((retire.len(), &output["others"]["later"]), (100, &json!(3)));
        assert_eq!(retire[0]["tableName"], "orders-20260201-00-00-00");
    }

    #[tokio::test]
    async fn a_wrong_input_is_refused_before_any_call() {
        let aws = aws(3);
        for (wrong, name) in [
            (json!({ "Keep": 0 }), ErrorName::InvalidInput),
            (json!({ "TableNamePattern": "(" }), ErrorName::InvalidPattern),
        ] {
            assert_eq!(plan(&aws, wrong).await.unwrap_err().name, name);
        }
        assert!(aws.state().calls.is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_read_fails_the_plan() {
        for action in ["dynamodb:ListTables", "ssm:DescribeParameters"] {
            let aws = aws(3);
            aws.refuse(action, "AccessDeniedException");
            let failure = plan(&aws, json!({ "Delete": true })).await.unwrap_err();
            assert_eq!(failure.name, ErrorName::AccessDenied, "{action}");
        }
    }
}
