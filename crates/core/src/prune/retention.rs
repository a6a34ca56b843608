//! Decides which backups to retain.
//!
//! A backup is retained if any rule retains it. It is deleted only if no rule does. So rules never conflict, and
//! another rule never deletes more. The newest backup is always retained.
//!
//! A backup counts only if it is available, belongs to the current table, and is the workflow's own (by its name) or
//! included by an option. The backups of a deleted table with the same name do not count. A backup that does not count
//! is not changed.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Format of the time in a backup's name, `YYYYMMDDTHHMMSSZ`, and its length.
const TIME: (&str, usize) = ("%Y%m%dT%H%M%SZ", 16);
/// Format of the time in the names that the predecessor of this workflow used, `YYYYMMDDHHMMSS`, and its length. Only
/// the name distinguishes its backups from those of this workflow.
const FORMER_TIME: (&str, usize) = ("%Y%m%d%H%M%S", 14);
/// Maximum length of a backup's name (API reference, CreateBackup).
const LONGEST_NAME: usize = 255;

/// The retention rules. 0 turns a rule off, except for `max_backups`, which is at least 1.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retention {
    /// Retains the newest N backups; at least 1.
    #[schemars(range(min = 1))]
    pub max_backups: u32,
    /// Retains backups younger than N days.
    pub max_age_days: u32,
    /// Retains the newest backup of each of the last N days with a backup, in UTC.
    pub daily: u32,
    /// Retains the newest backup of each of the last N weeks with a backup (ISO 8601, UTC).
    pub weekly: u32,
    /// Retains the newest backup of each of the last N months with a backup, in UTC.
    pub monthly: u32,
    /// Retains the newest backup of each of the last N years with a backup, in UTC.
    pub yearly: u32,
}

/// A backup from ListBackups.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Backup {
    /// ARN of the backup.
    pub arn: String,
    /// Name of the backup.
    pub name: String,
    /// Time at which the backup was made.
    pub created_at: DateTime<Utc>,
    /// Whether the backup is available: neither being created nor deleted.
    pub available: bool,
    /// Id of the table.
    pub table_id: String,
}

/// The backups that count.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Name of the table.
    pub table_name: &'a str,
    /// Id of the table.
    pub table_id: &'a str,
    /// Backups that count in addition to the workflow's own.
    pub others: Others,
}

/// The backups that count in addition to the workflow's own.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Others {
    /// Whether backups of the predecessor of this workflow count, which their names identify.
    pub former: bool,
    /// Whether all on-demand backups count, including those of the predecessor.
    pub manual: bool,
}

/// The backups to retain and to delete, each list with the newest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan<'a> {
    /// Backups to retain, each with the rules that retain it.
    pub keep: Vec<(&'a Backup, Vec<&'static str>)>,
    /// Backups to delete.
    pub delete: Vec<&'a Backup>,
    /// Backups that do not count, each with the reason.
    pub ignored: Vec<(&'a Backup, &'static str)>,
}

impl Plan<'_> {
    /// Retains a backup that was to be deleted, for another reason than a rule.
    pub fn keep_too(&mut self, is_wanted: impl Fn(&Backup) -> bool, reason: &'static str) {
        let Some(place) = self.delete.iter().position(|backup| is_wanted(backup)) else { return };
        let backup = self.delete.remove(place);
        let newer = self.keep.partition_point(|(retained, _)| retained.created_at >= backup.created_at);
        self.keep.insert(newer, (backup, vec![reason]));
    }
}

/// Returns the name of a backup of a table at a time: `<table>-YYYYMMDDTHHMMSSZ`. Cuts a table name that is too long.
pub fn backup_name(table: &str, time: DateTime<Utc>) -> String {
    format!("{}{}", prefix(table, TIME.1), time.format(TIME.0))
}

/// Returns whether this workflow gave this name to a backup of the table.
pub fn is_own_name(name: &str, table: &str) -> bool {
    ends_in_a_time(name, table, TIME)
}

/// Returns whether the predecessor of this workflow gave this name to a backup of the table: `<table>-YYYYMMDDHHMMSS`.
pub fn is_former_name(name: &str, table: &str) -> bool {
    ends_in_a_time(name, table, FORMER_TIME)
}

fn ends_in_a_time(name: &str, table: &str, (format, length): (&str, usize)) -> bool {
    let time = name.strip_prefix(prefix(table, length).as_str());
    time.is_some_and(|time| time.len() == length && NaiveDateTime::parse_from_str(time, format).is_ok())
}

/// Returns the part of a name before a time of this length. A table name is ASCII, so bytes are characters.
fn prefix(table: &str, time: usize) -> String {
    let longest = LONGEST_NAME - time - 1;
    format!("{}-", table.get(..longest).unwrap_or(table))
}

impl Retention {
    /// Decides which of these backups to retain at this time.
    pub fn plan<'a>(&self, backups: &'a [Backup], scope: Scope<'_>, now: DateTime<Utc>) -> Plan<'a> {
        let mut plan = Plan::default();
        let mut counted = Vec::new();
        for backup in backups {
            match scope.ignores(backup) {
                Some(reason) => plan.ignored.push((backup, reason)),
                None => counted.push(backup),
            }
        }
        // The ARN orders backups of the same second, so that every execution decides alike.
        let newest_first =
            |one: &&Backup, other: &&Backup| (other.created_at, &other.arn).cmp(&(one.created_at, &one.arn));
        counted.sort_by(newest_first);
        plan.ignored.sort_by(|(one, _), (other, _)| newest_first(one, other));
        let mut rules_of_backups: Vec<Vec<&'static str>> = vec![Vec::new(); counted.len()];
        for (rule, keeps) in self.rules(&counted, now) {
            for (rules, _) in rules_of_backups.iter_mut().zip(&keeps).filter(|(_, keeps)| **keeps) {
                rules.push(rule);
            }
        }
        for (backup, rules) in counted.into_iter().zip(rules_of_backups) {
            match rules.is_empty() {
                true => plan.delete.push(backup),
                false => plan.keep.push((backup, rules)),
            }
        }
        plan
    }

    /// Returns each rule with whether it retains each backup.
    fn rules(&self, newest_first: &[&Backup], now: DateTime<Utc>) -> Vec<(&'static str, Vec<bool>)> {
        let newest = usize::try_from(self.max_backups.max(1)).unwrap_or(usize::MAX);
        let oldest = now - TimeDelta::days(self.max_age_days.into());
        let by_number = (0..newest_first.len()).map(|place| place < newest).collect();
        let by_age =
            newest_first.iter().map(|backup| self.max_age_days > 0 && backup.created_at > oldest).collect();
        vec![
            ("MaxBackups", by_number),
            ("MaxAgeDays", by_age),
            ("DailyBackups", of_each(newest_first, self.daily, |time| (time.year(), time.ordinal()))),
            (
                "WeeklyBackups",
                of_each(newest_first, self.weekly, |time| {
                    let week = time.iso_week();
                    (week.year(), week.week())
                }),
            ),
            ("MonthlyBackups", of_each(newest_first, self.monthly, |time| (time.year(), time.month()))),
            ("YearlyBackups", of_each(newest_first, self.yearly, |time| (time.year(), 0))),
        ]
    }
}

/// Returns whether each backup is the newest of its period, in the last `count` periods with a backup.
fn of_each(newest_first: &[&Backup], count: u32, period: fn(&DateTime<Utc>) -> (i32, u32)) -> Vec<bool> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut seen = BTreeSet::new();
    newest_first.iter().map(|backup| seen.len() < count && seen.insert(period(&backup.created_at))).collect()
}

impl Scope<'_> {
    /// Returns why the backup does not count. Returns `None` if it counts.
    fn ignores(&self, backup: &Backup) -> Option<&'static str> {
        if backup.table_id != self.table_id {
            return Some("it belongs to an earlier table of this name");
        }
        if !backup.available {
            return Some("it is not available");
        }
        if self.others.manual || is_own_name(&backup.name, self.table_name) {
            return None;
        }
        match is_former_name(&backup.name, self.table_name) {
            true if self.others.former => None,
            true => Some("the predecessor of this workflow made it, and IncludeFormer is off"),
            false => Some("it was not made by this workflow"),
        }
    }
}

#[cfg(test)]
mod tests;
