use std::sync::Arc;

use serde_json::{Value, json};

use super::{State, invalid, name_of, text};
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// The largest page that AWS returns.
const LARGEST_PAGE: usize = 100;

/// The message of AWS about a backup that is in use.
const BACKUP_IN_USE: &str = "There is another ongoing conflicting backup control plane operation on the table. The \
                             backup is either being created, deleted or restored to a table.";

/// A backup that was created with CreateBackup.
#[derive(Debug)]
pub(super) struct OnDemand {
    polls_until_made: u32,
    /// Whether the backup ends DELETED, like one that AWS could not create.
    fails: bool,
}

impl OnDemand {
    fn status(&self) -> &'static str {
        match (self.polls_until_made, self.fails) {
            (0, false) => "AVAILABLE",
            (0, true) => "DELETED",
            _ => "CREATING",
        }
    }

    fn count_poll(&mut self) {
        self.polls_until_made = self.polls_until_made.saturating_sub(1);
    }
}

/// Handles CreateBackup, which takes time on AWS.
pub(super) async fn create(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    check_name(text(input, "BackupName"))?;
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    // The emulator refuses a table that does not exist. A table that is being created is refused with the same error
    // (DDB-BACKUP-001, DDB-TABLE-217).
    if let Ok(table) = shared.table(scope, input).await {
        let name = name_of(&table);
        let status = shared.script.table_status(&scope.account, name);
        if state.is_being_restored(&table) || status.as_deref() == Some("CREATING") {
            return Err(ApiError::new("TableNotFoundException", format!("Table not found: {name}")));
        }
    }
    let mut output = shared.dynamodb(scope, "CreateBackup", input).await?;
    if let Some(details) = output.get_mut("BackupDetails") {
        let backup = OnDemand {
            polls_until_made: shared.script.latency(&scope.account).on_demand_backups,
            fails: shared.script.backups_fail(&scope.account),
        };
        state.backups.insert(arn_of(details).to_owned(), backup);
        set(details, "BackupStatus", "CREATING");
    }
    Ok(output)
}

fn check_name(name: Option<&str>) -> Result<(), ApiError> {
    let Some(name) = name else { return Ok(()) };
    let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-');
    if (3..=255).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at 'backupName' failed to satisfy constraint: Member must have \
         length from 3 to 255 and satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
    )))
}

/// Handles ListBackups with its filters, which the emulator ignores. By default it lists only the customer's own
/// backups. It counts as a poll of each backup that it returns.
pub(super) async fn list(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let limit = limit(input)?;
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let mut summaries = all(shared, scope, input.get("TableName")).await?;
    for summary in &mut summaries {
        correct_type(shared, summary);
        show(shared, scope, &state, summary);
    }
    summaries.retain(|summary| is_wanted(summary, input));
    summaries.sort_by(|one, two| time_of(one).total_cmp(&time_of(two)));
    let start = text(input, "ExclusiveStartBackupArn");
    // The position of a backup that was deleted since follows from the time in its ARN.
    let gone = start.map(|arn| shared.script.backup_date(&scope.account, arn).or_else(|| time_in(arn)));
    let output = page(summaries, limit, start, gone.flatten());
    for summary in output.get("BackupSummaries").and_then(Value::as_array).into_iter().flatten() {
        state.backups.entry(arn_of(summary).to_owned()).and_modify(OnDemand::count_poll);
    }
    Ok(output)
}

/// Handles DescribeBackup, which counts as a poll. Corrects the type of a backup that AWS Backup created.
pub(super) async fn describe(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let mut output = shared.dynamodb(scope, "DescribeBackup", input).await?;
    if let Some(details) = output.pointer_mut("/BackupDescription/BackupDetails") {
        correct_type(shared, details);
        show(shared, scope, &state, details);
        state.backups.entry(arn_of(details).to_owned()).and_modify(OnDemand::count_poll);
    }
    Ok(output)
}

/// Handles DeleteBackup, which AWS refuses while the backup is being created.
pub(super) async fn delete(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    refuse_unless_available(&mut state, input)?;
    let mut output = shared.dynamodb(scope, "DeleteBackup", input).await?;
    if let Some(details) = output.pointer_mut("/BackupDescription/BackupDetails") {
        correct_type(shared, details);
        show(shared, scope, &state, details);
        set(details, "BackupStatus", "DELETED");
        state.backups.remove(arn_of(details));
    }
    Ok(output)
}

/// Fails unless the backup that an input names, if any, is available and not in use. While a table is restored from it,
/// a second restore and the deletion are refused (DDB-BACKUP-010). A refusal counts as a poll, so that a caller who tries
/// again succeeds in the end.
pub(super) fn refuse_unless_available(state: &mut State, input: &Value) -> Result<(), ApiError> {
    let Some(arn) = text(input, "BackupArn") else { return Ok(()) };
    if state.restored.values().any(|restored| restored.keeps_in_use(arn)) {
        return Err(ApiError::new("BackupInUseException", BACKUP_IN_USE));
    }
    let status = state.backups.get(arn).map(OnDemand::status);
    state.backups.entry(arn.to_owned()).and_modify(OnDemand::count_poll);
    match status {
        Some("CREATING") => Err(ApiError::new("BackupInUseException", BACKUP_IN_USE)),
        Some("DELETED") => Err(ApiError::new("BackupNotFoundException", format!("Backup not found: {arn}"))),
        _ => Ok(()),
    }
}

/// Sets the status of a backup, and the creation time if a test has set one.
fn show(shared: &Shared, scope: &Scope, state: &State, details: &mut Value) {
    if let Some(backup) = state.backups.get(arn_of(details)) {
        set(details, "BackupStatus", backup.status());
    }
    if let Some(date) = shared.script.backup_date(&scope.account, arn_of(details)) {
        set(details, "BackupCreationDateTime", date);
    }
}

fn arn_of(details: &Value) -> &str {
    text(details, "BackupArn").unwrap_or_default()
}

fn time_of(details: &Value) -> f64 {
    details.get("BackupCreationDateTime").and_then(Value::as_f64).unwrap_or_default()
}

fn limit(input: &Value) -> Result<usize, ApiError> {
    let Some(limit) = input.get("Limit").and_then(Value::as_i64) else { return Ok(LARGEST_PAGE) };
    let allowed = usize::try_from(limit).ok().filter(|limit| (1..=LARGEST_PAGE).contains(limit));
    allowed.ok_or_else(|| {
        let bound = if limit < 1 { "greater than or equal to 1" } else { "less than or equal to 100" };
        invalid(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value \
             {bound}"
        ))
    })
}

async fn all(shared: &Shared, scope: &Scope, table: Option<&Value>) -> Result<Vec<Value>, ApiError> {
    let mut summaries = Vec::new();
    let mut input = json!({});
    if let Some(table) = table {
        set(&mut input, "TableName", table.clone());
    }
    loop {
        let mut output = shared.dynamodb(scope, "ListBackups", &input).await?;
        if let Some(Value::Array(page)) = output.get_mut("BackupSummaries").map(Value::take) {
            summaries.extend(page);
        }
        match output.get_mut("LastEvaluatedBackupArn").map(Value::take) {
            Some(last) => set(&mut input, "ExclusiveStartBackupArn", last),
            None => return Ok(summaries),
        }
    }
}

fn correct_type(shared: &Shared, details: &mut Value) {
    let arn = arn_of(details).to_owned();
    if shared.backup.took(&arn) {
        set(details, "BackupType", "AWS_BACKUP");
    }
    // The copy behind a recovery point with an ARN of AWS Backup is visible to nobody as a DynamoDB backup.
    if shared.backup.is_hidden(&arn) {
        set(details, "BackupType", Value::Null);
    }
}

fn is_wanted(summary: &Value, input: &Value) -> bool {
    let wanted = input.get("BackupType").and_then(Value::as_str).unwrap_or("USER");
    let kind = summary.get("BackupType").and_then(Value::as_str);
    let time = time_of(summary);
    let bound = |name: &str| input.get(name).and_then(Value::as_f64);
    kind.is_some_and(|kind| wanted == "ALL" || kind == wanted)
        && bound("TimeRangeLowerBound").is_none_or(|lower| time >= lower)
        && bound("TimeRangeUpperBound").is_none_or(|upper| time < upper)
}

/// Returns the page after the backup that the last page ended with, or after its time if it was deleted.
fn page(summaries: Vec<Value>, limit: usize, start: Option<&str>, gone: Option<f64>) -> Value {
    let after = start.and_then(|start| summaries.iter().position(|summary| arn_of(summary) == start));
    let after = after.map(|position| position + 1).or_else(|| {
        let time = start.and(gone)?;
        Some(summaries.iter().take_while(|summary| time_of(summary) <= time).count())
    });
    let mut rest = summaries.into_iter().skip(after.unwrap_or_default());
    let page: Vec<Value> = rest.by_ref().take(limit).collect();
    let mut output = json!({});
    if rest.next().is_some()
        && let Some(last) = page.last().and_then(|last| last.get("BackupArn"))
    {
        set(&mut output, "LastEvaluatedBackupArn", last.clone());
    }
    set(&mut output, "BackupSummaries", page);
    output
}

/// Returns the time in an ARN in seconds since 1970. The ARN has it in milliseconds: `…/backup/1567432132226-ab12cd34`.
fn time_in(arn: &str) -> Option<f64> {
    let (_, id) = arn.rsplit_once('/')?;
    let millis: i64 = id.split_once('-')?.0.parse().ok()?;
    Some(millis as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(arn: &str, kind: &str, time: f64) -> Value {
        json!({"BackupArn": arn, "BackupType": kind, "BackupCreationDateTime": time})
    }

    #[test]
    fn filters_are_by_type_and_by_time_with_the_upper_bound_excluded() {
        let user = summary("a", "USER", 10.0);
        let cases = [
            (json!({}), true),
            (json!({"BackupType": "USER"}), true),
            (json!({"BackupType": "ALL"}), true),
            (json!({"BackupType": "AWS_BACKUP"}), false),
            (json!({"TimeRangeLowerBound": 10}), true),
            (json!({"TimeRangeLowerBound": 10.5}), false),
            (json!({"TimeRangeUpperBound": 10}), false),
            (json!({"TimeRangeUpperBound": 10.5}), true),
        ];
        for (input, expected) in cases {
            assert_eq!(is_wanted(&user, &input), expected, "{input}");
        }
        assert!(!is_wanted(&summary("a", "AWS_BACKUP", 1.0), &json!({})));
        assert!(!is_wanted(&json!({"BackupType": null}), &json!({"BackupType": "ALL"})));
    }

    #[test]
    fn pages_follow_each_other_without_a_gap() {
        let all = || ["a", "b", "c"].map(|arn| summary(arn, "USER", 1.0)).to_vec();
        let first = page(all(), 2, None, None);
        assert_eq!(first["LastEvaluatedBackupArn"], "b");
        let second = page(all(), 2, Some("b"), None);
        assert_eq!(second, json!({"BackupSummaries": [all()[2]]}));
    }

    #[test]
    fn the_page_after_a_deleted_backup_begins_after_its_time() {
        let all = [1.0, 2.0, 4.0].map(|time| summary("a", "USER", time)).to_vec();
        let gone = "arn:aws:dynamodb:us-east-1:1:table/orders/backup/3000-ab12cd34";
        let second = page(all.clone(), 2, Some(gone), time_in(gone));
        assert_eq!(second, json!({"BackupSummaries": [all[2]]}));
        assert_eq!(time_in("b"), None);
    }

    #[test]
    fn a_backup_is_creating_until_its_last_poll_and_then_available_or_deleted() {
        let status = |polls_until_made, fails| OnDemand { polls_until_made, fails }.status();
        assert_eq!((status(1, false), status(1, true)), ("CREATING", "CREATING"));
        assert_eq!((status(0, false), status(0, true)), ("AVAILABLE", "DELETED"));
    }

    #[test]
    fn limits_are_from_1_to_100() {
        let limit = |value: Value| limit(&json!({ "Limit": value })).ok();
        assert_eq!((limit(json!(1)), limit(json!(100)), limit(Value::Null)), (Some(1), Some(100), Some(100)));
        assert_eq!((limit(json!(0)), limit(json!(101))), (None, None));
    }

    #[test]
    fn names_of_backups_have_3_to_255_allowed_characters() {
        for name in ["abc", "a.b_c-1"] {
            assert!(check_name(Some(name)).is_ok(), "{name}");
        }
        for name in ["ab", "a b c", "é-1"] {
            assert!(check_name(Some(name)).is_err(), "{name}");
        }
    }
}
