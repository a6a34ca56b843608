use serde_json::{Value, json};

use super::*;
use crate::export::testing::defaults;

fn input(input: Value) -> ExecutionInput {
    serde_json::from_value(input).unwrap()
}

fn run(given: Value, defaults: &Defaults) -> Result<ExportConfig, String> {
    let started_at = "2026-03-01T02:00:00Z".parse().unwrap();
    input(given).run(defaults, started_at).map_err(|error| error.to_string())
}

/// The tables that are chosen, or the refusal.
fn chosen(given: Value, defaults: &Defaults) -> String {
    match input(given).selection(defaults) {
        Ok(Selection::Names(names)) => names.join(" "),
        Ok(Selection::Tag { key, value, case }) => format!("{key} is {value}, {case:?}"),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn one_table_selection_is_accepted_in_either_spelling() {
    let defaults = defaults();
    for (given, expected) in [
        (json!({ "TableName": "Movies" }), "Movies"),
        (json!({ "TableNames": ["bcd", "abc", "bcd"] }), "bcd abc"),
        (json!({ "TableTag": "team=A" }), "team is A, Any"),
        (json!({}), "BackupEnabled is true, Any"),
        (json!({ "action": "create-backups", "frequency": "daily" }), "BackupEnabled is true, Any"),
        (json!({ "action": "create-backups", "frequency": null }), "BackupEnabled is true, Any"),
        (json!({ "action": "backup-table", "table_name": "Movies", "frequency": "daily" }), "Movies"),
    ] {
        assert_eq!(chosen(given.clone(), &defaults), expected, "{given}");
    }
}

#[test]
fn missing_or_duplicate_table_selection_is_refused() {
    let untagged = Defaults { table_tag: String::new(), ..defaults() };
    assert!(chosen(json!({}), &untagged).starts_with("TableName is missing, and so are TableNames"));
    for (given, expected) in [
        (json!({ "TableName": "abc", "TableTag": "a=b" }), "TableName is not the only selection"),
        (json!({ "TableNames": [] }), "TableNames is empty"),
        (
            json!({ "TableName": "a b" }),
            "TableName has `a b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
        ),
        (json!({ "TableTag": "backup" }), "TableTag is `backup`; it must have the form key=value"),
        (
            json!({ "action": "restore" }),
            "action is `restore`; it must be `create-backups` or `backup-table`",
        ),
        (json!({ "action": "backup-table" }), "table_name is missing; the action `backup-table` needs"),
        (
            json!({ "action": "create-backups", "table_name": "abc" }),
            "table_name is given together with the action",
        ),
        (json!({ "action": "create-backups", "TableName": "abc" }), "action already selects the tables"),
        (json!({ "action": "create-backups", "TableTag": "a=b" }), "action already selects the tables"),
        (
            json!({ "action": "create-backups", "frequency": "daily", "Frequency": "daily" }),
            "Frequency is given twice",
        ),
        (
            json!({ "table_name": "abc" }),
            "action is missing; table_name and frequency must be given together with it",
        ),
        (json!({ "TableName": "abc", "frequency": "daily" }), "action is missing; "),
    ] {
        let refused = chosen(given.clone(), &defaults());
        assert!(refused.starts_with(expected), "{given}: {refused}");
    }
}

#[test]
fn template_parameters_are_the_defaults() {
    let by_template = run(json!({}), &defaults()).unwrap();
    assert_eq!(
        (by_template.timestamp.as_str(), by_template.prefix.as_str()),
        ("2026-03-01-02-00-00", "exports/")
    );
    assert_eq!(by_template.frequency, Frequency::Manual);
    assert_eq!((by_template.format, by_template.compression), (FormatName::DynamodbJson, Compression::Gzip));
    assert!(by_template.consistent_read && !by_template.managed);
    assert_eq!(by_template.deadline.to_rfc3339(), "2026-03-01T03:00:00+00:00");
    let asked = json!({ "Frequency": "quarter-hourly", "Format": "data-pipeline", "NullTag": "nULLValue",
        "Compression": "zstd", "ConsistentRead": false, "Segments": 8, "MaxReadCapacityUnits": 100 });
    let by_input = run(asked, &defaults()).unwrap();
    assert_eq!(by_input.frequency, Frequency::QuarterHourly);
    assert_eq!((by_input.format, by_input.null_tag), (FormatName::DataPipeline, NullTag::NullValue));
    assert_eq!((by_input.compression, by_input.consistent_read), (Compression::Zstd, false));
    assert_eq!((by_input.segments, by_input.max_read_capacity_units), (8, 100));
    let old = json!({ "action": "create-backups", "frequency": "monthly" });
    assert_eq!(run(old, &defaults()).unwrap().frequency, Frequency::Monthly);
    assert!(run(json!({ "Managed": true }), &defaults()).unwrap().managed);
}

#[test]
fn invalid_export_options_are_refused() {
    for (given, expected) in [
        (
            json!({ "Frequency": "nightly" }),
            "Frequency is `nightly`; it must be QuarterHourly, Hourly, Daily",
        ),
        (json!({ "action": "create-backups", "frequency": "nightly" }), "frequency is `nightly`"),
        (json!({ "Segments": 65 }), "Segments is `65`; it must be between 0 and 64"),
        (json!({ "Segments": -1 }), "Segments is `-1`"),
        (
            json!({ "MaxReadCapacityUnits": -5 }),
            "MaxReadCapacityUnits is `-5`; it must be between 0 and 10000000",
        ),
        (json!({ "Managed": true, "Format": "plain" }), "Managed is true, but Format is plain"),
    ] {
        let refused = run(given.clone(), &defaults()).unwrap_err();
        assert!(refused.starts_with(expected), "{given}: {refused}");
    }
    let text = str::to_owned;
    for (template, expected) in [
        (Defaults { bucket: String::new(), ..defaults() }, "BucketName is empty"),
        (
            Defaults { format: text("csv"), ..defaults() },
            "Format is `csv`; it must be dynamodb-json, data-pipeline or plain",
        ),
        (Defaults { null_tag: text("null"), ..defaults() }, "NullTag is `null`"),
        (Defaults { compression: text("bzip2"), ..defaults() }, "Compression is `bzip2`"),
        (Defaults { consistent_read: text("yes"), ..defaults() }, "ConsistentRead is `yes`"),
        (Defaults { managed: text(""), ..defaults() }, "Managed is ``"),
        (Defaults { segments: text("many"), ..defaults() }, "Segments is `many`"),
        (
            Defaults { timeout_hours: text("169"), ..defaults() },
            "TimeoutHours is `169`; it must be between 1 and 168",
        ),
        (
            Defaults { seconds_per_call: text("0"), ..defaults() },
            "SecondsPerCall is `0`; it must be between 1 and 600",
        ),
        (
            Defaults { segment_concurrency: text("41"), ..defaults() },
            "SegmentConcurrency is `41`; it must be between 1 and 40",
        ),
        (Defaults { seconds_per_call: text("601"), ..defaults() }, "SecondsPerCall is `601`"),
    ] {
        let refused = run(json!({}), &template).unwrap_err();
        assert!(refused.starts_with(expected), "{refused}");
    }
}

#[test]
fn prefix_ends_in_one_slash_or_is_empty() {
    for (text, prefix) in [("", ""), ("/", ""), ("a", "a/"), ("a/", "a/"), ("//a/b//", "a/b/")] {
        assert_eq!(prefix_of(text), prefix);
    }
}
