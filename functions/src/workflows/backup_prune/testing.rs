//! Helpers for the tests of several steps.

use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::backup_arn;

/// ARN of an execution.
pub(super) const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:backup-prune:nightly-1";
/// Time when the execution began.
pub(super) const STARTED_AT: &str = "2026-03-01T02:00:00Z";
/// Name of the execution's backup of `orders`.
pub(super) const NEW: &str = "orders-20260301T020000Z";

/// Returns a configuration that retains this many backups, waits an hour, and allows this many lines of each kind.
pub(super) fn run(max_backups: u32, lines: u32) -> Value {
    json!({
        "retention": { "maxBackups": max_backups, "maxAgeDays": 0, "daily": 0, "weekly": 0, "monthly": 0,
            "yearly": 0 },
        "others": { "former": false, "manual": false }, "startedAt": STARTED_AT, "deadline": "2026-03-01T03:00:00Z", "lines": lines,
        "deletions": 200
    })
}

/// Returns the backup that the run made of `orders`.
pub(super) fn new_backup() -> Value {
    json!({ "backupArn": backup_arn("orders", NEW), "backupName": NEW, "tableId": "id-of-orders",
        "createdAt": STARTED_AT })
}
