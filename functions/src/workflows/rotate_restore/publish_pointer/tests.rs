use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

use super::*;
use crate::step::AnyStep;

const NAME: &str = "/p";

/// Returns an account with a parameter that a person wrote with these values.
fn with(values: &[&str]) -> FakeAws {
    let aws = FakeAws::default();
    for value in values {
        aws.state().parameters.put(NAME, value);
    }
    aws
}

fn copy(day: u32) -> String {
    arn(&format!("orders-202401{day:02}-00-00-00"))
}

/// Publishes the copy of this day as an execution that is named after it.
async fn publish(aws: &FakeAws, day: u32) -> Result<Value, Failure> {
    let step = PublishPointer { ssm: aws.clients().ssm() };
    let payload = json!({ "executionArn": format!("execution-{day}"), "ssmParameterName": NAME,
        "tableArn": copy(day), "recoveryPointArn": format!("backup-{day}"),
        "verified": "SAMPLED" });
    step.run_json(payload).await
}

fn values(aws: &FakeAws) -> Vec<String> {
    aws.state().parameters.values(NAME)
}

/// Returns the versions that are current, previous and pinned.
fn labels(aws: &FakeAws) -> [Option<i64>; 3] {
    let labels = aws.state().parameters.labels(NAME);
    [pointer::CURRENT, pointer::PREVIOUS, pointer::PINNED].map(|label| labels.get(label).copied())
}

/// Returns the input with which another rotation writes the copy of this day.
fn other(day: u32) -> Value {
    let description = Description {
        writer: Writer::Rotation,
        execution: format!("execution-{day}"),
        backup: None,
        verified: pointer::NOT_VERIFIED.to_owned(),
        pins: false,
    };
    json!({ "Name": NAME, "Value": copy(day), "Description": description.text(&copy(day)) })
}

#[tokio::test]
async fn no_name_publishes_nothing() {
    let step = PublishPointer { ssm: FakeAws::default().clients().ssm() };
    let payload = json!({ "executionArn": "e", "ssmParameterName": null, "tableArn": "t", "recoveryPointArn": "b", "verified": "none" });
    assert_eq!(step.run_json(payload).await.unwrap()["Outcome"], "Skipped");
}

#[tokio::test]
async fn a_missing_name_is_rejected() {
    let step = PublishPointer { ssm: FakeAws::default().clients().ssm() };
    let payload =
        json!({ "executionArn": "e", "tableArn": "t", "recoveryPointArn": "b", "verified": "none" });
    let failure = step.run_json(payload).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    assert!(failure.message.contains("missing field `ssmParameterName`"), "{failure}");
}

#[tokio::test]
async fn a_value_that_is_no_newer_rotation_is_overwritten() {
    for before in [
        &copy(1),
        &arn("customers-20250101-00-00-00"),
        &arn("orders"),
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders-20250101-00-00-00",
        "x",
    ] {
        let aws = with(&[before]);
        let output = publish(&aws, 2).await.unwrap();
        assert_eq!((&output["Outcome"], &output["PreviousValue"]), (&json!("Published"), &json!(before)));
        assert_eq!((&output["Value"], &output["Version"]), (&json!(copy(2)), &json!(2)));
        assert_eq!(values(&aws), [before, &copy(2)]);
        assert_eq!(labels(&aws), [Some(2), Some(1), None]);
    }
}

#[tokio::test]
async fn the_first_version_has_no_previous_one_and_says_what_it_is_from() {
    let aws = FakeAws::default();
    assert_eq!(publish(&aws, 2).await.unwrap()["PreviousValue"], Value::Null);
    assert_eq!((values(&aws), labels(&aws)), (vec![copy(2)], [Some(1), None, None]));
    let description = aws.calls("ssm:PutParameter")[0].input["Description"].clone();
    let expected =
        "by=rotation table=orders-20240102-00-00-00 execution=execution-2 backup=backup-2 verified=SAMPLED";
    assert_eq!(description, expected);
}

#[tokio::test]
async fn an_unchanged_pointer_is_not_written_again() {
    let aws = with(&[&copy(1), &copy(2)]);
    assert_eq!(publish(&aws, 2).await.unwrap()["Outcome"], "Unchanged");
    assert_eq!((values(&aws), labels(&aws)), (vec![copy(1), copy(2)], [Some(2), Some(1), None]));
}

#[tokio::test]
async fn a_repeated_step_recognizes_its_version() {
    let aws = with(&[&copy(1)]);
    let first = publish(&aws, 2).await.unwrap();
    let again = publish(&aws, 2).await.unwrap();
    assert_eq!(first, again);
    assert_eq!((&again["Outcome"], &again["PreviousValue"]), (&json!("Published"), &json!(copy(1))));
    assert_eq!(values(&aws).len(), 2);
}

#[tokio::test]
async fn a_newer_rotation_is_left_alone() {
    let aws = with(&[&copy(3)]);
    assert_eq!(publish(&aws, 2).await.unwrap()["Outcome"], "PointerIsNewer");
    assert_eq!(values(&aws), [copy(3)]);
}

#[tokio::test]
async fn a_newer_rotation_written_in_between_is_put_back() {
    let aws = with(&[&copy(1)]);
    aws.state().parameters.others_before = vec![other(3)];
    let output = publish(&aws, 2).await.unwrap();
    assert_eq!((&output["Outcome"], &output["Value"]), (&json!("PointerIsNewer"), &json!(copy(3))));
    assert_eq!(values(&aws), [copy(1), copy(3), copy(2), copy(3)]);
    assert_eq!(labels(&aws), [Some(4), Some(1), None], "the older copy was never the right one");
    let put_back = aws.calls("ssm:PutParameter").pop().unwrap();
    assert_eq!(put_back.input["Description"], other(3)["Description"]);
    // A repeated step, after a lost response.
    assert_eq!(publish(&aws, 2).await.unwrap()["Outcome"], "PointerIsNewer");
    assert_eq!(values(&aws).len(), 4);
}

#[tokio::test]
async fn an_older_rotation_written_in_between_changes_nothing() {
    let aws = FakeAws::default();
    aws.state().parameters.others_before = vec![other(1)];
    assert_eq!(publish(&aws, 2).await.unwrap()["Outcome"], "Published");
    assert_eq!(values(&aws), [copy(1), copy(2)]);
}

#[tokio::test]
async fn endless_concurrent_writes_fail_the_step() {
    let aws = FakeAws::default();
    aws.state().parameters.others_after = vec![other(1); 20];
    assert_eq!(publish(&aws, 2).await.unwrap_err().name, ErrorName::PointerContended);
}

#[tokio::test]
async fn a_pinned_pointer_is_left_alone() {
    let aws = with(&[&copy(3), &copy(1)]);
    let pin = json!({ "Name": NAME, "ParameterVersion": 2, "Labels": [pointer::PINNED] });
    aws.state().parameters.respond("LabelParameterVersion", &pin);
    let output = publish(&aws, 4).await.unwrap();
    assert_eq!((&output["Outcome"], &output["Value"]), (&json!("PointerPinned"), &json!(copy(1))));
    assert_eq!(values(&aws), [copy(3), copy(1)]);
    // A rotation that had read the parameter before it was pinned.
    aws.state().parameters.respond("PutParameter", &other(4));
    assert_eq!(publish(&aws, 4).await.unwrap()["Outcome"], "PointerPinned");
    assert_eq!(values(&aws), [copy(3), copy(1), copy(4), copy(1)]);
    assert_eq!(labels(&aws), [Some(4), Some(3), Some(2)]);
}

#[tokio::test]
async fn a_repeated_step_does_not_undo_a_rollback() {
    let aws = with(&[&copy(1)]);
    publish(&aws, 2).await.unwrap();
    aws.state().parameters.put(NAME, &copy(1));
    let output = publish(&aws, 2).await.unwrap();
    assert_eq!((&output["Outcome"], &output["Value"]), (&json!("Superseded"), &json!(copy(1))));
    assert_eq!(values(&aws), [copy(1), copy(2), copy(1)]);
    let output = publish(&aws, 3).await.unwrap();
    assert_eq!(output["Outcome"], "Published", "the next rotation moves it again");
}

#[tokio::test]
async fn labels_on_the_oldest_of_a_hundred_versions() {
    for (label, version, expected) in [
        (pointer::PREVIOUS, 1, None),
        (pointer::PINNED, 1, Some("the label pinned")),
        ("audited", 1, Some("--parameter-version 1 --labels audited")),
        ("audited", 2, None),
    ] {
        let aws = with(&vec!["x"; 99]);
        aws.state().parameters.put(NAME, &copy(1));
        let labels = json!({ "Name": NAME, "ParameterVersion": version, "Labels": [label] });
        aws.state().parameters.respond("LabelParameterVersion", &labels);
        if label == pointer::PINNED {
            // The value of the oldest version is nowhere else.
            let parameters = &mut aws.state().parameters;
            parameters.versions.get_mut(NAME).unwrap()[0]["Value"] = json!("pinned");
        }
        match (publish(&aws, 2).await, expected) {
            (Ok(output), None) => assert_eq!(output["Version"], 101, "{label}"),
            (Err(failure), Some(expected)) => {
                assert_eq!(failure.name, ErrorName::PointerVersionsFull);
                assert!(failure.message.contains(expected), "{failure}");
            }
            (result, _) => panic!("{label}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_refused_write_has_its_error_name_and_is_tried_once() {
    for (status, code, name) in [
        (400, "AccessDeniedException", ErrorName::AccessDenied),
        (400, "ThrottlingException", ErrorName::Throttled),
        (400, "TooManyUpdates", ErrorName::Throttled),
        (400, "ParameterPatternMismatchException", ErrorName::RequestRefused),
        (500, "InternalServerError", ErrorName::ServiceUnavailable),
    ] {
        let aws = FakeAws::default();
        aws.response("ssm:PutParameter", move |_| (status, json!({ "__type": code, "message": "no" })));
        let retry = aws_config::retry::RetryConfig::standard();
        let step = PublishPointer { ssm: aws.clients_with(retry).ssm() };
        let payload = json!({ "executionArn": "e", "ssmParameterName": NAME, "tableArn": copy(2),
            "recoveryPointArn": "b", "verified": "none" });
        let failure = step.run_json(payload).await.unwrap_err();
        assert_eq!((failure.name, aws.calls("ssm:PutParameter").len()), (name, 1), "{failure}");
    }
}

#[tokio::test]
async fn labels_that_ssm_does_not_accept_are_an_error() {
    let aws = FakeAws::default();
    aws.response("ssm:LabelParameterVersion", |_| (200, json!({ "InvalidLabels": ["current"] })));
    let failure = publish(&aws, 2).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::RequestRefused);
    assert!(failure.message.contains("does not accept these labels for /p: current"), "{failure}");
}
