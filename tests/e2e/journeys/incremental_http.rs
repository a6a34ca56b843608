//! Tests the HTTP API of `incremental`: a snapshot and its restore by a program that knows only a URL and nothing of
//! AWS.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tablekeeper_tests::checks::policies::{functions, grants_are_calls};
use tablekeeper_tests::harness::http::send;
use tablekeeper_tests::harness::run::{BY_HAND, end_of, start_by_hand};
use tablekeeper_tests::workflows::import_table::{TABLE, make_table_called};
use tablekeeper_tests::workflows::snapshot::workflow;
use tablekeeper_tests::{Deployed, items_of, stack, until};

const STEP: &str = "incremental.http";

/// Sends a request to the API on the local stack, where its URL is a path.
async fn request(deployed: &Deployed, method: &str, path: &str, key: &str, body: String) -> (u16, Value) {
    let url = deployed.output("HttpApiUrl");
    let id = url.trim_start_matches("https://").trim_start_matches("http://").split('.').next().unwrap();
    let path = format!("/_aws/execute-api/{id}/$default{path}");
    send(deployed, "execute-api", (method, &path), &[("idempotency-key", key)], body).await
}

/// Polls until the execution has ended and returns its last status.
async fn ended(deployed: &Deployed, ask: &str) -> Value {
    until("the execution to end", async || {
        let (status, reported) = request(deployed, "GET", ask, "", String::new()).await;
        assert_eq!(status, 200, "{reported}");
        reported["status"] != "RUNNING"
    })
    .await;
    request(deployed, "GET", ask, "", String::new()).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_its_restore_are_started_and_polled_over_http() {
    let mut deployed = Deployed::empty_account().await;
    let parameters = [("EnableHttpApi", "true"), ("MappingState", "ENABLED"), ("RestoreTablePattern", "*")];
    deployed.deploy(&workflow(), &parameters.map(|(name, value)| (name, value.to_owned()))).await;
    for id in ["1", "2"] {
        let put = deployed.dynamodb.put_item().table_name(TABLE).item("id", AttributeValue::S(id.to_owned()));
        put.send().await.unwrap();
    }
    let deployed = Deployed { machine_output: "BackfillStateMachineArn".to_owned(), ..deployed };
    start_by_hand(&deployed, &json!({})).await;
    assert_eq!(end_of(&deployed, BY_HAND).await.output["Items"], 2);

    // An invalid request is refused at once and starts nothing.
    let (status, reported) = request(&deployed, "POST", "/restore", "0", "{}".to_owned()).await;
    assert_eq!((status, &reported["error"]), (400, &json!("InvalidInput")), "{reported}");

    // A backfill covers the time from the next whole second on, so the first snapshots may be refused.
    let mut snapshot = Value::Null;
    for attempt in 1..5 {
        let (status, reported) =
            request(&deployed, "POST", "/snapshot", &attempt.to_string(), String::new()).await;
        assert_eq!(status, 202, "{reported}");
        snapshot = ended(&deployed, reported["ask"].as_str().unwrap()).await;
        if snapshot["status"] == "SUCCEEDED" {
            break;
        }
        assert_eq!(snapshot["error"], "HistoryIncomplete", "{snapshot}");
    }
    assert_eq!(snapshot["output"]["ItemCount"], 2, "{snapshot}");

    make_table_called(&deployed, "restored").await;
    let body =
        json!({ "tableName": "restored", "snapshotFilename": snapshot["output"]["Snapshot"] }).to_string();
    let (status, reported) = request(&deployed, "POST", "/restore", "once", body.clone()).await;
    assert_eq!(status, 202, "{reported}");
    let (_, again) = request(&deployed, "POST", "/restore", "once", body).await;
    assert_eq!(again["executionArn"], reported["executionArn"]);
    let restored = ended(&deployed, reported["ask"].as_str().unwrap()).await;
    assert_eq!(restored["status"], "SUCCEEDED", "{restored}");
    assert_eq!(items_of(&deployed.dynamodb, "restored").await.len(), 2);

    let functions: Vec<_> =
        functions("incremental").into_iter().filter(|function| function.step == STEP).collect();
    let calls = stack().await.aws.proxy().calls(&deployed.account);
    let calls = calls.iter().filter(|call| call.step.as_deref() == Some(STEP));
    let wrong = grants_are_calls(&functions, calls);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
