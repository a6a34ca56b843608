//! `retire-copies.finish-retirement`: reports the results of all copies.
//!
//! The execution succeeds only if every copy that was to be retired was, or stays for a reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};

use super::plan_retirement::Others;
use super::report::{CopyOutcome, CopyReport};
use crate::step::{Failure, Step};
use crate::table_reports::{self, Report};

/// The step that reports the results of an execution.
#[derive(Clone, Copy, Debug)]
pub struct FinishRetirement;

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// What the plan says of the copies that were not to be retired.
    pub others: Others,
    /// Reports of the copies that were to be retired.
    #[schemars(length(max = 100))]
    pub reports: Vec<Report<CopyReport, CopyOutcome>>,
}

/// The output of an execution.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Number of copies that were deleted.
    pub retired: u32,
    /// Number of copies that stay.
    pub kept: u32,
    /// Number of copies that no rule keeps and that are left to the next executions.
    pub later: u32,
    /// Reports of the copies, those that were to be retired first. If there are very many, some that stay are left out.
    #[schemars(length(max = 250))]
    pub copies: Vec<CopyReport>,
}

/// Some copies were not retired.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{failed} of {all} copies were not retired as they should be:\n{lines}")]
pub struct CopiesFailed {
    failed: usize,
    all: usize,
    lines: String,
}

impl HasErrorName for CopiesFailed {
    fn name(&self) -> ErrorName {
        ErrorName::TablesFailed
    }
}

impl Step for FinishRetirement {
    const NAME: &'static str = "retire-copies.finish-retirement";
    const ERRORS: &'static [&'static [ErrorName]] = &[&[ErrorName::TablesFailed]];
    type Input = Input;
    type Output = Output;
    type Error = CopiesFailed;

    fn new(_clients: &Clients) -> Result<FinishRetirement, Failure> {
        Ok(FinishRetirement)
    }

    async fn run(&self, Input { others, reports, .. }: Input) -> Result<Output, CopiesFailed> {
        let mut copies = table_reports::full(reports);
        let unreadable = others.reports.iter().filter(|report| report.outcome == CopyOutcome::Failed);
        let unreadable: Vec<CopyReport> = unreadable.cloned().collect();
        copies.extend(unreadable);
        let (failed, lines) = table_reports::failures(&copies);
        if failed > 0 {
            return Err(CopiesFailed { failed, all: copies.len(), lines });
        }
        let count = |outcome: CopyOutcome| {
            let of_outcome = copies.iter().filter(|copy| copy.outcome == outcome).count();
            u32::try_from(of_outcome).unwrap_or(u32::MAX)
        };
        let (retired, kept) = (count(CopyOutcome::Retired), count(CopyOutcome::Kept));
        copies.extend(others.reports);
        Ok(Output { retired, kept: kept.saturating_add(others.kept), later: others.later, copies })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::step::AnyStep;
    use crate::workflows::retire_copies::testing::{EXECUTION, name};

    fn report(day: u32, outcome: &str, reason: Value) -> Value {
        json!({ "TableName": name(day), "Outcome": outcome, "Reason": reason, "BackupArn": null, "Error": null,
            "Cause": null })
    }

    async fn finish(reports: Value) -> Result<Value, Failure> {
        let kept = report(3, "KEPT", json!("it is one of the newest 1 (Keep)"));
        let others = json!({ "reports": [kept], "kept": 1, "later": 2 });
        FinishRetirement
            .run_json(json!({ "executionArn": EXECUTION, "others": others, "reports": reports }))
            .await
    }

    #[tokio::test]
    async fn a_retired_and_a_kept_copy_are_counted() {
        let reports = json!([report(1, "RETIRED", Value::Null), report(2, "KEPT", json!("/p points at it"))]);
        let output = finish(reports).await.unwrap();
        assert_eq!(
            (&output["Retired"], &output["Kept"], &output["Later"]),
            (&json!(1), &json!(2), &json!(2))
        );
        assert_eq!(output["Copies"].as_array().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_failed_copy_fails_the_execution_with_a_line_for_each() {
        let cause = r#"{"errorType":"AccessDenied","errorMessage":"no"}"#;
        let failed =
            json!({ "TableName": name(1), "Outcome": "FAILED", "Error": "AccessDenied", "Cause": cause });
        let failure = finish(json!([report(2, "RETIRED", Value::Null), failed])).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::TablesFailed);
        assert_eq!(
            failure.message,
            format!(
                "1 of 2 copies were not retired as they should be:\n{}: failed: AccessDenied: no\n{}: deleted",
                name(1),
                name(2)
            )
        );
    }
}
