//! Says in a sentence what a step or an execution did, by the fields of its output.

use serde_json::Value;

use crate::aws::arn::Arn;
use crate::text::{counted, grouped, human_bytes};

/// Returns what a step did, such as `orders → orders-copy`. `None` if its output has nothing to show.
pub fn of_step(output: &Value) -> Option<String> {
    let payload = output.get("Payload").unwrap_or(output);
    restore(payload).or_else(|| pointer(payload))
}

/// Returns what an execution did, a line for each table. `None` for an output of another workflow.
pub fn of_execution(output: &Value) -> Option<Vec<String>> {
    if let Some(tables) = output.get("Tables").and_then(Value::as_array) {
        return tables.iter().map(|table| exported(table).or_else(|| pruned(table))).collect();
    }
    let line = rotated(output)
        .or_else(|| snapshot(output))
        .or_else(|| imported(output))
        .or_else(|| backed_up(output))
        .or_else(|| replayed(output))
        .or_else(|| synced(output))
        .or_else(|| protected(output))
        .or_else(|| pointer(output));
    Some(vec![line?])
}

/// Shows the start of a restore: its source and its target, or the table that was adopted.
fn restore(output: &Value) -> Option<String> {
    let restore = output.get("RestoreTableFromBackupOutput")?;
    let target = text(restore, "/TableDescription/TableName").or(text(output, "/restore/targetTable"))?;
    if is_adopted(restore) {
        return Some(format!("adopted {target}, made from this backup before"));
    }
    let source = text(restore, "/TableDescription/RestoreSummary/SourceTableArn");
    let source = source.or(text(output, "/sourceTableArn")).map(name);
    Some(format!("{} → {target}", source.unwrap_or("the backup")))
}

/// Returns whether the table was made before the execution.
fn is_adopted(restore: &Value) -> bool {
    restore.get("Adopted").and_then(Value::as_bool) == Some(true)
}

/// Shows a parameter: what it points at now, and how the step left it.
fn pointer(output: &Value) -> Option<String> {
    let outcome = text(output, "/Outcome");
    if outcome == Some("Skipped") {
        return Some("no SSM parameter is named".to_owned());
    }
    let value = name(text(output, "/Value")?);
    let parameter = text(output, "/Name")?;
    let pinned = output.pointer("/Pinned").and_then(Value::as_bool) == Some(true);
    let pinned = if pinned { ", pinned" } else { "" };
    let previous = text(output, "/PreviousValue").map(name);
    let left = match (outcome, previous) {
        (Some("PointerIsNewer"), _) => "left at a newer copy".to_owned(),
        (Some("PointerPinned"), _) => "pinned, not moved".to_owned(),
        (Some("Superseded"), _) => "moved by another since, and left there".to_owned(),
        (Some("Unchanged"), _) => "names it already".to_owned(),
        (_, None) => "new".to_owned(),
        // The response of the write was lost, and the repeated step read its own value.
        (Some("Published"), Some(previous)) if previous == value => "moved by this execution".to_owned(),
        (_, Some(previous)) if previous == value => "names it already".to_owned(),
        (_, Some(previous)) => return Some(format!("{parameter}: {value} (was: {previous}){pinned}")),
    };
    Some(format!("{parameter}: {value} ({left}){pinned}"))
}

fn rotated(output: &Value) -> Option<String> {
    let restore = output.get("RestoreTableFromBackupOutput")?;
    // AWS Backup makes the table after it has responded.
    let target = ["/RestoreTableFromBackupOutput/TableDescription", "/DescribeTableOutput/Table"];
    let target = target.iter().find_map(|place| text(output.pointer(place)?, "/TableName"))?;
    // A table that an earlier execution restored is described without its origin.
    let origin = ["/BackupArn", "/BackupSnsMessage/BackedUpResourceArn"];
    let source = text(restore, "/TableDescription/RestoreSummary/SourceTableArn")
        .or_else(|| origin.iter().find_map(|place| text(output, place)));
    let tables = format!("{} → {target}", source.map_or("the backup", table_of));
    let made = if is_adopted(restore) { format!("{tables} (adopted)") } else { format!("restored {tables}") };
    let count = number(output, "/DescribeTableOutput/Table/ItemCount").map(items);
    let moved = output.get("UpdateSSMParameterOutput").and_then(pointer);
    let parts = [Some(made), count, moved];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

fn snapshot(output: &Value) -> Option<String> {
    let unknown = number(output, "/Unknown").map(|count| format!("; {} unknown", items(count)));
    Some(format!(
        "snapshot {} of {}: {} ({}) in {}{}",
        text(output, "/Snapshot")?,
        text(output, "/TableName").filter(|table| !table.is_empty()).unwrap_or("the items"),
        items(number(output, "/ItemCount")?),
        human_bytes(number(output, "/Bytes")?),
        text(output, "/Location")?,
        unknown.unwrap_or_default()
    ))
}

fn imported(output: &Value) -> Option<String> {
    let (count, files) = (number(output, "/ItemCount")?, number(output, "/Files")?);
    Some(format!(
        "wrote {} of {} from {} to {}",
        items(count),
        counted(files, "file"),
        text(output, "/From")?,
        text(output, "/TableName")?
    ))
}

fn backed_up(output: &Value) -> Option<String> {
    let (read, written) = (number(output, "/Items")?, number(output, "/Written")?);
    let existing = number(output, "/Kept")?;
    Some(format!(
        "read {} of {}: {} written, {} already had an object",
        items(read),
        text(output, "/TableName")?,
        grouped(written),
        grouped(existing)
    ))
}

fn replayed(output: &Value) -> Option<String> {
    Some(format!(
        "replayed {} of {}: {} became current, {} late, {} quarantined; {} left",
        counted(number(output, "/Records")?, "change"),
        counted(number(output, "/Objects")?, "object"),
        grouped(number(output, "/Written")?),
        grouped(number(output, "/Late")?),
        grouped(number(output, "/SetAside")?),
        counted(number(output, "/Left")?, "object")
    ))
}

fn synced(output: &Value) -> Option<String> {
    let settings = output.get("Settings")?.as_array()?;
    let with =
        |outcome: &str| settings.iter().filter(|setting| text(setting, "/Outcome") == Some(outcome)).count();
    Some(format!(
        "settings of {} → {}: {} applied, {} equal, {} skipped",
        name(text(output, "/Source")?),
        name(text(output, "/Target")?),
        with("APPLIED"),
        with("UNCHANGED"),
        with("SKIPPED")
    ))
}

fn protected(output: &Value) -> Option<String> {
    let (sentence, unprotected) = (text(output, "/Sentence")?, number(output, "/Unprotected")?);
    let unprotected = counted(unprotected, "table");
    Some(format!("{sentence}; {unprotected} without any source; {}", text(output, "/Page")?))
}

fn exported(table: &Value) -> Option<String> {
    let named = text(table, "/TableName")?;
    if let Some(reason) = failed(table) {
        return Some(format!("{named}: {reason}"));
    }
    Some(format!(
        "exported {} ({}) of {named} to {}",
        items(number(table, "/ItemCount")?),
        human_bytes(number(table, "/Bytes")?),
        text(table, "/Manifest")?
    ))
}

fn pruned(table: &Value) -> Option<String> {
    let named = text(table, "/TableName")?;
    if let Some(reason) = failed(table) {
        return Some(format!("{named}: {reason}"));
    }
    Some(format!(
        "backed up {named} as {}: {} kept, {} deleted",
        text(table, "/BackupArn").map(|arn| arn.rsplit('/').next().unwrap_or(arn)).unwrap_or("no backup"),
        counted(number(table, "/Kept")?, "backup"),
        grouped(number(table, "/Deleted")?)
    ))
}

/// Returns why a table failed; `None` if it did not.
fn failed(table: &Value) -> Option<String> {
    let error = text(table, "/Error")?;
    Some(format!("failed: {}: {error}", text(table, "/Cause").unwrap_or("no cause")))
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer)?.as_u64()
}

/// Returns the table's name in an ARN, and any other text unchanged.
fn name(arn: &str) -> &str {
    Arn::parse(arn).and_then(|arn| arn.table_name()).unwrap_or(arn)
}

/// Returns the table in its ARN or in that of its backup.
fn table_of(arn: &str) -> &str {
    let table = Arn::parse(arn).and_then(|arn| arn.resource.strip_prefix("table/")?.split('/').next());
    table.unwrap_or(arn)
}

fn items(count: u64) -> String {
    counted(count, "item")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table";

    fn line(output: &Value) -> String {
        of_execution(output).map(|lines| lines.join("\n")).unwrap_or_default()
    }

    fn restore_output() -> Value {
        json!({ "TableDescription": { "TableName": "copy", "RestoreSummary": { "SourceTableArn": format!("{TABLE}/orders") } } })
    }

    #[test]
    fn steps_of_a_rotation_say_what_they_did() {
        let restored =
            json!({ "Payload": { "waitSeconds": 5, "RestoreTableFromBackupOutput": restore_output() } });
        assert_eq!(of_step(&restored).as_deref(), Some("orders → copy"));
        let mut moved = json!({ "Name": "/p", "Value": format!("{TABLE}/copy"), "PreviousValue": format!("{TABLE}/old") });
        assert_eq!(of_step(&moved).as_deref(), Some("/p: copy (was: old)"));
        moved["PreviousValue"] = json!(null);
        assert_eq!(of_step(&moved).as_deref(), Some("/p: copy (new)"));
        moved["PreviousValue"] = moved["Value"].clone();
        assert_eq!(of_step(&moved).as_deref(), Some("/p: copy (names it already)"));
        assert_eq!(of_step(&json!({ "Payload": { "waitSeconds": 5 } })), None);
        assert_eq!(of_step(&json!({ "Name": null, "Value": null })), None);
    }

    #[test]
    fn an_adopted_table_is_not_called_restored() {
        let adopted = json!({ "TableDescription": { "TableName": "copy" }, "Adopted": true });
        let step = json!({ "Payload": { "restore": { "targetTable": "copy" },
            "sourceTableArn": format!("{TABLE}/orders"), "RestoreTableFromBackupOutput": adopted } });
        assert_eq!(of_step(&step).as_deref(), Some("adopted copy, made from this backup before"));
        let end = json!({ "BackupArn": format!("{TABLE}/orders/backup/01"),
            "RestoreTableFromBackupOutput": adopted });
        assert_eq!(line(&end), "orders → copy (adopted)");
        // AWS Backup responds before it makes the table.
        let mut by_job = step;
        by_job["Payload"]["RestoreTableFromBackupOutput"] =
            json!({ "TableDescription": null, "RestoreJobId": "1", "Adopted": false });
        assert_eq!(of_step(&by_job).as_deref(), Some("orders → copy"));
    }

    #[test]
    fn a_parameter_that_did_not_move_says_why() {
        let pointer = |outcome: &str, value: &str, previous: Option<&str>| {
            let output =
                json!({ "Outcome": outcome, "Name": "/p", "Value": value, "PreviousValue": previous });
            of_step(&json!({ "Payload": output })).unwrap_or_default()
        };
        for (outcome, previous, expected) in [
            ("Published", Some("old"), "(was: old)"),
            ("Published", None, "(new)"),
            ("Published", Some("copy"), "(moved by this execution)"),
            ("Unchanged", Some("copy"), "(names it already)"),
            ("PointerIsNewer", Some("copy"), "(left at a newer copy)"),
            ("PointerIsNewer", Some("old"), "(left at a newer copy)"),
            ("PointerPinned", Some("copy"), "(pinned, not moved)"),
            ("Superseded", Some("old"), "(moved by another since, and left there)"),
        ] {
            assert_eq!(pointer(outcome, "copy", previous), format!("/p: copy {expected}"));
        }
        let skipped = json!({ "Outcome": "Skipped", "Name": null, "Value": null });
        assert_eq!(of_step(&skipped).as_deref(), Some("no SSM parameter is named"));
    }

    #[test]
    fn an_execution_ends_with_a_sentence() {
        for (output, expected) in [
            (
                json!({ "Outcome": "RolledBack", "Name": "/p", "Value": format!("{TABLE}/old"), "Version": 3,
                    "PreviousValue": format!("{TABLE}/copy"), "PreviousVersion": 2, "Pinned": true }),
                "/p: old (was: copy), pinned",
            ),
            (
                json!({ "RestoreTableFromBackupOutput": restore_output(),
                    "DescribeTableOutput": { "Table": { "ItemCount": 1 } },
                    "UpdateSSMParameterOutput": { "Name": "/p", "Value": "copy", "PreviousValue": "old" } }),
                "restored orders → copy; 1 item; /p: copy (was: old)",
            ),
            (
                json!({ "BackupArn": format!("{TABLE}/orders/backup/01"),
                    "RestoreTableFromBackupOutput": { "TableDescription": { "TableName": "copy" } } }),
                "restored orders → copy",
            ),
            (
                json!({ "Snapshot": "2026-11-20T02-00-00Z", "At": "2026-11-20T02:00:00Z", "TableName": "Movies",
                    "Location": "s3://b/f/", "ItemCount": 3, "Bytes": 2048, "Files": 1, "Unknown": 2 }),
                "snapshot 2026-11-20T02-00-00Z of Movies: 3 items (2.00 KiB) in s3://b/f/; 2 items unknown",
            ),
            (
                json!({ "TableName": "t", "ItemCount": 198_051, "Files": 2, "From": "s3://b/x/" }),
                "wrote 198,051 items of 2 files from s3://b/x/ to t",
            ),
            (
                json!({ "TableName": "t", "Items": 10, "Written": 7, "Kept": 3 }),
                "read 10 items of t: 7 written, 3 already had an object",
            ),
            (
                json!({ "Objects": 1, "Records": 120, "Written": 80, "Late": 37, "SetAside": 3, "Left": 0 }),
                "replayed 120 changes of 1 object: 80 became current, 37 late, 3 quarantined; 0 objects left",
            ),
            (
                json!({ "Source": format!("{TABLE}/orders"), "Target": format!("{TABLE}/copy"),
                    "Settings": [{ "Outcome": "APPLIED" }, { "Outcome": "SKIPPED" }, { "Outcome": "APPLIED" }] }),
                "settings of orders → copy: 2 applied, 0 equal, 1 skipped",
            ),
            (
                json!({ "Tables": [
                    { "TableName": "a", "ItemCount": 5, "Bytes": 10, "Manifest": "s3://b/m" },
                    { "TableName": "b", "Error": "ExportFailed", "Cause": "it is DELETING" } ] }),
                "exported 5 items (10 B) of a to s3://b/m\nb: failed: it is DELETING: ExportFailed",
            ),
            (
                json!({ "Tables": [{ "TableName": "a", "BackupArn": format!("{TABLE}/a/backup/01"), "Kept": 3, "Deleted": 1 }] }),
                "backed up a as 01: 3 backups kept, 1 deleted",
            ),
            (
                json!({ "Sentence": "No rule is broken: 7 tables", "Tables": 7, "Unprotected": 1, "Page": "s3://b/p.html" }),
                "No rule is broken: 7 tables; 1 table without any source; s3://b/p.html",
            ),
            (json!({ "other": 1 }), ""),
        ] {
            assert_eq!(line(&output), expected);
        }
    }
}
