//! Helpers for the tests of several steps.

use serde_json::{Value, json};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::testing::fake_store::FakeStore;

pub(crate) use tablekeeper_core::export::testing::*;

use super::{ExportSegment, FinishExport};
use crate::step::{AnyStep, Failure, Step};

/// Writes all parts of all segments and the manifests, step by step, as the state machine does. A step that fails is
/// retried with the same input, `tries` times in all.
pub(super) async fn export(store: &FakeStore, run: &Value, plan: &Value, mut tries: usize) -> Value {
    let clients = store.clients();
    let segment_step = ExportSegment::at(&clients, Clock::Fixed(STARTED_AT.parse().unwrap()));
    for segment in 0..plan["segments"].as_u64().unwrap() {
        let mut next = json!({ "part": 0, "cursor": null });
        loop {
            let input = json!({ "executionArn": EXECUTION, "run": run, "plan": plan, "segment": segment,
                "part": next["part"], "cursor": next["cursor"] });
            match segment_step.run_json(input).await {
                Ok(output) if output["done"] == true => break,
                Ok(output) => next = output,
                Err(failure) => {
                    tries = tries.checked_sub(1).unwrap_or_else(|| panic!("{failure}"));
                }
            }
        }
    }
    loop {
        match finish(store, run, plan).await {
            Ok(report) => return report,
            Err(failure) => tries = tries.checked_sub(1).unwrap_or_else(|| panic!("{failure}")),
        }
    }
}

/// Finishes an export.
pub(super) async fn finish(store: &FakeStore, run: &Value, plan: &Value) -> Result<Value, Failure> {
    let input = json!({ "executionArn": EXECUTION, "run": run, "plan": plan, "settings": null,
        "settingsFailure": null, "notes": [] });
    FinishExport::new(&store.clients()).unwrap().run_json(input).await
}
