use std::sync::Arc;

use serde_json::Value;

use super::{State, settings::Settings, text};
use crate::front::Shared;
use crate::front::scope::Scope;
use crate::json::set;
use crate::upstream::Refusal;

const BY_DEFAULT: &str = "ACCESSED_AND_THROTTLED_KEYS";
const MODE: &str = "ContributorInsightsMode";

/// DescribeContributorInsights, with the mode.
pub(super) async fn describe(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, Refusal> {
    call(shared, scope, "DescribeContributorInsights", input).await
}

/// UpdateContributorInsights, with the mode.
pub(super) async fn update(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, Refusal> {
    call(shared, scope, "UpdateContributorInsights", input).await
}

async fn call(shared: &Shared, scope: &Scope, operation: &str, input: &Value) -> Result<Value, Refusal> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let table = shared.table(scope, input).await?;
    state.refuse_while_restored(&table)?;
    let mut output = shared.dynamodb(scope, operation, input).await?;
    let settings = state.settings(&table);
    if let Some(mode) = text(input, MODE) {
        settings.insights.insert(text(input, "IndexName").map(str::to_owned), mode.to_owned());
    }
    show(settings, &mut output);
    Ok(output)
}

/// ListContributorInsights, with the modes.
pub(super) async fn list(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, Refusal> {
    let state = shared.tables.of(scope);
    let state: &State = &*state.lock().await;
    let mut output = shared.dynamodb(scope, "ListContributorInsights", input).await?;
    let summaries = output.get_mut("ContributorInsightsSummaries").and_then(Value::as_array_mut);
    let unknown = Settings::default();
    for summary in summaries.into_iter().flatten() {
        let settings = text(summary, "TableName").and_then(|name| state.settings.get(name));
        show(settings.unwrap_or(&unknown), summary);
    }
    Ok(output)
}

/// Shows the mode of insights that are on.
fn show(settings: &Settings, insights: &mut Value) {
    if text(insights, "ContributorInsightsStatus").is_some_and(|status| status.starts_with("ENABL")) {
        let mode = settings.insights.get(&text(insights, "IndexName").map(str::to_owned));
        set(insights, MODE, mode.map_or(BY_DEFAULT, String::as_str));
    }
}
