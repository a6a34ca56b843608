//! `fleet`, on accounts whose tables are protected in different ways.

use std::path::Path;

use aws_sdk_backup::types::BackupJobState;
use aws_sdk_dynamodb::types::{PointInTimeRecoverySpecification, Tag};
use local_aws::{Fault, Rule};
use serde_json::{Value, json};

use crate::shell::{Shell, stack};

fn arn(account: &str, table: &str) -> String {
    format!("arn:aws:dynamodb:us-east-1:{account}:table/{table}")
}

async fn turn_recovery_on(shell: &Shell, table: &str) {
    let on =
        PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build().unwrap();
    let update = shell.dynamodb.update_continuous_backups().table_name(table);
    update.point_in_time_recovery_specification(on).send().await.unwrap();
}

async fn tag(shell: &Shell, table: &str, tags: &[(&str, &str)]) {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap());
    let call = shell.dynamodb.tag_resource().resource_arn(arn(shell.name, table));
    call.set_tags(Some(tags.collect())).send().await.unwrap();
}

/// Makes a recovery point of a table with AWS Backup.
async fn back_up(shell: &Shell, table: &str) {
    let config = stack().await.config(shell.name).await;
    let backup = aws_sdk_backup::Client::new(&config);
    backup.create_backup_vault().backup_vault_name("daily").send().await.unwrap();
    let start = backup.start_backup_job().backup_vault_name("daily").resource_arn(arn(shell.name, table));
    let job = start.iam_role_arn(format!("arn:aws:iam::{}:role/backup", shell.name)).send().await.unwrap();
    let id = job.backup_job_id().unwrap().to_owned();
    let mut state = None;
    for _ in 0..100 {
        state = backup.describe_backup_job().backup_job_id(&id).send().await.unwrap().state;
        if state == Some(BackupJobState::Completed) {
            break;
        }
    }
    assert_eq!(state, Some(BackupJobState::Completed));
}

/// Makes a table for each source, and two copies of a rotation.
async fn prepared(account: &'static str) -> Shell {
    let shell = Shell::new(account).await;
    for table in ["customers", "invoices", "orders", "sessions"] {
        shell.create(table, "id", false).await;
    }
    turn_recovery_on(&shell, "orders").await;
    let backup = shell.dynamodb.create_backup().table_name("invoices").backup_name("nightly");
    backup.send().await.unwrap();
    back_up(&shell, "customers").await;
    for time in ["20261128-02-00-00", "20261129-02-00-00"] {
        let copy = format!("orders-staging-{time}");
        shell.create(&copy, "id", false).await;
        tag(&shell, &copy, &[("tablekeeper:recovery-point", "gone")]).await;
    }
    shell
}

/// Returns the row of a table.
fn row<'a>(text: &'a str, table: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.starts_with(&format!("{table} "))).unwrap();
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

fn table<'a>(fleet: &'a Value, name: &str) -> &'a Value {
    let mut tables = fleet["tables"].as_array().unwrap().iter();
    tables.find(|table| table["name"] == name).unwrap()
}

/// Checks a document against its schema.
pub(crate) fn is_of_schema(document: &Value, schema: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(schema);
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(document)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[tokio::test]
async fn a_table_without_a_source_is_broken_and_comes_first() {
    let shell = prepared("497000000094").await;
    let shown = shell.run(&["fleet"]).await;
    assert_eq!(shown.code, Some(3), "{}", shown.remarks);
    assert!(!shown.data.contains('\u{1b}'), "{}", shown.data);
    let first = shown.data.lines().nth(1).unwrap();
    assert!(first.starts_with("sessions "), "{}", shown.data);
    assert_eq!(row(&shown.data, "sessions")[..4], ["sessions", "broken", "everything", "none"]);
    assert_eq!(row(&shown.data, "invoices")[1], "kept");
    assert_eq!(row(&shown.data, "invoices")[3], "backup");
    assert_eq!(row(&shown.data, "orders")[1], "kept");
    assert_eq!(row(&shown.data, "orders")[3], "PITR");
    assert_eq!(row(&shown.data, "customers")[1], "kept");
    assert_eq!(row(&shown.data, "orders-staging-20261128-02-00-00")[1], "older copy");
    let reason = "sessions: built-in: PitrOrBackupWithinDays broken: point-in-time recovery is off; there is no backup and \
                  no recovery point\n";
    assert!(shown.data.contains(reason), "{}", shown.data);
    assert!(shown.data.contains("1 of 2 copies have a newer one and take "), "{}", shown.data);
    assert!(shown.remarks.ends_with("1 of 6 tables break a rule\n"), "{}", shown.remarks);

    let only = shell.run(&["fleet", "--only", "broken", "--quiet"]).await;
    assert_eq!((only.code, only.remarks.as_str()), (Some(3), ""));
    assert!(only.data.contains("sessions") && !only.data.contains("invoices"), "{}", only.data);

    let printed = shell.run(&["fleet", "--json", "--page", "fleet.html", "--price-per-gb", "0.25"]).await;
    assert_eq!(printed.code, Some(3), "{}", printed.remarks);
    let fleet = printed.json();
    is_of_schema(&fleet, "fleet.json");
    assert_eq!((&fleet["account"], &fleet["region"]), (&json!("497000000094"), &json!("us-east-1")));
    assert_eq!((&fleet["totals"]["broken"], &fleet["totals"]["unprotected"]), (&json!(1), &json!(1)));
    let points = &table(&fleet, "customers")["facts"]["recoveryPoints"];
    assert_eq!((&points["state"], &points["value"]["count"]), (&json!("found"), &json!(1)));
    assert_eq!(table(&fleet, "sessions")["facts"]["backups"]["state"], "none");
    assert_eq!(table(&fleet, "orders")["facts"]["settings"]["state"], "notAsked");
    assert_eq!(fleet["calls"]["dynamodb:DescribeContinuousBackups"], 6);
    let page = std::fs::read_to_string(shell.path("fleet.html")).unwrap();
    assert!(page.contains("1 of 6 tables break a rule") && page.contains("data-sort=\"sessions\""), "{page}");
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src="), "{page}");
}

#[tokio::test]
async fn rules_of_a_file_are_kept_or_broken() {
    let shell = prepared("497000000095").await;
    tag(&shell, "orders", &[("environment", "production")]).await;
    let rules = "Rules:\n- Name: production\n  Tables: {Tag: {Key: environment, Value: production}}\n  Must: {Pitr: true, \
                 MaxLossSeconds: 600, MinWindowDays: 35}\n";
    std::fs::write(shell.path("rules.yaml"), rules).unwrap();
    let kept = shell.run(&["fleet", "--rules", "rules.yaml"]).await;
    assert_eq!(kept.code, Some(0), "{}{}", kept.data, kept.remarks);
    assert_eq!(row(&kept.data, "orders")[1], "kept");
    assert_eq!(row(&kept.data, "sessions")[1], "no rule");
    assert!(kept.remarks.ends_with("No rule is broken: 6 tables\n"), "{}", kept.remarks);

    let rules = json!({ "Rules": [{ "Name": "all", "Tables": { "NamePattern": "^orders$" },
        "Must": { "DeletionProtection": true, "VerifiedWithinDays": 30, "SettingsCaptured": true } }] });
    is_of_schema(&rules, "fleet-rules.json");
    std::fs::write(shell.path("rules.json"), rules.to_string()).unwrap();
    shell.s3.create_bucket().bucket("settings-497000000095").send().await.unwrap();
    let broken = shell.run(&["fleet", "--rules", "rules.json", "--settings", "settings-497000000095"]).await;
    assert_eq!(broken.code, Some(3), "{}", broken.remarks);
    for reason in [
        "orders: all: DeletionProtection broken: deletion protection is off",
        "orders: all: VerifiedWithinDays broken: no restore of it was verified",
        "orders: all: SettingsCaptured broken: there is no settings document of it",
    ] {
        assert!(broken.data.contains(reason), "{}", broken.data);
    }
    let unasked = shell.run(&["fleet", "--rules", "rules.json"]).await.data;
    let reason = "orders: all: SettingsCaptured not known: no bucket of settings documents was given (--settings, \
                  SettingsBucketName)";
    assert!(unasked.contains(reason), "{unasked}");
}

#[tokio::test]
async fn what_is_refused_is_not_known() {
    let shell = prepared("497000000096").await;
    let refuse = |action: &'static str| Rule {
        account: shell.name.to_owned(),
        step: None,
        action: action.to_owned(),
        from_ordinal: 0,
        times: 1_000,
        fault: Fault::Refuse,
    };
    stack().await.proxy().inject(refuse("dynamodb:DescribeContinuousBackups"));
    let shown = shell.run(&["fleet", "--only", "not-known"]).await;
    assert_eq!(shown.code, Some(3), "{}", shown.remarks);
    for name in ["orders", "sessions"] {
        assert_eq!(row(&shown.data, name)[1], "not known", "{}", shown.data);
    }
    assert!(!shown.data.contains("invoices"), "its backup is enough: {}", shown.data);
    let reason = "orders: built-in: PitrOrBackupWithinDays not known: point-in-time recovery is not known: \
                  dynamodb:DescribeContinuousBackups failed: AccessDenied";
    assert!(shown.data.contains(reason), "{}", shown.data);
    let end = "Of 2 of 6 tables it is not known whether they keep the rules\n";
    assert!(shown.remarks.ends_with(end), "{}", shown.remarks);
    stack().await.proxy().inject(refuse("dynamodb:ListTables"));
    let failed = shell.run(&["fleet"]).await;
    assert_eq!(failed.code, Some(1), "{}", failed.remarks);
    assert!(failed.remarks.contains("dynamodb:ListTables failed: AccessDenied"), "{}", failed.remarks);
}

#[tokio::test]
async fn rules_and_options_that_cannot_be_used_are_refused() {
    let shell = Shell::new("497000000097").await;
    std::fs::write(shell.path("bad.json"), "{\"Rules\": [}").unwrap();
    std::fs::write(shell.path("bad.yaml"), "Rules: [").unwrap();
    let wrong = "Rules:\n- Name: all\n  Must: {MinWindowDays: 0}\n";
    std::fs::write(shell.path("wrong.yml"), wrong).unwrap();
    for (arguments, expected) in [
        (&["--rules", "none.json"][..], "none.json: cannot be read: No such file"),
        (&["--rules", "bad.json"], "bad.json: the file is not JSON: "),
        (&["--rules", "bad.yaml"], "bad.yaml: the file is not YAML: "),
        (
            &["--rules", "wrong.yml"],
            "wrong.yml: Rules[0].Must.MinWindowDays is 0; it must be between 1 and 3660",
        ),
        (&["--incremental", "items"], "it must be s3://BUCKET/PREFIX"),
        (&["--settings", "A"], "it must be the name of a bucket"),
        (&["--price-per-gb", "cheap"], "it must be a number of at least 0"),
    ] {
        let refused = shell.run(&[&["fleet"], arguments].concat()).await;
        assert_eq!(refused.code, Some(2), "{}", refused.remarks);
        assert!(refused.remarks.contains(expected), "{}", refused.remarks);
    }
    let empty = shell.run(&["fleet"]).await;
    assert_eq!((empty.code, empty.data.as_str()), (Some(0), ""), "{}", empty.remarks);
}
