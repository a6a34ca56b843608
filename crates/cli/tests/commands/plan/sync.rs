//! `tablekeeper plan sync` on tables of the local stack.

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_dynamodb::types::{
    PointInTimeRecoverySpecification, StreamSpecification, StreamViewType, TableStatus, Tag,
    TimeToLiveSpecification,
};
use local_aws::{Call, Fault, Rule, SimulatedLatency};
use serde_json::{Value, json};

use super::support::Account;
use crate::shell::{CommandOutput, stack};

impl Account {
    /// Creates a table `orders` with tags, Time to Live, recovery and a stream, and `orders-restored`, which is
    /// restored from it.
    async fn prepared(account: &'static str) -> Account {
        let this = Account::with_table(account).await;
        this.give("orders").await;
        let restore = this.dynamodb.restore_table_to_point_in_time().source_table_name("orders");
        let restore = restore.target_table_name("orders-restored").use_latest_restorable_time(true);
        restore.send().await.unwrap();
        this.wait("orders-restored").await;
        this
    }

    /// Sets a tag. An earlier change may have locked the table's tags until they are listed.
    async fn tag(&self, table: &str, key: &str, value: &str) {
        let arn = self.arn(table);
        self.dynamodb.list_tags_of_resource().resource_arn(&arn).send().await.unwrap();
        let tag = Tag::builder().key(key).value(value).build().unwrap();
        self.dynamodb.tag_resource().resource_arn(&arn).tags(tag).send().await.unwrap();
    }

    /// Gives a table the settings of the source.
    async fn give(&self, table: &str) {
        self.tag(table, "team", "billing").await;
        let expires = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires");
        let live = self.dynamodb.update_time_to_live().table_name(table);
        live.time_to_live_specification(expires.build().unwrap()).send().await.unwrap();
        let seven = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
        let seven = seven.recovery_period_in_days(7).build().unwrap();
        let recover = self.dynamodb.update_continuous_backups().table_name(table);
        recover.point_in_time_recovery_specification(seven).send().await.unwrap();
        let images = StreamSpecification::builder().stream_enabled(true);
        let images = images.stream_view_type(StreamViewType::NewImage).build().unwrap();
        let update = self.dynamodb.update_table().table_name(table).stream_specification(images);
        update.send().await.unwrap();
        self.wait(table).await;
    }

    async fn wait(&self, table: &str) {
        for _ in 0..600 {
            let described = self.dynamodb.describe_table().table_name(table).send().await.unwrap();
            if described.table.unwrap().table_status() == Some(&TableStatus::Active) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        unreachable!("table {table} is not active after 30 s")
    }

    fn arn(&self, table: &str) -> String {
        format!("arn:aws:dynamodb:us-east-1:{}:table/{table}", self.name)
    }

    async fn plan_sync(&self, arguments: &[&str]) -> CommandOutput {
        self.plan_sync_in("us-east-1", arguments).await
    }

    async fn plan_sync_in(&self, region: &str, arguments: &[&str]) -> CommandOutput {
        self.plan_of("sync", region, arguments).await
    }
}

impl CommandOutput {
    /// Returns the outcome of each setting by name.
    fn outcomes(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let of =
            |setting: &Value| (text(setting.get("Setting").unwrap()), text(setting.get("Outcome").unwrap()));
        self.json().get("settings").unwrap().as_array().unwrap().iter().map(of).collect()
    }
}

/// The restored table is ACTIVE, so DynamoDB no longer says what it was restored from.
const RESTORED: [&str; 4] = ["--target", "orders-restored", "--source", "orders"];
const REPLACED: [&str; 6] =
    ["--target", "orders-restored", "--source", "orders", "--settings-profile", "replacement"];
const TARGET: [&str; 2] = ["--target", "orders-restored"];

#[tokio::test]
async fn settings_lost_in_a_restore_are_planned_until_they_are_applied() {
    let account = Account::prepared("410000000001").await;
    stack().await.proxy().forget_calls(account.name);
    let reported = account.plan_sync(&REPLACED).await;
    assert_eq!((reported.code, reported.remarks.as_str()), (Some(3), ""), "{}", reported.data);
    for expected in [
        "Settings of orders for orders-restored\n",
        "  ~ Tags\n      + set tag team = billing\n",
        "  ~ Stream\n      + enable the stream with NEW_IMAGE\n",
        "  ~ PointInTimeRecovery\n      + turn recovery on, for 7 days\n",
        "  ~ TimeToLive\n      + expire items by expires\n",
        "  = TableClass\n",
        "  - Alarms               skipped: it is switched off\n",
        "\nPlan: 4 settings to change, 8 unchanged, 2 skipped.\n",
    ] {
        assert!(reported.data.contains(expected), "{expected:?} is missing in\n{}", reported.data);
    }
    let calls = stack().await.proxy().calls(account.name);
    assert!(!calls.is_empty() && calls.iter().all(Call::only_reads), "{calls:?}");
    assert!(calls.iter().all(|call| call.step.as_deref() == Some("tablekeeper")), "{calls:?}");

    let differs = account.plan_sync(&[&REPLACED[..], &["--json"]].concat()).await;
    assert_eq!((differs.code, differs.json().get("differs")), (Some(3), Some(&json!(true))));

    let copied = account.plan_sync(&RESTORED).await;
    let expected = "  - TimeToLive           skipped: a copy must not act on other resources; ";
    assert!(copied.data.contains(expected), "{}", copied.data);

    account.give("orders-restored").await;
    let reported = account.plan_sync(&[&REPLACED[..], &["--json"]].concat()).await;
    let plan = reported.json();
    assert_eq!((reported.code, plan.get("differs")), (Some(0), Some(&json!(false))), "{plan}");
    assert_eq!(plan.get("source"), Some(&json!(account.arn("orders"))));
    assert_eq!(plan.get("target"), Some(&json!(account.arn("orders-restored"))));
    assert_eq!(plan.pointer("/settingsFrom/Kind"), Some(&json!("LiveTable")));
    let outcomes = reported.outcomes();
    assert_eq!((outcomes.len(), outcomes.get("Tags").map(String::as_str)), (14, Some("UNCHANGED")));
}

#[tokio::test]
async fn settings_can_be_chosen_and_extra_ones_removed() {
    let account = Account::prepared("410000000002").await;
    account.tag("orders-restored", "own", "x").await;

    let only_class = account.plan_sync(&[&RESTORED[..], &["--setting", "TableClass"]].concat()).await;
    assert_eq!(only_class.code, Some(0), "{}", only_class.data);
    let rest = ["--skip", "Tags,Stream", "PointInTimeRecovery", "TimeToLive"];
    let skipped = account.plan_sync(&[&RESTORED[..], &rest].concat()).await;
    assert_eq!(skipped.code, Some(0), "{}", skipped.data);

    let tags = [&RESTORED[..], &["--setting", "Tags"]].concat();
    let retained = account.plan_sync(&tags).await;
    assert!(
        retained.data.contains("\n      left as it is; RemoveExtra would remove tag own\n"),
        "{}",
        retained.data
    );
    let removed = account.plan_sync(&[&tags[..], &["--remove-extra"]].concat()).await;
    assert!(removed.data.contains("\n      - remove tag own\n"), "{}", removed.data);
}

#[tokio::test]
async fn a_document_replaces_a_deleted_source() {
    let account = Account::prepared("410000000003").await;
    account.dynamodb.delete_table().table_name("orders").send().await.unwrap();
    let gone = account.plan_sync(&RESTORED).await;
    assert_eq!((gone.code, gone.data.as_str()), (Some(1), ""));
    let expected = format!("error: the source table {} was not found", account.arn("orders"));
    assert!(gone.remarks.starts_with(&expected) && gone.remarks.contains("--document"), "{}", gone.remarks);

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, document: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, document.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let document = json!({
        "Version": 1, "TableArn": account.arn("orders"), "TableId": null, "CapturedAt": "2026-03-01T02:00:00Z",
        "Settings": { "Tags": { "team": "billing" }, "DeletionProtection": true }
    });
    let path = write("orders.json", &document);
    let reported = account.plan_sync(&[&TARGET[..], &["--document", &path]].concat()).await;
    assert_eq!(reported.code, Some(3), "{}{}", reported.data, reported.remarks);
    assert!(reported.data.contains("\nas of 2026-03-01 02:00:00 UTC, from "), "{}", reported.data);
    assert!(reported.data.contains("      + protect the table from deletion\n"), "{}", reported.data);
    assert!(
        reported.data.contains("\nPlan: 2 settings to change, 0 unchanged, 12 skipped.\n"),
        "{}",
        reported.data
    );

    let mut later = document;
    later.as_object_mut().unwrap().insert("Version".to_owned(), json!(2));
    let path = write("later.json", &later);
    let refused = account.plan_sync(&[&TARGET[..], &["--document", &path]].concat()).await;
    assert_eq!(refused.code, Some(2));
    let expected = format!("error: {path} is not a settings document of version 1: its version is 2\n");
    assert_eq!(refused.remarks, expected);
}

#[tokio::test]
async fn an_unreadable_setting_fails_the_plan_but_not_the_others() {
    let account = Account::prepared("410000000004").await;
    stack().await.proxy().inject(Rule {
        account: account.name.to_owned(),
        step: None,
        action: "dynamodb:DescribeTimeToLive".to_owned(),
        from_ordinal: 0,
        times: usize::MAX,
        fault: Fault::Refuse,
    });
    let reported = account.plan_sync(&REPLACED).await;
    assert_eq!(reported.code, Some(1), "{}", reported.data);
    let expected =
        "  ! TimeToLive           cannot be read: AccessDenied: dynamodb:DescribeTimeToLive failed: ";
    assert!(reported.data.contains(expected), "{}", reported.data);
    assert!(reported.data.contains("  ~ Tags\n"), "{}", reported.data);
    assert_eq!(
        reported.remarks,
        "error: the plan is incomplete; these settings cannot be read: TimeToLive\n"
    );
}

#[tokio::test]
async fn tables_are_named_by_arn_from_another_region_too() {
    let account = Account::prepared("410000000005").await;
    let (source, target) = (account.arn("orders"), account.arn("orders-restored"));
    let reported = account.plan_sync_in("eu-west-1", &["--target", &target, "--source", &source]).await;
    assert_eq!(reported.code, Some(3), "{}{}", reported.data, reported.remarks);
}

#[tokio::test]
async fn a_source_in_another_account_is_read_with_the_role() {
    let (theirs, ours) = (Account::prepared("410000000007").await, Account::prepared("410000000008").await);
    theirs.tag("orders", "team", "theirs").await;
    let source = theirs.arn("orders");
    let role = "arn:aws:iam::410000000007:role/reader";
    // Only tags: with the credentials of a role, the local stack's proxy does not find its own state of a table.
    let from = ["--source", source.as_str(), "--source-role-arn", role, "--setting", "Tags"];
    let reported = ours.plan_sync(&[&TARGET[..], &from].concat()).await;
    assert_eq!(reported.code, Some(3), "{}{}", reported.data, reported.remarks);
    let head = format!("Settings of {source} for {}\n", ours.arn("orders-restored"));
    assert!(reported.data.starts_with(&head), "{}", reported.data);
    assert!(reported.data.contains("      + set tag team = theirs\n"), "{}", reported.data);
}

#[tokio::test]
async fn a_target_during_its_restore_is_compared_as_far_as_possible() {
    let account = Account::prepared("410000000009").await;
    stack().await.proxy().slow(account.name, SimulatedLatency { tables: 99, ..SimulatedLatency::default() });
    let restore = account.dynamodb.restore_table_to_point_in_time().source_table_name("orders");
    let restore = restore.target_table_name("orders-slow").use_latest_restorable_time(true);
    restore.send().await.unwrap();
    let reported = account.plan_sync(&["--target", "orders-slow"]).await;
    assert_eq!(reported.code, Some(1), "{}{}", reported.data, reported.remarks);
    assert!(reported.data.contains("\n  ! Tags                 cannot be read: "), "{}", reported.data);
    assert!(reported.data.contains("\n  ~ Stream\n"), "{}", reported.data);
    let expected = "the target table orders-slow is not ready, and a sync would wait for it: ";
    assert!(reported.remarks.starts_with(expected), "{}", reported.remarks);
}

#[tokio::test]
async fn refusals_have_their_message() {
    let account = Account::prepared("410000000006").await;
    let missing = account.plan_sync(&["--target", "nowhere"]).await;
    let expected = "error: the target table nowhere does not exist in us-east-1\n";
    assert_eq!((missing.code, missing.remarks.as_str()), (Some(2), expected));

    let nowhere = account.plan_sync_in("", &RESTORED).await;
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.remarks.starts_with("error: no AWS Region is set: "), "{}", nowhere.remarks);

    let sourceless = account.plan_sync(&TARGET).await;
    assert_eq!(sourceless.code, Some(2));
    let expected =
        "error: Source is missing: DynamoDB reports what table orders-restored was restored from only until ";
    assert!(sourceless.remarks.starts_with(expected), "{}", sourceless.remarks);

    let misspelt = account.plan_sync(&[&RESTORED[..], &["--setting", "Tag"]].concat()).await;
    assert_eq!(misspelt.code, Some(2));
    for name in ["'Tag'", "Tags", "PointInTimeRecovery", "TimeToLive"] {
        assert!(misspelt.remarks.contains(name), "{}", misspelt.remarks);
    }
    let no_file = Path::new("/nonexistent.json").to_str().unwrap();
    let unread = account.plan_sync(&[&TARGET[..], &["--document", no_file]].concat()).await;
    assert_eq!(unread.code, Some(2), "{}", unread.remarks);
}
