//! The behaviour that a test has configured for an account.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};

use crate::clock;

/// Simulated latency as a number of polls that show an operation as incomplete.
///
/// Counting polls instead of seconds makes a run the same on a fast machine and on a slow one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulatedLatency {
    /// Number of DescribeTable calls that show a restored table CREATING.
    pub tables: u32,
    /// Number of further DescribeTable calls that show its global secondary indexes backfilling.
    pub indexes: u32,
    /// Number of DescribeBackupJob calls before a backup job is COMPLETED. A job that nobody polls completes within a
    /// second.
    pub backups: u32,
    /// Number of DescribeBackup calls that show a backup made with CreateBackup as CREATING.
    pub on_demand_backups: u32,
    /// Number of DescribeRestoreJob calls before a restore job ends.
    pub restore_jobs: u32,
    /// Number of DescribeTable calls that show a table, or its warm throughput, UPDATING after an UpdateTable, and of
    /// calls that show a Kinesis destination or Contributor Insights in transition. Until then a further change of the
    /// same is refused.
    pub updates: u32,
}

impl Default for SimulatedLatency {
    fn default() -> Self {
        Self { tables: 2, indexes: 1, backups: 1, on_demand_backups: 1, restore_jobs: 2, updates: 1 }
    }
}

#[derive(Debug, Default)]
struct Settings {
    latency: HashMap<String, SimulatedLatency>,
    restore_failures: HashMap<String, String>,
    destination_failures: HashMap<String, String>,
    insights_failures: HashMap<String, String>,
    failing_backups: HashSet<String>,
    failing_exports: HashSet<String>,
    backup_dates: HashMap<(String, String), f64>,
    table_statuses: HashMap<(String, String), String>,
    hours_passed: HashMap<String, u32>,
    without_starting_positions: HashSet<String>,
}

/// The configured behaviour, by account.
#[derive(Debug, Default)]
pub(crate) struct Script {
    settings: Mutex<Settings>,
}

impl Script {
    pub(crate) fn slow(&self, account: &str, latency: SimulatedLatency) {
        self.lock().latency.insert(account.to_owned(), latency);
    }

    pub(crate) fn latency(&self, account: &str) -> SimulatedLatency {
        self.lock().latency.get(account).copied().unwrap_or_default()
    }

    pub(crate) fn fail_restore_jobs(&self, account: &str, message: Option<String>) {
        set(&mut self.lock().restore_failures, account.to_owned(), message);
    }

    pub(crate) fn restore_failure(&self, account: &str) -> Option<String> {
        self.lock().restore_failures.get(account).cloned()
    }

    pub(crate) fn fail_destinations(&self, account: &str, description: Option<String>) {
        set(&mut self.lock().destination_failures, account.to_owned(), description);
    }

    pub(crate) fn destination_failure(&self, account: &str) -> Option<String> {
        self.lock().destination_failures.get(account).cloned()
    }

    pub(crate) fn fail_insights(&self, account: &str, description: Option<String>) {
        set(&mut self.lock().insights_failures, account.to_owned(), description);
    }

    pub(crate) fn insights_failure(&self, account: &str) -> Option<String> {
        self.lock().insights_failures.get(account).cloned()
    }

    pub(crate) fn fail_backups(&self, account: &str, fail: bool) {
        let mut settings = self.lock();
        if fail {
            settings.failing_backups.insert(account.to_owned());
        } else {
            settings.failing_backups.remove(account);
        }
    }

    pub(crate) fn backups_fail(&self, account: &str) -> bool {
        self.lock().failing_backups.contains(account)
    }

    pub(crate) fn fail_exports(&self, account: &str, fail: bool) {
        let mut settings = self.lock();
        if fail {
            settings.failing_exports.insert(account.to_owned());
        } else {
            settings.failing_exports.remove(account);
        }
    }

    pub(crate) fn exports_fail(&self, account: &str) -> bool {
        self.lock().failing_exports.contains(account)
    }

    pub(crate) fn date_backup(&self, account: &str, backup_arn: &str, epoch_seconds: f64) {
        self.lock().backup_dates.insert((account.to_owned(), backup_arn.to_owned()), epoch_seconds);
    }

    pub(crate) fn backup_date(&self, account: &str, backup_arn: &str) -> Option<f64> {
        self.lock().backup_dates.get(&(account.to_owned(), backup_arn.to_owned())).copied()
    }

    pub(crate) fn show_table_status(&self, account: &str, table: &str, status: Option<String>) {
        set(&mut self.lock().table_statuses, (account.to_owned(), table.to_owned()), status);
    }

    pub(crate) fn table_status(&self, account: &str, table: &str) -> Option<String> {
        self.lock().table_statuses.get(&(account.to_owned(), table.to_owned())).cloned()
    }

    pub(crate) fn let_an_hour_pass(&self, account: &str) {
        *self.lock().hours_passed.entry(account.to_owned()).or_default() += 1;
    }

    /// Returns the time in the account, for changes that AWS allows only once in a while.
    pub(crate) fn now(&self, account: &str) -> DateTime<Utc> {
        let hours = self.lock().hours_passed.get(account).copied().unwrap_or_default();
        clock::now() + Duration::hours(hours.into())
    }

    pub(crate) fn hide_starting_positions(&self, account: &str) {
        self.lock().without_starting_positions.insert(account.to_owned());
    }

    pub(crate) fn hides_starting_positions(&self, account: &str) -> bool {
        self.lock().without_starting_positions.contains(account)
    }

    fn lock(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn set<K: Eq + std::hash::Hash>(map: &mut HashMap<K, String>, key: K, value: Option<String>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}
