//! Checks rules on a table. What is not known does not count as kept.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Requirements, Rules, Selected};
use crate::fleet::facts::{Pitr, Saved, TableFacts};
use crate::fleet::finding::Finding;
use crate::fleet::sources::points;
use crate::text::quoted;

/// How much later a window may begin, because DynamoDB moves its beginning on in steps.
const TOLERANCE: TimeDelta = TimeDelta::hours(1);

/// Whether a rule is kept.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The table does not have what it must have.
    Broken,
    /// Whether the table has it is not known.
    NotKnown,
    /// The table has it.
    Kept,
}

/// The result of one requirement of a rule for a table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Name of the rule.
    pub rule: String,
    /// The requirement, such as `MaxLossSeconds`, or the field that selects tables.
    pub requirement: String,
    /// Whether it is kept.
    pub outcome: Outcome,
    /// What the table has instead, or why it is not known.
    pub detail: String,
}

type Result = (Outcome, String);

impl Rules {
    /// Checks all rules that are about a table.
    pub fn check_table(&self, name: &str, facts: &TableFacts, now: DateTime<Utc>) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for rule in &self.rules {
            let mut add = |requirement: &str, (outcome, detail): Result| {
                let (rule, requirement) = (rule.name.clone(), requirement.to_owned());
                verdicts.push(Verdict { rule, requirement, outcome, detail });
            };
            match rule.tables.selects(name, facts) {
                Selected::No => {}
                Selected::NotKnown(reason) => add("Tables.Tag", (Outcome::NotKnown, reason)),
                Selected::Yes => {
                    rule.must.results(facts, now).into_iter().for_each(|(name, result)| add(name, result))
                }
            }
        }
        verdicts
    }
}

impl Requirements {
    fn results(&self, facts: &TableFacts, now: DateTime<Utc>) -> Vec<(&'static str, Result)> {
        let mut results = Vec::new();
        if self.pitr.is_some() {
            results.push(("Pitr", pitr(&facts.pitr)));
        }
        if let Some(days) = self.pitr_or_backup_within_days {
            results.push(("PitrOrBackupWithinDays", either(pitr(&facts.pitr), backup(facts, days, now))));
        }
        if let Some(seconds) = self.max_loss_seconds {
            results.push(("MaxLossSeconds", loss(facts, seconds, now)));
        }
        if let Some(days) = self.min_window_days {
            results.push(("MinWindowDays", window(facts, days, now)));
        }
        if let Some(days) = self.backup_within_days {
            results.push(("BackupWithinDays", backup(facts, days, now)));
        }
        if let Some(days) = self.verified_within_days {
            results.push(("VerifiedWithinDays", verified(facts, days, now)));
        }
        if self.deletion_protection.is_some() {
            results.push(("DeletionProtection", protection(facts)));
        }
        if self.settings_captured.is_some() {
            results.push(("SettingsCaptured", settings(facts)));
        }
        results
    }
}

fn kept(detail: impl Into<String>) -> Result {
    (Outcome::Kept, detail.into())
}

fn broken(detail: impl Into<String>) -> Result {
    (Outcome::Broken, detail.into())
}

fn not_known(reason: impl Into<String>) -> Result {
    (Outcome::NotKnown, reason.into())
}

/// Returns the better of two results. Both details stay if neither is kept.
fn either(one: Result, other: Result) -> Result {
    match (one.0, other.0) {
        (Outcome::Kept, _) => one,
        (_, Outcome::Kept) => other,
        (first, second) => (first.max(second), format!("{}; {}", one.1, other.1)),
    }
}

fn pitr(pitr: &Finding<Pitr>) -> Result {
    match pitr {
        Finding::Found { .. } => kept("point-in-time recovery is on"),
        Finding::NotKnown { reason } => not_known(format!("point-in-time recovery is not known: {reason}")),
        Finding::None {} | Finding::NotAsked {} => broken("point-in-time recovery is off"),
    }
}

/// Returns the age in days, for people.
fn days(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let hours = (now - time).num_hours();
    if hours < 48 { format!("{hours} hours") } else { format!("{} days", hours / 24) }
}

fn backup(facts: &TableFacts, most: u32, now: DateTime<Utc>) -> Result {
    let one = age("backup", &facts.backups, most, now);
    match age("recovery point", &facts.recovery_points, most, now) {
        (Outcome::Broken, _) if facts.recovery_points.is_none() && facts.backups.found().is_some() => one,
        other if facts.backups.is_none() && facts.recovery_points.found().is_some() => other,
        (Outcome::Broken, _) if facts.backups.is_none() && facts.recovery_points.is_none() => {
            broken("there is no backup and no recovery point")
        }
        other => either(one, other),
    }
}

fn age(what: &str, saved: &Finding<Saved>, most: u32, now: DateTime<Utc>) -> Result {
    match saved {
        Finding::Found { value } => {
            let text = format!("the newest {what} is {} old", days(value.newest, now));
            if now - value.newest <= TimeDelta::days(most.into()) { kept(text) } else { broken(text) }
        }
        Finding::NotKnown { reason } => not_known(format!("the newest {what} is not known: {reason}")),
        Finding::None {} | Finding::NotAsked {} => broken(format!("there is no {what}")),
    }
}

/// Returns why a better source may exist than those that are known.
fn unknown_source(facts: &TableFacts) -> Option<String> {
    let sources = [
        ("point-in-time recovery", facts.pitr.reason()),
        ("the backups", facts.backups.reason()),
        ("the recovery points", facts.recovery_points.reason()),
        ("the exports", facts.exports.reason()),
        ("the incremental backup", facts.incremental.reason()),
        ("the lag of the incremental backup", facts.lag().and_then(Finding::reason)),
    ];
    sources.into_iter().find_map(|(what, reason)| Some(format!("{what}: {}", reason?)))
}

fn loss(facts: &TableFacts, most: u32, now: DateTime<Utc>) -> Result {
    let points = points(facts, now);
    let best = points.iter().filter_map(|point| Some((point.loss_seconds?, point.source))).min();
    if let Some((seconds, source)) = best.filter(|(seconds, _)| *seconds <= u64::from(most)) {
        return kept(format!("{seconds} s by {source}"));
    }
    let unstated = points.iter().find(|point| point.loss_seconds.is_none());
    let reason = unknown_source(facts)
        .or_else(|| unstated.map(|point| format!("how far {} reaches", point.source)))
        .map(|what| format!("not known: {what}"));
    match (reason, best) {
        (Some(reason), _) => not_known(reason),
        (None, Some((seconds, source))) => broken(format!("{seconds} s by {source}, the best source")),
        (None, None) => broken("the whole table: there is no source"),
    }
}

fn window(facts: &TableFacts, least: u32, now: DateTime<Utc>) -> Result {
    let pitr = facts.pitr.found().and_then(|pitr| pitr.earliest);
    let history = facts.incremental.found().map(|history| history.since);
    let created = facts.table.found().map(|table| table.created_at);
    let from = now - TimeDelta::days(least.into());
    let wanted = created.map_or(from, |created| created.max(from)) + TOLERANCE;
    let earliest = [pitr, history].into_iter().flatten().min();
    if let Some(earliest) = earliest.filter(|earliest| *earliest <= wanted) {
        return kept(format!("every second since {}", shown(earliest)));
    }
    let unstated = facts.pitr.found().filter(|pitr| pitr.earliest.is_none());
    match (facts.pitr.reason().or(facts.incremental.reason()), unstated, earliest) {
        (Some(reason), ..) => not_known(reason),
        (_, Some(_), _) => not_known("DynamoDB does not say how far point-in-time recovery goes back"),
        (_, _, Some(earliest)) => broken(format!("every second since {} only", shown(earliest))),
        (_, _, None) => broken("no second but those of backups and exports"),
    }
}

fn shown(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn verified(facts: &TableFacts, most: u32, now: DateTime<Utc>) -> Result {
    match &facts.verified {
        Finding::Found { value } => {
            let text = format!("the newest verified restore is {} old ({})", days(value.at, now), value.how);
            if now - value.at <= TimeDelta::days(most.into()) { kept(text) } else { broken(text) }
        }
        Finding::NotKnown { reason } => not_known(reason),
        Finding::None {} | Finding::NotAsked {} => broken("no restore of it was verified"),
    }
}

fn protection(facts: &TableFacts) -> Result {
    match &facts.table {
        Finding::Found { value } if value.deletion_protection => kept("deletion protection is on"),
        Finding::NotKnown { reason } => not_known(reason),
        _ => broken("deletion protection is off"),
    }
}

fn settings(facts: &TableFacts) -> Result {
    match &facts.settings {
        Finding::Found { value } => {
            kept(format!("captured at {} in {}", shown(value.at), quoted(&value.location)))
        }
        Finding::NotKnown { reason } => not_known(reason),
        Finding::NotAsked {} => {
            not_known("no bucket of settings documents was given (--settings, SettingsBucketName)")
        }
        Finding::None {} => broken("there is no settings document of it"),
    }
}
