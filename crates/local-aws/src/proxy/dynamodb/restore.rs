use std::sync::Arc;

use hyper::http::request::Parts;
use serde_json::{Map, Value, json};

use super::polls::Restored;
use super::{backups, lifetime, table_of_backup, text, trail};
use crate::clock;
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::identify::Caller;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// The source that a restored table shows.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The backup or recovery point that was requested. A restore to a point in time has none.
    pub(crate) backup_arn: Option<String>,
    /// The table that was backed up.
    pub(crate) table_arn: String,
}

/// Handles a restore that a customer requests, which CloudTrail records.
pub(super) async fn by_customer(
    shared: &Arc<Shared>,
    caller: &Caller,
    head: &Parts,
    input: Value,
) -> Result<Value, ApiError> {
    let scope = Scope::from_caller(caller);
    let source = source(&scope, &input);
    // CloudTrail names the tables of a restore to a point in time, the target first. For a backup it names none.
    let target = table_arn(&scope, text(&input, "TargetTableName"));
    let tables = source.backup_arn.is_none().then(|| vec![target, source.table_arn.clone()]);
    let response = restore(shared, &scope, &caller.operation, input.clone(), source).await;
    trail::event(caller, head, &input, tables, &response).send(shared, &scope);
    response
}

fn source(scope: &Scope, input: &Value) -> Source {
    match text(input, "BackupArn") {
        Some(backup_arn) => Source {
            table_arn: table_of_backup(backup_arn).unwrap_or_default().to_owned(),
            backup_arn: Some(backup_arn.to_owned()),
        },
        None => Source {
            table_arn: text(input, "SourceTableArn")
                .map_or_else(|| table_arn(scope, text(input, "SourceTableName")), str::to_owned),
            backup_arn: None,
        },
    }
}

fn table_arn(Scope { account, region }: &Scope, name: Option<&str>) -> String {
    format!("arn:aws:dynamodb:{region}:{account}:table/{}", name.unwrap_or_default())
}

/// Restores a table on the emulator, starts its simulated latency, and returns the response of the call.
pub(crate) async fn restore(
    shared: &Arc<Shared>,
    scope: &Scope,
    operation: &str,
    mut input: Value,
    source: Source,
) -> Result<Value, ApiError> {
    let call = async |operation: &str, input: &Value| shared.dynamodb(scope, operation, input).await;
    let changes = take_ignored_overrides(&mut input);
    let target = input.get("TargetTableName").and_then(Value::as_str).unwrap_or_default().to_owned();

    let table = json!({ "TableName": target });
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    if let Ok(taken) = shared.table(scope, &table).await
        && state.restored.get(&target).is_some_and(|restored| restored.is_creating(&taken))
    {
        let message = format!("Table is already being restored: {target}");
        return Err(ApiError::new("TableInUseException", message));
    }
    backups::refuse_unless_available(&mut state, &input)?;
    let moment = moment(shared, scope, &input).await?;
    call(operation, &input).await?;
    let changes = with_maxima(shared, scope, &source, changes).await;
    if let Some(mut changes) = changes {
        changes.insert("TableName".to_owned(), target.clone().into());
        if let Err(refusal) = call("UpdateTable", &changes.into()).await {
            // AWS would have refused before it created anything.
            call("DeleteTable", &table).await?;
            return Err(refusal);
        }
    }
    let mut description = shared.table(scope, &table).await?;
    lifetime::forget_predecessor(shared, scope, &description).await?;
    let maxima = state.maxima_of_indexes(&source.table_arn);
    let settings = state.settings(&description);
    settings.is_restored = true;
    settings.limits = maxima;
    settings.show(&mut description);

    let latency = shared.script.latency(&scope.account);
    let record = Restored {
        table_id: description.get("TableId").cloned().unwrap_or_default(),
        summary: summary(source, moment),
        polls_until_active: latency.tables,
        polls_until_indexed: latency.indexes,
    };
    record.show_creating(&mut description);
    state.restored.insert(target, record);
    Ok(json!({ "TableDescription": description }))
}

/// Removes the overrides that the emulator accepts and ignores, and returns an UpdateTable that applies them.
fn take_ignored_overrides(input: &mut Value) -> Option<Map<String, Value>> {
    let input = input.as_object_mut()?;
    let mut changes = Map::new();
    if let Some(throughput) = input.remove("ProvisionedThroughputOverride") {
        changes.insert("ProvisionedThroughput".to_owned(), throughput);
        // Restored on demand first: the emulator could not take a throughput from an on-demand source.
        input.insert("BillingModeOverride".to_owned(), "PAY_PER_REQUEST".into());
        changes.insert("BillingMode".to_owned(), "PROVISIONED".into());
    }
    for (name, change) in [
        ("SSESpecificationOverride", "SSESpecification"),
        ("OnDemandThroughputOverride", "OnDemandThroughput"),
    ] {
        if let Some(value) = input.remove(name) {
            changes.insert(change.to_owned(), value);
        }
    }
    (!changes.is_empty()).then_some(changes)
}

/// Adds the source's maximum on-demand throughput to the changes, unless an override sets another. A restore copies it
/// (DDB-TABLE-215).
async fn with_maxima(
    shared: &Shared,
    scope: &Scope,
    source: &Source,
    changes: Option<Map<String, Value>>,
) -> Option<Map<String, Value>> {
    let name = "OnDemandThroughput";
    let described = shared.table(scope, &json!({ "TableName": source.table_arn })).await.unwrap_or_default();
    let is_given = changes.as_ref().is_some_and(|changes| {
        changes.contains_key(name) || changes.get("BillingMode") == Some(&json!("PROVISIONED"))
    });
    let Some(maxima) = described.get(name).filter(|_| !is_given) else { return changes };
    let mut changes = changes.unwrap_or_default();
    changes.insert(name.to_owned(), maxima.clone());
    Some(changes)
}

/// Returns the time that the items are from, in seconds since 1970: the creation time of the backup with milliseconds,
/// or the requested time in whole seconds.
async fn moment(shared: &Shared, scope: &Scope, input: &Value) -> Result<f64, ApiError> {
    let Some(arn) = text(input, "BackupArn") else {
        let requested = input.get("RestoreDateTime").and_then(Value::as_f64);
        return Ok(requested.unwrap_or_else(|| clock::now().timestamp() as f64).floor());
    };
    let described = shared.dynamodb(scope, "DescribeBackup", &json!({ "BackupArn": arn })).await?;
    let made = described.pointer("/BackupDescription/BackupDetails/BackupCreationDateTime");
    let reported = shared.script.backup_date(&scope.account, arn);
    Ok(reported.or_else(|| made.and_then(Value::as_f64)).unwrap_or_default())
}

fn summary(source: Source, moment: f64) -> Value {
    let mut summary = json!({
        "SourceTableArn": source.table_arn,
        "RestoreDateTime": moment,
        "RestoreInProgress": true,
    });
    if let Some(backup_arn) = source.backup_arn {
        set(&mut summary, "SourceBackupArn", backup_arn);
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_overrides_become_an_update() {
        let throughput = json!({"ReadCapacityUnits": 3, "WriteCapacityUnits": 4});
        let mut input = json!({
            "TargetTableName": "t",
            "BillingModeOverride": "PROVISIONED",
            "ProvisionedThroughputOverride": throughput,
            "SSESpecificationOverride": {"Enabled": true},
        });
        let changes = Value::from(take_ignored_overrides(&mut input).unwrap());
        let expected = json!({
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": throughput,
            "SSESpecification": {"Enabled": true},
        });
        assert_eq!(changes, expected);
        assert_eq!(input, json!({"TargetTableName": "t", "BillingModeOverride": "PAY_PER_REQUEST"}));
    }

    #[test]
    fn overrides_that_the_emulator_honours_are_not_changed() {
        let mut input = json!({"BillingModeOverride": "PAY_PER_REQUEST", "GlobalSecondaryIndexOverride": []});
        let before = input.clone();
        assert_eq!(take_ignored_overrides(&mut input), None);
        assert_eq!(input, before);
    }
}
