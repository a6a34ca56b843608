//! Resource policies of tables and streams. On AWS a read shows the former policy for 0.8 to 2.7 seconds after a
//! change, and a second change within 15 seconds is refused (DDB-TABLE-206, 244 to 248). Here the first read after a
//! change shows the former policy.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::{name_of, text};
use crate::proxy::Shared;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// The latest change of a policy.
#[derive(Debug)]
pub(super) struct Changed {
    at: DateTime<Utc>,
    /// The response of the next read, which still shows the former policy.
    former: Option<Result<Value, ApiError>>,
}

/// Handles GetResourcePolicy, which shows the former policy once after a change.
pub(super) async fn get(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    if let Ok(table) = table(shared, scope, input).await {
        let changed = state.settings(&table).policies.get_mut(text(input, "ResourceArn").unwrap_or_default());
        if let Some(former) = changed.and_then(|changed| changed.former.take()) {
            return former;
        }
    }
    shared.dynamodb(scope, "GetResourcePolicy", input).await
}

/// Handles PutResourcePolicy and DeleteResourcePolicy. A change is allowed once in 15 seconds.
pub(super) async fn change(
    shared: &Arc<Shared>,
    scope: &Scope,
    operation: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    // The emulator reports a table that does not exist.
    let Ok(table) = table(shared, scope, input).await else {
        return shared.dynamodb(scope, operation, input).await;
    };
    let arn = text(input, "ResourceArn").unwrap_or_default();
    let former = shared.dynamodb(scope, "GetResourcePolicy", &json!({ "ResourceArn": arn })).await;
    let parsed = |policy: Option<&str>| policy.map(serde_json::from_str::<Value>).and_then(Result::ok);
    let current = former.as_ref().ok().and_then(|former| parsed(text(former, "Policy")));
    if current == parsed(text(input, "Policy")) {
        return shared.dynamodb(scope, operation, input).await;
    }
    let now = shared.script.now(&scope.account);
    let policies = &mut state.settings(&table).policies;
    let until = policies.get(arn).map(|changed| changed.at + Duration::seconds(15));
    if let Some(until) = until.filter(|until| now < *until) {
        let message = format!(
            "Resource-based policy for table {} modified within the previous 15000 milliseconds. Please try again after \
             {until}.",
            name_of(&table)
        );
        return Err(ApiError::new("ThrottlingException", message));
    }
    let output = shared.dynamodb(scope, operation, input).await?;
    policies.insert(arn.to_owned(), Changed { at: now, former: Some(former) });
    Ok(output)
}

/// Returns the table of a policy, which may be that of the table or of its stream.
async fn table(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let arn = text(input, "ResourceArn").unwrap_or_default();
    let table = arn.split_once("/stream/").map_or(arn, |(table, _)| table);
    shared.table(scope, &json!({ "TableName": table })).await
}
