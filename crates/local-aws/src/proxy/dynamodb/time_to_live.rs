use std::sync::Arc;

use chrono::Duration;
use serde_json::Value;

use super::{invalid, text};
use crate::proxy::Shared;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// Handles DescribeTimeToLive, which shows no attribute while it is off.
pub(super) async fn describe(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let table = shared.table(scope, input).await?;
    shared.tables.of(scope).lock().await.refuse_while_restored(&table)?;
    described(shared, scope, input).await
}

async fn described(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let mut output = shared.dynamodb(scope, "DescribeTimeToLive", input).await?;
    if let Some(description) = output.get_mut("TimeToLiveDescription").and_then(Value::as_object_mut)
        && description.get("TimeToLiveStatus").and_then(Value::as_str) != Some("ENABLED")
    {
        description.remove("AttributeName");
    }
    Ok(output)
}

/// How long AWS refuses a change after the last one. One was refused after 1,811 s and one accepted after 1,872 s,
/// though the documentation says an hour (DDB-TABLE-143).
const BETWEEN_CHANGES: Duration = Duration::minutes(31);

/// Handles UpdateTimeToLive, which AWS allows only if it changes something, and once in about 31 minutes.
pub(super) async fn update(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let table = shared.table(scope, input).await?;
    state.refuse_while_restored(&table)?;
    let described = described(shared, scope, input).await?;
    let described = described.get("TimeToLiveDescription").cloned().unwrap_or_default();
    let wanted = input.get("TimeToLiveSpecification").cloned().unwrap_or_default();
    check(text(&described, "AttributeName"), &wanted)?;

    let settings = state.settings(&table);
    let now = shared.script.now(&scope.account);
    if settings.time_to_live_changed.is_some_and(|changed| now - changed < BETWEEN_CHANGES) {
        return Err(invalid("Time to live has been modified multiple times within a fixed interval"));
    }
    let output = shared.dynamodb(scope, "UpdateTimeToLive", input).await?;
    settings.time_to_live_changed = Some(now);
    Ok(output)
}

/// Refuses a change that would change nothing, given the current attribute.
fn check(current: Option<&str>, wanted: &Value) -> Result<(), ApiError> {
    let enabled = wanted.get("Enabled").and_then(Value::as_bool).unwrap_or_default();
    match (current, enabled) {
        (Some(current), _) if text(wanted, "AttributeName") != Some(current) => Err(invalid(format!(
            "TimeToLive is active on a different AttributeName: current AttributeName is {current}"
        ))),
        (Some(_), true) => Err(invalid("TimeToLive is already enabled")),
        (None, false) => Err(invalid("TimeToLive is already disabled")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_that_changes_nothing_is_refused() {
        let wanted = |enabled: bool, name: &str| json!({"Enabled": enabled, "AttributeName": name});
        let cases = [
            (None, wanted(true, "a"), None),
            (Some("a"), wanted(false, "a"), None),
            (None, wanted(false, "a"), Some("TimeToLive is already disabled")),
            (Some("a"), wanted(true, "a"), Some("TimeToLive is already enabled")),
            (
                Some("a"),
                wanted(true, "b"),
                Some("TimeToLive is active on a different AttributeName: current AttributeName is a"),
            ),
        ];
        for (current, wanted, expected) in cases {
            let refused = check(current, &wanted).err().map(|refusal| refusal.message);
            assert_eq!(refused.as_deref(), expected, "{current:?} {wanted}");
        }
    }
}
