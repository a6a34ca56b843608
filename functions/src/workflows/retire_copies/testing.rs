//! Helpers for the tests of several steps.

use serde_json::{Value, json};
use tablekeeper_core::aws::own_tag::RECOVERY_POINT;
use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

/// ARN of the execution.
pub(super) const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:retire-copies:nightly-1";
/// Time at which the execution began.
pub(super) const STARTED_AT: &str = "2026-04-01T02:00:00Z";

/// Returns the name of the copy of a day of March.
pub(super) fn name(day: u32) -> String {
    format!("orders-202603{day:02}-02-00-00")
}

/// Returns an account with the copies of March 1 to `days`.
pub(super) fn aws(days: u32) -> FakeAws {
    let mut aws = FakeAws::default().with_table("orders");
    for day in 1..=days {
        aws = aws.with_table(&name(day)).with_tag(&name(day), RECOVERY_POINT, &format!("point-{day}"));
    }
    aws
}

/// Returns the options of an execution that keeps one copy.
pub(super) fn run() -> Value {
    json!({ "keep": 1, "olderThanDays": 0, "parameterPrefixes": [], "stateMachineArns": [], "backUp": true,
        "delete": true, "startedAt": STARTED_AT, "deadline": "2026-04-02T02:00:00Z" })
}

/// Returns the copy of a day as the steps pass it.
pub(super) fn copy(day: u32) -> Value {
    json!({ "tableName": name(day), "tableArn": arn(&name(day)), "tableId": format!("id-of-{}", name(day)) })
}
