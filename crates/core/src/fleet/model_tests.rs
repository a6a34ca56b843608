//! Twenty gaps among many protected tables: all of them are found, and nothing else.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::json;

use super::collect::Stores;
use super::report::Fleet;
use super::rules::{Outcome, Rules};
use super::testing::{Account, ago, collected, keep_page, now};
use crate::testing::fake_aws::{arn, refusal};

const TABLES: usize = 60;
const HOUR: TimeDelta = TimeDelta::hours(1);

/// What a gap breaks: the requirement and how.
type Expected = Vec<(&'static str, Outcome)>;
/// Makes a gap in a table that lacks nothing.
type Gap = fn(&Account, &str) -> Expected;

fn name(index: usize) -> String {
    format!("table-{index:03}")
}

/// Adds a table that lacks nothing.
fn protected(account: &Account, name: &str) {
    account.table(name).tag(name, "environment", "production").pitr(name, 35);
    account.backup(name, HOUR * 10).backup(name, HOUR * 34).point(name, &format!("p-{name}"), HOUR * 11);
    account.job(name, &format!("job-{name}"), HOUR * 50, 600, Some("SUCCESSFUL"));
    account.aws.set(name, "DeletionProtectionEnabled", json!(true));
    let key = format!("settings/123456789012/eu-west-1/{name}/20261101T000000Z.json");
    account.state().keys.insert(key);
}

fn rules() -> Rules {
    Rules::from_document(json!({ "Rules": [{ "Name": "production",
        "Tables": { "Tag": { "Key": "environment", "Value": "production" } },
        "Must": { "Pitr": true, "MaxLossSeconds": 600, "MinWindowDays": 35, "BackupWithinDays": 1,
            "VerifiedWithinDays": 7, "DeletionProtection": true, "SettingsCaptured": true } }] }))
    .unwrap()
}

fn without_backups(account: &Account, name: &str) {
    account.aws.state().backups.retain(|backup| backup["TableName"] != name);
    account.state().points.remove(&arn(name));
}

fn without_jobs(account: &Account, name: &str) {
    account.state().jobs.retain(|job| job["SourceResourceArn"] != arn(name));
}

/// Refuses an action for one table, which this member of the input names.
fn refuse(account: &Account, action: &'static str, member: &'static str, value: String) {
    let real = account.clone();
    account.aws.response(action, move |call| {
        if call.input[member] == value {
            return refusal("AccessDeniedException");
        }
        real.other(call)
    });
}

impl Account {
    /// Responds to the calls that [`refuse`] replaces.
    fn other(&self, call: &crate::testing::fake_aws::Call) -> crate::testing::fake_aws::Response {
        match call.action.as_str() {
            "dynamodb:DescribeContinuousBackups" => {
                let name = call.input["TableName"].as_str().unwrap();
                let window = self.state().pitr.get(name).cloned();
                let window = window.unwrap_or_else(|| json!({ "PointInTimeRecoveryStatus": "DISABLED" }));
                (
                    200,
                    json!({ "ContinuousBackupsDescription": { "ContinuousBackupsStatus": "ENABLED",
                    "PointInTimeRecoveryDescription": window } }),
                )
            }
            other => panic!("{other}"),
        }
    }
}

const GAPS: [Gap; 20] = [
    |account, name| {
        account.state().pitr.remove(name);
        vec![
            ("Pitr", Outcome::Broken),
            ("MaxLossSeconds", Outcome::Broken),
            ("MinWindowDays", Outcome::Broken),
        ]
    },
    |account, name| {
        account.pitr(name, 3);
        vec![("MinWindowDays", Outcome::Broken)]
    },
    |account, name| {
        account.state().pitr.get_mut(name).unwrap()["LatestRestorableDateTime"] = json!(ago(HOUR));
        vec![("MaxLossSeconds", Outcome::Broken)]
    },
    |account, name| {
        account
            .state()
            .pitr
            .get_mut(name)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove("LatestRestorableDateTime");
        vec![("MaxLossSeconds", Outcome::NotKnown)]
    },
    |account, name| {
        account
            .state()
            .pitr
            .get_mut(name)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove("EarliestRestorableDateTime");
        vec![("MinWindowDays", Outcome::NotKnown)]
    },
    |account, name| {
        account.state().pitr.insert(name.to_owned(), json!({}));
        vec![
            ("Pitr", Outcome::NotKnown),
            ("MaxLossSeconds", Outcome::NotKnown),
            ("MinWindowDays", Outcome::NotKnown),
        ]
    },
    |account, name| {
        without_backups(account, name);
        vec![("BackupWithinDays", Outcome::Broken)]
    },
    |account, name| {
        without_backups(account, name);
        account.backup(name, HOUR * 30);
        vec![("BackupWithinDays", Outcome::Broken)]
    },
    // A backup of an earlier table of the same name cannot bring this one back.
    |account, name| {
        without_backups(account, name);
        account.backup(name, HOUR);
        let mut state = account.aws.state();
        let backup = state.backups.last_mut().unwrap();
        backup["TableId"] = json!("id-of-another");
        vec![("BackupWithinDays", Outcome::Broken)]
    },
    |account, name| {
        without_backups(account, name);
        account.backup(name, HOUR);
        account.aws.state().backups.last_mut().unwrap()["BackupStatus"] = json!("CREATING");
        vec![("BackupWithinDays", Outcome::Broken)]
    },
    // AWS Backup still lists the resource, but its recovery point has expired.
    |account, name| {
        without_backups(account, name);
        account.point(name, "expired", HOUR);
        account.state().points.get_mut(&arn(name)).unwrap()[0]["Status"] = json!("EXPIRED");
        vec![("BackupWithinDays", Outcome::Broken)]
    },
    |account, name| {
        without_backups(account, name);
        account.export(name, HOUR);
        vec![("BackupWithinDays", Outcome::Broken)]
    },
    |account, name| {
        without_jobs(account, name);
        vec![("VerifiedWithinDays", Outcome::Broken)]
    },
    |account, name| {
        without_jobs(account, name);
        account.job(name, "old", HOUR * 24 * 8, 600, Some("SUCCESSFUL"));
        vec![("VerifiedWithinDays", Outcome::Broken)]
    },
    // A restore that nobody validated proves nothing.
    |account, name| {
        without_jobs(account, name);
        account.job(name, "unvalidated", HOUR, 600, None).job(name, "failed", HOUR, 600, Some("FAILED"));
        vec![("VerifiedWithinDays", Outcome::Broken)]
    },
    |account, name| {
        without_jobs(account, name);
        let copy = format!("{name}-copy-20261129-00-00-00");
        account.copy(&copy, &format!("p-{name}"), Some("DAMAGED 2026-11-29T01:00:00Z"));
        vec![("VerifiedWithinDays", Outcome::Broken)]
    },
    |account, name| {
        account.aws.set(name, "DeletionProtectionEnabled", json!(false));
        vec![("DeletionProtection", Outcome::Broken)]
    },
    |account, name| {
        account.state().keys.retain(|key| !key.contains(&format!("/{name}/")));
        vec![("SettingsCaptured", Outcome::Broken)]
    },
    |account, name| {
        refuse(account, "dynamodb:DescribeContinuousBackups", "TableName", name.to_owned());
        vec![
            ("Pitr", Outcome::NotKnown),
            ("MaxLossSeconds", Outcome::NotKnown),
            ("MinWindowDays", Outcome::NotKnown),
        ]
    },
    // The settings document and the restore test are those of an earlier table of the same name. A young table can go
    // back to its creation only.
    |account, name| {
        account.aws.set(name, "CreationDateTime", json!(ago(HOUR * 12)));
        account.state().pitr.get_mut(name).unwrap()["EarliestRestorableDateTime"] = json!(ago(HOUR * 12));
        vec![("SettingsCaptured", Outcome::Broken), ("VerifiedWithinDays", Outcome::Broken)]
    },
];

/// Adds tables that look as if they lacked something, and do not.
fn decoys(account: &Account) {
    account.table("unselected").tag("unselected", "environment", "test");
    account.table("untagged");
    account.copy("orders-20261129-00-00-00", "p-table-000", None);
    protected(account, "awsbackup-restore-test-1");
    account.state().pitr.remove("awsbackup-restore-test-1");
    protected(account, "by-copy");
    without_jobs(account, "by-copy");
    account.copy("by-copy-staging-20261128-00-00-00", "p-by-copy", Some("EXACT 2026-11-28T01:00:00Z"));
    protected(account, "only-backup");
    account.state().points.remove(&arn("only-backup"));
    protected(account, "only-point");
    account.aws.state().backups.retain(|backup| backup["TableName"] != "only-point");
}

/// Takes the places of the gaps, by a linear congruential generator.
fn places(seed: u64) -> Vec<usize> {
    let (mut places, mut state) = (Vec::new(), seed);
    while places.len() < GAPS.len() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = (state >> 33) as usize % TABLES;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

fn inventory(account: &Account, rules: Rules) -> Fleet {
    let stores = Stores { settings: Some("settings".to_owned()), ..Stores::default() };
    Fleet::new(collected(account, &stores).unwrap(), rules, None)
}

#[tokio::test]
async fn twenty_gaps_are_found_among_many_tables_and_no_others() {
    for seed in 1..=5 {
        let account = Account::new();
        (0..TABLES).for_each(|index| protected(&account, &name(index)));
        decoys(&account);
        let mut expected = BTreeSet::new();
        for (gap, place) in GAPS.iter().zip(places(seed)) {
            let table = name(place);
            let broken = gap(&account, &table);
            expected.extend(broken.into_iter().map(|(what, how)| (table.clone(), what.to_owned(), how)));
        }
        let fleet = inventory(&account, rules());
        let found: BTreeSet<_> = fleet
            .tables
            .iter()
            .flat_map(|table| {
                table
                    .not_kept()
                    .map(|verdict| (table.name.clone(), verdict.requirement.clone(), verdict.outcome))
            })
            .collect();
        assert_eq!(found, expected, "seed {seed}");
        let first: BTreeSet<&str> = fleet.tables[..20].iter().map(|table| table.name.as_str()).collect();
        let expected: BTreeSet<&str> = expected.iter().map(|(table, ..)| table.as_str()).collect();
        assert_eq!(first, expected, "the worst come first");
        assert_eq!(fleet.totals.broken + fleet.totals.not_known, 20);
        keep_page("twenty-gaps", &fleet);
    }
}

#[tokio::test]
async fn a_refused_listing_leaves_all_tables_not_known() {
    let account = Account::new();
    account.table("orders").table("customers").pitr("customers", 35);
    account.aws.refuse("dynamodb:ListBackups", "AccessDeniedException");
    let fleet = inventory(&account, Rules::built_in());
    let outcome = |name: &str| {
        let table = fleet.tables.iter().find(|table| table.name == name).unwrap();
        (table.outcome, table.verdicts[0].detail.clone())
    };
    let (orders, detail) = outcome("orders");
    assert_eq!(orders, Some(Outcome::NotKnown));
    assert!(
        detail.contains("the newest backup is not known: dynamodb:ListBackups failed: AccessDenied"),
        "{detail}"
    );
    assert_eq!(outcome("customers").0, Some(Outcome::Kept));
    assert!(fleet.is_broken() && fleet.totals.broken == 0 && fleet.totals.unprotected == 0);
    account.aws.refuse("dynamodb:ListTables", "AccessDeniedException");
    assert!(collected(&account, &Stores::default()).is_err());
}

#[tokio::test]
async fn losses_windows_copies_and_restores_are_reported() {
    let account = Account::new();
    account.table("orders").pitr("orders", 35).backup("orders", HOUR).point("orders", "p", HOUR * 2);
    account.export("orders", HOUR * 3);
    account
        .job("orders", "a", HOUR, 300, None)
        .job("orders", "b", HOUR, 900, None)
        .job("orders", "c", HOUR, 400, None);
    account.copy("old-20261128-00-00-00", "p", None).copy("old-20261129-00-00-00", "gone", None);
    account.aws.set("old-20261128-00-00-00", "TableSizeBytes", json!(3_u64 << 30));
    let fleet = Fleet::new(collected(&account, &Stores::default()).unwrap(), Rules::built_in(), Some(0.25));
    keep_page("losses-windows-copies-and-restores", &fleet);
    let orders = fleet.tables.iter().find(|table| table.name == "orders").unwrap();
    let sources: Vec<_> =
        orders.sources.iter().map(|point| (point.source.to_string(), point.loss_seconds)).collect();
    let text = str::to_owned;
    assert_eq!(
        sources,
        [
            (text("PITR"), Some(300)),
            (text("backup"), Some(3_600)),
            (text("recovery point"), Some(7_200)),
            (text("export"), Some(10_800))
        ]
    );
    assert_eq!((orders.loss_seconds, orders.earliest), (Some(300), Some(now() - TimeDelta::days(35))));
    let restores = orders.facts.restores.found().unwrap();
    assert_eq!(
        (restores.count, restores.fastest_seconds, restores.median_seconds, restores.slowest_seconds),
        (3, 300, 400, 900)
    );
    let copy = |name: &str| {
        let table = fleet.tables.iter().find(|table| table.name == name).unwrap();
        table.facts.copy.found().unwrap().clone()
    };
    assert_eq!(copy("old-20261128-00-00-00").source_arn, Some(arn("orders")));
    assert_eq!(copy("old-20261129-00-00-00").source_arn, None);
    let totals = &fleet.totals;
    assert_eq!(
        (totals.copies, totals.superseded_copies, totals.superseded_gb, totals.superseded_price),
        (2, 1, 3.0, Some(0.75))
    );
    assert_eq!(
        (fleet.account.as_deref(), fleet.region.as_deref()),
        (Some("123456789012"), Some("eu-west-1"))
    );
}
