//! The settings that DynamoDB enables after its response: Kinesis destinations and Contributor Insights.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    ApproximateCreationDateTimePrecision as Precision, ContributorInsightsAction, DestinationStatus,
    UpdateKinesisStreamingConfiguration,
};
use local_aws::SimulatedLatency;

use crate::client::{Api, stack};

/// Returns a client of an account with a table `orders`, where enabling takes this many polls.
async fn client(account: &'static str, updates: u32) -> Client {
    Api::new(account).await.make_table("orders").await;
    stack().await.proxy().slow(account, SimulatedLatency { updates, ..SimulatedLatency::default() });
    let config =
        stack().await.config(account).await.to_builder().retry_config(RetryConfig::disabled()).build();
    Client::new(&config)
}

fn stream(name: &str) -> String {
    format!("arn:aws:kinesis:us-east-1:1:stream/{name}")
}

/// Returns the destination's status, or the code and the message of the refusal.
fn status_or_refusal<E: ProvideErrorMetadata>(
    response: Result<Option<DestinationStatus>, E>,
) -> Result<String, String> {
    response.map(|status| status.unwrap().as_str().to_owned()).map_err(|error| {
        format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default())
    })
}

async fn enable(client: &Client, name: &str) -> Result<String, String> {
    let call = client.enable_kinesis_streaming_destination().table_name("orders").stream_arn(stream(name));
    let response = call.send().await;
    status_or_refusal(response.map(|output| output.destination_status))
}

async fn disable(client: &Client, name: &str) -> Result<String, String> {
    let call = client.disable_kinesis_streaming_destination().table_name("orders").stream_arn(stream(name));
    let response = call.send().await;
    status_or_refusal(response.map(|output| output.destination_status))
}

async fn set_precision(client: &Client, name: &str, precision: Precision) -> Result<String, String> {
    let with =
        UpdateKinesisStreamingConfiguration::builder().approximate_creation_date_time_precision(precision);
    let call = client.update_kinesis_streaming_destination().table_name("orders").stream_arn(stream(name));
    let response = call.update_kinesis_streaming_configuration(with.build()).send().await;
    status_or_refusal(response.map(|output| output.destination_status))
}

/// Returns the stream's name, the status and the description of each destination.
async fn destinations(client: &Client) -> Vec<(String, String, Option<String>)> {
    let response = client.describe_kinesis_streaming_destination().table_name("orders").send().await.unwrap();
    let shown = response.kinesis_data_stream_destinations().iter().map(|destination| {
        let name = destination.stream_arn().unwrap().rsplit('/').next().unwrap().to_owned();
        let status = destination.destination_status().unwrap().as_str().to_owned();
        (name, status, destination.destination_status_description().map(str::to_owned))
    });
    shown.collect()
}

fn is(name: &str, status: &str) -> (String, String, Option<String>) {
    (name.to_owned(), status.to_owned(), None)
}

const GATE: &str =
    "ValidationException: Table is not in a valid state to enable Kinesis Streaming Destination: ";

/// See the measurements DDB-TABLE-299, 268, 300, 301, 302 and 304.
#[tokio::test]
async fn one_destination_is_live_and_takes_time_and_stays_listed_when_it_is_off() {
    let client = client("320000000001", 1).await;
    let to_enable = format!(
        "{GATE}EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation."
    );
    let to_disable =
        format!("{GATE}KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.");
    assert_eq!(disable(&client, "a").await, Err(to_disable.clone()), "the destination was never enabled");
    assert_eq!(enable(&client, "a").await.as_deref(), Ok("ENABLING"));
    assert_eq!(disable(&client, "a").await, Err(to_disable.clone()));
    assert!(set_precision(&client, "a", Precision::Microsecond).await.unwrap_err().starts_with(GATE));
    assert_eq!(destinations(&client).await, [is("a", "ENABLING")]);
    assert_eq!(destinations(&client).await, [is("a", "ACTIVE")]);
    for name in ["a", "b"] {
        assert_eq!(enable(&client, name).await, Err(to_enable.clone()), "{name}");
    }
    let same = set_precision(&client, "a", Precision::Millisecond).await.unwrap_err();
    assert!(same.starts_with("ValidationException: Invalid Request: Precision is already set"), "{same}");
    assert_eq!(set_precision(&client, "a", Precision::Microsecond).await.as_deref(), Ok("UPDATING"));
    assert_eq!(destinations(&client).await, [is("a", "UPDATING")]);
    assert_eq!(destinations(&client).await, [is("a", "ACTIVE")]);
    assert_eq!(disable(&client, "a").await.as_deref(), Ok("DISABLING"));
    assert_eq!(enable(&client, "b").await, Err(to_enable), "the other is not off yet");
    assert_eq!(destinations(&client).await, [is("a", "DISABLING")]);
    assert_eq!(destinations(&client).await, [is("a", "DISABLED")]);
    assert_eq!(disable(&client, "a").await, Err(to_disable));
    assert_eq!(enable(&client, "b").await.as_deref(), Ok("ENABLING"));
    assert_eq!(destinations(&client).await, [is("a", "DISABLED"), is("b", "ENABLING")]);
}

/// See the measurements DDB-TABLE-318.
#[tokio::test]
async fn a_destination_that_cannot_be_enabled_fails_after_the_call_and_can_be_enabled_again() {
    let client = client("320000000002", 0).await;
    let proxy = stack().await.proxy();
    let reason = "User does not have a permission to use kinesis stream";
    proxy.fail_destinations("320000000002", Some(reason.to_owned()));
    assert_eq!(enable(&client, "a").await.as_deref(), Ok("ENABLING"));
    let failed = ("a".to_owned(), "ENABLE_FAILED".to_owned(), Some(reason.to_owned()));
    for _ in 0..2 {
        assert_eq!(
            destinations(&client).await,
            std::slice::from_ref(&failed),
            "the destination is still listed"
        );
    }
    proxy.fail_destinations("320000000002", None);
    assert_eq!(enable(&client, "a").await.as_deref(), Ok("ENABLING"));
    assert_eq!(destinations(&client).await, [is("a", "ACTIVE")]);
}

/// See the measurements DDB-TABLE-090, 337, 338 and 343.
#[tokio::test]
async fn insights_take_time_or_fail_and_are_listed_unless_they_are_off() {
    let client = client("320000000003", 1).await;
    let proxy = stack().await.proxy();
    let update = async |action: ContributorInsightsAction| {
        let call = client.update_contributor_insights().table_name("orders");
        call.contributor_insights_action(action).send().await.unwrap();
    };
    let listed = async || {
        let response = client.list_contributor_insights().table_name("orders").send().await.unwrap();
        let statuses = response.contributor_insights_summaries().iter();
        statuses
            .map(|summary| summary.contributor_insights_status().unwrap().as_str().to_owned())
            .collect::<Vec<_>>()
    };
    update(ContributorInsightsAction::Enable).await;
    assert_eq!(listed().await, ["ENABLING"]);
    assert_eq!(listed().await, ["ENABLED"]);
    update(ContributorInsightsAction::Disable).await;
    assert_eq!(listed().await, ["DISABLING"]);
    client.describe_contributor_insights().table_name("orders").send().await.unwrap();
    assert!(listed().await.is_empty());

    let reason = "Amazon CloudWatch Contributor Insights rule limit reached.";
    proxy.fail_insights("320000000003", Some(reason.to_owned()));
    update(ContributorInsightsAction::Enable).await;
    assert_eq!(listed().await, ["ENABLING"]);
    for _ in 0..2 {
        assert_eq!(listed().await, ["FAILED"], "the insights are still listed");
    }
    let described = client.describe_contributor_insights().table_name("orders").send().await.unwrap();
    let failure = described.failure_exception().unwrap();
    assert_eq!(failure.exception_name(), Some("LimitExceededException"));
    assert_eq!(failure.exception_description(), Some(reason));
    proxy.fail_insights("320000000003", None);
    update(ContributorInsightsAction::Enable).await;
    assert_eq!(listed().await, ["ENABLING"]);
    assert_eq!(listed().await, ["ENABLED"]);
}
