use std::sync::{Arc, Mutex};

use aws_sdk_ssm::config::http::HttpResponse;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use serde_json::{Value, json};

use super::*;
use crate::step::AnyStep;

fn arn(table: &str) -> String {
    format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{table}")
}

/// A parameter as SSM stores it: its versions, and what others write just before our writes.
#[derive(Default)]
struct Store {
    versions: Vec<String>,
    others: Vec<String>,
    /// Whether the others write just after our writes instead.
    behind: bool,
}

fn response(status: u16, body: Value) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), body.to_string().into())
}

fn rules(store: &Arc<Mutex<Store>>) -> [Rule; 2] {
    let (reads, writes) = (Arc::clone(store), Arc::clone(store));
    let read = mock!(aws_sdk_ssm::Client::get_parameter).then_compute_response(move |request| {
        let store = reads.lock().unwrap();
        let version = match request.name().unwrap().split_once(':') {
            Some((_, version)) => version.parse().unwrap(),
            None => store.versions.len(),
        };
        let found = version.checked_sub(1).and_then(|index| store.versions.get(index));
        aws_smithy_mocks::MockResponse::Http(match found {
            Some(value) => {
                response(200, json!({ "Parameter": { "Name": "/p", "Value": value, "Version": version } }))
            }
            None => response(400, json!({ "__type": "ParameterNotFound", "message": "no" })),
        })
    });
    let write = mock!(aws_sdk_ssm::Client::put_parameter).then_compute_response(move |request| {
        let mut store = writes.lock().unwrap();
        let ours = request.value().unwrap().to_owned();
        let other = store.others.pop();
        let pair = if store.behind { [Some(ours), other] } else { [other, Some(ours)] };
        store.versions.extend(pair.into_iter().flatten());
        aws_smithy_mocks::MockResponse::Http(response(200, json!({ "Version": store.versions.len() })))
    });
    [read, write]
}

async fn publish(versions: &[String], others: &[String]) -> (Result<Value, Failure>, Vec<String>) {
    publish_against(versions, others, false).await
}

async fn publish_against(
    versions: &[String],
    others: &[String],
    behind: bool,
) -> (Result<Value, Failure>, Vec<String>) {
    let store = Store { versions: versions.to_vec(), others: others.to_vec(), behind };
    let store = Arc::new(Mutex::new(store));
    let rules = rules(&store);
    let step = PublishPointer { ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&rules[0], &rules[1]]) };
    let output = step.run_json(payload(Some("/p"))).await;
    let versions = store.lock().unwrap().versions.clone();
    (output, versions)
}

fn payload(name: Option<&str>) -> Value {
    let table = arn("orders-20240102-00-00-00");
    json!({ "executionArn": "e", "ssmParameterName": name, "tableArn": table })
}

#[tokio::test]
async fn no_name_publishes_nothing() {
    let step = PublishPointer { ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, []) };
    let output = step.run_json(payload(None)).await.unwrap();
    assert_eq!(output["Outcome"], "Skipped");
}

#[tokio::test]
async fn a_missing_name_is_rejected() {
    let step = PublishPointer { ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, []) };
    let failure = step.run_json(json!({ "executionArn": "e", "tableArn": arn("t") })).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    assert!(failure.message.contains("missing field `ssmParameterName`"), "{failure}");
}

#[tokio::test]
async fn a_value_that_is_no_newer_rotation_is_overwritten() {
    let ours = arn("orders-20240102-00-00-00");
    for before in [
        arn("orders-20240101-23-59-59"),
        arn("customers-20250101-00-00-00"),
        arn("orders"),
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders-20250101-00-00-00".to_owned(),
        "x".to_owned(),
    ] {
        let (output, versions) = publish(std::slice::from_ref(&before), &[]).await;
        let output = output.unwrap();
        assert_eq!((&output["Outcome"], &output["PreviousValue"]), (&json!("Published"), &json!(before)));
        assert_eq!((&output["Value"], &output["Version"]), (&json!(ours), &json!(2)));
        assert_eq!(versions, [before, ours.clone()]);
    }
    let (output, versions) = publish(&[], &[]).await;
    assert_eq!(output.unwrap()["PreviousValue"], Value::Null);
    assert_eq!(versions, [ours]);
}

#[tokio::test]
async fn an_unchanged_pointer_is_not_written_again() {
    let ours = arn("orders-20240102-00-00-00");
    let (output, versions) = publish(std::slice::from_ref(&ours), &[]).await;
    assert_eq!(output.unwrap()["Outcome"], "Unchanged");
    assert_eq!(versions, [ours]);
}

#[tokio::test]
async fn a_newer_rotation_is_left_alone() {
    let newer = arn("orders-20240102-00-00-01");
    let (output, versions) = publish(std::slice::from_ref(&newer), &[]).await;
    assert_eq!(output.unwrap()["Outcome"], "PointerIsNewer");
    assert_eq!(versions, [newer]);
}

#[tokio::test]
async fn a_newer_rotation_written_in_between_is_restored() {
    let (older, newer) = (arn("orders-20240101-00-00-00"), arn("orders-20240103-00-00-00"));
    let (output, versions) = publish(&[older], std::slice::from_ref(&newer)).await;
    let output = output.unwrap();
    assert_eq!((&output["Outcome"], &output["Value"]), (&json!("PointerIsNewer"), &json!(newer)));
    assert_eq!(versions.last(), Some(&newer));
}

#[tokio::test]
async fn the_newest_of_several_concurrent_writes_is_restored() {
    let of = |day: u32| arn(&format!("orders-202401{day:02}-00-00-00"));
    // Another write follows each of ours: the last of the list first.
    let (output, versions) = publish(&[of(1)], &[of(4), of(5), of(3)]).await;
    assert_eq!(output.unwrap()["Outcome"], "PointerIsNewer");
    assert_eq!(versions.last(), Some(&of(5)));
}

#[tokio::test]
async fn a_value_overwritten_by_a_lost_response_is_restored() {
    let (older, ours, newer) =
        (arn("orders-20240101-00-00-00"), arn("orders-20240102-00-00-00"), arn("orders-20240103-00-00-00"));
    let (output, versions) = publish(&[older, newer.clone(), ours], &[]).await;
    assert_eq!(output.unwrap()["Outcome"], "PointerIsNewer");
    assert_eq!(versions.last(), Some(&newer));
}

#[tokio::test]
async fn endless_concurrent_writes_fail_the_step() {
    let of = |day: u32| arn(&format!("orders-202402{day:02}-00-00-00"));
    let others: Vec<String> = (1..20).map(of).collect();
    let (output, _) = publish(&[], &others).await;
    assert_eq!(output.unwrap()["Outcome"], "PointerIsNewer", "the newest comes first, and then stands");
    let strangers = vec!["something else".to_owned(); 20];
    let (output, _) = publish_against(&[], &strangers, true).await;
    assert_eq!(output.unwrap_err().name, ErrorName::PointerContended);
}

#[tokio::test]
async fn an_older_rotation_written_in_between_changes_nothing() {
    let (output, versions) = publish(&[], &[arn("orders-20240101-00-00-00")]).await;
    assert_eq!(output.unwrap()["Outcome"], "Published");
    assert_eq!(versions.last(), Some(&arn("orders-20240102-00-00-00")));
}

#[tokio::test]
async fn a_refused_write_has_its_error_name_and_is_tried_once() {
    for (status, code, name) in [
        (400, "AccessDeniedException", ErrorName::AccessDenied),
        (400, "ThrottlingException", ErrorName::Throttled),
        (400, "TooManyUpdates", ErrorName::Throttled),
        (400, "ParameterMaxVersionLimitExceeded", ErrorName::RequestRefused),
        (500, "InternalServerError", ErrorName::ServiceUnavailable),
    ] {
        let store = Arc::new(Mutex::new(Store::default()));
        let [read, _] = rules(&store);
        let write = mock!(aws_sdk_ssm::Client::put_parameter)
            .then_http_response(move || response(status, json!({ "__type": code, "message": "no" })));
        let step = PublishPointer { ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&read, &write]) };
        let failure = step.run_json(payload(Some("/p"))).await.unwrap_err();
        assert_eq!((failure.name, write.num_calls()), (name, 1), "{failure}");
    }
}

#[test]
fn only_a_later_time_of_the_same_table_is_newer() {
    let ours = "t-20240102-00-00-00";
    assert!(is_newer_rotation("t-20240102-00-00-01", ours));
    for other in ["t-20240102-00-00-00", "t-20231231-23-59-59", "u-20250101-00-00-00", "t", "", "é-2025"] {
        assert!(!is_newer_rotation(other, ours), "{other}");
    }
    assert!(!is_newer_rotation("t-20250102-00-00-00", "t"));
}
