//! Where a table can be brought back from, and what would be lost.

use std::fmt::{Display, Formatter};

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::TableFacts;

/// Where a table can be brought back from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// Point-in-time recovery.
    Pitr,
    /// A backup in DynamoDB.
    Backup,
    /// A recovery point in AWS Backup.
    RecoveryPoint,
    /// A full export by DynamoDB.
    Export,
    /// A history of `incremental`.
    Incremental,
}

impl Display for Source {
    fn fmt(&self, text: &mut Formatter<'_>) -> std::fmt::Result {
        text.write_str(match self {
            Source::Pitr => "PITR",
            Source::Backup => "backup",
            Source::RecoveryPoint => "recovery point",
            Source::Export => "export",
            Source::Incremental => "incremental",
        })
    }
}

/// What one source can bring back.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// The source.
    pub source: Source,
    /// Whether it has every second since the first, or single moments.
    pub continuous: bool,
    /// Its first second; null if it is not known.
    pub earliest: Option<DateTime<Utc>>,
    /// Its last second; null if it is not known.
    pub latest: Option<DateTime<Utc>>,
    /// Seconds of changes that it lacks now; null if that is not known.
    pub loss_seconds: Option<u64>,
}

/// Returns what each source of a table can bring back.
pub(super) fn points(facts: &TableFacts, now: DateTime<Utc>) -> Vec<Point> {
    let loss = |latest: DateTime<Utc>| (now - latest).num_seconds().max(0).unsigned_abs();
    let point = |source, continuous, earliest, latest: Option<DateTime<Utc>>| Point {
        source,
        continuous,
        earliest,
        latest,
        loss_seconds: latest.map(loss),
    };
    let saved = [(Source::Backup, &facts.backups), (Source::RecoveryPoint, &facts.recovery_points)];
    let saved = saved.into_iter().filter_map(|(source, saved)| {
        let saved = saved.found()?;
        Some(point(source, false, Some(saved.oldest), Some(saved.newest)))
    });
    let pitr = facts.pitr.found().map(|pitr| point(Source::Pitr, true, pitr.earliest, pitr.latest));
    let export = facts.exports.found();
    let export = export.map(|export| point(Source::Export, false, Some(export.time), Some(export.time)));
    let history = facts.incremental.found().map(|history| {
        let lag =
            history.lag.found().and_then(|lag| TimeDelta::try_seconds(i64::try_from(lag.seconds).ok()?));
        point(Source::Incremental, true, Some(history.since), lag.map(|lag| now - lag))
    });
    let mut points: Vec<Point> = pitr.into_iter().chain(saved).chain(export).chain(history).collect();
    points.sort_by_key(|point| (point.loss_seconds.unwrap_or(u64::MAX), point.source));
    points
}
