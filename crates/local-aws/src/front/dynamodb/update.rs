use std::sync::Arc;

use serde_json::Value;

use super::settings::{Settings, Warm};
use super::{in_use, indexes, invalid, name_of, text};
use crate::front::Shared;
use crate::front::scope::Scope;
use crate::json::set;
use crate::upstream::Refusal;

/// UpdateTable, which AWS takes time for, and of which it refuses more than the emulator does.
pub(super) async fn update(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, Refusal> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let mut table = shared.table(scope, input).await?;
    let name = name_of(&table).to_owned();
    state.refuse_while_restored(&table)?;
    let settings = state.settings(&table);
    if settings.looks_until_updated > 0 {
        return Err(in_use(format!("Table is being updated: {name}")));
    }
    settings.show(&mut table);
    check_kinds(input)?;
    check_stream(&table, input)?;
    check_class(&table, input)?;
    check_warm(&mut table, input)?;

    let mut output = shared.dynamodb(scope, "UpdateTable", input).await?;
    note(settings, input);
    settings.looks_until_updated = shared.script.slowness(&scope.account).updates;
    if let Some(table) = output.get_mut("TableDescription") {
        settings.show(table);
        set(table, "TableStatus", "UPDATING");
    }
    Ok(output)
}

/// The changes to indexes of one sort: `Create`, `Update` or `Delete`.
fn index_changes<'a>(input: &'a Value, sort: &'a str) -> impl Iterator<Item = &'a Value> {
    let changes = input.get("GlobalSecondaryIndexUpdates").and_then(Value::as_array);
    changes.into_iter().flatten().filter_map(move |change| change.get(sort))
}

fn check_kinds(input: &Value) -> Result<(), Refusal> {
    let given = |names: &[&str]| names.iter().any(|name| input.get(name).is_some());
    let made_or_deleted = index_changes(input, "Create").count() + index_changes(input, "Delete").count();
    let kinds = [
        given(&["StreamSpecification"]),
        given(&["TableClass"]),
        given(&["ProvisionedThroughput", "BillingMode"]),
        made_or_deleted > 0,
    ];
    if kinds.into_iter().filter(|given| *given).count() > 1 {
        return Err(invalid(
            "One or more parameter values were invalid: Only one of a table's stream, its table class, its throughput \
             and its global secondary indexes can be changed in one UpdateTable",
        ));
    }
    if made_or_deleted > 1 {
        return Err(Refusal::new(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ));
    }
    Ok(())
}

fn check_stream(table: &Value, input: &Value) -> Result<(), Refusal> {
    let enabled = |of: &Value| of.pointer("/StreamSpecification/StreamEnabled").and_then(Value::as_bool);
    match (enabled(table).unwrap_or(false), enabled(input)) {
        (true, Some(true)) => {
            Err(invalid(format!("Table already has an enabled stream: TableName: {}", name_of(table))))
        }
        (false, Some(false)) => Err(invalid("Table already has a disabled stream")),
        _ => Ok(()),
    }
}

fn check_class(table: &Value, input: &Value) -> Result<(), Refusal> {
    let is = table.pointer("/TableClassSummary/TableClass").and_then(Value::as_str).unwrap_or("STANDARD");
    if text(input, "TableClass") == Some(is) {
        return Err(invalid(format!(
            "One or more parameter values were invalid: The table class is {is} already"
        )));
    }
    Ok(())
}

fn check_warm(table: &mut Value, input: &Value) -> Result<(), Refusal> {
    check_not_less("table", table, input)?;
    for change in index_changes(input, "Update") {
        let index = indexes(table).iter().find(|index| index.get("IndexName") == change.get("IndexName"));
        if let Some(index) = index {
            check_not_less(
                &format!("index {}", text(index, "IndexName").unwrap_or_default()),
                index,
                change,
            )?;
        }
    }
    Ok(())
}

fn check_not_less(what: &str, shown: &Value, given: &Value) -> Result<(), Refusal> {
    let now = Warm::read(shown.get("WarmThroughput"));
    for (name, now) in [("ReadUnitsPerSecond", now.reads), ("WriteUnitsPerSecond", now.writes)] {
        let wanted = given.get("WarmThroughput").and_then(|warm| warm.get(name)?.as_u64());
        if wanted.is_some_and(|wanted| wanted < now) {
            return Err(invalid(format!(
                "One or more parameter values were invalid: Requested {name} for WarmThroughput for {what} is lower \
                 than current WarmThroughput, decreasing WarmThroughput is not supported"
            )));
        }
    }
    Ok(())
}

fn note(settings: &mut Settings, input: &Value) {
    settings.warm = settings.warm.or_more(Warm::read(input.get("WarmThroughput")));
    for given in index_changes(input, "Create").chain(index_changes(input, "Update")) {
        settings.note_index(given);
    }
    for name in index_changes(input, "Delete").filter_map(|change| text(change, "IndexName")) {
        settings.limits.remove(name);
        settings.insights.remove(&Some(name.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(result: Result<(), Refusal>) -> Option<String> {
        result.err().map(|refusal| refusal.code)
    }

    #[test]
    fn one_kind_of_change_at_a_time() {
        let changes = |sort: &str, times: usize| json!(vec![json!({sort: {"IndexName": "i"}}); times]);
        let cases = [
            (json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": {}}), None),
            (json!({"TableClass": "STANDARD", "DeletionProtectionEnabled": true}), None),
            (
                json!({"BillingMode": "PROVISIONED", "GlobalSecondaryIndexUpdates": changes("Update", 2)}),
                None,
            ),
            (json!({"TableClass": "STANDARD", "StreamSpecification": {}}), Some("ValidationException")),
            (
                json!({"BillingMode": "PROVISIONED", "GlobalSecondaryIndexUpdates": changes("Create", 1)}),
                Some("ValidationException"),
            ),
            (json!({"GlobalSecondaryIndexUpdates": changes("Delete", 2)}), Some("LimitExceededException")),
        ];
        for (input, expected) in cases {
            assert_eq!(code(check_kinds(&input)).as_deref(), expected, "{input}");
        }
    }

    #[test]
    fn what_is_warm_stays_warm() {
        let warm =
            |reads: u64, writes: u64| json!({"ReadUnitsPerSecond": reads, "WriteUnitsPerSecond": writes});
        let index = json!({"IndexName": "i", "WarmThroughput": warm(10, 10)});
        let mut table = json!({"WarmThroughput": warm(20, 20), "GlobalSecondaryIndexes": [index]});
        let mut refused = |input: Value| code(check_warm(&mut table, &input)).is_some();
        assert!(!refused(json!({"WarmThroughput": warm(20, 21)})));
        assert!(!refused(json!({"WarmThroughput": {"ReadUnitsPerSecond": 30}})));
        assert!(refused(json!({"WarmThroughput": warm(30, 19)})));
        let of_index = |warm: Value| json!({"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "i", "WarmThroughput": warm}}]});
        assert!(!refused(of_index(warm(10, 11))));
        assert!(refused(of_index(warm(9, 11))));
    }
}
