use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{invalid, text};
use crate::front::scope::Scope;
use crate::front::{Shared, page};
use crate::json::set;
use crate::upstream::Refusal;

/// AWS lists no more than this many at once.
const PAGE: usize = 10;

/// AWS keeps no more than this many for one table.
const MOST: usize = 50;

/// ListTagsOfResource, in pages.
pub(super) async fn list(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, Refusal> {
    let tags = all(shared, scope, input).await?;
    let (tags, next) = page::of(tags, text(input, "NextToken"), PAGE)
        .ok_or_else(|| invalid("The NextToken is not one that a former page gave."))?;
    let mut output = json!({ "Tags": tags });
    if let Some(next) = next {
        set(&mut output, "NextToken", next);
    }
    Ok(output)
}

async fn all(shared: &Shared, scope: &Scope, input: &Value) -> Result<Vec<Value>, Refusal> {
    let input = json!({ "ResourceArn": input.get("ResourceArn") });
    let mut output = shared.dynamodb(scope, "ListTagsOfResource", &input).await?;
    Ok(output.get_mut("Tags").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default())
}

/// TagResource, with the tags that AWS refuses.
pub(super) async fn tag(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, Refusal> {
    check(input.get("Tags"))?;
    // A table that is not there is for the emulator to tell.
    let kept = all(shared, scope, input).await.unwrap_or_default();
    let given = input.get("Tags").and_then(Value::as_array).into_iter().flatten();
    let keys: BTreeSet<&str> = kept.iter().chain(given).filter_map(|tag| text(tag, "Key")).collect();
    if keys.len() > MOST {
        return Err(too_many());
    }
    shared.dynamodb(scope, "TagResource", input).await
}

/// Fails for tags that no table can have.
pub(super) fn check(tags: Option<&Value>) -> Result<(), Refusal> {
    let tags = || tags.and_then(Value::as_array).into_iter().flatten();
    let keys = || tags().filter_map(|tag| text(tag, "Key"));
    if let Some(key) = keys().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(invalid(format!(
            "One or more parameter values were invalid: The tag key {key} begins with aws:, which is for AWS's own tags"
        )));
    }
    if keys().count() > MOST { Err(too_many()) } else { Ok(()) }
}

fn too_many() -> Refusal {
    invalid(format!("One or more parameter values were invalid: A resource can have {MOST} tags at most"))
}
