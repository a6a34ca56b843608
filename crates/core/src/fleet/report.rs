//! The report of an inventory: what would be lost now, how far back each table goes, and which rules are broken.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::collect::Collected;
use super::facts::{CopyKind, TableFacts};
use super::rules::{Outcome, Rules, Verdict};
use super::sources::{Point, points};
use crate::schemas;

/// Version of the document.
pub(super) const VERSION: u32 = 1;
/// Bytes of a GB, as DynamoDB counts them ("Quotas in Amazon DynamoDB").
pub const GB: f64 = 1_073_741_824.0;

/// The protection of all tables of an account and Region.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fleet {
    /// Version of the document: 1.
    pub version: u32,
    /// Account number; null if it has no table.
    pub account: Option<String>,
    /// Region; null if it is not known.
    pub region: Option<String>,
    /// Time at which the inventory began. Ages and losses are those of this time.
    pub began_at: DateTime<Utc>,
    /// Time at which the inventory ended.
    pub ended_at: DateTime<Utc>,
    /// Numbers of tables.
    pub totals: Totals,
    /// The rules that were checked.
    pub rules: Rules,
    /// The tables, the worst first.
    pub tables: Vec<TableReport>,
    /// Number of calls of AWS, by action.
    pub calls: BTreeMap<String, u64>,
}

/// Numbers of tables.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Totals {
    /// All tables.
    pub tables: u64,
    /// Tables that break a rule.
    pub broken: u64,
    /// Tables of which it is not known whether they keep a rule, and that break none.
    pub not_known: u64,
    /// Tables that no rule is about.
    pub without_rule: u64,
    /// Tables without any source to bring them back. Copies do not count.
    pub unprotected: u64,
    /// Most seconds of changes that a table would lose now; null if no loss is known. Copies and unprotected tables do
    /// not count.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable::<u64>")]
    pub worst_loss_seconds: Option<u64>,
    /// Copies that rotations made.
    pub copies: u64,
    /// Copies that have a newer copy of the same name.
    pub superseded_copies: u64,
    /// Storage of superseded copies in GB.
    pub superseded_gb: f64,
    /// Price of that storage per month; null if no price per GB was given.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable::<f64>")]
    pub superseded_price: Option<f64>,
}

/// Whether a table can be brought back at all.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Protection {
    /// No source exists.
    Unprotected,
    /// No source is known, and at least one could not be read.
    NotKnown,
    /// A source exists.
    Protected,
}

/// One table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableReport {
    /// Name of the table.
    pub name: String,
    /// Whether it can be brought back.
    pub protection: Protection,
    /// The worst outcome of its rules; null if no rule is about it.
    pub outcome: Option<Outcome>,
    /// Seconds of changes that would be lost now, by the best source; null if that is not known or there is no source.
    pub loss_seconds: Option<u64>,
    /// First second that it can be brought back to; null if that is not known or there is no source.
    pub earliest: Option<DateTime<Utc>>,
    /// Its sources, the best first.
    pub sources: Vec<Point>,
    /// The results of the rules that are about it.
    pub verdicts: Vec<Verdict>,
    /// What was read.
    pub facts: TableFacts,
}

impl TableReport {
    fn new(name: String, facts: TableFacts, rules: &Rules, now: DateTime<Utc>) -> TableReport {
        let sources = points(&facts, now);
        let unread = [facts.pitr.reason(), facts.backups.reason(), facts.recovery_points.reason()];
        let unread = unread.into_iter().chain([facts.exports.reason(), facts.incremental.reason()]);
        let protection = match (sources.is_empty(), unread.flatten().next()) {
            (false, _) => Protection::Protected,
            (true, None) => Protection::Unprotected,
            (true, Some(_)) => Protection::NotKnown,
        };
        let verdicts = rules.check_table(&name, &facts, now);
        TableReport {
            protection,
            outcome: verdicts.iter().map(|verdict| verdict.outcome).min(),
            loss_seconds: sources.iter().filter_map(|point| point.loss_seconds).min(),
            earliest: sources.iter().filter_map(|point| point.earliest).min(),
            sources,
            verdicts,
            name,
            facts,
        }
    }

    /// Returns whether the table was made from a backup of another one.
    pub fn is_copy(&self) -> bool {
        self.facts.copy.found().is_some()
    }

    /// Returns the results that are not kept.
    pub fn not_kept(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.outcome != Outcome::Kept)
    }

    /// Returns by what tables are sorted, the worst first.
    fn rank(&self) -> (u8, Protection, std::cmp::Reverse<u64>) {
        let outcome = match self.outcome {
            Some(Outcome::Broken) => 0,
            Some(Outcome::NotKnown) => 1,
            Some(Outcome::Kept) => 2,
            None if self.is_copy() => 3,
            None => 2,
        };
        (outcome, self.protection, std::cmp::Reverse(self.loss_seconds.unwrap_or(u64::MAX)))
    }
}

impl Fleet {
    /// Derives the report of what was collected. `price` is the price of a GB of storage per month.
    pub fn new(collected: Collected, rules: Rules, price: Option<f64>) -> Fleet {
        let Collected { account, region, began_at, ended_at, tables, calls } = collected;
        let report = |(name, facts)| TableReport::new(name, facts, &rules, began_at);
        let mut tables: Vec<TableReport> = tables.into_iter().map(report).collect();
        // The order of names stays among tables of the same rank.
        tables.sort_by_key(TableReport::rank);
        let totals = Totals::new(&tables, price);
        Fleet { version: VERSION, account, region, began_at, ended_at, totals, rules, tables, calls }
    }

    /// Returns whether a rule is broken, or is not known to be kept.
    pub fn is_broken(&self) -> bool {
        self.totals.broken + self.totals.not_known > 0
    }
}

impl Totals {
    fn new(tables: &[TableReport], price: Option<f64>) -> Totals {
        let count =
            |is: &dyn Fn(&TableReport) -> bool| tables.iter().filter(|table| is(table)).count() as u64;
        let copy = |table: &TableReport| {
            let copy = table.facts.copy.found().filter(|copy| copy.kind == CopyKind::Rotation);
            copy.map(|copy| copy.superseded)
        };
        let bytes = tables.iter().filter(|table| copy(table) == Some(true));
        let bytes = bytes.filter_map(|table| Some(table.facts.table.found()?.bytes as f64));
        // The sum of no numbers is -0.0.
        let bytes = bytes.fold(0.0, |sum, bytes| sum + bytes);
        let originals = tables.iter().filter(|table| !table.is_copy());
        Totals {
            tables: tables.len() as u64,
            broken: count(&|table| table.outcome == Some(Outcome::Broken)),
            not_known: count(&|table| table.outcome == Some(Outcome::NotKnown)),
            without_rule: count(&|table| table.outcome.is_none()),
            unprotected: count(&|table| !table.is_copy() && table.protection == Protection::Unprotected),
            worst_loss_seconds: originals.filter_map(|table| table.loss_seconds).max(),
            copies: count(&|table| copy(table).is_some()),
            superseded_copies: count(&|table| copy(table) == Some(true)),
            superseded_gb: bytes / GB,
            superseded_price: price.map(|price| bytes / GB * price),
        }
    }
}
