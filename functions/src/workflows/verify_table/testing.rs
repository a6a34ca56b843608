//! Helpers for the tests of the workflow.

use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::arn;
use tablekeeper_core::testing::fake_store::FakeStore;

use super::{CompareRange, FinishVerification, PlanVerification, ReadSample, ReadSegment};
use crate::step::{AnyStep, Failure, Step};

/// ARN of an execution.
pub(super) const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:verify-table:by-hand";
/// The report of that execution.
pub(super) const REPORT: &str = "verifications/reports/orders/2027-01-15-08-10-00-by-hand/report.json";

/// Returns the input of `plan-verification` for the table `orders`, with these fields added or replaced.
pub(super) fn plan_input(more: &Value, execution: &str) -> Value {
    let mut input = json!({ "TableArn": arn("orders"), "Strength": "EXACT" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "executionArn": execution, "executionInput": input, "startedAt": "2027-01-15T08:10:00Z",
        "defaults": { "reportBucket": "reports", "reportPrefix": "verifications/", "itemBucket": "bucket", "incrementalTable": "orders", "incrementalPrefix": "items/", "tablesPrefix": "tables/",
            "failuresPrefix": "failures/", "noncurrentDays": "0", "settleSeconds": "300",
            "segments": "0", "maxRate": "0",
            "secondsPerCall": "600" } })
}

/// Runs a whole execution, step by step, as the state machine does.
pub(super) async fn verify(aws: &FakeStore, more: Value) -> Result<Value, Failure> {
    verify_as(aws, more, EXECUTION).await
}

/// Returns what only the last step receives: no check function.
pub(super) fn at_the_end() -> Value {
    json!({ "readAt": "2027-01-15T08:11:00Z", "check": null })
}

/// Runs a whole execution of this ARN. Each step is invoked twice, and the first result counts, as Lambda may run a
/// function twice.
pub(super) async fn verify_as(aws: &FakeStore, more: Value, execution: &str) -> Result<Value, Failure> {
    verify_until(aws, more, execution, at_the_end()).await
}

/// Runs a whole execution as [`verify_as`] does. `end` is what only the last step receives.
pub(super) async fn verify_until(
    aws: &FakeStore,
    more: Value,
    execution: &str,
    end: Value,
) -> Result<Value, Failure> {
    let clients = aws.clients();
    let plan = PlanVerification::new(&clients).unwrap().run_json(plan_input(&more, execution)).await?;
    let verification = &plan["verification"];
    let input = |fields: Value| {
        let mut input = json!({ "executionArn": execution, "verification": verification });
        input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        input
    };
    let read_segment = ReadSegment::new(&clients).unwrap();
    for segment in plan["segments"].as_array().unwrap() {
        let of = |part: u64| {
            input(json!({ "side": segment["side"], "segment": segment["segment"], "part": part }))
        };
        until_done(&read_segment, of).await?;
    }
    if plan["isSampled"] == true {
        until_done(&ReadSample::new(&clients).unwrap(), |part| input(json!({ "part": part }))).await?;
    }
    let compare_range = CompareRange::new(&clients).unwrap();
    for range in plan["ranges"].as_array().unwrap() {
        let mut from = range["from"].clone();
        loop {
            let of = input(json!({ "from": from, "to": range["to"] }));
            let output = twice(&compare_range, &of).await?;
            if output["done"] == true {
                break;
            }
            from = output["from"].clone();
        }
    }
    twice(&FinishVerification::new(&clients).unwrap(), &input(end)).await
}

async fn until_done(step: &impl AnyStep, input: impl Fn(u64) -> Value) -> Result<(), Failure> {
    let mut part = 0;
    loop {
        let output = twice(step, &input(part)).await?;
        if output["done"] == true {
            return Ok(());
        }
        part = output["part"].as_u64().unwrap();
    }
}

/// Invokes a step twice and checks that both invocations end the same.
async fn twice(step: &impl AnyStep, input: &Value) -> Result<Value, Failure> {
    let first = step.run_json(input.clone()).await;
    assert_eq!(step.run_json(input.clone()).await, first);
    first
}
