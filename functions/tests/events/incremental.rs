//! Events of the incremental backup.

use super::*;

#[test]
fn every_event_of_backfill_has_the_expected_outcome() {
    let text = str::to_owned;
    // The values of the template.
    let defaults = tablekeeper_core::backfill::execution_input::Defaults {
        stream_arn: text(
            "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000",
        ),
        bucket: text("items-of-orders"),
        prefix: text("items/"),
        tables_prefix: text("tables/"),
        function_name: text("stream-backup"),
        segments: text("0"),
        max_read_capacity_units: text("0"),
        seconds_per_call: text("600"),
    };
    for (file, event) in events("backfill") {
        let expected = match file.as_str() {
            "input.whole-table.json" => json!(["orders", 0, 0]),
            "input.slowly.json" => json!(["orders", 4, 200]),
            "input.another-table.json" => json!(["customers", 0, 0]),
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let input: backfill::ExecutionInput = serde_json::from_value(event).unwrap();
        let wanted = input.wanted(&defaults).unwrap();
        let led_to = json!([wanted.table_name, wanted.segments, wanted.max_read_capacity_units]);
        assert_eq!(led_to, expected, "{file}");
    }
}

#[test]
fn every_event_of_replay_has_the_expected_outcome() {
    let text = str::to_owned;
    let stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000";
    // The values of the template.
    let defaults = tablekeeper_core::replay::execution_input::Defaults {
        stream_arn: text(stream),
        given_up_bucket: text("given-up-of-orders"),
        bucket: text("items-of-orders"),
        prefix: text("items/"),
        tables_prefix: text("tables/"),
        function_name: text("stream-backup"),
        failures_prefix: text("failures/"),
        noncurrent_days: text("35"),
        seconds_per_call: text("600"),
    };
    for (file, event) in events("replay") {
        let expected = match file.as_str() {
            "input.all.json" => json!(["aws/lambda/", stream]),
            "input.another-table.json" => json!(["aws/lambda/", stream.replace("orders", "customers")]),
            "input.earlier-stream.json" => {
                json!(["aws/lambda/3f1c9a5e-0b7d-4c62-9b1a-5d0e8f2a7c44/", stream.replace("2026", "2025")])
            }
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let input: replay::ExecutionInput = serde_json::from_value(event).unwrap();
        let followed = input.other_table(&defaults).map(|table| stream.replace("orders", table));
        let wanted = input.wanted(&defaults, followed.as_deref().unwrap_or(stream)).unwrap();
        assert_eq!(json!([wanted.folder, wanted.stream_arn]), expected, "{file}");
    }
}

/// Compares each record's event and key, or why it is quarantined.

#[test]
fn every_event_of_stream_backup_has_the_expected_outcome() {
    for (file, event) in
        events("incremental").into_iter().filter(|(file, _)| file.starts_with("stream-backup."))
    {
        let expected = match file.as_str() {
            "stream-backup.changes.json" => json!([
                ["INSERT", r#"{"customer":{"S":"c-1"},"number":{"N":"1"}}"#],
                ["MODIFY", r#"{"customer":{"S":"c-1"},"number":{"N":"1"}}"#],
                ["REMOVE", r#"{"customer":{"S":"c-2"},"number":{"N":"7"}}"#]
            ]),
            "stream-backup.keys-only.json" => json!([
                "it has no NewImage, because the stream's view is KEYS_ONLY; it must be NEW_IMAGE or NEW_AND_OLD_IMAGES"
            ]),
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let records = event["Records"].as_array().unwrap();
        let led_to =
            records.iter().map(|record| match change::read(record, &["customer", "number"], "items/") {
                Ok(change) => json!([change.version.event.to_string(), change.version.item_key]),
                Err(poison_record) => json!(poison_record.to_string()),
            });
        assert_eq!(Value::Array(led_to.collect()), expected, "{file}");
    }
}

#[test]
fn every_event_of_snapshot_has_the_expected_outcome() {
    let text = str::to_owned;
    // The values of the template.
    let defaults = tablekeeper_core::snapshot::execution_input::Defaults {
        table_arn: text("arn:aws:dynamodb:eu-west-1:123456789012:table/orders"),
        items_bucket: text("items"),
        items_prefix: text("items/"),
        tables_prefix: text("tables/"),
        function_name: text("stream-backup"),
        failures_prefix: text("failures/"),
        bucket: text("snapshots"),
        prefix: text("snapshots/"),
        compression: text("gzip"),
        shards: text("16"),
        settle_seconds: text("300"),
        noncurrent_days: text("0"),
        seconds_per_call: text("600"),
    };
    for (file, event) in events("snapshot") {
        let expected = match file.as_str() {
            "input.now.json" => json!(["2026-12-01T02-00-00Z", "2026-12-01T02:05:00Z"]),
            "input.at.json" | "input.another-table.json" => {
                json!(["2026-11-20T02-00-00Z", "2026-11-20T02:05:00Z"])
            }
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let input: snapshot::ExecutionInput = serde_json::from_value(event).unwrap();
        let wanted = input.wanted(&defaults, "2026-12-01T02:00:00.123Z".parse().unwrap()).unwrap();
        let name = tablekeeper_core::snapshot::execution_input::name(wanted.at);
        assert_eq!(json!([name, wanted.settled_at]), expected, "{file}");
    }
}

#[test]
fn every_event_of_restore_snapshot_has_the_expected_outcome() {
    let text = str::to_owned;
    // The values of the template.
    let defaults = tablekeeper_core::snapshot::restore_input::Defaults {
        bucket: text("snapshots"),
        prefix: text("snapshots/"),
        segments: text("0"),
        max_write_capacity_units: text("0"),
        seconds_per_call: text("600"),
    };
    for (file, event) in events("restore-snapshot") {
        let expected = match file.as_str() {
            "input.by-name.json" => json!(["snapshots", "snapshots/2026-11-20T02-00-00Z/", 0, 0, null]),
            "input.from-elsewhere.json" => json!(["other-snapshots", "2026-11-20T02-00-00Z/", 4, 500, true]),
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let input: restore_snapshot::ExecutionInput = serde_json::from_value(event).unwrap();
        let (input, defaults) = input.into_import(&defaults).unwrap();
        let wanted = input.wanted(&defaults).unwrap();
        let led = json!([
            wanted.bucket,
            wanted.place,
            wanted.segments,
            wanted.max_write_capacity_units,
            input.merge
        ]);
        assert_eq!(led, expected, "{file}");
    }
}
