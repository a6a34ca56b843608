//! Helpers for the tests of several steps.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::testing::fake_store::FakeStore;

pub(crate) use tablekeeper_core::snapshot::testing::*;

use super::{FinishSnapshot, PlanSnapshot, SnapshotShard};
use crate::step::{AnyStep, Failure, Step};

/// Plans a snapshot of a second, begun at this second.
pub(crate) async fn plan(
    aws: &FakeStore,
    input: Value,
    defaults: Value,
    begun: i64,
) -> Result<Value, Failure> {
    let input = json!({ "executionArn": EXECUTION, "executionInput": input, "startedAt": second(begun),
        "defaults": defaults });
    PlanSnapshot::at(&aws.clients(), Clock::Fixed(second(begun))).run_json(input).await
}

/// Writes all parts of all shards and the manifests, step by step, as the state machine does. A step that fails is
/// retried with the same input, `tries` times in all.
pub(crate) async fn write(aws: &FakeStore, plan: &Value, now: DateTime<Utc>, mut tries: usize) -> Value {
    let clients = aws.clients();
    let step = SnapshotShard::at(&clients, Clock::Fixed(now));
    for shard in plan["shards"].as_array().unwrap() {
        let mut next = json!({ "part": 0, "cursor": null });
        loop {
            let input = json!({ "executionArn": EXECUTION, "snapshot": plan["snapshot"], "shard": shard["shard"],
                "part": next["part"], "cursor": next["cursor"] });
            match step.run_json(input).await {
                Ok(output) if output["done"] == true => break,
                Ok(output) => next = output,
                Err(failure) => tries = tries.checked_sub(1).unwrap_or_else(|| panic!("{failure}")),
            }
        }
    }
    loop {
        let input = json!({ "executionArn": EXECUTION, "snapshot": plan["snapshot"] });
        match FinishSnapshot::new(&clients).unwrap().run_json(input).await {
            Ok(report) => return report,
            Err(failure) => tries = tries.checked_sub(1).unwrap_or_else(|| panic!("{failure}")),
        }
    }
}

/// Returns the items of `orders` as of a second, by a whole snapshot that begins at another second.
pub(crate) async fn snapshot(aws: &FakeStore, at: i64, begun: i64) -> Vec<String> {
    let plan = plan(aws, json!({ "At": second(at) }), defaults(), begun).await.unwrap();
    aws.at(second(begun));
    let report = write(aws, &plan, second(begun), 0).await;
    items(aws, &report)
}
