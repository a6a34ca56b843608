//! Events of the workflows around copies of tables.

use super::*;

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
fn every_event_of_fleet_has_the_expected_outcome() {
    for (file, event) in events("fleet") {
        assert_eq!(file, "input.by-schedule.json", "{file} has no expected outcome here; add it");
        let input: fleet::ExecutionInput = serde_json::from_value(event).unwrap();
        assert_eq!(input, fleet::ExecutionInput::default());
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
