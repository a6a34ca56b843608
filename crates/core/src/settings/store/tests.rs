use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::types::Object;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

use super::*;
use crate::settings::table::tests::table;

const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";

fn location() -> Location {
    Location { bucket: "bucket".to_owned(), key: "syncs/sync-1.json".to_owned() }
}

fn refused(code: &str) -> HttpResponse {
    HttpResponse::new(403.try_into().unwrap(), format!("<Error><Code>{code}</Code></Error>").into())
}

async fn get_of(content: &'static str) -> Result<SettingsDocument, StoreError> {
    let rule = mock!(aws_sdk_s3::Client::get_object)
        .match_requests(|request| {
            request.bucket() == Some("bucket") && request.key() == Some("syncs/sync-1.json")
        })
        .then_output(move || {
            GetObjectOutput::builder().body(ByteStream::from_static(content.as_bytes())).build()
        });
    get(&mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&rule]), &location()).await
}

#[test]
fn keys_sort_by_time_and_do_not_mix_with_another_tables() {
    let at = |time: &str| captured_key(&table().arn, time.parse().unwrap()).unwrap();
    let first = at("2026-03-01T02:00:00Z");
    assert_eq!(first, "settings/123456789012/eu-west-1/orders-restored/20260301T020000Z.json");
    assert!(first < at("2026-03-01T02:00:01Z") && at("2026-09-30T00:00:00Z") < at("2026-10-01T00:00:00Z"));
    assert_eq!(folder("arn:aws:dynamodb:eu-west-1:1:table/a/stream/b"), None);
}

#[tokio::test]
async fn a_document_is_read_as_it_was_written() {
    let mut document = SettingsDocument::from_table(&table(), "2026-03-01T02:00:00Z".parse().unwrap());
    document.settings.deletion_protection = Some(crate::settings::deletion_protection::Value(true));
    let stored = Arc::new(Mutex::new(Vec::new()));
    let (written, read) = (Arc::clone(&stored), Arc::clone(&stored));
    let put_object = mock!(aws_sdk_s3::Client::put_object)
        .match_requests(move |request| {
            *written.lock().unwrap() = request.body().bytes().unwrap().to_vec();
            request.content_type() == Some("application/json")
        })
        .then_output(|| PutObjectOutput::builder().build());
    let get_object = mock!(aws_sdk_s3::Client::get_object).then_output(move || {
        let content = read.lock().unwrap().clone();
        GetObjectOutput::builder().body(ByteStream::from(content)).build()
    });
    let s3 = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&put_object, &get_object]);
    put(&s3, &location(), &document).await.unwrap();
    assert_eq!(get(&s3, &location()).await.unwrap(), document);
}

#[tokio::test]
async fn an_invalid_document_is_refused_with_the_path_in_it() {
    for (content, reason) in [
        ("", "EOF while parsing a value"),
        ("{}", "missing field `Version`"),
        (
            r#"{ "Version": 1, "TableArn": "a", "TableId": null, "CapturedAt": "1970-01-01T00:00:00Z",
                "Settings": { "Stream": { "StreamViewType": 7 } } }"#,
            "Settings.Stream.StreamViewType: invalid type: integer `7`",
        ),
        (
            r#"{ "Version": 1, "TableArn": "a", "TableId": null, "CapturedAt": "1970-01-01T00:00:00Z",
                "Settings": { "Tgas": {} } }"#,
            "unknown field `Tgas`",
        ),
        (
            r#"{ "Version": 2, "TableArn": "a", "TableId": null, "CapturedAt": "1970-01-01T00:00:00Z",
                "Settings": {} }"#,
            "its version is 2",
        ),
    ] {
        let error = get_of(content).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidSettingsDocument);
        let message = error.to_string();
        let start = "s3://bucket/syncs/sync-1.json is not a settings document of version 1: ";
        assert!(message.starts_with(start) && message.contains(reason), "{message}");
    }
}

#[tokio::test]
async fn another_version_is_reported_despite_unknown_fields() {
    let newer = r#"{ "Version": 2, "TableArn": "a", "TableId": null, "Encryption": {},
        "CapturedAt": "1970-01-01T00:00:00Z", "Settings": { "Encryption": {} } }"#;
    let message = get_of(newer).await.unwrap_err().to_string();
    assert!(message.ends_with("its version is 2"), "{message}");
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    let get_object = mock!(aws_sdk_s3::Client::get_object).then_http_response(|| refused("AccessDenied"));
    let put_object = mock!(aws_sdk_s3::Client::put_object).then_http_response(|| refused("NoSuchBucket"));
    let list_objects =
        mock!(aws_sdk_s3::Client::list_objects_v2).then_http_response(|| refused("AccessDenied"));
    let s3 = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&get_object, &put_object, &list_objects]);
    let error = get(&s3, &location()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::AccessDenied);
    let document = SettingsDocument::from_table(&table(), DateTime::UNIX_EPOCH);
    let error = put(&s3, &location(), &document).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::RequestRefused);
    let error = list(&s3, "bucket", ARN, DateTime::UNIX_EPOCH).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::AccessDenied);
}

/// Returns two pages of documents, neither in order. The second page is requested by its token.
fn pages() -> [Rule; 2] {
    let page = |times: &[&str], token: Option<&str>| {
        let key = |time: &&str| format!("settings/123456789012/eu-west-1/orders/{time}.json");
        let objects = times.iter().map(|time| Object::builder().key(key(time)).build()).collect();
        ListObjectsV2Output::builder()
            .set_contents(Some(objects))
            .set_next_continuation_token(token.map(str::to_owned))
            .is_truncated(token.is_some())
            .build()
    };
    let list = |token: Option<&'static str>| {
        mock!(aws_sdk_s3::Client::list_objects_v2).match_requests(move |request| {
            request.prefix() == Some("settings/123456789012/eu-west-1/orders/")
                && request.continuation_token() == token
        })
    };
    [
        list(None).then_output(move || page(&["20260301T020000Z", "20260101T020000Z"], Some("more"))),
        list(Some("more")).then_output(move || page(&["20260201T020000Z", "20260401T020000Z"], None)),
    ]
}

#[tokio::test]
async fn the_newest_document_not_later_is_found_on_any_page() {
    let rules = pages();
    let s3 = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&rules[0], &rules[1]]);
    for (not_after, expected) in [
        ("2027-01-01T00:00:00Z", Some("20260401T020000Z")),
        ("2026-04-01T02:00:00Z", Some("20260401T020000Z")),
        ("2026-04-01T02:00:00.5Z", Some("20260401T020000Z")),
        ("2026-04-01T01:59:59.9Z", Some("20260301T020000Z")),
        ("2026-02-15T00:00:00Z", Some("20260201T020000Z")),
        ("2025-12-31T00:00:00Z", None),
    ] {
        let found = list(&s3, "bucket", ARN, not_after.parse().unwrap()).await.unwrap();
        let expected =
            expected.map(|time| format!("s3://bucket/settings/123456789012/eu-west-1/orders/{time}.json"));
        assert_eq!(found.first().map(|location| location.to_string()), expected, "{not_after}");
        assert!(found.is_sorted_by(|one, other| one.key > other.key), "{found:?}");
    }
}

#[tokio::test]
async fn other_arns_have_no_documents() {
    let s3 = mock_client!(aws_sdk_s3, RuleMode::MatchAny, []);
    assert_eq!(list(&s3, "bucket", "orders", DateTime::UNIX_EPOCH).await.unwrap(), []);
}
