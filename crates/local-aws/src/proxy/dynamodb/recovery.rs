use std::sync::Arc;

use chrono::{DateTime, Duration, SubsecRound as _, Utc};
use serde_json::Value;

use super::{invalid, text};
use crate::clock::epoch;
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
        let days = settings.recovery_days.unwrap_or(LONGEST);
        let now = shared.script.now(&scope.account);
        let since = *settings.recovery_since.get_or_insert(now);
        let (earliest, latest) = window(since, days, now);
        set(description, "RecoveryPeriodInDays", days);
        set(description, "EarliestRestorableDateTime", epoch(earliest));
        set(description, "LatestRestorableDateTime", epoch(latest));
    } else {
        settings.recovery_since = None;
    }
    Ok(output)
}

/// Returns the first and the last second that can be restored. The last one is five minutes ago, and not before the first
/// one (API reference, PointInTimeRecoveryDescription).
fn window(since: DateTime<Utc>, days: u64, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let days = Duration::days(days.try_into().unwrap_or_default());
    let earliest = since.max(now - days).trunc_subsecs(0);
    (earliest, (now - Duration::minutes(5)).trunc_subsecs(0).max(earliest))
}

/// Converts an error to the one that these operations have for a table that does not exist.
fn not_found(refusal: ApiError, input: &Value) -> ApiError {
    if refusal.code != "ResourceNotFoundException" {
        return refusal;
    }
    let name = text(input, "TableName").unwrap_or_default();
    ApiError::new("TableNotFoundException", format!("Table not found: {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_when_recovery_was_turned_on_and_ends_five_minutes_ago() {
        let now: DateTime<Utc> = "2026-11-30T12:00:00Z".parse().unwrap();
        let ago = |minutes: i64| now - Duration::minutes(minutes);
        assert_eq!(window(ago(3), 35, now), (ago(3), ago(3)));
        assert_eq!(window(ago(60), 35, now), (ago(60), ago(5)));
        assert_eq!(window(ago(60 * 24 * 40), 7, now), (ago(60 * 24 * 7), ago(5)));
    }
}
