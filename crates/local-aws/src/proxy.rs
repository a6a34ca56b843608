//! The reverse proxy before the emulator, which every call of every step passes through.
//!
//! It records each call, injects faults by rule, simulates latency, and adds what the emulator lacks. All state is
//! keyed by account: tests that share one local stack use one account each and do not see each other. Calls that the
//! proxy does not know pass through unchanged, so any other AWS endpoint can replace the emulator.

mod actions;
mod autoscaling;
mod backup;
mod calls;
mod dynamodb;
mod events;
mod fault;
mod faults;
mod identify;
mod lambda;
mod page;
mod respond;
mod scope;
mod script;
mod serve;
mod ssm;

use std::sync::Arc;

pub use calls::{Call, Rule};
pub use fault::Fault;
pub use faults::{FaultKind, InjectedFault, ListedFault, RemoteFaults};
pub use script::SimulatedLatency;
pub(crate) use serve::serve;

use crate::upstream::Upstream;

/// The controls of the proxy, for tests and for the demo.
#[derive(Clone)]
pub struct Proxy {
    shared: Arc<Shared>,
}

/// The state that all connections share.
pub(crate) struct Shared {
    upstream: Upstream,
    service_token: String,
    calls: calls::Calls,
    script: script::Script,
    tables: dynamodb::Tables,
    backup: backup::Backup,
    autoscaling: autoscaling::Autoscaling,
    mappings: lambda::Mappings,
    removed_labels: ssm::RemovedLabels,
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
            removed_labels: ssm::RemovedLabels::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Returns the account's latest 10,000 calls in order of arrival: which steps called what, and how often.
    pub fn calls(&self, account: &str) -> Vec<Call> {
        self.shared.calls.of(account)
    }

    /// Forgets the account's calls and counts from 0 again, e.g. between preparing a test and its run.
    pub fn forget_calls(&self, account: &str) {
        self.shared.calls.forget(account);
    }

    /// Injects a fault from now on. If several rules match a call, the rule injected first counts.
    pub fn inject(&self, rule: Rule) {
        self.shared.calls.inject(rule);
    }

    /// Removes all of the account's rules, so that all of its calls pass.
    pub fn clear_rules(&self, account: &str) {
        self.shared.calls.clear_rules(account);
    }

    /// Releases the calls of this step and action that a [`Fault::Hold`] holds, and lets later ones pass.
    pub fn release(&self, account: &str, step: Option<&str>, action: &str) {
        self.shared.calls.release(account, step, action);
    }

    /// Makes the SDK wait as long as on AWS before it retries after an injected throttle or failure. By default these
    /// errors ask for a retry after a millisecond, because a suite that injects hundreds of them would spend its time
    /// waiting.
    pub fn keep_real_backoff(&self, account: &str) {
        self.shared.calls.keep_real_backoff(account);
    }

    /// Sets the simulated latency of the account's tables, backups and restores that begin from now on.
    pub fn slow(&self, account: &str, latency: SimulatedLatency) {
        self.shared.script.slow(account, latency);
    }

    /// Makes the restore jobs that the account starts from now on end FAILED with this message. `None` ends this.
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

    /// Makes the Kinesis destinations that the account enables from now on end ENABLE_FAILED with this description.
    /// `None` ends this.
    pub fn fail_destinations(&self, account: &str, description: Option<String>) {
        self.shared.script.fail_destinations(account, description);
    }

    /// Makes the Contributor Insights that the account enables from now on end FAILED with this description. `None`
    /// ends this.
    pub fn fail_insights(&self, account: &str, description: Option<String>) {
        self.shared.script.fail_insights(account, description);
    }

    /// Makes ListBackups and DescribeBackup show, sort and filter a backup as if it was created at this time, in
    /// seconds since 1970.
    pub fn date_backup(&self, account: &str, backup_arn: &str, epoch_seconds: f64) {
        self.shared.script.date_backup(account, backup_arn, epoch_seconds);
    }

    /// Hides the starting positions of the account's event source mappings, which AWS may leave out.
    pub fn hide_starting_positions(&self, account: &str) {
        self.shared.script.hide_starting_positions(account);
    }

    /// Advances the account's clock by an hour, for changes that AWS allows only once in a while: a table's time to
    /// live, deletion protection and policy.
    pub fn let_an_hour_pass(&self, account: &str) {
        self.shared.script.let_an_hour_pass(account);
    }

    /// Makes DescribeTable show this status for a table, e.g. one that the emulator never reaches, such as
    /// `INACCESSIBLE_ENCRYPTION_CREDENTIALS`. `None` shows the table's real status again.
    pub fn show_table_status(&self, account: &str, table: &str, status: Option<String>) {
        self.shared.script.show_table_status(account, table, status);
    }
}
