mod checks;

use std::sync::Arc;

use serde_json::{Value, json};

use super::settings::{Settings, Warm};
use super::{in_use, name_of, text};
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// Handles UpdateTable, which takes time on AWS and is refused there more often than by the emulator.
pub(super) async fn update(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let mut table = shared.table(scope, input).await?;
    let name = name_of(&table).to_owned();
    state.refuse_while_restored(&table)?;
    let settings = state.settings(&table);
    let protection = input.get("DeletionProtectionEnabled").and_then(Value::as_bool);
    if settings.polls_until_updated > 0 && protection.is_none() {
        return Err(in_use(format!("Table is being updated: {name}")));
    }
    settings.show(&mut table);
    checks::check_kinds(input)?;
    checks::check_stream(&table, input)?;
    checks::check_warm(&mut table, input)?;
    let now = shared.script.now(&scope.account);
    if protection.is_some_and(|wanted| is_protected(&table) != wanted) {
        checks::check_protection(settings, &name, now)?;
        settings.protection_changed = Some(now);
    }
    let class = text(input, "TableClass");
    if class.is_some() && settings.class_changes >= CLASS_CHANGES {
        return Err(ApiError::new(
            "LimitExceededException",
            format!(
                "Subscriber limit exceeded: Updates to TableClass are limited to {CLASS_CHANGES} times in 30 day(s)."
            ),
        ));
    }
    if class == Some(class_of(&table)) {
        // AWS reports UPDATING though nothing changes and it takes no time (DDB-TABLE-180, 283).
        set(&mut table, "TableStatus", "UPDATING");
        return Ok(json!({ "TableDescription": table }));
    }

    let mut output = shared.dynamodb(scope, "UpdateTable", input).await?;
    let polls = shared.script.latency(&scope.account).updates;
    settings.class_changes += u32::from(class.is_some());
    note(settings, input, polls);
    let takes_time = takes_time(input);
    if takes_time {
        settings.polls_until_updated = polls;
    }
    if let Some(table) = output.get_mut("TableDescription") {
        settings.show(table);
        set(
            table,
            "TableStatus",
            if takes_time || settings.polls_until_updated > 0 { "UPDATING" } else { "ACTIVE" },
        );
    }
    Ok(output)
}

/// The number of class changes that AWS allows per table in 30 days (DDB-TABLE-018, 283).
const CLASS_CHANGES: u32 = 2;

/// Returns whether an update makes the table UPDATING. Deletion protection and maximum on-demand throughput change
/// before the call returns. Warm throughput and encryption have their own status (DDB-TABLE-003, 178, 179).
fn takes_time(input: &Value) -> bool {
    let kinds = ["StreamSpecification", "TableClass", "BillingMode", "ProvisionedThroughput"];
    let of_index = |change: &Value| change.get("ProvisionedThroughput").is_some();
    kinds.iter().any(|kind| input.get(kind).is_some())
        || index_changes(input, "Create").chain(index_changes(input, "Delete")).next().is_some()
        || index_changes(input, "Update").any(of_index)
}

fn is_protected(table: &Value) -> bool {
    table.get("DeletionProtectionEnabled") == Some(&Value::Bool(true))
}

fn class_of(table: &Value) -> &str {
    table.pointer("/TableClassSummary/TableClass").and_then(Value::as_str).unwrap_or("STANDARD")
}

/// Returns the changes to indexes of one kind: `Create`, `Update` or `Delete`.
fn index_changes<'a>(input: &'a Value, sort: &'a str) -> impl Iterator<Item = &'a Value> {
    let changes = input.get("GlobalSecondaryIndexUpdates").and_then(Value::as_array);
    changes.into_iter().flatten().filter_map(move |change| change.get(sort))
}

fn note(settings: &mut Settings, input: &Value, polls: u32) {
    let warm = |given: &Value| given.get("WarmThroughput").map(|warm| Warm::read(Some(warm)));
    let named = |given: &Value| Some((text(given, "IndexName")?.to_owned(), warm(given)?));
    for given in index_changes(input, "Create") {
        settings.note_index(given);
        if let Some((name, warm)) = named(given) {
            let limits = settings.limits.entry(name).or_default();
            limits.warm = limits.warm.or_more(warm);
        }
    }
    index_changes(input, "Update").for_each(|given| settings.note_index(given));
    let indexes = index_changes(input, "Update").filter_map(named).collect();
    settings.begin_warming(warm(input), indexes, polls);
    for name in index_changes(input, "Delete").filter_map(|change| text(change, "IndexName")) {
        settings.limits.remove(name);
        settings.insights.remove(&Some(name.to_owned()));
    }
}
