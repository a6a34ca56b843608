use std::sync::Arc;

use serde_json::Value;

use super::{invalid, text};
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// The longest period of point-in-time recovery in days, which is also the default.
const LONGEST: u64 = 35;

/// Handles DescribeContinuousBackups. Adds the recovery period.
pub(super) async fn describe(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    call(shared, scope, "DescribeContinuousBackups", input, None).await
}

/// Handles UpdateContinuousBackups. Stores the recovery period.
pub(super) async fn update(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let specification = |name: &str| input.get("PointInTimeRecoverySpecification")?.get(name);
    let is_off = specification("PointInTimeRecoveryEnabled") == Some(&Value::Bool(false));
    let days = match specification("RecoveryPeriodInDays") {
        Some(_) if is_off => {
            return Err(invalid(
                "One or more parameter values were invalid: RecoveryPeriodInDays cannot be specified when \
                 PointInTimeRecoveryEnabled is false",
            ));
        }
        None => LONGEST,
        Some(days) => days.as_u64().filter(|days| (1..=LONGEST).contains(days)).ok_or_else(|| {
            invalid(format!(
                "1 validation error detected: Value '{days}' at \
                 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed to satisfy constraint: Member must \
                 have value between 1 and {LONGEST}"
            ))
        })?,
    };
    call(shared, scope, "UpdateContinuousBackups", input, Some(days)).await
}

async fn call(
    shared: &Shared,
    scope: &Scope,
    operation: &str,
    input: &Value,
    days: Option<u64>,
) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let table = shared.table(scope, input).await.map_err(|refusal| not_found(refusal, input))?;
    state.refuse_while_restored(&table).map_err(|refusal| not_found(refusal, input))?;
    let mut output = shared.dynamodb(scope, operation, input).await?;
    let settings = state.settings(&table);
    settings.recovery_days = days.or(settings.recovery_days);
    let description = output.pointer_mut("/ContinuousBackupsDescription/PointInTimeRecoveryDescription");
    if let Some(description) = description
        && text(description, "PointInTimeRecoveryStatus") == Some("ENABLED")
    {
        set(description, "RecoveryPeriodInDays", settings.recovery_days.unwrap_or(LONGEST));
    }
    Ok(output)
}

/// Converts an error to the one that these operations have for a table that does not exist.
fn not_found(refusal: ApiError, input: &Value) -> ApiError {
    if refusal.code != "ResourceNotFoundException" {
        return refusal;
    }
    let name = text(input, "TableName").unwrap_or_default();
    ApiError::new("TableNotFoundException", format!("Table not found: {name}"))
}
