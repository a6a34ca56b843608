use std::sync::Arc;

use serde_json::{Value, json};

use crate::front::Shared;
use crate::front::scope::Scope;
use crate::json::set;
use crate::upstream::Refusal;

/// AWS returns no more than this many at once.
const LARGEST_PAGE: usize = 100;

/// ListBackups with its filters, which the emulator ignores: by default a customer's own backups only.
pub(super) async fn list(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, Refusal> {
    let mut summaries = all(shared, scope, input.get("TableName")).await?;
    for summary in &mut summaries {
        correct_type(shared, summary);
    }
    Ok(page(summaries.into_iter().filter(|summary| is_wanted(summary, input)).collect(), input))
}

/// DescribeBackup, with the type of a backup that AWS Backup took.
pub(super) async fn describe(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, Refusal> {
    let mut output = shared.dynamodb(scope, "DescribeBackup", input).await?;
    if let Some(details) = output.pointer_mut("/BackupDescription/BackupDetails") {
        correct_type(shared, details);
    }
    Ok(output)
}

async fn all(shared: &Shared, scope: &Scope, table: Option<&Value>) -> Result<Vec<Value>, Refusal> {
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
    let arn = details.get("BackupArn").and_then(Value::as_str).unwrap_or_default().to_owned();
    if shared.backup.took(&arn) {
        set(details, "BackupType", "AWS_BACKUP");
    }
    // The copy behind a recovery point of AWS Backup's own is no DynamoDB backup to anybody else.
    if shared.backup.keeps_to_itself(&arn) {
        set(details, "BackupType", Value::Null);
    }
}

fn is_wanted(summary: &Value, input: &Value) -> bool {
    let wanted = input.get("BackupType").and_then(Value::as_str).unwrap_or("USER");
    let kind = summary.get("BackupType").and_then(Value::as_str);
    let time = summary.get("BackupCreationDateTime").and_then(Value::as_f64).unwrap_or_default();
    let bound = |name: &str| input.get(name).and_then(Value::as_f64);
    kind.is_some_and(|kind| wanted == "ALL" || kind == wanted)
        && bound("TimeRangeLowerBound").is_none_or(|lower| time >= lower)
        && bound("TimeRangeUpperBound").is_none_or(|upper| time < upper)
}

fn page(summaries: Vec<Value>, input: &Value) -> Value {
    let limit = input.get("Limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.unwrap_or(LARGEST_PAGE).clamp(1, LARGEST_PAGE);
    let start = input.get("ExclusiveStartBackupArn");
    let after = summaries.iter().position(|summary| start.is_some() && summary.get("BackupArn") == start);
    let mut rest = summaries.into_iter().skip(after.map_or(0, |place| place + 1));
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
        let first = page(all(), &json!({"Limit": 2}));
        assert_eq!(first["LastEvaluatedBackupArn"], "b");
        let second = page(all(), &json!({"Limit": 2, "ExclusiveStartBackupArn": "b"}));
        assert_eq!(second, json!({"BackupSummaries": [all()[2]]}));
    }
}
