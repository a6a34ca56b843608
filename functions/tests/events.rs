//! Every sample event is valid against the schema that its name claims, and has the expected outcome.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tablekeeper_core::aws::arn::Arn;
use tablekeeper_core::error_name::HasErrorName;
use tablekeeper_core::item_history::change;
use tablekeeper_core::prune::execution_input::{Defaults, Selection};
use tablekeeper_core::prune::retention::Others;
use tablekeeper_core::retire::copies::Bases;
use tablekeeper_core::rotation::decision::{Decision, decide};
use tablekeeper_core::rotation::execution_input::ExecutionInput;
use tablekeeper_core::rotation::naming::{Patterns, Rotation};
use tablekeeper_core::rotation::pointer::{History, Version};
use tablekeeper_core::rotation::request::{Request, TemplateParameters};
use tablekeeper_core::rotation::rollback::Rollback;
use tablekeeper_functions::workflows::rotate_restore::{publish_pointer, restore_backup};
use tablekeeper_functions::workflows::sync_settings::event::{Notification, Restore};
use tablekeeper_functions::workflows::sync_settings::{capture_settings, event};
use tablekeeper_functions::workflows::{
    backfill, backup_prune, export_table, import_table, replay, report_execution, restore_snapshot,
    restore_test, retire_copies, snapshot, sync_settings,
};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns `events/<workflow>/*.json`, by file name.
fn events(workflow: &str) -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(root("events").join(workflow)).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(&path))).collect()
}

/// `<step>.<case>.json` claims the input of that step, `input.<case>.json` that of the execution.
#[test]
fn every_event_is_valid_against_the_schema_that_it_claims() {
    let folders = std::fs::read_dir(root("events")).unwrap();
    for workflow in folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()) {
        for (name, event) in events(&workflow) {
            let schema = match name.split_once('.').unwrap().0 {
                "input" => root("schemas").join(format!("{workflow}.input.json")),
                step => root("schemas").join(&workflow).join(format!("{step}.input.json")),
            };
            let validator = jsonschema::validator_for(&read(&schema)).unwrap();
            let errors: Vec<String> = validator.iter_errors(&event).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
        }
    }
}

fn outcome(decision: &Result<Decision, impl HasErrorName>) -> Value {
    match decision {
        Ok(Decision::Restore { rotation, execution_name, .. }) => {
            json!([rotation.target_table, rotation.recovery_point_kind, execution_name])
        }
        Ok(Decision::Skip(_)) => json!("skipped"),
        Err(error) => json!(error.name()),
    }
}

#[test]
fn every_event_of_rotate_restore_has_the_expected_outcome() {
    // The values of the template by default.
    let template = TemplateParameters {
        source_pattern: "(?i)-production$".to_owned(),
        replacement_pattern: "-staging".to_owned(),
        ssm_parameter_name: String::new(),
        billing_mode_override: None,
        sse_kms_master_key_id: None,
    };
    let patterns = Patterns::new(&template.source_pattern, &template.replacement_pattern, None).unwrap();
    let name = "rot-3f1c9a5e-0b7d-4c62-9b1a-5d0e8f2a7c44";
    let target = "orders-staging-20260301-02-00-00";
    let restored = json!([target, "dynamodb", name]);
    let customers = json!([
        "eu.customers-staging-20260301-02-00-00",
        "dynamodb",
        "rot-a7b0c1d2-1111-4222-8333-944455566677"
    ]);
    for (file, event) in events("rotate-restore") {
        let expected = match file.as_str() {
            "start.sns-documented-wording.json" | "start.sns-live-wording.json" => json!([restored]),
            "start.eventbridge-completed.json" => json!([restored]),
            "start.sns-recovery-point.json" => json!([[target, "backup", name]]),
            "start.sns-several-records.json" => json!([restored, customers, "skipped"]),
            "start.sns-failed-job.json" | "start.sns-volume.json" => json!(["skipped"]),
            "start.sns-truncated.json" => json!(["MalformedNotification"]),
            "input.from-notification.json" | "input.with-overrides.json" => json!(target),
            "input.by-the-former-readme.json" | "input.from-backup-arn.json" => json!(target),
            "input.by-hand.json" => json!("orders-repair-20260301-02-00-00"),
            "publish-pointer.orders.json" => json!([target, "/staging/orders/table-arn"]),
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let led_to = if file.starts_with("publish-pointer.") {
            let input: publish_pointer::Input = serde_json::from_value(event).unwrap();
            json!([Arn::parse(&input.table_arn).unwrap().table_name(), input.ssm_parameter_name])
        } else if file.starts_with("input.") {
            let input: ExecutionInput = serde_json::from_value(event).unwrap();
            let request = Request::from_input::<restore_backup::Error>(input, Ok(&template)).unwrap();
            json!(Rotation::plan(&request.backup, &request.patterns).unwrap().target_table)
        } else {
            decide(&event, &patterns).iter().map(outcome).collect()
        };
        assert_eq!(led_to, expected, "{file}");
    }
}

#[test]
fn every_event_of_rollback_has_the_expected_outcome() {
    let copy = |day: i64| {
        format!("arn:aws:dynamodb:eu-west-1:123456789012:table/orders-staging-202603{day:02}-02-00-00")
    };
    let version = |number: i64| Version {
        number,
        value: copy(number),
        description: None,
        labels: Vec::new(),
        written_at: None,
    };
    let history = History { versions: (1..=5).map(version).collect() };
    for (file, event) in events("rollback") {
        let expected = match file.as_str() {
            "input.to-previous.json" => (copy(4), true),
            "input.to-version-without-pin.json" => (copy(3), false),
            "input.to-table.json" => (copy(1), true),
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let found = Rollback::find(serde_json::from_value(event).unwrap(), &history).unwrap();
        assert_eq!((found.table_arn, found.pin), expected, "{file}");
    }
}

#[test]
fn every_event_of_retire_copies_has_the_expected_outcome() {
    let text = str::to_owned;
    let defaults = tablekeeper_core::retire::execution_input::Defaults {
        table_name_pattern: text("-staging$"),
        keep: text("3"),
        older_than_days: text("7"),
        back_up: text("true"),
        delete: text("false"),
        backup_timeout_hours: text("24"),
        ..Default::default()
    };
    for (file, event) in events("retire-copies") {
        let expected = match file.as_str() {
            "input.by-schedule.json" => json!(["-staging$", 3, 7, false, [], 0]),
            "input.plan-only.json" => json!([["orders-staging"], 2, 14, false, [], 0]),
            "input.delete-with-everything.json" => {
                json!([["orders-staging", "customers-staging"], 1, 0, true, ["/staging/"], 1])
            }
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let input: retire_copies::ExecutionInput = serde_json::from_value(event).unwrap();
        let config = input.config(&defaults, "2026-03-01T02:00:00Z".parse().unwrap()).unwrap();
        let bases = match input.bases(&defaults).unwrap() {
            Bases::Names(names) => json!(names),
            Bases::Pattern(pattern) => json!(pattern.as_str()),
        };
        let (keep, days, machines) = (config.keep, config.older_than_days, config.state_machine_arns.len());
        let read = json!([bases, keep, days, config.delete, config.parameter_prefixes, machines]);
        assert_eq!(read, expected, "{file}");
    }
}

#[test]
fn every_event_of_sync_settings_has_the_expected_outcome() {
    let arn = |table: &str| format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{table}");
    for (file, event) in events("sync-settings") {
        let expected = match file.as_str() {
            "start.cloudtrail-pitr.json" => {
                json!(["orders-restored", arn("orders-production"), null, "2026-03-01T09:02:56Z"])
            }
            "start.cloudtrail-backup.json" => {
                let backup = format!("{}/backup/01772330400412-9c2f1ab7", arn("orders-production"));
                json!(["orders-restored", arn("orders-production"), backup, null])
            }
            "start.restore-job-completed.json" => {
                let point = "arn:aws:backup:eu-west-1:123456789012:recovery-point:1eb3b5e7-9eb0-435a-a80b-108b488b0d45";
                json!([arn("orders-restored"), arn("orders-production"), point, null])
            }
            "start.restore-job-created.json" => json!("the restore job is `CREATED`"),
            "start.refused-call.json" => json!("the call was refused: `TableAlreadyExistsException`"),
            "input.by-hand.json" => json!(["orders-restored", "orders-production", null, null]),
            "input.with-settings.json" => json!([
                "orders-restored",
                "arn:aws:dynamodb:us-east-1:210987654321:table/orders-production",
                { "Alarms": true, "Tags": false },
                true
            ]),
            "capture-settings.two-tables.json" => {
                json!(["orders-production", arn("eu.customers-production")])
            }
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let led_to = if file.starts_with("capture-settings.") {
            let input: capture_settings::Input = serde_json::from_value(event).unwrap();
            json!(input.table_names)
        } else if file.starts_with("input.") {
            let input: sync_settings::ExecutionInput = serde_json::from_value(event).unwrap();
            input.validate().unwrap();
            json!([input.target, input.source, input.settings, input.remove_extra])
        } else {
            match event::read(&event).unwrap() {
                Notification::Restore(Restore { target, source, backup_arn, restore_date_time }) => {
                    json!([target, source, backup_arn, restore_date_time])
                }
                Notification::Other(reason) => json!(reason),
            }
        };
        assert_eq!(led_to, expected, "{file}");
    }
}

#[test]
fn every_event_of_report_execution_has_the_expected_outcome() {
    for (file, event) in events("report-execution") {
        match file.as_str() {
            "input.by-event.json" => {
                let input: report_execution::ExecutionInput = serde_json::from_value(event).unwrap();
                assert_eq!(input.check().unwrap().0, "StateMachine-a1B2c3");
            }
            "note-delivery.not-published.json" => {
                let input: report_execution::note_delivery::Input = serde_json::from_value(event).unwrap();
                assert!(input.event_error.is_empty() && !input.message_error.is_empty());
            }
            other => panic!("{other} has no expected outcome here; add it"),
        }
    }
}

#[test]
fn every_event_of_restore_test_has_the_expected_outcome() {
    const JOB: &str = "1F1B3C5E-0B7D-4C62-9B1A-5D0E8F2A7C44";
    for (file, event) in events("restore-test") {
        let expected = match file.as_str() {
            "start.completed.json" | "start.failed.json" | "input.by-hand.json" => json!(JOB),
            "start.of-no-plan.json" => json!("no restore testing plan started the restore job"),
            "watch-tests.two-tables.json" => json!(["orders", "customers"]),
            other => panic!("{other} has no expected outcome here; add it"),
        };
        let led_to = if file.starts_with("watch-tests.") {
            let input: restore_test::watch_tests::Input = serde_json::from_value(event).unwrap();
            json!(input.tables)
        } else if file.starts_with("input.") {
            let input: restore_test::ExecutionInput = serde_json::from_value(event).unwrap();
            input.check().unwrap();
            json!(input.restore_job_id)
        } else {
            match restore_test::start::read(&event, "*").unwrap() {
                restore_test::start::Request::Validate(input) => json!(input.restore_job_id),
                restore_test::start::Request::Nothing(reason) => json!(reason),
            }
        };
        assert_eq!(led_to, expected, "{file}");
    }
}

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
