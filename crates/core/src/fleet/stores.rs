//! Reads what buckets say of tables: settings documents, evidence of restore tests and histories of items.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use futures::StreamExt as _;

use super::facts::{Description, Incremental, SettingsCapture, Verification};
use super::finding::Finding;
use super::rates::{Timer, patiently};
use crate::aws::arn::Arn;
use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::error_name::HasErrorName as _;
use crate::item_history::coverage::{self, Present};
use crate::restore_test::evidence::{self, EvidenceError};
use crate::storage::{Files, FilesError, bucket};

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
    timer: &Arc<dyn Timer>,
    name: &str,
) -> Result<HashMap<String, SettingsCapture>, String> {
    let files = bucket(clients, name);
    let listed = patiently(timer, FilesError::name, || files.list("settings/")).await;
    let listed = listed.map_err(|error| error.to_string())?;
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
    timer: &Arc<dyn Timer>,
    name: &str,
    tables: &[&Description],
) -> Result<HashMap<String, Tested>, String> {
    let files = bucket(clients, name);
    let folders = patiently(timer, EvidenceError::name, || evidence::keys_by_folder(&files)).await;
    let folders = folders.map_err(|error| error.to_string())?;
    let none = Vec::new();
    let reads: Vec<_> = tables
        .iter()
        .map(async |table| {
            let keys = folders.get(&evidence::folder(&table.arn)).unwrap_or(&none);
            (table.arn.clone(), tested(timer, &files, keys, table.created_at).await)
        })
        .collect();
    Ok(futures::stream::iter(reads).buffer_unordered(AT_A_TIME).collect().await)
}

/// Reads the evidence of a table, the newest first, until one was successful.
async fn tested(timer: &Arc<dyn Timer>, files: &Files, keys: &[String], created_at: DateTime<Utc>) -> Tested {
    let mut restores = Vec::new();
    for key in keys.iter().take(MOST_EVIDENCE) {
        let found = match patiently(timer, EvidenceError::name, || evidence::read(files, key)).await {
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
    timer: &Arc<dyn Timer>,
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
            let read = || coverage::read(&s3, &history.bucket, &prefix);
            let name = |failure: &AwsFailure| failure.name;
            let finding = match patiently(timer, name, read).await {
                Err(failure) => Finding::from_failure(&failure),
                Ok(coverage) => {
                    let location = format!("s3://{}/{prefix}", history.bucket);
                    Finding::from_value(since(&coverage, table, now).map(|since| Incremental {
                        location,
                        since,
                        lag: Finding::NotAsked {},
                    }))
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
mod tests;
