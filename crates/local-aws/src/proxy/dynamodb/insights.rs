use std::sync::Arc;

use serde_json::{Value, json};

use super::{State, settings::Settings, text};
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

const BY_DEFAULT: &str = "ACCESSED_AND_THROTTLED_KEYS";
const MODE: &str = "ContributorInsightsMode";
const STATUS: &str = "ContributorInsightsStatus";

/// Contributor Insights that were enabled.
#[derive(Debug, Default)]
pub(super) struct Insights {
    mode: Option<String>,
    /// The number of calls that still show them as ENABLING.
    polls: u32,
    /// The reason why they cannot be enabled, if they fail.
    failure: Option<String>,
}

/// Handles DescribeContributorInsights. Adds the mode, and the reason if they failed.
pub(super) async fn describe(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let mut output = shared.dynamodb(scope, "DescribeContributorInsights", input).await?;
    let table = shared.table(scope, input).await?;
    let settings = state.settings(&table);
    show(settings, &mut output);
    let failure = insights(settings, &output).and_then(|insights| insights.failure.clone());
    if let Some(description) = failure.filter(|_| text(&output, STATUS) == Some("FAILED")) {
        let failure =
            json!({ "ExceptionName": "LimitExceededException", "ExceptionDescription": description });
        set(&mut output, "FailureException", failure);
    }
    Ok(output)
}

/// Handles UpdateContributorInsights. Adds the mode.
pub(super) async fn update(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let table = shared.table(scope, input).await?;
    state.refuse_while_restored(&table)?;
    let mut output = shared.dynamodb(scope, "UpdateContributorInsights", input).await?;
    let insights = &mut state.settings(&table).insights;
    let index = text(input, "IndexName").map(str::to_owned);
    if text(input, "ContributorInsightsAction") == Some("ENABLE") {
        let insights = insights.entry(index).or_default();
        insights.polls = shared.script.latency(&scope.account).updates;
        insights.failure = shared.script.insights_failure(&scope.account);
        insights.mode = text(input, MODE).map(str::to_owned).or_else(|| insights.mode.take());
        set(&mut output, MODE, insights.mode.as_deref().unwrap_or(BY_DEFAULT));
    } else {
        insights.remove(&index);
    }
    Ok(output)
}

/// Handles ListContributorInsights. Adds the modes and leaves out insights that are off.
pub(super) async fn list(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let state: &mut State = &mut *state.lock().await;
    let mut output = shared.dynamodb(scope, "ListContributorInsights", input).await?;
    if let Some(summaries) = output.get_mut("ContributorInsightsSummaries").and_then(Value::as_array_mut) {
        for summary in summaries.iter_mut() {
            let name = text(summary, "TableName").unwrap_or_default().to_owned();
            show(state.settings.entry(name).or_default(), summary);
        }
        summaries.retain(|summary| text(summary, STATUS) != Some("DISABLED"));
    }
    Ok(output)
}

fn insights<'a>(settings: &'a mut Settings, shown: &Value) -> Option<&'a mut Insights> {
    settings.insights.get_mut(&text(shown, "IndexName").map(str::to_owned))
}

/// Sets the mode and the status of insights that are on. Counts as a poll.
fn show(settings: &mut Settings, shown: &mut Value) {
    if !text(shown, STATUS).is_some_and(|status| status.starts_with("ENABL")) {
        return;
    }
    let mut unknown = Insights::default();
    let insights = insights(settings, shown).unwrap_or(&mut unknown);
    let status = match (&mut insights.polls, &insights.failure) {
        (0, None) => "ENABLED",
        (0, Some(_)) => "FAILED",
        (polls, _) => {
            *polls -= 1;
            "ENABLING"
        }
    };
    set(shown, STATUS, status);
    set(shown, MODE, insights.mode.as_deref().unwrap_or(BY_DEFAULT));
}
