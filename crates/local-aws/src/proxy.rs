//! The reverse proxy before the emulator, through which every call of every step goes.
//!
//! It records each call, makes some go wrong by rule, slows what AWS does slowly, and fills in what the
//! emulator lacks. All of it is keyed by account, so that tests that share one local stack, each with an
//! account of its own, do not see each other. Whatever it does not know passes through as it came: the
//! emulator can be replaced by any other AWS endpoint.

mod actions;
mod autoscaling;
mod backup;
mod calls;
mod dynamodb;
mod events;
mod fault;
mod identify;
mod lambda;
mod page;
mod respond;
mod scope;
mod script;
mod serve;

use std::sync::Arc;

pub use calls::{Call, Rule};
pub use fault::Fault;
pub use script::SimulatedLatency;
pub(crate) use serve::serve;

use crate::upstream::Upstream;

/// The controls of the proxy, for tests and for the demo.
#[derive(Clone)]
pub struct Proxy {
    shared: Arc<Shared>,
}

/// What every connection works on.
pub(crate) struct Shared {
    upstream: Upstream,
    service_token: String,
    calls: calls::Calls,
    script: script::Script,
    tables: dynamodb::Tables,
    backup: backup::Backup,
    autoscaling: autoscaling::Autoscaling,
    mappings: lambda::Mappings,
}

impl Proxy {
    pub(crate) fn new(upstream: Upstream, service_token: String) -> Self {
        let shared = Shared {
            upstream,
            service_token,
            calls: calls::Calls::default(),
            script: script::Script::default(),
            tables: dynamodb::Tables::default(),
            backup: backup::Backup::default(),
            autoscaling: autoscaling::Autoscaling::default(),
            mappings: lambda::Mappings::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The account's latest 10,000 calls, in order of arrival: which steps called what, and how often.
    pub fn calls(&self, account: &str) -> Vec<Call> {
        self.shared.calls.of(account)
    }

    /// Forgets the account's calls and starts counting them from 0, e.g. between preparing a test and its run.
    pub fn forget_calls(&self, account: &str) {
        self.shared.calls.forget(account);
    }

    /// Makes calls go wrong from now on. Of several rules for a call the first injected one counts.
    pub fn inject(&self, rule: Rule) {
        self.shared.calls.inject(rule);
    }

    /// Lets all of the account's calls through again.
    pub fn clear_rules(&self, account: &str) {
        self.shared.calls.clear_rules(account);
    }

    /// Lets the account's calls of this step and action through that a [`Fault::Hold`] holds, and those to come.
    pub fn release(&self, account: &str, step: Option<&str>, action: &str) {
        self.shared.calls.release(account, step, action);
    }

    /// Lets the SDK wait as long as on AWS before it makes a call again that an injected throttle or failure met. Else
    /// these errors ask it to come back after a millisecond, since a suite that injects hundreds of them would spend its
    /// time in waits.
    pub fn keep_real_backoff(&self, account: &str) {
        self.shared.calls.keep_real_backoff(account);
    }

    /// Sets how long the account's tables, backups and restores take, for those begun from now on.
    pub fn slow(&self, account: &str, latency: SimulatedLatency) {
        self.shared.script.slow(account, latency);
    }

    /// Makes the restore jobs that the account starts from now on end FAILED with this message; `None` ends it.
    pub fn fail_restore_jobs(&self, account: &str, message: Option<String>) {
        self.shared.script.fail_restore_jobs(account, message);
    }

    /// Makes the backups that the account begins with CreateBackup from now on end DELETED instead of AVAILABLE.
    pub fn fail_backups(&self, account: &str, fail: bool) {
        self.shared.script.fail_backups(account, fail);
    }

    /// Makes the exports that the account begins with ExportTableToPointInTime from now on end FAILED.
    pub fn fail_exports(&self, account: &str, fail: bool) {
        self.shared.script.fail_exports(account, fail);
    }

    /// Makes the Kinesis destinations that the account enables from now on end ENABLE_FAILED with this description; `None`
    /// ends it.
    pub fn fail_destinations(&self, account: &str, description: Option<String>) {
        self.shared.script.fail_destinations(account, description);
    }

    /// Makes the Contributor Insights that the account enables from now on end FAILED with this description; `None` ends it.
    pub fn fail_insights(&self, account: &str, description: Option<String>) {
        self.shared.script.fail_insights(account, description);
    }

    /// Makes ListBackups and DescribeBackup show, sort and filter a backup as one that was made at this time, in
    /// seconds since 1970.
    pub fn date_backup(&self, account: &str, backup_arn: &str, epoch_seconds: f64) {
        self.shared.script.date_backup(account, backup_arn, epoch_seconds);
    }

    /// Leaves the starting positions out of what shows the account's event source mappings, as AWS may.
    pub fn hide_starting_positions(&self, account: &str) {
        self.shared.script.hide_starting_positions(account);
    }

    /// Lets an hour pass for what AWS lets the account do once in a while only: changing a table's time to live, its deletion
    /// protection, its policy.
    pub fn let_an_hour_pass(&self, account: &str) {
        self.shared.script.let_an_hour_pass(account);
    }

    /// Makes DescribeTable show this status for a table, e.g. one that the emulator never reaches, such as
    /// `INACCESSIBLE_ENCRYPTION_CREDENTIALS`; `None` shows the table's own again.
    pub fn show_table_status(&self, account: &str, table: &str, status: Option<String>) {
        self.shared.script.show_table_status(account, table, status);
    }
}
