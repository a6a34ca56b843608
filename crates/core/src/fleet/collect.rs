//! Collects what AWS says of all tables of an account and Region.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};

use super::copies::{self, Sources};
use super::exports;
use super::facts::{Copy, Description, TableFacts};
use super::finding::Finding;
use super::lag;
use super::listings;
use super::proof::{Listed, Proof};
use super::protected;
use super::rates::{Api, Apis, Timer};
use super::stores;
pub use super::stores::{History, Stores};
use super::tables::{self, Read};
use crate::aws::arn::Arn;
use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::clock::Clock;

/// How far an inventory is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Number of tables that were read.
    pub read: usize,
    /// Number of tables.
    pub tables: usize,
}

/// What was collected.
#[derive(Clone, Debug)]
pub struct Collected {
    /// Account number; `None` if it has no table.
    pub account: Option<String>,
    /// Region; `None` if the configuration has none.
    pub region: Option<String>,
    /// Time at which the inventory began.
    pub began_at: DateTime<Utc>,
    /// Time at which it ended.
    pub ended_at: DateTime<Utc>,
    /// What was read of each table, by name.
    pub tables: BTreeMap<String, TableFacts>,
    /// Number of calls, by action.
    pub calls: BTreeMap<String, u64>,
}

/// Collects what AWS says of all tables. Fails only if the tables cannot be listed: whatever else cannot be read is not
/// known.
pub async fn collect(
    clients: &Clients,
    clock: &Clock,
    timer: Arc<dyn Timer>,
    stores: &Stores,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Collected, AwsFailure> {
    let inventory = Inventory::begin(clients, clock, timer).await?;
    Ok(inventory.collect(stores, progress).await)
}

/// An inventory of tables whose names are known.
#[derive(Debug)]
pub struct Inventory<'a> {
    clients: &'a Clients,
    clock: &'a Clock,
    timer: Arc<dyn Timer>,
    apis: Apis,
    began_at: DateTime<Utc>,
    names: Vec<String>,
}

impl<'a> Inventory<'a> {
    /// Lists the tables. Use it instead of [`collect`] to learn their number first.
    pub async fn begin(
        clients: &'a Clients,
        clock: &'a Clock,
        timer: Arc<dyn Timer>,
    ) -> Result<Inventory<'a>, AwsFailure> {
        let (began_at, apis) = (clock.now(), Apis::new(&timer));
        let names = tables::names(&apis, &clients.without_retries().dynamodb()).await?;
        Ok(Inventory { clients, clock, timer, apis, began_at, names })
    }

    /// Returns the number of tables.
    pub fn tables(&self) -> usize {
        self.names.len()
    }

    /// Collects what AWS says of the tables. What cannot be read is not known.
    pub async fn collect(self, stores: &Stores, progress: &(dyn Fn(Progress) + Sync)) -> Collected {
        let Inventory { clients, clock, timer, apis, began_at, names } = self;
        let once = clients.without_retries();
        let (dynamodb, backup) = (once.dynamodb(), once.backup());
        let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let read = AtomicUsize::new(0);
        let done = || {
            let read = read.fetch_add(1, Ordering::Relaxed) + 1;
            progress(Progress { read, tables: names.len() });
        };
        let (reads, backups, points, exports, jobs) = futures::join!(
            tables::read(&apis, &dynamodb, &names, &done),
            listings::backups(&apis, &dynamodb),
            protected::points(&apis, &backup, &known),
            exports::newest(&apis, &dynamodb, &known),
            listings::restore_jobs(&apis, &backup),
        );
        let listed = Listed { backups, points, exports, jobs };
        let mut tables = assemble(clients, &timer, stores, &reads, &listed, began_at).await;
        add_lags(&apis, &once, &mut tables, began_at).await;
        let arn = reads.iter().find_map(|read| Some(read.table.found()?.arn.as_str()));
        let counted = apis.all().into_iter().map(Api::counted);
        Collected {
            account: arn.and_then(Arn::parse).map(|arn| arn.account.to_owned()),
            region: clients.sdk().region().map(ToString::to_string),
            began_at,
            ended_at: clock.now(),
            tables,
            calls: counted.filter(|(_, calls)| *calls > 0).collect(),
        }
    }
}

/// Puts together what was read of each table.
async fn assemble(
    clients: &Clients,
    timer: &Arc<dyn Timer>,
    stores: &Stores,
    reads: &[Read],
    listed: &Listed,
    now: DateTime<Utc>,
) -> BTreeMap<String, TableFacts> {
    let described: Vec<(&str, &Description)> =
        reads.iter().filter_map(|read| Some((read.name.as_str(), read.table.found()?))).collect();
    let tables: Vec<&Description> = described.iter().map(|(_, table)| *table).collect();
    let settings = match &stores.settings {
        Some(name) => Some(stores::settings(clients, timer, name).await),
        None => None,
    };
    let evidence = match &stores.evidence {
        Some(name) => Some(stores::evidence(clients, timer, name, &tables).await),
        None => None,
    };
    let mut incremental = stores::incremental(clients, timer, &stores.incremental, &described, now).await;

    let sources: Sources = copies::sources(&listed.backups, &listed.points);
    let copies = copies::copies(reads, &sources, &listed.jobs);
    let proof = Proof {
        copies: copies::verified(reads, &copies),
        unseen: copies::unseen(reads, &copies),
        evidence: evidence.as_ref(),
        listed,
    };
    let table = |(read, copy): (&Read, &Finding<Copy>)| {
        let facts = match read.table.found() {
            Some(table) => TableFacts {
                table: read.table.clone(),
                tags: read.tags.clone(),
                pitr: read.pitr.clone(),
                backups: listed.backups_of(table),
                recovery_points: listed.points_of(table),
                exports: listed.export_of(table),
                incremental: incremental.remove(&table.arn).unwrap_or(Finding::NotAsked {}),
                settings: match &settings {
                    None => Finding::NotAsked {},
                    Some(Err(reason)) => Finding::NotKnown { reason: reason.clone() },
                    Some(Ok(newest)) => {
                        let folder = stores::settings_folder(&table.arn);
                        let newest = folder.and_then(|folder| newest.get(&folder)).cloned();
                        Finding::from_value(newest.filter(|newest| newest.at >= table.created_at))
                    }
                },
                verified: proof.verified(table),
                restores: proof.restores(table),
                copy: copy.clone(),
            },
            None => unknown(read, copy, stores),
        };
        (read.name.clone(), facts)
    };
    reads.iter().zip(&copies).map(table).collect()
}

/// Adds to the histories of items how far they lag behind the streams of their tables.
async fn add_lags(
    apis: &Apis,
    once: &Clients,
    tables: &mut BTreeMap<String, TableFacts>,
    now: DateTime<Utc>,
) {
    let stream = |facts: &TableFacts| {
        let (table, _) = (facts.table.found()?, facts.incremental.found()?);
        Some(format!("{}/stream/{}", table.arn, table.stream.as_deref()?))
    };
    let streams: BTreeSet<String> = tables.values().filter_map(stream).collect();
    let mut lags = lag::lags(apis, &once.lambda(), &once.cloudwatch(), streams, now).await;
    for facts in tables.values_mut() {
        let lag = stream(facts).and_then(|stream| lags.remove(&stream));
        if let (Some(lag), Finding::Found { value }) = (lag, &mut facts.incremental) {
            value.lag = lag;
        }
    }
}

/// Returns what is known of a table that could not be described: whether a backup is of this table, or of an earlier one
/// of its name, is not known either.
fn unknown(read: &Read, copy: &Finding<Copy>, stores: &Stores) -> TableFacts {
    let reason = read.table.reason().unwrap_or_default();
    fn open<T>(reason: &str) -> Finding<T> {
        Finding::NotKnown { reason: reason.to_owned() }
    }
    TableFacts {
        table: read.table.clone(),
        tags: read.tags.clone(),
        pitr: read.pitr.clone(),
        backups: open(reason),
        recovery_points: open(reason),
        exports: open(reason),
        incremental: if stores.incremental.is_empty() { Finding::NotAsked {} } else { open(reason) },
        settings: if stores.settings.is_none() { Finding::NotAsked {} } else { open(reason) },
        verified: open(reason),
        restores: open(reason),
        copy: copy.clone(),
    }
}
