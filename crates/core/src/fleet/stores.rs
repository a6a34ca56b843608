//! Reads what buckets say of tables: settings documents, evidence of restore tests and histories of items.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use futures::StreamExt as _;

use super::facts::{Description, Incremental, SettingsCapture, Verification};
use super::finding::Finding;
use crate::aws::arn::Arn;
use crate::aws::clients::Clients;
use crate::item_history::coverage::{self, Present};
use crate::restore_test::evidence;
use crate::storage::{Files, bucket};

/// Number of objects that are read at a time.
const AT_A_TIME: usize = 16;
/// Most documents of evidence of a table that are read to find a successful one.
const MOST_EVIDENCE: usize = 10;

/// The buckets that an inventory reads besides AWS's own descriptions.
#[derive(Clone, Debug, Default)]
pub struct Stores {
    /// Bucket of settings documents.
    pub settings: Option<String>,
    /// Bucket of the evidence of restore tests.
    pub evidence: Option<String>,
    /// Where the histories of items are.
    pub incremental: Vec<History>,
}

/// Where the items of a table, or of any table, have their history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct History {
    /// Name of the table. `None` if each table has a folder of its name under the prefix.
    pub table: Option<String>,
    /// Bucket.
    pub bucket: String,
    /// Prefix of the keys; empty or ending in `/`.
    pub prefix: String,
}

/// What the evidence says of one table.
#[derive(Clone, Debug)]
pub(super) struct Tested {
    pub(super) verified: Finding<Verification>,
    /// Id and seconds of each restore that was read.
    pub(super) restores: Vec<(String, u64)>,
}

/// The newest settings document of each table, by the folder of the table.
pub(super) async fn settings(
    clients: &Clients,
    name: &str,
) -> Result<HashMap<String, SettingsCapture>, String> {
    let files = bucket(clients, name);
    let listed = files.list("settings/").await.map_err(|error| error.to_string())?;
    let mut newest = HashMap::<String, SettingsCapture>::new();
    for file in listed {
        let Some((folder, time)) = file.key.rsplit_once('/') else { continue };
        let Ok(time) = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ.json") else { continue };
        let (location, at) = (files.location(&file.key), time.and_utc());
        let entry = newest.entry(folder.to_owned());
        let entry = entry.or_insert_with(|| SettingsCapture { location: location.clone(), at });
        if at > entry.at {
            *entry = SettingsCapture { location, at };
        }
    }
    Ok(newest)
}

/// Returns the folder of a table in a bucket of settings documents.
pub(super) fn settings_folder(table_arn: &str) -> Option<String> {
    let arn = Arn::parse(table_arn)?;
    Some(format!("settings/{}/{}/{}", arn.account, arn.region, arn.table_name()?))
}

/// Reads the evidence of restore tests of these tables, by ARN.
pub(super) async fn evidence(
    clients: &Clients,
    name: &str,
    tables: &[&Description],
) -> Result<HashMap<String, Tested>, String> {
    let files = bucket(clients, name);
    let folders = evidence::keys_by_folder(&files).await.map_err(|error| error.to_string())?;
    let none = Vec::new();
    let reads: Vec<_> = tables
        .iter()
        .map(async |table| {
            let keys = folders.get(&evidence::folder(&table.arn)).unwrap_or(&none);
            (table.arn.clone(), tested(&files, keys, table.created_at).await)
        })
        .collect();
    Ok(futures::stream::iter(reads).buffer_unordered(AT_A_TIME).collect().await)
}

/// Reads the evidence of a table, the newest first, until one was successful.
async fn tested(files: &Files, keys: &[String], created_at: DateTime<Utc>) -> Tested {
    let mut restores = Vec::new();
    for key in keys.iter().take(MOST_EVIDENCE) {
        let found = match evidence::read(files, key).await {
            Ok(found) => found,
            Err(error) => {
                return Tested { verified: Finding::NotKnown { reason: error.to_string() }, restores };
            }
        };
        if found.test.ended_at < created_at {
            return Tested { verified: Finding::None {}, restores };
        }
        if found.test.failure.is_none() {
            restores.push((found.test.restore_job_id.clone(), found.test.restore_seconds.into()));
        }
        if found.successful {
            let (how, by) = ("restore test".to_owned(), files.location(key));
            let value = Verification { at: found.test.ended_at, how, by };
            return Tested { verified: Finding::Found { value }, restores };
        }
    }
    let verified = match keys.len() {
        0..=MOST_EVIDENCE => Finding::None {},
        more => Finding::NotKnown {
            reason: format!("the newest {MOST_EVIDENCE} of {more} restore tests were not successful"),
        },
    };
    Tested { verified, restores }
}

/// Reads the coverage of the histories of these tables, by ARN. A table without an entry was not asked for.
pub(super) async fn incremental(
    clients: &Clients,
    histories: &[History],
    tables: &[(&str, &Description)],
    now: DateTime<Utc>,
) -> BTreeMap<String, Finding<Incremental>> {
    let s3 = clients.s3();
    let reads: Vec<_> = tables
        .iter()
        .filter_map(|(name, table)| Some((name, table, history(histories, name)?)))
        .map(async |(name, table, history)| {
            let prefix = match history.table {
                Some(_) => history.prefix.clone(),
                None => format!("{}{name}/", history.prefix),
            };
            let read = coverage::read(&s3, &history.bucket, &prefix).await;
            let finding = match read {
                Err(failure) => Finding::from_failure(&failure),
                Ok(coverage) => {
                    let location = format!("s3://{}/{prefix}", history.bucket);
                    Finding::from_value(
                        since(&coverage, table, now).map(|since| Incremental { location, since }),
                    )
                }
            };
            (table.arn.clone(), finding)
        })
        .collect();
    futures::stream::iter(reads).buffer_unordered(AT_A_TIME).collect().await
}

/// Returns the history of this table. One that names it goes before one of all tables.
fn history<'a>(histories: &'a [History], name: &str) -> Option<&'a History> {
    let own = histories.iter().find(|history| history.table.as_deref() == Some(name));
    own.or_else(|| histories.iter().find(|history| history.table.is_none()))
}

/// Returns since when every item is known until now. `None` if the history is not complete or has a gap.
fn since(coverage: &coverage::Coverage, table: &Description, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let present = Present { stream: Some(table.stream.as_deref()?), noncurrent_days: None, now };
    coverage.check(now, &present).ok()?;
    let days = coverage.noncurrent_days.filter(|days| *days > 0);
    let retained = days.map(|days| now - TimeDelta::days(days.into()));
    [coverage.complete_since, coverage.kept_since, retained].into_iter().flatten().max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fleet::collect::Stores;
    use crate::fleet::facts::TableFacts;
    use crate::fleet::testing::{Account, ago, collected, now};
    use crate::restore_test::evidence::Evidence;
    use crate::restore_test::job::tests::restore_test;

    fn put(account: &Account, key: &str, text: String) {
        account.state().keys.insert(key.to_owned());
        account.aws.state().objects.insert(key.to_owned(), text);
    }

    /// Adds the evidence of a restore test of `orders` that ended this long ago.
    fn add_evidence(account: &Account, id: &str, age: TimeDelta, failure: Option<&str>, seconds: u32) {
        let mut test = restore_test();
        (test.restore_job_id, test.ended_at, test.restore_seconds) = (id.to_owned(), now() - age, seconds);
        test.failure = failure.map(str::to_owned);
        let result = crate::restore_test::result::Verification::from_output(json!({})).result();
        let evidence = Evidence::new(test, None, Some(result), "arn:e".to_owned(), now());
        put(account, &evidence.key(), serde_json::to_string(&evidence).unwrap());
    }

    fn facts(account: &Account, stores: &Stores) -> TableFacts {
        collected(account, stores).unwrap().tables.remove("orders").unwrap()
    }

    #[tokio::test]
    async fn the_newest_successful_evidence_of_this_table_counts() {
        let account = Account::new();
        account.table("orders");
        let stores = Stores { evidence: Some("evidence".to_owned()), ..Stores::default() };
        assert!(facts(&account, &stores).verified.is_none());
        add_evidence(&account, "ancient", TimeDelta::days(200), None, 1);
        assert!(facts(&account, &stores).verified.is_none(), "it is of an earlier table");
        add_evidence(&account, "old", TimeDelta::days(9), None, 90);
        add_evidence(&account, "failed", TimeDelta::days(2), Some("the key is gone"), 5);
        let found = facts(&account, &stores);
        let verified = found.verified.found().unwrap();
        assert_eq!((verified.at, verified.how.as_str()), (now() - TimeDelta::days(9), "restore test"));
        assert!(
            verified.by.starts_with("s3://evidence/tests/123456789012/eu-west-1/orders/"),
            "{verified:?}"
        );
        assert_eq!(found.restores.found().map(|times| (times.count, times.slowest_seconds)), Some((1, 90)));
        // AWS Backup still has the same job, which counts once.
        account.job("orders", "old", TimeDelta::days(9), 90, None);
        assert_eq!(facts(&account, &stores).restores.found().map(|times| times.count), Some(1));
        for day in 0..11 {
            add_evidence(&account, &format!("bad-{day}"), TimeDelta::hours(day), Some("no"), 5);
        }
        let reason = facts(&account, &stores).verified.reason().unwrap().to_owned();
        assert_eq!(reason, "the newest 10 of 14 restore tests were not successful");
        let key = format!(
            "{}2026-11-30T13-00-00Z-x.json",
            evidence::folder("arn:aws:dynamodb:eu-west-1:123456789012:table/orders")
        );
        put(&account, &key, "{}".to_owned());
        assert!(facts(&account, &stores).verified.reason().unwrap().contains("is not the evidence"));
    }

    #[tokio::test]
    async fn the_newest_settings_document_of_this_table_counts() {
        let account = Account::new();
        account.table("orders");
        let stores = Stores { settings: Some("settings".to_owned()), ..Stores::default() };
        for key in ["orders/20260101T000000Z", "orders-2/20261101T000000Z", "orders/notes"] {
            account.state().keys.insert(format!("settings/123456789012/eu-west-1/{key}.json"));
        }
        assert!(facts(&account, &stores).settings.is_none(), "the only document is of an earlier table");
        for key in ["orders/20261103T000000Z", "orders/20261101T000000Z"] {
            account.state().keys.insert(format!("settings/123456789012/eu-west-1/{key}.json"));
        }
        let settings = facts(&account, &stores).settings;
        assert_eq!(settings.found().unwrap().at, "2026-11-03T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
        account.aws.refuse("s3:LIST", "AccessDenied");
        assert!(facts(&account, &stores).settings.reason().is_some());
    }

    #[tokio::test]
    async fn a_history_counts_from_its_first_backfill_unless_it_has_a_gap() {
        let account = Account::new();
        account.table("orders");
        account.aws.set("orders", "LatestStreamLabel", json!("2026-09-01T00:00:00.000"));
        let history = |table: Option<&str>, prefix: &str| History {
            table: table.map(str::to_owned),
            bucket: "items".to_owned(),
            prefix: prefix.to_owned(),
        };
        let of_all = Stores { incremental: vec![history(None, "tables/")], ..Stores::default() };
        let of_one = Stores {
            incremental: vec![history(None, "tables/"), history(Some("orders"), "own/")],
            ..Stores::default()
        };
        let of_another = Stores { incremental: vec![history(Some("others"), "")], ..Stores::default() };
        assert_eq!(facts(&account, &of_another).incremental, Finding::NotAsked {});
        assert!(facts(&account, &of_all).incremental.is_none());
        let coverage = |stream: &str, days: u32| {
            json!({ "CompleteSince": "2026-10-01T00:00:00Z", "Stream": stream, "NoncurrentDays": days })
                .to_string()
        };
        put(&account, "tables/orders/coverage.json", coverage("2026-09-01T00:00:00.000", 0));
        put(&account, "own/coverage.json", coverage("2026-09-01T00:00:00.000", 7));
        let found = facts(&account, &of_all).incremental.found().cloned().unwrap();
        assert_eq!(found.location, "s3://items/tables/orders/");
        assert_eq!(found.since, "2026-10-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
        let retained = facts(&account, &of_one).incremental.found().map(|history| history.since);
        assert_eq!(retained.map(|since| since.timestamp()), Some(ago(TimeDelta::days(7))));
        put(&account, "tables/orders/coverage.json", coverage("2026-08-01T00:00:00.000", 0));
        assert!(facts(&account, &of_all).incremental.is_none(), "the table has another stream now");
        put(&account, "tables/orders/coverage.json", "{\"CompleteSince\":1}".to_owned());
        assert!(facts(&account, &of_all).incremental.reason().is_some());
    }
}
