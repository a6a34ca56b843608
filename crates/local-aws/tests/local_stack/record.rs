use hyper::Method;
use serde_json::json;

use crate::client::{Api, stack};

#[tokio::test]
async fn calls_are_recorded_with_step_action_ordinal_and_status() {
    let api = Api::new("100000000001").await;
    let step = api.as_step("rotate-restore.check-restore");
    api.make_table("orders").await;
    step.table("orders").await;
    step.dynamodb("DescribeTable", json!({"TableName": "no-such-table"})).await;
    api.backup(Method::GET, "/backup-vaults/none", json!(null)).await;

    let calls = stack().await.proxy().calls(api.account);
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.step.as_deref(), call.action.as_str(), call.ordinal, call.status))
        .collect();
    let check = Some("rotate-restore.check-restore");
    let expected = [
        (None, "dynamodb:CreateTable", 0, 200),
        (None, "dynamodb:PutItem", 0, 200),
        (check, "dynamodb:DescribeTable", 0, 200),
        (check, "dynamodb:DescribeTable", 1, 400),
        (None, "backup:DescribeBackupVault", 0, 404),
    ];
    assert_eq!(seen, expected);
    assert!(calls.iter().all(|call| call.fault.is_none()));

    stack().await.proxy().forget_calls(api.account);
    assert_eq!(stack().await.proxy().calls(api.account), []);
}

#[tokio::test]
async fn unsigned_requests_pass_through() {
    let endpoint = stack().await.endpoint();
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .build_http::<http_body_util::Empty<bytes::Bytes>>();
    let response = client.get(format!("{endpoint}/_ministack/health").parse().unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn large_bodies_pass_both_ways_unchanged() {
    let api = Api::new("100000000002").await;
    assert_eq!(api.send("s3", Method::PUT, "/large", &[], "").await.unwrap().status, 200);
    let content: Vec<u8> = (0..30_000_000_u32).map(|index| (index % 251) as u8).collect();
    let put = api.send("s3", Method::PUT, "/large/object", &[], content.clone()).await.unwrap();
    assert_eq!(put.status, 200);
    let head = api.send("s3", Method::HEAD, "/large/object", &[], "").await.unwrap();
    assert_eq!(head.headers["content-length"], "30000000");
    let got = api.send("s3", Method::GET, "/large/object", &[], "").await.unwrap();
    assert!(got.bytes == content, "{} bytes came back", got.bytes.len());
}

#[tokio::test]
async fn concurrent_calls_are_all_counted() {
    let api = Api::new("100000000003").await;
    api.make_table("busy").await;
    let puts = (0..50).map(|number| {
        let api = api.as_step("load.put");
        tokio::spawn(async move {
            let item = json!({"id": {"S": number.to_string()}});
            api.dynamodb("PutItem", json!({"TableName": "busy", "Item": item})).await.ok();
        })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.unwrap();
    }
    let calls = stack().await.proxy().calls(api.account);
    let mut ordinals: Vec<_> =
        calls.iter().filter(|call| call.step.is_some()).map(|call| (call.ordinal, call.status)).collect();
    ordinals.sort_unstable();
    assert_eq!(ordinals, (0..50).map(|number| (number, 200)).collect::<Vec<_>>());
}
