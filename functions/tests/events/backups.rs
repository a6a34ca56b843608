//! Events of backups, exports and imports.

use super::*;

#[test]
fn every_event_of_backup_prune_has_the_expected_outcome() {
    // The values of the template if it names the tables of a schedule.
    let [no_names, off] = ["", "0"].map(str::to_owned);
    let defaults = Defaults {
        table_names: no_names.clone(),
        table_name_pattern: "-production$".to_owned(),
        table_tag: no_names,
        max_backups: "3".to_owned(),
        max_age_days: off.clone(),
        daily_backups: off.clone(),
        weekly_backups: off.clone(),
        monthly_backups: off.clone(),
        yearly_backups: off,
        include_former: "false".to_owned(),
        include_manual: "false".to_owned(),
    };
    for (file, event) in events("backup-prune") {
        let expected = match file.as_str() {
            "input.one-table.json" | "input.with-the-former-systems.json" => {
                json!([["Movies"], [3, 0, 0, 0, 0, 0]])
            }
            "input.by-schedule.json" => json!(["-production$", [3, 0, 0, 0, 0, 0]]),
            "input.by-tag.json" => json!([["backup", "nightly"], [7, 0, 0, 0, 0, 0]]),
            "input.with-grandfathers.json" => {
                json!([["orders-production", "customers-production"], [1, 2, 7, 4, 12, 3]])
            }
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let input: backup_prune::ExecutionInput = serde_json::from_value(event).unwrap();
        let tables = match input.selection(&defaults).unwrap() {
            Selection::Names(names) => json!(names),
            Selection::Pattern(pattern) => json!(pattern.as_str()),
            Selection::Tag { key, value, .. } => json!([key, value]),
        };
        let rules = input.retention(&defaults).unwrap();
        let (young, days, weeks) = (rules.max_age_days, rules.daily, rules.weekly);
        let rules = json!([rules.max_backups, young, days, weeks, rules.monthly, rules.yearly]);
        assert_eq!(json!([tables, rules]), expected, "{file}");
        let former = file == "input.with-the-former-systems.json";
        assert_eq!(input.others(&defaults).unwrap(), Others { former, manual: false }, "{file}");
    }
}

#[test]
fn every_event_of_import_table_has_the_expected_outcome() {
    let text = str::to_owned;
    // The values of the template.
    let defaults = tablekeeper_core::import::execution_input::Defaults {
        segments: text("0"),
        max_write_capacity_units: text("0"),
        seconds_per_call: text("600"),
    };
    for (file, event) in events("import-table") {
        let expected = match file.as_str() {
            "input.export.json" => {
                json!(["orders-copy", "exports", "orders/2026-03-01-02-00-00/", null, null, 0, 0, null])
            }
            "input.of-dynamodb.json" => json!([
                "orders-copy",
                "exports",
                "nightly/AWSDynamoDB/01693685827463-2d8752fd/manifest-summary.json",
                null,
                null,
                0,
                0,
                null
            ]),
            "input.data-pipeline.json" => {
                json!([
                    "orders-copy",
                    "old-exports",
                    "2014-06-01-00-00-00/manifest",
                    null,
                    "gzip",
                    2,
                    0,
                    null
                ])
            }
            "input.without-types.json" => {
                json!(["orders-copy", "old-backup", "snapshots/2026-03-01 02:00", "json", null, 0, 0, null])
            }
            "input.slowly-into-items.json" => {
                json!(["orders-production", "exports", "by-hand/", "plain", null, 4, 200, true])
            }
            "input.of-the-former-backup.json" => {
                assert_eq!(event["Binary"], "text");
                let folder = "orders/2020-09-05-03-29-50/";
                json!([
                    "orders-copy",
                    "123456789012-dynamodb-backup",
                    folder,
                    "data-pipeline",
                    null,
                    0,
                    0,
                    null
                ])
            }
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let input: import_table::ExecutionInput = serde_json::from_value(event).unwrap();
        let wanted = input.wanted(&defaults).unwrap();
        let (format, compression, merge) = (input.format, input.compression, input.merge);
        let (segments, units) = (wanted.segments, wanted.max_write_capacity_units);
        let led_to = json!([
            input.table_name,
            wanted.bucket,
            wanted.place,
            format,
            compression,
            segments,
            units,
            merge
        ]);
        assert_eq!(led_to, expected, "{file}");
    }
}

#[test]
fn every_event_of_export_table_has_the_expected_outcome() {
    // The values of the template.
    let defaults = tablekeeper_core::export::execution_input::Defaults {
        bucket: "123456789012-dynamodb-backup".to_owned(),
        prefix: String::new(),
        table_tag: "BackupEnabled=true".to_owned(),
        format: "dynamodb-json".to_owned(),
        null_tag: "nULL".to_owned(),
        compression: "gzip".to_owned(),
        consistent_read: "true".to_owned(),
        segments: "0".to_owned(),
        segment_concurrency: "8".to_owned(),
        max_read_capacity_units: "0".to_owned(),
        managed: "false".to_owned(),
        timeout_hours: "24".to_owned(),
        seconds_per_call: "600".to_owned(),
    };
    for (file, event) in events("export-table") {
        let by_default = json!(["dynamodb-json", "nULL", "gzip", true, 0, 0, false]);
        let expected = match file.as_str() {
            "input.one-table.json" => json!([["Movies"], "manual", by_default]),
            "input.by-schedule.json" => json!([["BackupEnabled", "true"], "Daily", by_default]),
            "input.create-backups.json" => json!([["BackupEnabled", "true"], "QuarterHourly", by_default]),
            "input.backup-table.json" => json!([["orders-production"], "Monthly", by_default]),
            "input.by-tag.json" => json!([
                ["backup", "nightly"],
                "Weekly",
                ["dynamodb-json", "nULL", "zstd", false, 16, 2000, false]
            ]),
            "input.for-data-pipeline.json" => json!([
                ["orders-production", "customers-production"],
                "manual",
                ["data-pipeline", "nULLValue", "none", true, 0, 0, false]
            ]),
            "input.managed.json" => {
                json!([["orders-production"], "Yearly", ["dynamodb-json", "nULL", "gzip", true, 0, 0, true]])
            }
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let input: export_table::ExecutionInput = serde_json::from_value(event).unwrap();
        let tables = match input.selection(&defaults).unwrap() {
            tablekeeper_core::export::execution_input::Selection::Names(names) => json!(names),
            tablekeeper_core::export::execution_input::Selection::Pattern(pattern) => json!(pattern.as_str()),
            tablekeeper_core::export::execution_input::Selection::Tag { key, value, .. } => {
                json!([key, value])
            }
        };
        let run = input.run(&defaults, "2026-03-01T02:00:00Z".parse().unwrap()).unwrap();
        let rate = run.max_read_capacity_units;
        let how = json!([
            run.format,
            run.null_tag,
            run.compression,
            run.consistent_read,
            run.segments,
            rate,
            run.managed
        ]);
        assert_eq!(json!([tables, run.frequency, how]), expected, "{file}");
    }
}
