use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{invalid, name_of, text};
use crate::json::set;
use crate::proxy::scope::Scope;
use crate::proxy::{Shared, page};
use crate::upstream::ApiError;

/// The largest page of tags that AWS returns.
const PAGE: usize = 10;

/// The number of tags that AWS allows per table.
const MOST: usize = 50;

/// Handles ListTagsOfResource, with pages.
pub(super) async fn list(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    // The emulator denies access to a table that does not exist.
    let table = table(shared, scope, input).await?;
    state.refuse_while_restored(&table)?;
    let tags = all(shared, scope, input).await?;
    state.settings(&table).tags_are_locked = false;
    let (tags, next) = page::of(tags, text(input, "NextToken"), PAGE)
        .ok_or_else(|| invalid("NextToken must be a token that an earlier page returned."))?;
    let mut output = json!({ "Tags": tags });
    if let Some(next) = next {
        set(&mut output, "NextToken", next);
    }
    Ok(output)
}

async fn all(shared: &Shared, scope: &Scope, input: &Value) -> Result<Vec<Value>, ApiError> {
    let input = json!({ "ResourceArn": input.get("ResourceArn") });
    let mut output = shared.dynamodb(scope, "ListTagsOfResource", &input).await?;
    Ok(output.get_mut("Tags").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default())
}

/// Handles TagResource. Refuses the tags that AWS refuses.
pub(super) async fn tag(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    check(input.get("Tags"))?;
    change(shared, scope, "TagResource", input).await
}

/// Handles UntagResource.
pub(super) async fn untag(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    change(shared, scope, "UntagResource", input).await
}

/// Makes a call that changes tags. On AWS it locks the table's tags for about two seconds (1.5 to 1.8, 3.4 at most). A
/// second call is refused until then unless it changes nothing (DDB-TABLE-103, 173, 440, 441). Here the tags are locked
/// until a caller lists them.
async fn change(
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
    state.refuse_while_restored(&table)?;
    let existing = all(shared, scope, input).await?;
    let given = || input.get("Tags").and_then(Value::as_array).into_iter().flatten();
    let keys: BTreeSet<&str> = existing.iter().chain(given()).filter_map(|tag| text(tag, "Key")).collect();
    if keys.len() > MOST {
        return Err(too_many());
    }
    let removed = || input.get("TagKeys").and_then(Value::as_array).into_iter().flatten();
    let is_existing = |key: &Value| existing.iter().any(|tag| tag.get("Key") == Some(key));
    let changes = given().any(|tag| !existing.contains(tag)) || removed().any(is_existing);
    let settings = state.settings(&table);
    if changes && settings.tags_are_locked {
        let message = format!("Subscriber limit exceeded: Table tags are being updated: {}", name_of(&table));
        return Err(ApiError::new("LimitExceededException", message));
    }
    let output = shared.dynamodb(scope, operation, input).await?;
    settings.tags_are_locked |= changes;
    Ok(output)
}

/// Returns the table of the call.
async fn table(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    shared.table(scope, &json!({ "TableName": input.get("ResourceArn") })).await
}

/// Fails for tags that no table can have.
pub(super) fn check(tags: Option<&Value>) -> Result<(), ApiError> {
    let tags = || tags.and_then(Value::as_array).into_iter().flatten();
    let keys = || tags().filter_map(|tag| text(tag, "Key"));
    if let Some(key) = keys().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(invalid(format!(
            "One or more parameter values were invalid: The tag key {key} begins with aws:, which is reserved for AWS"
        )));
    }
    if keys().count() > MOST { Err(too_many()) } else { Ok(()) }
}

fn too_many() -> ApiError {
    invalid(format!("One or more parameter values were invalid: A resource can have {MOST} tags at most"))
}
