//! Creates and deletes tables. The emulator passes settings of a deleted table on to a new one of the same name.

use std::sync::Arc;

use serde_json::{Value, json};

use super::settings::Warm;
use super::{name_of, tags, text};
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// Handles CreateTable. Stores what the emulator drops.
pub(super) async fn create(shared: &Arc<Shared>, scope: &Scope, mut input: Value) -> Result<Value, ApiError> {
    tags::check(input.get("Tags"))?;
    // The emulator would enable a stream whose specification disables it.
    if input.pointer("/StreamSpecification/StreamEnabled") == Some(&json!(false))
        && input.pointer("/StreamSpecification/StreamViewType").is_none()
        && let Some(members) = input.as_object_mut()
    {
        members.remove("StreamSpecification");
    }
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let mut output = shared.dynamodb(scope, "CreateTable", &input).await?;
    if let Some(table) = output.get_mut("TableDescription") {
        let settings = state.settings(table);
        settings.warm = Warm::read(input.get("WarmThroughput"));
        settings.show(table);
        forget_predecessor(shared, scope, table).await?;
    }
    Ok(output)
}

/// Handles DeleteTable.
pub(super) async fn delete(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let output = shared.dynamodb(scope, "DeleteTable", input).await?;
    if let Some(name) = output.get("TableDescription").map(name_of) {
        state.settings.remove(name);
        state.restored.remove(name);
    }
    Ok(output)
}

/// Removes what an earlier table of the same name left on a new one: its policy and its Contributor Insights.
pub(super) async fn forget_predecessor(
    shared: &Shared,
    scope: &Scope,
    table: &Value,
) -> Result<(), ApiError> {
    let policy = json!({ "ResourceArn": table.get("TableArn") });
    shared.dynamodb(scope, "DeleteResourcePolicy", &policy).await?;
    let indexes = table.get("GlobalSecondaryIndexes").and_then(Value::as_array);
    let indexes = indexes.into_iter().flatten().filter_map(|index| text(index, "IndexName"));
    for index in std::iter::once(None).chain(indexes.map(Some)) {
        let mut insights = json!({ "TableName": name_of(table) });
        if let Some(index) = index {
            set(&mut insights, "IndexName", index);
        }
        let described = shared.dynamodb(scope, "DescribeContributorInsights", &insights).await?;
        if text(&described, "ContributorInsightsStatus") != Some("DISABLED") {
            set(&mut insights, "ContributorInsightsAction", "DISABLE");
            shared.dynamodb(scope, "UpdateContributorInsights", &insights).await?;
        }
    }
    Ok(())
}
