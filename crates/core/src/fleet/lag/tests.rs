use std::sync::Arc;

use aws_sdk_cloudwatch::operation::get_metric_statistics::{
    GetMetricStatisticsError, GetMetricStatisticsOutput,
};
use aws_sdk_cloudwatch::types::Datapoint;
use aws_sdk_lambda::operation::list_event_source_mappings::{
    ListEventSourceMappingsError, ListEventSourceMappingsOutput,
};
use aws_smithy_mocks::{mock, mock_client};

use serde_json::json;

use super::*;
use crate::fleet::collect::{History, Stores};
use crate::fleet::rates::{RuntimeTimer, Timer};
use crate::fleet::report::{Fleet, Protection};
use crate::fleet::rules::{Outcome, Rules};
use crate::fleet::testing::{Account, collected, now};

const STREAM: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000";

/// Returns a mapping of a function in this state, with this result of its last batch.
fn mapping(function: &str, state: &str, last_result: &str) -> EventSourceMappingConfiguration {
    EventSourceMappingConfiguration::builder()
        .function_arn(format!("arn:aws:lambda:eu-west-1:123456789012:function:{function}"))
        .event_source_arn(STREAM)
        .state(state)
        .last_processing_result(last_result)
        .maximum_batching_window_in_seconds(2)
        .build()
}

/// Reads the lag of a stream with these mappings, whose functions received records of these ages in milliseconds.
async fn lag_of(
    mappings: Vec<EventSourceMappingConfiguration>,
    ages: &[(&'static str, f64)],
) -> Finding<Lag> {
    let listed = mock!(aws_sdk_lambda::Client::list_event_source_mappings)
        .match_requests(|request| request.event_source_arn() == Some(STREAM))
        .then_output(move || {
            ListEventSourceMappingsOutput::builder().set_event_source_mappings(Some(mappings.clone())).build()
        });
    let ages = ages.to_vec();
    let rules: Vec<_> = ["orders-backup", "search"]
        .map(|function| {
            let of_function = ages.iter().filter(|(name, _)| *name == function);
            let minutes: Vec<Datapoint> =
                of_function.map(|(_, age)| Datapoint::builder().maximum(*age).build()).collect();
            mock!(aws_sdk_cloudwatch::Client::get_metric_statistics)
                .match_requests(move |request| request.dimensions()[0].value() == Some(function))
                .then_output(move || {
                    GetMetricStatisticsOutput::builder().set_datapoints(Some(minutes.clone())).build()
                })
        })
        .into();
    let cloudwatch = mock_client!(
        aws_sdk_cloudwatch,
        aws_smithy_mocks::RuleMode::MatchAny,
        rules.iter().collect::<Vec<_>>().as_slice()
    );
    read(&mock_client!(aws_sdk_lambda, [&listed]), &cloudwatch).await
}

async fn read(lambda: &aws_sdk_lambda::Client, cloudwatch: &aws_sdk_cloudwatch::Client) -> Finding<Lag> {
    let timer: Arc<dyn Timer> = Arc::new(RuntimeTimer);
    let streams = BTreeSet::from([STREAM.to_owned()]);
    lags(&Apis::new(&timer), lambda, cloudwatch, streams, now()).await.remove(STREAM).unwrap()
}

fn found(seconds: u64, function: &str) -> Finding<Lag> {
    Finding::Found { value: Lag { seconds, function: function.to_owned() } }
}

#[tokio::test]
async fn the_greatest_age_of_the_last_minutes_counts() {
    let backup = || mapping("orders-backup", "Enabled", "OK");
    let ages = [("orders-backup", 900.0), ("orders-backup", 61_001.0), ("search", 300_000.0)];
    assert_eq!(lag_of(vec![backup()], &ages).await, found(62, "orders-backup"));
    let both = vec![backup(), mapping("search:live", "Enabled", "OK")];
    assert_eq!(lag_of(both, &ages).await, found(300, "search"), "either may write the history");
}

#[tokio::test]
async fn a_stream_without_records_has_nothing_to_lose_but_the_batching_window() {
    for last_result in ["OK", "No records processed"] {
        let idle = vec![mapping("orders-backup", "Enabled", last_result)];
        assert_eq!(lag_of(idle, &[]).await, found(2, "orders-backup"));
    }
}

#[tokio::test]
async fn a_stream_that_is_not_read_without_a_problem_has_a_lag_that_is_not_known() {
    for (mappings, expected) in [
        (vec![], "no event source mapping reads the stream"),
        (
            vec![mapping("orders-backup", "Disabled", "OK")],
            "orders-backup: the mapping's State is `Disabled`; it must be Enabled",
        ),
        (
            vec![
                mapping("search", "Enabled", "OK"),
                mapping("orders-backup", "Enabled", "PROBLEM: Function call failed"),
            ],
            "orders-backup: the mapping's LastProcessingResult is `PROBLEM: Function call failed`",
        ),
    ] {
        assert_eq!(lag_of(mappings, &[("search", 1.0)]).await.reason(), Some(expected));
    }
}

#[tokio::test]
async fn refused_calls_leave_the_lag_open() {
    let refused = || {
        let metadata = aws_sdk_lambda::error::ErrorMetadata::builder().code("AccessDeniedException");
        metadata.message("no").build()
    };
    let listing = mock!(aws_sdk_lambda::Client::list_event_source_mappings)
        .then_error(move || ListEventSourceMappingsError::generic(refused()));
    let none = mock_client!(aws_sdk_cloudwatch, &[]);
    let lag = read(&mock_client!(aws_sdk_lambda, [&listing]), &none).await;
    assert!(
        lag.reason().unwrap().starts_with("lambda:ListEventSourceMappings failed: AccessDenied"),
        "{lag:?}"
    );
    let listed = mock!(aws_sdk_lambda::Client::list_event_source_mappings).then_output(|| {
        let mapping = mapping("orders-backup", "Enabled", "OK");
        ListEventSourceMappingsOutput::builder().event_source_mappings(mapping).build()
    });
    let ages = mock!(aws_sdk_cloudwatch::Client::get_metric_statistics)
        .then_error(move || GetMetricStatisticsError::generic(refused()));
    let cloudwatch = mock_client!(aws_sdk_cloudwatch, [&ages]);
    let lag = read(&mock_client!(aws_sdk_lambda, [&listed]), &cloudwatch).await;
    assert!(
        lag.reason().unwrap().starts_with("cloudwatch:GetMetricStatistics failed: AccessDenied"),
        "{lag:?}"
    );
}

/// What a rule about the loss of a table says whose only source is an incremental backup.
#[tokio::test]
async fn the_lag_is_the_loss_of_an_incremental_backup() {
    let account = Account::new();
    account.table("orders");
    account.aws.set("orders", "LatestStreamLabel", json!("2026-11-20T00:00:00.000"));
    let coverage = json!({ "CompleteSince": "2026-11-21T00:00:00Z", "Stream": "2026-11-20T00:00:00.000" });
    account.aws.state().objects.insert("orders/coverage.json".to_owned(), coverage.to_string());
    let history = History { table: None, bucket: "items".to_owned(), prefix: String::new() };
    let stores = Stores { incremental: vec![history], ..Stores::default() };
    let rules = json!({ "Rules": [{ "Name": "all", "Must": { "MaxLossSeconds": 60 } }] });
    for (state, window, expected) in [
        ("Enabled", 60, (Some(60), Outcome::Kept, "60 s by incremental")),
        ("Enabled", 61, (Some(61), Outcome::Broken, "61 s by incremental, the best source")),
        (
            "Disabled",
            60,
            (
                None,
                Outcome::NotKnown,
                "not known: the lag of the incremental backup: backup: the mapping's State is `Disabled`; it must be \
                 Enabled",
            ),
        ),
    ] {
        let mapping = json!({ "State": state, "LastProcessingResult": "OK", "EventSourceArn": STREAM,
            "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:backup",
            "MaximumBatchingWindowInSeconds": window });
        account.aws.response("lambda:GET", move |_| (200, json!({ "EventSourceMappings": [mapping] })));
        let rules = Rules::from_document(rules.clone()).unwrap();
        let fleet = Fleet::new(collected(&account, &stores).unwrap(), rules, None);
        let [table] = fleet.tables.as_slice() else { panic!("{fleet:?}") };
        let [verdict] = table.verdicts.as_slice() else { panic!("{table:?}") };
        assert_eq!((table.loss_seconds, verdict.outcome, verdict.detail.as_str()), expected);
        assert_eq!(table.protection, Protection::Protected);
    }
}
