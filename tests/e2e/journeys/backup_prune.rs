//! Tests `backup-prune` end to end: from the schedule's own input through the deployed template and state machine to
//! the remaining backups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use execution_report::message_of;
use local_aws::{Call, workspace_root};
use serde_json::{Value, json};
use tablekeeper_core::clock::{Clock, utc};
use tablekeeper_core::prune::retention::backup_name;
use tablekeeper_tests::checks::policies::template;
use tablekeeper_tests::harness::run::{Execution, end_of};
use tablekeeper_tests::workflows::backup_prune::{
    BY_HAND, EARLIER, OTHER, TABLE, bucket, make_backup, make_backups, make_dated_backup,
    make_former_backups, workflow,
};
use tablekeeper_tests::workflows::sync_settings::tables::{Billing, make_table};
use tablekeeper_tests::{Deployed, stack, until};

crate::of_every_workflow!(backup_prune);

/// Deploys the workflow with these parameters of the template into a new account.
async fn deployed_with(parameters: &[(&str, &str)]) -> Deployed {
    let mut deployed = Deployed::empty_account().await;
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    deployed.deploy(&workflow(), &parameters).await;
    deployed
}

/// Returns the input with which the schedule starts an execution.
fn scheduled() -> Value {
    let target = &template("backup-prune")["Resources"]["ScheduleRule"]["Properties"]["Targets"][0];
    serde_json::from_str(target["Input"].as_str().unwrap()).unwrap()
}

async fn execute(deployed: &Deployed, name: &str, input: &Value) -> Execution {
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name(name);
    start.input(input.to_string()).send().await.unwrap();
    end_of(deployed, name).await
}

/// Returns the reports of a successful execution, by table.
fn reports(execution: &Execution) -> BTreeMap<String, Value> {
    assert_eq!(execution.entered.last().map(String::as_str), Some("Complete"), "{execution:?}");
    let tables = execution.output["Tables"].as_array().unwrap().iter();
    tables.map(|report| (report["TableName"].as_str().unwrap().to_owned(), report.clone())).collect()
}

/// Returns the message of an execution that failed for some of its tables.
fn reported(execution: &Execution) -> String {
    assert_eq!(execution.error.as_deref(), Some("TablesFailed"), "{execution:?}");
    message_of(execution.cause.as_deref().unwrap())
}

/// Returns the names of the table's backups.
async fn names(deployed: &Deployed, table: &str) -> BTreeSet<String> {
    let mut pages = BTreeSet::new();
    let mut start = None;
    loop {
        let list = deployed.dynamodb.list_backups().table_name(table).set_exclusive_start_backup_arn(start);
        let page = list.send().await.unwrap();
        let summaries = page.backup_summaries().iter();
        pages.extend(summaries.map(|backup| backup.backup_name().unwrap().to_owned()));
        start = page.last_evaluated_backup_arn;
        if start.is_none() {
            return pages;
        }
    }
}

/// Returns the number of calls of the workflow's steps by action.
async fn requests(deployed: &Deployed) -> BTreeMap<String, usize> {
    let mut requests = BTreeMap::new();
    let calls = stack().await.aws.proxy().calls(&deployed.account);
    for call in calls.into_iter().filter(|call| call.step.is_some()) {
        *requests.entry(call.action).or_default() += 1;
    }
    requests
}

fn earlier(table: &str, times: &[&str]) -> BTreeSet<String> {
    times.iter().map(|time| format!("{table}-{time}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_scheduled_runs_leave_the_newest_three_and_the_manual_backup() {
    let parameters = [("ScheduleExpression", "rate(1 day)"), ("TableNames", TABLE)];
    let deployed = deployed_with(&parameters).await;
    make_table(&deployed, TABLE, &[], Billing::OnDemand).await;
    make_backup(&deployed, TABLE, BY_HAND).await;
    let (mut made, mut deleted) = (Vec::new(), 0);
    for run in 1..=5 {
        let execution = execute(&deployed, &format!("run-{run}"), &scheduled()).await;
        let report = reports(&execution)[TABLE].clone();
        assert_eq!((&report["Outcome"], &report["Ignored"]), (&json!("DONE"), &json!(1)), "{report}");
        assert_eq!(report["Kept"], run.min(3), "{report}");
        deleted += report["Deleted"].as_u64().unwrap();
        let arn = report["BackupArn"].as_str().unwrap();
        let described = deployed.dynamodb.describe_backup().backup_arn(arn).send().await.unwrap();
        let details = described.backup_description.unwrap().backup_details.unwrap();
        made.push(details.backup_name.clone());
        // A backup's name has a resolution of one second. A run within the same second would adopt the backup.
        let second = details.backup_name.rsplit('-').next().unwrap().to_owned();
        until("the next second", async || Clock::System.now().format("%Y%m%dT%H%M%SZ").to_string() > second)
            .await;
    }
    let mut left: BTreeSet<String> = made[2..].iter().cloned().collect();
    assert_eq!((left.len(), deleted), (3, 2), "{made:?}");
    left.insert(BY_HAND.to_owned());
    assert_eq!(names(&deployed, TABLE).await, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_and_fifty_backups_on_several_pages_are_pruned_in_one_run() {
    let deployed = deployed_with(&[]).await;
    make_table(&deployed, TABLE, &[], Billing::OnDemand).await;
    let time = |minute: usize| format!("20250101T{:02}{:02}00Z", minute / 60, minute % 60);
    let times: Vec<String> = (0..150).map(time).collect();
    for (place, time) in times.iter().enumerate() {
        make_dated_backup(&deployed, TABLE, time).await;
        if place % 50 == 0 {
            make_backup(&deployed, TABLE, &format!("{BY_HAND}-{place}")).await;
        }
    }
    stack().await.aws.proxy().forget_calls(&deployed.account);
    let execution = execute(&deployed, "run", &json!({ "TableName": TABLE, "MaxBackups": 3 })).await;
    let report = reports(&execution)[TABLE].clone();
    assert_eq!((&report["Deleted"], &report["Kept"]), (&json!(148), &json!(3)), "{report}");
    assert_eq!((&report["Ignored"], &report["NotDeleted"]), (&json!(3), &json!(0)), "{report}");
    let names = names(&deployed, TABLE).await;
    let by_hand = [0, 50, 100].map(|place| format!("{BY_HAND}-{place}"));
    let retained = times[148..].iter().map(|time| format!("{TABLE}-{time}"));
    assert!(by_hand.into_iter().chain(retained).all(|name| names.contains(&name)), "{names:?}");
    assert_eq!(names.len(), 6, "the new one is the sixth: {names:?}");
    let requests = requests(&deployed).await;
    assert_eq!(requests["dynamodb:ListBackups"], 4, "two pages, read by two steps");
    assert_eq!(requests["dynamodb:DeleteBackup"], 148);
}

/// Returns the cost according to docs/backup-prune.md for `tables` tables. Each has `stale` backups to delete and fewer
/// than 100 in total, and its new backup is available at the first poll.
fn cost(tables: usize, stale: usize, captured: bool) -> (usize, BTreeMap<String, usize>) {
    let transitions = 4 + tables * (9 + stale + usize::from(captured));
    let requests = [
        ("dynamodb:CreateBackup", tables),
        ("dynamodb:DeleteBackup", tables * stale),
        ("dynamodb:DescribeBackup", tables * (1 + stale)),
        ("dynamodb:DescribeTable", tables),
        ("dynamodb:ListBackups", tables * 2),
    ];
    (transitions, requests.map(|(action, count)| (action.to_owned(), count)).into())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cost_is_as_documented() {
    let deployed = deployed_with(&[]).await;
    for (run, tables) in [vec![TABLE], vec![OTHER, "reorders", "audit"]].into_iter().enumerate() {
        for table in &tables {
            make_backups(&deployed, table).await;
        }
        stack().await.aws.proxy().forget_calls(&deployed.account);
        let input = json!({ "TableNames": tables, "MaxBackups": 2 });
        let execution = execute(&deployed, &format!("run-{run}"), &input).await;
        assert_eq!(reports(&execution).len(), tables.len());
        let seen = (execution.entered.len(), requests(&deployed).await);
        assert_eq!(seen, cost(tables.len(), 3, false), "{:?}", execution.entered);
        // select-tables limits the deletions by this number.
        let events = execution.history.len();
        assert!(events <= 20 + tables.len() * (50 + 3 * 7), "{events} events");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_captured_with_each_backup_if_a_bucket_is_named() {
    let mut deployed = Deployed::empty_account().await;
    let bucket = bucket(&deployed);
    deployed.s3.create_bucket().bucket(&bucket).send().await.unwrap();
    deployed.deploy(&workflow(), &[("SettingsBucketName", bucket.clone())]).await;
    make_backups(&deployed, TABLE).await;
    make_backups(&deployed, OTHER).await;
    let execution = execute(&deployed, "run", &json!({ "TableNames": [TABLE, OTHER] })).await;
    let reports = reports(&execution);
    for table in [TABLE, OTHER] {
        let place = reports[table]["Settings"].as_str().unwrap();
        let key = place.strip_prefix(&format!("s3://{bucket}/")).unwrap();
        // A restore of this backup finds the settings, though they were written after the backup was made.
        let backup =
            deployed.dynamodb.describe_backup().backup_arn(reports[table]["BackupArn"].as_str().unwrap());
        let details = backup.send().await.unwrap().backup_description.unwrap().backup_details.unwrap();
        let made = utc(details.backup_creation_date_time()).format("%Y%m%dT%H%M%SZ").to_string();
        assert!(key.ends_with(&format!("/{table}/{made}.json")), "{key} is not of {made}");
        let object = deployed.s3.get_object().bucket(&bucket).key(key).send().await.unwrap();
        let document = object.body.collect().await.unwrap().into_bytes();
        let document: Value = serde_json::from_slice(&document).unwrap();
        assert!(document.to_string().contains(&format!(":table/{table}\"")), "{document}");
    }
    assert_eq!(execution.entered.len(), cost(2, 2, true).0, "{:?}", execution.entered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_fails_deletes_nothing() {
    let deployed = deployed_with(&[]).await;
    make_backups(&deployed, TABLE).await;
    let before = names(&deployed, TABLE).await;
    stack().await.aws.proxy().fail_backups(&deployed.account, true);
    let execution = execute(&deployed, "run", &json!({ "TableName": TABLE, "MaxBackups": 1 })).await;
    let cause = reported(&execution);
    assert!(cause.contains("\norders: failed: BackupFailed: backup orders-"), "{cause}");
    assert!(names(&deployed, TABLE).await.is_superset(&before));
    assert!(!requests(&deployed).await.contains_key("dynamodb:DeleteBackup"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_fails_stops_no_other_table() {
    let deployed = deployed_with(&[]).await;
    make_backups(&deployed, TABLE).await;
    make_backups(&deployed, OTHER).await;
    let input = json!({ "TableNames": [OTHER, "missing", TABLE], "MaxBackups": 2 });
    let execution = execute(&deployed, "run", &input).await;
    let cause = reported(&execution);
    assert_eq!(
        cause.lines().collect::<Vec<_>>(),
        [
            "1 of 3 tables were not backed up and pruned as they should be:",
            "missing: failed: SourceTableMissing: table missing does not exist, so it cannot be backed up",
            "customers: backed up, 3 deleted, 2 kept",
            "orders: backed up, 3 deleted, 2 kept",
        ]
    );
    for table in [TABLE, OTHER] {
        let left = names(&deployed, table).await;
        assert_eq!(left.len(), 2, "{left:?}");
        assert!(left.is_superset(&earlier(table, &EARLIER[3..])), "{left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_of_an_earlier_table_of_the_same_name_are_not_deleted() {
    let deployed = deployed_with(&[]).await;
    make_backups(&deployed, TABLE).await;
    deployed.dynamodb.delete_table().table_name(TABLE).send().await.unwrap();
    make_table(&deployed, TABLE, &[], Billing::OnDemand).await;
    make_dated_backup(&deployed, TABLE, "20250105T020000Z").await;
    let execution = execute(&deployed, "run", &json!({ "TableName": TABLE, "MaxBackups": 1 })).await;
    let report = reports(&execution)[TABLE].clone();
    assert_eq!((&report["Deleted"], &report["Ignored"]), (&json!(1), &json!(4)), "{report}");
    let left = names(&deployed, TABLE).await;
    assert!(left.is_superset(&earlier(TABLE, &EARLIER)), "{left:?}");
    assert_eq!(left.len(), 5, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_executions_leave_a_backup() {
    let deployed = deployed_with(&[]).await;
    make_backups(&deployed, TABLE).await;
    let input = json!({ "TableName": TABLE, "MaxBackups": 1 });
    let runs = ["one", "two", "three"].map(|name| execute(&deployed, name, &input));
    futures::future::join_all(runs).await;
    // Each may have made its own backup, adopted one of the same second, or had its own deleted by a newer execution.
    let left = names(&deployed, TABLE).await;
    assert!((1..=3).contains(&left.len()), "{left:?}");
    assert!(left.is_disjoint(&earlier(TABLE, &EARLIER)), "{left:?}");
}

/// Backups of the former system are not deleted until the input asks for it. Then the same rules apply to them as to
/// tablekeeper's own.
#[tokio::test(flavor = "multi_thread")]
async fn backups_of_the_former_system_are_deleted_only_on_request() {
    let deployed = deployed_with(&[]).await;
    let former: BTreeSet<String> = make_former_backups(&deployed, TABLE).await.into_iter().collect();
    let execution = execute(&deployed, "without-former", &json!({ "TableName": TABLE })).await;
    let report = reports(&execution)[TABLE].clone();
    assert_eq!((&report["Kept"], &report["Deleted"], &report["Ignored"]), (&json!(1), &json!(0), &json!(4)));
    assert!(names(&deployed, TABLE).await.is_superset(&former), "{report}");
    let line =
        "left orders-20250101020000: the predecessor of this workflow made it, and IncludeFormer is off";
    assert!(report["Details"].as_array().unwrap().contains(&json!(line)), "{report}");

    let plan = plan(&deployed, &["--keep", "3", "--include-former"]).await;
    assert_eq!(plan["delete"].as_array().unwrap().len(), 3, "{plan}");
    // A backup's name has a resolution of one second. A run within the same second would adopt the backup.
    until("the next second", async || {
        names(&deployed, TABLE).await.iter().all(|name| *name != backup_name(TABLE, Clock::System.now()))
    })
    .await;
    let execution =
        execute(&deployed, "with-former", &json!({ "TableName": TABLE, "IncludeFormer": true })).await;
    let report = reports(&execution)[TABLE].clone();
    assert_eq!((&report["Kept"], &report["Deleted"], &report["Ignored"]), (&json!(3), &json!(3), &json!(0)));
    let left = names(&deployed, TABLE).await;
    assert_eq!(left.intersection(&former).collect::<Vec<_>>(), ["orders-20250104020000"], "{left:?}");
}

/// Runs `tablekeeper plan prune` as a person does and returns its output.
async fn plan(deployed: &Deployed, arguments: &[&str]) -> Value {
    let mut command = tokio::process::Command::new(env!("CARGO"));
    let command =
        command.current_dir(workspace_root()).args(["run", "--quiet", "--bin", "tablekeeper", "--"]);
    let command = command.args(["plan", "prune", "--json", "--table", TABLE]).args(arguments);
    let command = command.env("AWS_ENDPOINT_URL", stack().await.aws.endpoint());
    let command = command.env("AWS_REGION", "us-east-1").env("AWS_ACCESS_KEY_ID", &deployed.account);
    let command = command.env("AWS_SECRET_ACCESS_KEY", "local");
    let command = command.env_remove("AWS_SESSION_TOKEN").env_remove("AWS_PROFILE");
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_equals_what_the_run_does() {
    let deployed = Arc::new(deployed_with(&[]).await);
    make_backups(&deployed, TABLE).await;
    // Backups of another month and another year, which only the monthly and yearly rules retain.
    for time in ["20241215T020000Z", "20241216T020000Z", "20231230T000000Z", "20221231T000000Z"] {
        make_dated_backup(&deployed, TABLE, time).await;
    }
    make_backup(&deployed, TABLE, BY_HAND).await;
    let plan = plan(&deployed, &["--keep", "2", "--monthly", "3", "--yearly", "4"]).await;
    let reported = |list: &str, field: &str| -> BTreeMap<String, String> {
        let backups = plan[list].as_array().unwrap().iter().filter(|backup| !backup["backupArn"].is_null());
        let text = |value: &Value| match value {
            Value::Array(rules) => {
                rules.iter().map(|rule| rule.as_str().unwrap()).collect::<Vec<_>>().join(", ")
            }
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        backups.map(|backup| (text(&backup["backupName"]), text(&backup[field]))).collect()
    };
    let (retained, deleted, left) =
        (reported("keep", "rules"), reported("delete", ""), reported("left", "reason"));
    let input = json!({ "TableName": TABLE, "MaxBackups": 2, "MonthlyBackups": 3, "YearlyBackups": 4 });
    let execution = execute(&deployed, "run", &input).await;
    let report = reports(&execution)[TABLE].clone();
    let details: BTreeSet<&str> =
        report["Details"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let lines = |verb: &str, backups: &BTreeMap<String, String>| -> Vec<String> {
        let why = |why: &str| if why.is_empty() { String::new() } else { format!(": {why}") };
        backups.iter().map(|(name, reason)| format!("{verb} {name}{}", why(reason))).collect()
    };
    let all = [lines("kept", &retained), lines("deleted", &deleted), lines("left", &left)].concat();
    for line in &all {
        assert!(details.contains(line.as_str()), "`{line}` is not of {details:?}");
    }
    assert_eq!(details.len(), all.len() + 1, "and the new one: {details:?}");
    assert_eq!((deleted.len(), left.len()), (5, 1), "{plan}");
    let names = names(&deployed, TABLE).await;
    assert!(deleted.keys().all(|name| !names.contains(name)), "{names:?}");
    assert!(retained.keys().chain(left.keys()).all(|name| names.contains(name)), "{names:?}");
    let deletions = |call: &Call| call.action == "dynamodb:DeleteBackup" && call.step.is_some();
    let calls = stack().await.aws.proxy().calls(&deployed.account);
    assert_eq!(calls.iter().filter(|call| deletions(call)).count(), 5, "none by the plan");
}
