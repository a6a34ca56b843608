//! Checks the values of an input as the first step of its workflow does, as far as they do not depend on AWS or on the
//! stack.
//!
//! The steps check an input together with the template's parameters. Those are replaced by valid ones here, so that only
//! the input can be refused.

use serde::de::DeserializeOwned;
use serde_json::Value;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::text::quoted;
use tablekeeper_core::{
    backfill, export, import, prune, replay, report_execution, restore_test, retire, settings, snapshot,
    verify,
};

/// Name of a table and of a bucket that stands for the stack's own.
const STACKS_OWN: &str = "the-stacks-own";
/// Stream of the stack's own table, if the input names none.
const STREAM: &str =
    "arn:aws:dynamodb:eu-west-1:123456789012:table/the-stacks-own/stream/2026-01-01T00:00:00.000";
/// The last part of a location that the command line resolves, and no workflow.
const LATEST: &str = "latest";

/// Checks the values of the input of a workflow. Accepts that of a workflow without such a check.
pub(super) fn check(workflow: &str, input: &Value) -> Result<(), String> {
    match workflow {
        "backfill" => check_backfill(read(input)?),
        "backup-prune" => check_prune(&read(input)?),
        "export-table" => check_export(&read(input)?),
        "import-table" => check_import(&read(input)?),
        "replay" => check_replay(read(input)?),
        "report-execution" => check_report(&read(input)?),
        "restore-snapshot" => check_restore(read(input)?),
        "restore-test" => check_restore_test(&read(input)?),
        "retire-copies" => check_retire(&read(input)?),
        "snapshot" => check_snapshot(&read(input)?),
        "sync-settings" => check_sync(&read(input)?),
        "verify-table" => check_verify(read(input)?),
        _ => Ok(()),
    }
}

fn read<T: DeserializeOwned>(input: &Value) -> Result<T, String> {
    serde_json::from_value(input.clone()).map_err(text)
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn zero() -> String {
    "0".to_owned()
}

fn one() -> String {
    "1".to_owned()
}

fn check_backfill(input: backfill::execution_input::ExecutionInput) -> Result<(), String> {
    let defaults = backfill::execution_input::Defaults {
        stream_arn: STREAM.to_owned(),
        segments: zero(),
        max_read_capacity_units: zero(),
        seconds_per_call: one(),
        ..Default::default()
    };
    input.wanted(&defaults).map(drop).map_err(text)
}

fn check_retire(input: &retire::execution_input::ExecutionInput) -> Result<(), String> {
    let defaults = retire::execution_input::Defaults {
        table_names: STACKS_OWN.to_owned(),
        keep: one(),
        older_than_days: zero(),
        back_up: "true".to_owned(),
        delete: "false".to_owned(),
        backup_timeout_hours: one(),
        ..Default::default()
    };
    input.config(&defaults, Clock::System.now()).map_err(text)?;
    input.bases(&defaults).map(drop).map_err(text)
}

fn check_prune(input: &prune::execution_input::ExecutionInput) -> Result<(), String> {
    let defaults = prune::execution_input::Defaults {
        table_names: STACKS_OWN.to_owned(),
        max_backups: one(),
        max_age_days: zero(),
        daily_backups: zero(),
        weekly_backups: zero(),
        monthly_backups: zero(),
        yearly_backups: zero(),
        include_former: "false".to_owned(),
        include_manual: "false".to_owned(),
        ..Default::default()
    };
    input.selection(&defaults).map_err(text)?;
    input.retention(&defaults).map(drop).map_err(text)
}

fn check_export(input: &export::execution_input::ExecutionInput) -> Result<(), String> {
    let defaults = export::execution_input::Defaults {
        bucket: STACKS_OWN.to_owned(),
        table_tag: "a=b".to_owned(),
        format: "dynamodb-json".to_owned(),
        null_tag: "nULL".to_owned(),
        compression: "none".to_owned(),
        consistent_read: "false".to_owned(),
        segments: zero(),
        segment_concurrency: one(),
        max_read_capacity_units: zero(),
        managed: "false".to_owned(),
        timeout_hours: one(),
        seconds_per_call: one(),
        ..Default::default()
    };
    input.selection(&defaults).map_err(text)?;
    input.run(&defaults, Clock::System.now()).map(drop).map_err(text)
}

fn check_import(input: &import::execution_input::ExecutionInput) -> Result<(), String> {
    let defaults = import::execution_input::Defaults {
        segments: zero(),
        max_write_capacity_units: zero(),
        seconds_per_call: one(),
    };
    input.wanted(&defaults).map_err(text)?;
    if input.from.rsplit('/').next() == Some(LATEST) {
        let from = quoted(&input.from);
        return Err(format!(
            "From is {from}; only `tablekeeper import` resolves {LATEST}. `tablekeeper exports list` lists the exports. \
             Add a / if the folder is called so"
        ));
    }
    Ok(())
}

fn check_verify(input: verify::execution_input::ExecutionInput) -> Result<(), String> {
    let defaults = verify::execution_input::Defaults {
        report_bucket: "the-stacks-own".to_owned(),
        item_bucket: "the-stacks-own".to_owned(),
        noncurrent_days: zero(),
        settle_seconds: zero(),
        segments: zero(),
        max_rate: zero(),
        seconds_per_call: one(),
        ..Default::default()
    };
    // The account and the Region are checked by the execution, which is in them.
    input.wanted(&defaults, "", Clock::System.now()).map(drop).map_err(text)
}

fn check_replay(input: replay::execution_input::ExecutionInput) -> Result<(), String> {
    // Another stream may be that of another table of the stack.
    let stream_arn = input.stream_arn.clone().unwrap_or_else(|| STREAM.to_owned());
    let defaults = replay::execution_input::Defaults {
        stream_arn: stream_arn.clone(),
        noncurrent_days: zero(),
        seconds_per_call: one(),
        ..Default::default()
    };
    input.wanted(&defaults, &stream_arn).map(drop).map_err(text)
}

fn check_restore(input: snapshot::restore_input::ExecutionInput) -> Result<(), String> {
    if let Some(name) = input.snapshot.as_deref().filter(|name| name.rsplit('/').next() == Some(LATEST)) {
        let name = quoted(name);
        return Err(format!(
            "Snapshot is {name}; only `tablekeeper restore` resolves {LATEST}. `tablekeeper snapshot list` lists the \
             snapshots"
        ));
    }
    let defaults = snapshot::restore_input::Defaults {
        bucket: STACKS_OWN.to_owned(),
        segments: zero(),
        max_write_capacity_units: zero(),
        seconds_per_call: one(),
        ..Default::default()
    };
    let (input, defaults) = input.into_import(&defaults).map_err(text)?;
    input.wanted(&defaults).map(drop).map_err(text)
}

fn check_report(input: &report_execution::execution_input::ExecutionInput) -> Result<(), String> {
    input.check().map(drop).map_err(text)
}

fn check_restore_test(input: &restore_test::execution_input::ExecutionInput) -> Result<(), String> {
    input.check().map_err(text)
}

fn check_snapshot(input: &snapshot::execution_input::ExecutionInput) -> Result<(), String> {
    let defaults = snapshot::execution_input::Defaults {
        table_arn: "arn:aws:dynamodb:eu-west-1:123456789012:table/the-stacks-own".to_owned(),
        items_bucket: "the-stacks-items".to_owned(),
        bucket: STACKS_OWN.to_owned(),
        compression: "none".to_owned(),
        shards: one(),
        settle_seconds: zero(),
        noncurrent_days: zero(),
        seconds_per_call: one(),
        ..Default::default()
    };
    input.wanted(&defaults, Clock::System.now()).map(drop).map_err(text)
}

fn check_sync(input: &settings::sync::execution_input::ExecutionInput) -> Result<(), String> {
    input.validate().map_err(text)?;
    input.table_timeout("1").map_err(text)?;
    input.setting_timeout("1").map(drop).map_err(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_that_a_first_step_would_refuse_are_refused() {
        let stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000";
        for (workflow, input, expected) in [
            ("backfill", json!({}), ""),
            ("backfill", json!({ "Segments": 41 }), "Segments is `41`; it must be between 0 and 40"),
            (
                "backfill",
                json!({ "TableName": "a b" }),
                "TableName is `a b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
            ),
            ("retire-copies", json!({ "TableName": "orders-staging", "Delete": true }), ""),
            ("retire-copies", json!({ "Keep": 0 }), "Keep is `0`; it must be between 1 and 10000"),
            ("backup-prune", json!({}), ""),
            ("backup-prune", json!({ "TableName": "orders", "MaxBackups": 7 }), ""),
            ("backup-prune", json!({ "MaxBackups": 0 }), "MaxBackups is `0`; it must be between 1 and 10000"),
            ("backup-prune", json!({ "TableNamePattern": "(" }), "TableNamePattern `(` is not a regular"),
            ("export-table", json!({}), ""),
            ("export-table", json!({ "TableTag": "backup" }), "TableTag is `backup`; it must have the form"),
            ("export-table", json!({ "Segments": 65 }), "Segments is `65`; it must be between 0 and 64"),
            ("export-table", json!({ "Frequency": "often" }), "Frequency is `often`; it must be"),
            (
                "verify-table",
                json!({ "TableArn": "orders", "Strength": "EXACT", "Expected": { "Items": "s3://exports/a/" } }),
                "TableArn is `orders`; it must be the ARN of a table",
            ),
            ("import-table", json!({ "TableName": "a-b", "From": "s3://exports/a/latest/" }), ""),
            ("import-table", json!({ "TableName": "a-b", "From": "/srv/x" }), "From is `/srv/x`; it must be"),
            (
                "import-table",
                json!({ "TableName": "a-b", "From": "s3://exports/a/latest" }),
                "From is `s3://exports/a/latest`; only `tablekeeper import` resolves latest",
            ),
            ("replay", json!({ "StreamArn": stream, "TableName": "orders" }), ""),
            ("replay", json!({ "StreamArn": "orders" }), "StreamArn is `orders`; it must be the ARN"),
            ("replay", json!({ "Prefix": "items/" }), "Prefix is `items/`; it must begin with "),
            (
                "report-execution",
                json!({ "ExecutionArn": "arn:aws:states:eu-west-1:123456789012:execution:M:n" }),
                "",
            ),
            ("report-execution", json!({ "ExecutionArn": "n" }), "ExecutionArn is `n`; it must be the ARN"),
            ("restore-snapshot", json!({ "TableName": "a-b", "Snapshot": "2026-11-20T02-00-00Z" }), ""),
            ("restore-snapshot", json!({ "TableName": "a-b" }), "Snapshot is missing; give Snapshot or From"),
            (
                "restore-snapshot",
                json!({ "TableName": "a-b", "Snapshot": "latest" }),
                "Snapshot is `latest`;",
            ),
            ("restore-test", json!({ "RestoreJobId": "1F1B3C5E-0B7D" }), ""),
            ("restore-test", json!({ "RestoreJobId": "a/b" }), "RestoreJobId is `a/b`; it must be the id"),
            ("snapshot", json!({}), ""),
            ("snapshot", json!({ "At": "2026-11-20T02:00:00Z" }), ""),
            ("snapshot", json!({ "At": "yesterday" }), "At is `yesterday`; it must be a time such as"),
            (
                "snapshot",
                json!({ "At": "9999-01-01T00:00:00Z" }),
                "At is 9999-01-01 00:00:00 UTC; it must not",
            ),
            ("sync-settings", json!({ "Target": "orders" }), ""),
            ("sync-settings", json!({ "Target": "a b" }), "Target is `a b`;"),
            ("another", json!({}), ""),
        ] {
            let reason = check(workflow, &input).err().unwrap_or_default();
            assert!(reason.starts_with(expected) && reason.is_empty() == expected.is_empty(), "{reason}");
        }
    }
}
