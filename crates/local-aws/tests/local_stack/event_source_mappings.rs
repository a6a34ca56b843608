use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::operation::create_event_source_mapping::builders::CreateEventSourceMappingFluentBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    EventSourceMappingConfiguration, EventSourceMappingMetric, EventSourceMappingMetricsConfig,
    EventSourcePosition, Filter, FilterCriteria, FunctionCode, Runtime,
};
use serde_json::json;

use crate::client::{Api, stack};

const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// An account with a function `watch` and a table `orders` that has a stream.
struct Account {
    api: Api,
    client: Client,
    stream: String,
}

impl Account {
    async fn prepared(account: &'static str) -> Self {
        let api = Api::new(account).await;
        api.make_table("orders").await;
        let stream = json!({"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"});
        let input = json!({"TableName": "orders", "StreamSpecification": stream});
        api.dynamodb("UpdateTable", input).await.ok();
        let stream = api.table("orders").await["LatestStreamArn"].as_str().unwrap().to_owned();
        let client = Client::new(&stack().await.config(account).await);
        let code = FunctionCode::builder().zip_file(Blob::new(EMPTY_ZIP)).build();
        let function = client.create_function().function_name("watch").code(code).handler("h.h");
        let function = function.role(format!("arn:aws:iam::{account}:role/r")).runtime(Runtime::Python312);
        function.send().await.unwrap();
        Self { api, client, stream }
    }

    fn create(&self, stream: &str) -> CreateEventSourceMappingFluentBuilder {
        let call = self.client.create_event_source_mapping().function_name("watch");
        // Disabled, because only the description of the mapping matters here.
        call.event_source_arn(stream).starting_position(EventSourcePosition::TrimHorizon).enabled(false)
    }

    async fn listed(&self) -> Vec<EventSourceMappingConfiguration> {
        let listed = self.client.list_event_source_mappings().event_source_arn(&self.stream).send().await;
        listed.unwrap().event_source_mappings.unwrap()
    }
}

#[tokio::test]
async fn mappings_retain_their_settings_and_show_the_defaults() {
    let account = Account::prepared("710000000001").await;
    let metrics = EventSourceMappingMetricsConfig::builder().metrics(EventSourceMappingMetric::EventCount);
    let created = account.create(&account.stream).tumbling_window_in_seconds(30);
    let created = created.metrics_config(metrics.build()).send().await.unwrap();
    let uuid = created.uuid().unwrap();
    assert_eq!((created.tumbling_window_in_seconds(), created.batch_size()), (Some(30), Some(100)));
    let key = "arn:aws:kms:us-east-1:1:key/k";
    let update = || account.client.update_event_source_mapping().uuid(uuid);
    let filter = Filter::builder().pattern(r#"{"eventName":["REMOVE"]}"#).build();
    let filter = FilterCriteria::builder().filters(filter).build();
    update().filter_criteria(filter.clone()).send().await.unwrap();
    let [listed] = account.listed().await.try_into().unwrap();
    assert_eq!(listed.filter_criteria(), Some(&filter));
    update().kms_key_arn(key).tumbling_window_in_seconds(60).send().await.unwrap();

    let got = account.client.get_event_source_mapping().uuid(uuid).send().await.unwrap();
    assert_eq!((got.tumbling_window_in_seconds(), got.kms_key_arn()), (Some(60), Some(key)));
    assert_eq!(got.filter_criteria(), Some(&filter));
    let [listed] = account.listed().await.try_into().unwrap();
    assert_eq!((listed.tumbling_window_in_seconds(), listed.kms_key_arn()), (Some(60), Some(key)));
    assert_eq!(listed.filter_criteria(), None, "a list does not show what is encrypted");
    assert_eq!(listed.metrics_config().unwrap().metrics(), [EventSourceMappingMetric::EventCount]);
    assert_eq!(
        (listed.maximum_retry_attempts(), listed.maximum_record_age_in_seconds()),
        (Some(-1), Some(-1))
    );
    assert_eq!(
        (listed.parallelization_factor(), listed.bisect_batch_on_function_error()),
        (Some(1), Some(false))
    );
    assert_eq!(listed.destination_config().unwrap().on_failure().unwrap().destination(), None);
    assert_eq!(listed.starting_position(), Some(&EventSourcePosition::TrimHorizon));

    stack().await.proxy().hide_starting_positions(account.api.account);
    assert_eq!(account.listed().await[0].starting_position(), None);
    let deleted = account.client.delete_event_source_mapping().uuid(uuid).send().await.unwrap();
    assert_eq!(deleted.tumbling_window_in_seconds(), Some(60));
    let again = account.create(&account.stream).send().await.unwrap();
    assert_eq!(again.tumbling_window_in_seconds(), Some(0));
}

#[tokio::test]
async fn invalid_mappings_are_refused() {
    let account = Account::prepared("710000000002").await;
    account.create(&account.stream).send().await.unwrap();
    let code = async |call: CreateEventSourceMappingFluentBuilder| {
        call.send().await.unwrap_err().code().unwrap().to_owned()
    };
    let by_arn = format!("arn:aws:lambda:us-east-1:{}:function:watch", account.api.account);
    let twice = account.create(&account.stream).function_name(by_arn);
    assert_eq!(code(twice).await, "ResourceConflictException");
    let none = account.stream.replace("orders", "none");
    assert_eq!(code(account.create(&none)).await, "InvalidParameterValueException");
    let (table, _) = account.stream.split_once("/stream/").unwrap();
    let former = account.create(&format!("{table}/stream/2020-01-01T00:00:00.000"));
    assert_eq!(code(former).await, "InvalidParameterValueException");
    let nowhere = account.create(&account.stream).set_starting_position(None);
    assert_eq!(code(nowhere).await, "InvalidParameterValueException");
    let unknown = account.create(&account.stream).function_name("unknown");
    assert_eq!(code(unknown).await, "ResourceNotFoundException");
    assert_eq!(account.listed().await.len(), 1);
}
