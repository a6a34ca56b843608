//! Which backups stay.
//!
//! Several rules can keep a backup, and it goes only if none does. So rules never work against each other, and
//! turning one more on deletes nothing more. Whatever the rules say, the newest backup stays.
//!
//! Only backups count that are this workflow's own (by their name) or asked for, available, and of the table as it is now:
//! of a table that was deleted and made again under its name, the backups of the former one are nobody's to
//! delete. What does not count is not touched either.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The time in a backup's name, and how long it is: `YYYYMMDDTHHMMSSZ`.
const TIME: (&str, usize) = ("%Y%m%dT%H%M%SZ", 16);
/// The same in the names that the system before this one gave: `YYYYMMDDHHMMSS`. Nothing else tells its backups from those
/// of this workflow.
const FORMER_TIME: (&str, usize) = ("%Y%m%d%H%M%S", 14);
/// What a backup's name may have (API reference, CreateBackup).
const LONGEST_NAME: usize = 255;

/// The rules. A rule that says 0 is off, but for the first, which cannot be.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retention {
    /// The newest so many stay.
    #[schemars(range(min = 1))]
    pub max_backups: u32,
    /// What is younger than so many days stays.
    pub max_age_days: u32,
    /// The newest of each of the last so many days that have one stays, in UTC.
    pub daily: u32,
    /// Of each of the last so many weeks (ISO 8601).
    pub weekly: u32,
    /// Of each of the last so many months.
    pub monthly: u32,
    /// Of each of the last so many years.
    pub yearly: u32,
}

/// A backup as ListBackups tells it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Backup {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Whether it is available: neither being made nor deleted.
    pub available: bool,
    /// The id of the table that it is of.
    pub table_id: String,
}

/// Whose backups are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The table's name.
    pub table_name: &'a str,
    /// The table's id.
    pub table_id: &'a str,
    /// Which others count like the workflow's own.
    pub others: Others,
}

/// Whose backups count, beside the workflow's own.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Others {
    /// Those that the system before this one made: by their name.
    pub former: bool,
    /// All that were made on demand, the former system's among them.
    pub manual: bool,
}

/// What stays and what goes, each newest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan<'a> {
    /// What stays, each with the rules that keep it.
    pub keep: Vec<(&'a Backup, Vec<&'static str>)>,
    /// What goes.
    pub delete: Vec<&'a Backup>,
    /// What does not count, each with the reason.
    pub ignored: Vec<(&'a Backup, &'static str)>,
}

impl Plan<'_> {
    /// Lets a backup stay that was to go, for a reason that no rule has.
    pub fn keep_too(&mut self, is_it: impl Fn(&Backup) -> bool, reason: &'static str) {
        let Some(place) = self.delete.iter().position(|backup| is_it(backup)) else { return };
        let backup = self.delete.remove(place);
        let newer = self.keep.partition_point(|(kept, _)| kept.created_at >= backup.created_at);
        self.keep.insert(newer, (backup, vec![reason]));
    }
}

/// The name of the backup of a table that is made at a time: `<table>-YYYYMMDDTHHMMSSZ`. A table's name that is too long
/// for it is cut.
pub fn backup_name(table: &str, time: DateTime<Utc>) -> String {
    format!("{}{}", prefix(table, TIME.1), time.format(TIME.0))
}

/// Whether this workflow gave the name to a backup of the table.
pub fn is_own_name(name: &str, table: &str) -> bool {
    ends_in_a_time(name, table, TIME)
}

/// Whether the system before this one gave the name to a backup of the table: `<table>-YYYYMMDDHHMMSS`.
pub fn is_former_name(name: &str, table: &str) -> bool {
    ends_in_a_time(name, table, FORMER_TIME)
}

fn ends_in_a_time(name: &str, table: &str, (format, length): (&str, usize)) -> bool {
    let time = name.strip_prefix(prefix(table, length).as_str());
    time.is_some_and(|time| time.len() == length && NaiveDateTime::parse_from_str(time, format).is_ok())
}

/// What stands before a time of this length. A table's name is ASCII, so that bytes are letters.
fn prefix(table: &str, time: usize) -> String {
    let longest = LONGEST_NAME - time - 1;
    format!("{}-", table.get(..longest).unwrap_or(table))
}

impl Retention {
    /// What stays of these backups at this time, and what goes.
    pub fn plan<'a>(&self, backups: &'a [Backup], scope: Scope<'_>, now: DateTime<Utc>) -> Plan<'a> {
        let mut plan = Plan::default();
        let mut counted = Vec::new();
        for backup in backups {
            match scope.ignores(backup) {
                Some(reason) => plan.ignored.push((backup, reason)),
                None => counted.push(backup),
            }
        }
        // Of two of the same second the ARN decides, so that every run decides alike.
        let newest_first =
            |one: &&Backup, other: &&Backup| (other.created_at, &other.arn).cmp(&(one.created_at, &one.arn));
        counted.sort_by(newest_first);
        plan.ignored.sort_by(|(one, _), (other, _)| newest_first(one, other));
        let mut kept_by: Vec<Vec<&'static str>> = vec![Vec::new(); counted.len()];
        for (rule, keeps) in self.rules(&counted, now) {
            for (kept_by, _) in kept_by.iter_mut().zip(&keeps).filter(|(_, keeps)| **keeps) {
                kept_by.push(rule);
            }
        }
        for (backup, rules) in counted.into_iter().zip(kept_by) {
            match rules.is_empty() {
                true => plan.delete.push(backup),
                false => plan.keep.push((backup, rules)),
            }
        }
        plan
    }

    /// Each rule that is on, with whether it keeps each backup.
    fn rules(&self, newest_first: &[&Backup], now: DateTime<Utc>) -> Vec<(&'static str, Vec<bool>)> {
        let newest = usize::try_from(self.max_backups.max(1)).unwrap_or(usize::MAX);
        let oldest = now - TimeDelta::days(self.max_age_days.into());
        let by_number = (0..newest_first.len()).map(|place| place < newest).collect();
        let by_age = newest_first.iter().map(|it| self.max_age_days > 0 && it.created_at > oldest).collect();
        vec![
            ("MaxBackups", by_number),
            ("MaxAgeDays", by_age),
            ("DailyBackups", of_each(newest_first, self.daily, |it| (it.year(), it.ordinal()))),
            (
                "WeeklyBackups",
                of_each(newest_first, self.weekly, |it| {
                    let week = it.iso_week();
                    (week.year(), week.week())
                }),
            ),
            ("MonthlyBackups", of_each(newest_first, self.monthly, |it| (it.year(), it.month()))),
            ("YearlyBackups", of_each(newest_first, self.yearly, |it| (it.year(), 0))),
        ]
    }
}

/// Whether each is the newest of its period, of the last `count` periods that have one.
fn of_each(newest_first: &[&Backup], count: u32, period: fn(&DateTime<Utc>) -> (i32, u32)) -> Vec<bool> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut seen = BTreeSet::new();
    newest_first.iter().map(|it| seen.len() < count && seen.insert(period(&it.created_at))).collect()
}

impl Scope<'_> {
    /// Why the backup does not count; `None` where it does.
    fn ignores(&self, backup: &Backup) -> Option<&'static str> {
        if backup.table_id != self.table_id {
            return Some("it is of an earlier table of this name");
        }
        if !backup.available {
            return Some("it is not available");
        }
        if self.others.manual || is_own_name(&backup.name, self.table_name) {
            return None;
        }
        match is_former_name(&backup.name, self.table_name) {
            true if self.others.former => None,
            true => Some("the system before this one made it, and IncludeFormer is off"),
            false => Some("it was not made by this workflow"),
        }
    }
}

#[cfg(test)]
mod tests;
