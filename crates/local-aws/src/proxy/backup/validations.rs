//! Validation results of restore jobs.
//!
//! No restore testing plan runs here. A restore job whose table has a name of restore testing counts as started by a
//! plan, whoever started it.

use serde_json::{Value, json};

use super::restores::no_job;
use super::{Call, invalid, missing};
use crate::json::set;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// Prefix of the names of the tables that restore testing makes ("Restore testing" in the AWS Backup developer guide).
const TEST_TABLE: &str = "awsbackup-restore-test-";

/// The statuses of a validation. The last one is not final.
const STATUSES: [&str; 4] = ["FAILED", "SUCCESSFUL", "TIMED_OUT", VALIDATING];
const VALIDATING: &str = "VALIDATING";

/// A validation result that was put.
#[derive(Clone, Debug)]
pub(super) struct Validation {
    status: String,
    message: Option<String>,
}

/// Returns the ARN of the plan that counts as having started the job which makes this table. `None` if none has.
pub(super) fn plan_arn(target: &str, scope: &Scope) -> Option<String> {
    let Scope { account, region, .. } = scope;
    target
        .starts_with(TEST_TABLE)
        .then(|| format!("arn:aws:backup:{region}:{account}:restore-testing-plan:local"))
}

/// Adds what DescribeRestoreJob shows of a job of a plan.
pub(super) fn show(shown: &mut Value, plan_arn: &str, validation: Option<&Validation>) {
    set(shown, "CreatedBy", json!({ "RestoreTestingPlanArn": plan_arn }));
    if shown.get("Status").and_then(Value::as_str) == Some("COMPLETED") {
        let status = validation.map_or(VALIDATING, |validation| validation.status.as_str());
        set(shown, "ValidationStatus", status);
    }
    if let Some(message) = validation.and_then(|validation| validation.message.as_deref()) {
        set(shown, "ValidationStatusMessage", message);
    }
}

/// Handles PutRestoreValidationResult. A final result cannot be changed.
pub(super) async fn put(call: &Call<'_>) -> Result<Value, ApiError> {
    let id = call.segment(1);
    let status = call.optional("ValidationStatus").ok_or_else(|| missing("ValidationStatus"))?;
    if !STATUSES.contains(&status) {
        return Err(invalid(format!("ValidationStatus must be one of {}.", STATUSES.join(", "))));
    }
    let state = call.state();
    let mut state = state.lock().await;
    let job = state.restores.iter_mut().find(|job| job.id() == id).ok_or_else(|| no_job(id))?;
    let refused = |reason: &str| -> Result<Value, ApiError> {
        Err(ApiError::new("InvalidRequestException", format!("Restore job {id} {reason}.")))
    };
    if plan_arn(job.target(), &call.scope).is_none() {
        return refused("was not started by a restore testing plan");
    }
    if job.status() != "COMPLETED" {
        return refused("is not completed");
    }
    if job.validation.as_ref().is_some_and(|validation| validation.status != VALIDATING) {
        return refused("has a validation result, which cannot be changed");
    }
    let message = call.optional("ValidationStatusMessage").map(str::to_owned);
    job.validation = Some(Validation { status: status.to_owned(), message });
    Ok(Value::Null)
}
