use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_http_client::test_util::infallible_client_fn;

use super::*;
use crate::testing::fake_store::{FakeStore, Fault};

const PAGE: ScanPage<'_> = ScanPage {
    table: "orders",
    segment: 0,
    segments: 1,
    consistent_read: true,
    count_only: false,
    limit: None,
    start: None,
};

fn orders() -> FakeStore {
    FakeStore::default().with_table("orders", &["id"])
}

/// Returns an item with spacing and escapes that no JSON writer would produce.
fn item(number: usize) -> String {
    format!(r#"{{"id":{{"S":"{number}"}}, "n" : {{"N":"1.{number:0>3}0e1"}},"s":{{"SS":["b","a\u00e9"]}}}}"#)
}

fn store_of(count: usize) -> FakeStore {
    (0..count).fold(orders(), |store, number| store.with_item("orders", &item(number)))
}

fn texts(page: &Page) -> Vec<String> {
    let text =
        |range: &std::ops::Range<usize>| String::from_utf8(page.response[range.clone()].to_vec()).unwrap();
    page.items.iter().map(text).collect()
}

/// Returns a client that always gets this response, and the requests that it made.
fn client_with_response(status: u16, response: &'static str) -> (RawItems, Arc<Mutex<Vec<HttpRequest>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&requests);
    let http = infallible_client_fn(move |request| {
        recorded.lock().unwrap().push(HttpRequest::try_from(request).unwrap());
        HttpResponse::new(status.try_into().unwrap(), response.into()).try_into_http1x().unwrap()
    });
    let configuration = aws_sdk_dynamodb::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_dynamodb::config::Region::new("eu-west-1"))
        .credentials_provider(aws_sdk_dynamodb::config::Credentials::new("OWN", "secret", None, None, "test"))
        .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
        .http_client(http);
    (RawItems::new(aws_sdk_dynamodb::Client::from_conf(configuration.build())), requests)
}

fn body(request: &HttpRequest) -> String {
    String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn items_are_read_verbatim_across_pages() {
    let store = store_of(20);
    let calls = store.clients().raw_items();
    for (segments, page, limit) in [(1, 0, None), (1, 3, None), (1, 20, None), (3, 2, None), (4, 0, Some(1))]
    {
        store.state().page_of_items = page;
        let mut read = Vec::new();
        for segment in 0..segments {
            let mut start: Option<String> = None;
            loop {
                let page = ScanPage { segment, segments, limit, start: start.as_deref(), ..PAGE };
                let page = calls.scan(&page).await.unwrap();
                assert!(page.capacity >= 1.0);
                read.extend(texts(&page));
                let Some(next) = page.next else { break };
                start = Some(next);
            }
        }
        assert_eq!(read, store.items("orders"), "{segments} {page} {limit:?}");
    }
}

#[tokio::test]
async fn page_of_more_than_a_megabyte_is_read() {
    let long = |id: usize| format!(r#"{{"id":{{"S":"{id}"}},"t":{{"S":"{}"}}}}"#, "x".repeat(390_000));
    let store = (0..6).fold(orders(), |store, id| store.with_item("orders", &long(id)));
    let page = store.clients().raw_items().scan(&PAGE).await.unwrap();
    assert_eq!((page.items.len(), texts(&page)), (3, store.items("orders")[..3].to_vec()));
    assert!(page.response.len() > 1024 * 1024 && page.next.is_some());
}

#[tokio::test]
async fn scan_sends_its_parameters() {
    let response = r#"{"Items":[],"LastEvaluatedKey":{"z":{"S":"1"},"a":{"B":"AAE="}},
        "ConsumedCapacity":{"CapacityUnits":128.5}}"#;
    let (calls, requests) = client_with_response(200, response);
    let start = r#"{"a":{"B":"AAE="},"z":{"S":"1"}}"#;
    let page = ScanPage {
        table: "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
        segment: 3,
        segments: 7,
        consistent_read: true,
        count_only: false,
        limit: Some(9),
        start: Some(start),
    };
    let page = calls.scan(&page).await.unwrap();
    assert_eq!((page.next.as_deref(), page.capacity, page.items.len()), (Some(start), 128.5, 0));
    let sent: Value = serde_json::from_str(&body(&requests.lock().unwrap()[0])).unwrap();
    assert_eq!(
        sent,
        serde_json::json!({ "TableName": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders", "Segment": 3,
            "TotalSegments": 7, "ConsistentRead": true, "Limit": 9, "ReturnConsumedCapacity": "TOTAL",
            "ExclusiveStartKey": serde_json::from_str::<Value>(start).unwrap() })
    );
}

#[tokio::test]
async fn invalid_cursor_is_refused_before_any_call() {
    let (calls, requests) = client_with_response(200, "{}");
    let failure = calls.scan(&ScanPage { start: Some("{}"), ..PAGE }).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::RequestRefused);
    assert_eq!(failure.to_string(), "dynamodb:Scan failed: `{}` is not a key");
    assert!(requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn items_are_put_and_signed_verbatim() {
    let (calls, requests) =
        client_with_response(200, r#"{"ConsumedCapacity":[{"CapacityUnits":3.0},{"CapacityUnits":1}]}"#);
    let (one, other) = (item(1), item(2));
    let written = calls.put("orders", &[one.as_bytes(), other.as_bytes()]).await.unwrap();
    assert_eq!((written.unprocessed.len(), written.capacity), (0, 4.0));
    let requests = requests.lock().unwrap();
    let sent = format!(
        r#"{{"RequestItems":{{"orders":[{{"PutRequest":{{"Item":{one}}}}},{{"PutRequest":{{"Item":{other}}}}}]}},"ReturnConsumedCapacity":"TOTAL"}}"#
    );
    assert_eq!(body(&requests[0]), sent);
    assert_eq!(requests[0].headers().get("content-length").unwrap(), sent.len().to_string());
    assert_eq!(requests[0].headers().get("x-amz-target").unwrap(), "DynamoDB_20120810.BatchWriteItem");
    assert!(requests[0].headers().get("authorization").unwrap().contains("Credential=OWN/"));
}

#[tokio::test]
async fn unprocessed_items_return_their_original_bytes() {
    let store = orders();
    store.state().unprocessed_each = 3;
    let items: Vec<String> = (0..8).map(item).collect();
    let given: Vec<&[u8]> = items.iter().map(String::as_bytes).collect();
    let calls = store.clients().raw_items();
    let mut written = calls.put("orders", &given).await.unwrap();
    let left = written.unprocessed.len();
    assert!((1..8).contains(&left), "{written:?}");
    assert_eq!((store.items("orders").len(), written.capacity), (8 - left, (8 - left) as f64));
    while !written.unprocessed.is_empty() {
        assert!(written.unprocessed.iter().all(|item| given.contains(&item.as_slice())), "{written:?}");
        let left = std::mem::take(&mut written.unprocessed);
        let left: Vec<&[u8]> = left.iter().map(Vec::as_slice).collect();
        written = calls.put("orders", &left).await.unwrap();
    }
    assert_eq!(store.items("orders").len(), 8);
}

#[tokio::test]
async fn unprocessed_items_in_another_form_return_dynamodbs_bytes() {
    let left = r#"{"id":{"S":"1"},"s":{"SS":["a","b"]}}"#;
    let response =
        r#"{"UnprocessedItems":{"orders":[{"PutRequest":{"Item":{"id":{"S":"1"},"s":{"SS":["a","b"]}}}}]}}"#;
    let (calls, _) = client_with_response(200, response);
    let written = calls.put("orders", &[br#"{"id":{"S":"1"},"s":{"SS":["b","a"]}}"#]).await.unwrap();
    assert_eq!(written.unprocessed, [left.as_bytes()]);
    let (calls, _) = client_with_response(200, r#"{"UnprocessedItems":{"orders":[{"DeleteRequest":{}}]}}"#);
    let failure = calls.put("orders", &[b"{}"]).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ServiceUnavailable);
    assert!(failure.detail.contains("an unprocessed item has no PutRequest"), "{failure}");
}

#[tokio::test]
async fn transient_failures_are_retried() {
    for fault in [
        Fault::Refused(400, "ProvisionedThroughputExceededException"),
        Fault::Refused(400, "ThrottlingException"),
        Fault::Refused(500, "InternalServerError"),
        Fault::Dropped,
        Fault::Lost,
        Fault::Broken(10),
    ] {
        let store = store_of(3);
        let calls = store.patient_clients().raw_items();
        for action in ["dynamodb:Scan", "dynamodb:BatchWriteItem"] {
            store.fail_action(action, 0, fault);
            store.fail_action(action, 1, fault);
        }
        let page = calls.scan(&PAGE).await.unwrap();
        assert_eq!(texts(&page), store.items("orders"), "{fault:?}");
        let written = calls.put("orders", &[item(4).as_bytes()]).await.unwrap();
        assert!(written.unprocessed.is_empty(), "{fault:?}");
        assert_eq!((store.count("dynamodb:Scan"), store.count("dynamodb:BatchWriteItem")), (3, 3));
        assert_eq!(store.items("orders").len(), 4);
    }
}

#[tokio::test]
async fn failures_have_error_names_and_the_text_of_aws() {
    for (fault, name, detail) in [
        (
            Fault::Refused(400, "ProvisionedThroughputExceededException"),
            ErrorName::Throttled,
            "ProvisionedThroughputExceededException: so AWS says",
        ),
        (
            Fault::Refused(400, "ResourceNotFoundException"),
            ErrorName::RequestRefused,
            "ResourceNotFoundException: so AWS says",
        ),
        (
            Fault::Refused(400, "AccessDeniedException"),
            ErrorName::AccessDenied,
            "AccessDeniedException: so AWS says",
        ),
        (
            Fault::Refused(500, "InternalServerError"),
            ErrorName::ServiceUnavailable,
            "InternalServerError: so AWS says",
        ),
        (Fault::Broken(10), ErrorName::ServiceUnavailable, "the connection was reset"),
    ] {
        let store = store_of(3);
        let calls = store.clients().raw_items();
        store.fail_action("dynamodb:Scan", 0, fault);
        store.fail_action("dynamodb:BatchWriteItem", 0, fault);
        let scan = calls.scan(&PAGE).await.unwrap_err();
        let put = calls.put("orders", &[item(1).as_bytes()]).await.unwrap_err();
        assert_eq!((scan.action, put.action), ("dynamodb:Scan", "dynamodb:BatchWriteItem"));
        for failure in [scan, put] {
            assert_eq!(failure.name, name, "{failure}");
            assert!(failure.detail.ends_with(detail), "{failure}");
        }
    }
}

#[tokio::test]
async fn unreadable_response_is_a_failed_attempt() {
    for (status, response) in [(200, r#"{"Items":[{"id":"#), (200, ""), (502, "<html>")] {
        let (calls, _) = client_with_response(status, response);
        let failure = calls.scan(&PAGE).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::ServiceUnavailable, "{response}");
    }
}

#[test]
fn keys_have_only_three_types() {
    let key = key_of_json(r#"{"a":{"S":"x"},"b":{"N":"1.50"}}"#).unwrap();
    assert_eq!(key["a"], AttributeValue::S("x".to_owned()));
    assert_eq!(key["b"], AttributeValue::N("1.50".to_owned()));
    let key = key_of_json(r#"{"a":{"B":"AAE="}}"#).unwrap();
    assert_eq!(key["a"], AttributeValue::B(Blob::new([0, 1])));
    for json in [
        "",
        "{}",
        "[]",
        r#"{"a":{}}"#,
        r#"{"a":{"BOOL":"true"}}"#,
        r#"{"a":{"B":"!"}}"#,
        r#"{"a":{"S":"x","N":"1"}}"#,
        r#"{"a":{"S":"x"},"b":{"S":"x"},"c":{"S":"x"}}"#,
        r#"{"a":{"S":1}}"#,
    ] {
        assert_eq!(key_of_json(json), None, "{json}");
    }
}
