//! `tablekeeper plan prune` on a table of the local stack.

use std::collections::BTreeSet;

use local_aws::{Fault, Rule};
use serde_json::{Value, json};

use super::support::Account;
use crate::shell::{CommandOutput, stack};

/// Names of backups by this workflow, of six days before the new year.
const OWN: [&str; 6] = [
    "orders-20251226T020000Z",
    "orders-20251227T020000Z",
    "orders-20251228T020000Z",
    "orders-20251229T020000Z",
    "orders-20251230T020000Z",
    "orders-20251231T020000Z",
];

impl Account {
    /// Creates backups with these names, one after the other.
    async fn back_up(&self, names: &[&str]) {
        for name in names {
            self.dynamodb.create_backup().table_name("orders").backup_name(*name).send().await.unwrap();
        }
    }

    async fn plan_prune(&self, arguments: &[&str]) -> CommandOutput {
        self.plan_prune_in("us-east-1", &[&["--table", "orders"], arguments].concat()).await
    }

    async fn plan_prune_in(&self, region: &str, arguments: &[&str]) -> CommandOutput {
        self.plan_of("prune", region, arguments).await
    }
}

impl CommandOutput {
    /// Returns the lines of backups with mark, name and fate, without the current times.
    fn lines(&self) -> Vec<String> {
        let lines = self.data.lines().filter(|line| line.starts_with("  "));
        let without_time = |line: &str| {
            let (before, fate) = line.split_once(" UTC  ").unwrap();
            let (name, _date_and_time) = before.split_at(before.len() - "2026-01-01 00:00:00".len());
            format!("{}: {fate}", name.trim())
        };
        lines.map(without_time).collect()
    }

    fn names(&self, list: &str) -> Vec<String> {
        let plan = self.json();
        let backups = plan.get(list).unwrap().as_array().unwrap().iter();
        backups.map(|backup| backup.get("backupName").unwrap().as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn every_backup_has_its_fate_and_nothing_is_changed() {
    let account = Account::with_table("420000000001").await;
    account.back_up(&[OWN[0], OWN[1], "before-migration", OWN[2], OWN[3]]).await;
    stack().await.proxy().forget_calls(account.name);
    let reported = account.plan_prune(&["--keep", "3"]).await;
    assert_eq!((reported.code, reported.remarks.as_str()), (Some(3), ""), "{}", reported.data);
    assert!(reported.data.starts_with("Backups of orders\n"), "{}", reported.data);
    assert!(reported.data.contains(" UTC, with the backup that a run makes now\n\n"), "{}", reported.data);
    let lines = reported.lines();
    let (new, rest) = lines.split_first().unwrap();
    assert!(new.starts_with("+ orders-20") && new.ends_with(": kept by MaxBackups"), "{new}");
    assert_eq!(
        rest,
        [
            format!("= {}: kept by MaxBackups", OWN[3]),
            format!("= {}: kept by MaxBackups", OWN[2]),
            "before-migration: ignored: it was not made by this workflow".to_owned(),
            format!("- {}: would be deleted: no rule keeps it", OWN[1]),
            format!("- {}: would be deleted: no rule keeps it", OWN[0]),
        ]
    );
    assert!(reported.data.ends_with("\n\nPlan: 3 kept, 2 to delete, 1 ignored.\n"), "{}", reported.data);
    assert!(!reported.data.contains('\u{1b}'), "colours are for a terminal");

    let calls = stack().await.proxy().calls(account.name);
    let actions: BTreeSet<&str> = calls.iter().map(|call| call.action.as_str()).collect();
    assert_eq!(actions, BTreeSet::from(["dynamodb:DescribeTable", "dynamodb:ListBackups"]));
    assert!(calls.iter().all(|call| call.step.as_deref() == Some("tablekeeper")), "{calls:?}");

    let nothing = account.plan_prune(&["--keep", "5"]).await;
    assert_eq!(nothing.code, Some(0), "{}", nothing.data);
    assert!(nothing.data.ends_with("\nPlan: 5 kept, 0 to delete, 1 ignored.\n"), "{}", nothing.data);
}

#[tokio::test]
async fn the_new_backup_can_be_left_out() {
    let account = Account::with_table("420000000002").await;
    account.back_up(&OWN[..3]).await;
    let without_new = account.plan_prune(&["--keep", "3", "--without-new-backup"]).await;
    assert_eq!(without_new.code, Some(0), "{}", without_new.data);
    assert!(!without_new.data.contains("a run makes now"), "{}", without_new.data);
    let with_new = account.plan_prune(&["--keep", "3"]).await;
    assert_eq!(with_new.code, Some(3), "{}", with_new.data);
    assert!(with_new.data.ends_with("\nPlan: 3 kept, 1 to delete, 0 ignored.\n"), "{}", with_new.data);
}

#[tokio::test]
async fn rules_add_up_and_manual_backups_can_be_included() {
    let account = Account::with_table("420000000003").await;
    account.back_up(&["by-hand", OWN[4], OWN[5]]).await;
    let by_age = account.plan_prune(&["--keep", "1", "--max-age-days", "1", "--yearly", "9"]).await;
    assert_eq!(by_age.code, Some(0), "{}", by_age.data);
    let lines = by_age.lines();
    assert!(lines.first().unwrap().ends_with(": kept by MaxBackups, MaxAgeDays, YearlyBackups"), "{lines:?}");
    assert!(lines.get(1).unwrap().ends_with(": kept by MaxAgeDays"), "{lines:?}");

    let manual = account.plan_prune(&["--keep", "2", "--include-manual", "--json"]).await;
    assert_eq!(manual.code, Some(3), "{}", manual.data);
    assert_eq!(manual.names("delete"), [OWN[4], "by-hand"]);
}

#[tokio::test]
async fn the_json_is_one_object() {
    let account = Account::with_table("420000000004").await;
    account.back_up(&OWN[..1]).await;
    account.dynamodb.delete_table().table_name("orders").send().await.unwrap();
    account.create("orders", "id", false).await;
    account.back_up(&[OWN[1], OWN[2], OWN[3]]).await;
    let reported = account.plan_prune(&["--keep", "2", "--json"]).await;
    assert_eq!((reported.code, reported.remarks.as_str()), (Some(3), ""), "{}", reported.data);
    let plan = reported.json();
    let keys: Vec<&str> = plan.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(BTreeSet::from_iter(keys), BTreeSet::from(["table", "tableId", "keep", "delete", "left"]));
    assert_eq!(plan.get("table"), Some(&json!("orders")));
    let described = account.dynamodb.describe_table().table_name("orders").send().await.unwrap();
    assert_eq!(plan.get("tableId"), Some(&json!(described.table.unwrap().table_id)));

    let at = |pointer: &str| plan.pointer(pointer).unwrap();
    assert_eq!(at("/keep/0/backupArn"), &Value::Null, "the one that a run makes now has none yet");
    assert_eq!((at("/keep/1/backupName"), at("/keep/1/rules")), (&json!(OWN[3]), &json!(["MaxBackups"])));
    assert_eq!(reported.names("delete"), [OWN[2], OWN[1]]);
    assert_eq!(reported.names("left"), [OWN[0]]);
    assert_eq!(at("/left/0/reason"), &json!("it belongs to an earlier table of this name"));

    let listed = account.dynamodb.list_backups().table_name("orders").send().await.unwrap();
    let oldest =
        listed.backup_summaries().iter().find(|backup| backup.backup_name() == Some(OWN[1])).unwrap();
    assert_eq!(at("/delete/1/backupArn"), &json!(oldest.backup_arn()));
    let created_at: chrono::DateTime<chrono::Utc> =
        at("/delete/1/createdAt").as_str().unwrap().parse().unwrap();
    assert_eq!(created_at.timestamp(), oldest.backup_creation_date_time().unwrap().secs());
}

#[tokio::test]
async fn all_pages_of_backups_are_read() {
    let account = Account::with_table("420000000005").await;
    let name = |hour: u32| format!("orders-202512{:02}T{:02}0000Z", 1 + hour / 24, hour % 24);
    let names: Vec<String> = (0..103).map(name).collect();
    account.back_up(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    stack().await.proxy().forget_calls(account.name);
    let reported = account.plan_prune(&["--keep", "2", "--json"]).await;
    assert_eq!((reported.names("keep").len(), reported.names("delete").len()), (2, 102), "{}", reported.data);
    assert_eq!(reported.names("delete").last(), names.first());
    let lists = stack().await.proxy().calls(account.name);
    let lists = lists.iter().filter(|call| call.action == "dynamodb:ListBackups").count();
    assert_eq!(lists, 2);
}

#[tokio::test]
async fn refusals_have_their_message() {
    let account = Account::with_table("420000000006").await;
    let missing = account.plan_prune_in("us-east-1", &["--table", "nowhere", "--keep", "1"]).await;
    let expected = "error: table nowhere does not exist in us-east-1\n";
    assert_eq!((missing.code, missing.remarks.as_str(), missing.data.as_str()), (Some(2), expected, ""));

    for (arguments, expected) in [
        (&["--keep", "0"][..], "error: --keep is `0`; it must be between 1 and 10000\n"),
        (&["--keep", "1", "--daily", "-1"], "error: --daily is `-1`; it must be between 0 and 10000\n"),
    ] {
        let refused = account.plan_prune(arguments).await;
        assert_eq!((refused.code, refused.remarks.as_str()), (Some(2), expected));
    }
    let misnamed = account.plan_prune_in("us-east-1", &["--table", "a b", "--keep", "1"]).await;
    let expected =
        "error: --table is `a b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)\n";
    assert_eq!((misnamed.code, misnamed.remarks.as_str()), (Some(2), expected));
    let unsaid = account.plan_prune(&[]).await;
    assert!(unsaid.code == Some(2) && unsaid.remarks.contains("--keep <NUMBER>"), "{}", unsaid.remarks);
    let nowhere = account.plan_prune_in("", &["--table", "orders", "--keep", "1"]).await;
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.remarks.starts_with("error: no AWS Region is set: "), "{}", nowhere.remarks);

    stack().await.proxy().inject(Rule {
        account: account.name.to_owned(),
        step: None,
        action: "dynamodb:ListBackups".to_owned(),
        from_ordinal: 0,
        times: usize::MAX,
        fault: Fault::Refuse,
    });
    let refused = account.plan_prune(&["--keep", "1"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.remarks.starts_with("error: dynamodb:ListBackups failed: "), "{}", refused.remarks);
}
