//! Tables with every setting that `sync-settings` can copy.

use std::collections::HashMap;

use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ScalableTargetAction,
    ServiceNamespace, SuspendedState, TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_dynamodb::types::{
    ApproximateCreationDateTimePrecision, AttributeDefinition, AttributeValue, BillingMode,
    ContributorInsightsAction, ContributorInsightsMode, DestinationStatus,
    EnableKinesisStreamingConfiguration, GlobalSecondaryIndex, GlobalSecondaryIndexUpdate, KeySchemaElement,
    KeyType, KinesisDataStreamDestination, OnDemandThroughput, PointInTimeRecoverySpecification, Projection,
    ProjectionType, ProvisionedThroughput, ScalarAttributeType, StreamSpecification, StreamViewType,
    TableClass, TableStatus, Tag, TimeToLiveSpecification, UpdateGlobalSecondaryIndexAction, WarmThroughput,
};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    DestinationConfig, EventSourceMappingMetric, EventSourceMappingMetricsConfig, EventSourcePosition,
    Filter, FilterCriteria, FunctionCode, FunctionResponseType, OnFailure, Runtime,
};

use crate::{Deployed, until};

/// An empty zip archive.
const EMPTY_ZIP: [u8; 22] = *b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// The billing mode of a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Billing {
    /// Provisioned capacity, with auto scaling.
    Provisioned,
    /// On demand, with maximum throughput.
    OnDemand,
}

/// Creates a table with a key, these indexes and five items, and without settings.
pub async fn make_table(deployed: &Deployed, name: &str, indexes: &[&str], billing: Billing) {
    make_table_with(&deployed.dynamodb, name, indexes, billing).await;
}

/// Creates the same table with this client, which may be of another Region.
pub async fn make_table_with(
    dynamodb: &aws_sdk_dynamodb::Client,
    name: &str,
    indexes: &[&str],
    billing: Billing,
) {
    let attribute = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let key = |name: &str| {
        KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build().unwrap()
    };
    let capacity = || {
        let capacity = ProvisionedThroughput::builder().read_capacity_units(5);
        (billing == Billing::Provisioned).then(|| capacity.write_capacity_units(5).build().unwrap())
    };
    let index = |name: &str| {
        let all = Projection::builder().projection_type(ProjectionType::All).build();
        let index = GlobalSecondaryIndex::builder().index_name(name).key_schema(key("customer"));
        index.projection(all).set_provisioned_throughput(capacity()).build().unwrap()
    };
    let mode = match billing {
        Billing::Provisioned => BillingMode::Provisioned,
        Billing::OnDemand => BillingMode::PayPerRequest,
    };
    let indexes: Vec<_> = indexes.iter().map(|name| index(name)).collect();
    let create = dynamodb.create_table().table_name(name).billing_mode(mode);
    let create = create.set_provisioned_throughput(capacity()).key_schema(key("id"));
    let create = create.attribute_definitions(attribute("id"));
    let create = match indexes.is_empty() {
        true => create,
        false => {
            create.attribute_definitions(attribute("customer")).set_global_secondary_indexes(Some(indexes))
        }
    };
    create.send().await.unwrap();
    for number in 0..5 {
        let text = |text: String| AttributeValue::S(text);
        let item = HashMap::from([
            ("id".to_owned(), text(format!("item {number}"))),
            ("customer".to_owned(), text(format!("customer {}", number % 2))),
        ]);
        dynamodb.put_item().table_name(name).set_item(Some(item)).send().await.unwrap();
    }
}

/// Waits until the table accepts an UpdateTable.
pub async fn until_active(deployed: &Deployed, table: &str) {
    until("the table to be active", async || {
        let described = deployed.dynamodb.describe_table().table_name(table).send().await;
        let status = described.ok().and_then(|output| output.table).and_then(|table| table.table_status);
        status == Some(TableStatus::Active)
    })
    .await;
}

/// Waits until the table has the warm throughput that was set.
async fn until_warm(deployed: &Deployed, table: &str) {
    until("the table to be warm", async || {
        let described = deployed.dynamodb.describe_table().table_name(table).send().await.unwrap();
        let warm = described.table.and_then(|table| table.warm_throughput).unwrap();
        warm.status() == Some(&TableStatus::Active)
    })
    .await;
}

/// Waits until changes go to the table's Kinesis data stream.
async fn until_streaming(deployed: &Deployed, table: &str) {
    until("changes to go to Kinesis", async || {
        let described = deployed.dynamodb.describe_kinesis_streaming_destination().table_name(table);
        let destinations = described.send().await.unwrap().kinesis_data_stream_destinations.unwrap();
        let is_active = |destination: &KinesisDataStreamDestination| {
            destination.destination_status() == Some(&DestinationStatus::Active)
        };
        destinations.iter().any(is_active)
    })
    .await;
}

/// Adds N tags to a table. More than 10 do not fit on one page of AWS.
pub async fn tag(deployed: &Deployed, table: &str, count: usize) {
    let new_tag = |number: usize| Tag::builder().key(format!("key {number}")).value("value").build().unwrap();
    set_tags(deployed, table, (0..count).map(new_tag).collect()).await;
}

/// Adds these tags to a table. Lists its tags first, because an earlier change may have locked them until then.
pub async fn set_tags(deployed: &Deployed, table: &str, tags: Vec<Tag>) {
    let arn = table_arn(deployed, table);
    deployed.dynamodb.list_tags_of_resource().resource_arn(&arn).send().await.unwrap();
    deployed.dynamodb.tag_resource().resource_arn(&arn).set_tags(Some(tags)).send().await.unwrap();
}

/// Enables a stream with this view type and returns its ARN.
pub async fn stream(deployed: &Deployed, table: &str, view: StreamViewType) -> String {
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(view);
    let update = deployed.dynamodb.update_table().table_name(table);
    update.stream_specification(stream.build().unwrap()).send().await.unwrap();
    until_active(deployed, table).await;
    stream_arn(deployed, table).await.unwrap()
}

/// Returns the ARN of the table's stream.
pub async fn stream_arn(deployed: &Deployed, table: &str) -> Option<String> {
    let described = deployed.dynamodb.describe_table().table_name(table).send().await.unwrap();
    described.table.unwrap().latest_stream_arn
}

/// Creates an empty function.
pub async fn make_function(deployed: &Deployed, name: &str) {
    let create = deployed.lambda.create_function().function_name(name).runtime(Runtime::Providedal2023);
    let create = create.handler("none").role(format!("arn:aws:iam::{}:role/r", deployed.account));
    let code = FunctionCode::builder().zip_file(Blob::new(EMPTY_ZIP)).build();
    create.code(code).send().await.unwrap();
}

/// Returns the ARN of the key that encrypts filters.
fn key(deployed: &Deployed) -> String {
    format!("arn:aws:kms:us-east-1:{}:key/filters", deployed.account)
}

fn filter() -> FilterCriteria {
    let filter = Filter::builder().pattern(r#"{"eventName":["INSERT"]}"#).build();
    FilterCriteria::builder().filters(filter).build()
}

/// Creates a disabled trigger with an encrypted filter and its own function.
pub async fn encrypted_trigger(deployed: &Deployed, stream: &str) {
    make_function(deployed, "watch").await;
    let create =
        deployed.lambda.create_event_source_mapping().event_source_arn(stream).function_name("watch");
    let create = create.enabled(false).starting_position(EventSourcePosition::Latest);
    create.filter_criteria(filter()).kms_key_arn(key(deployed)).send().await.unwrap();
}

/// Creates a trigger with every field that a trigger can have.
pub async fn trigger(deployed: &Deployed, stream: &str, function: &str, enabled: bool) {
    let on_failure = OnFailure::builder().destination(deployed.output("DeadLetterQueueArn")).build();
    let metrics = EventSourceMappingMetricsConfig::builder().metrics(EventSourceMappingMetric::EventCount);
    let create = deployed.lambda.create_event_source_mapping().event_source_arn(stream);
    create
        .function_name(function)
        .enabled(enabled)
        .starting_position(EventSourcePosition::Latest)
        .batch_size(7)
        .maximum_batching_window_in_seconds(3)
        .parallelization_factor(2)
        .maximum_retry_attempts(0)
        .maximum_record_age_in_seconds(3_600)
        .bisect_batch_on_function_error(true)
        .destination_config(DestinationConfig::builder().on_failure(on_failure).build())
        .filter_criteria(filter())
        .kms_key_arn(key(deployed))
        .function_response_types(FunctionResponseType::ReportBatchItemFailures)
        .metrics_config(metrics.build())
        .send()
        .await
        .unwrap();
}

/// Sets everything except what depends on the billing mode: tags, stream, triggers, Kinesis, recovery, Time to Live,
/// class, protection, insights, policies, alarms, warm throughput.
pub async fn set_everything(deployed: &Deployed, table: &str, index: &str) {
    tag(deployed, table, 12).await;
    let stream = stream(deployed, table, StreamViewType::NewAndOldImages).await;
    trigger(deployed, &stream, deployed.output("StartFunctionName"), false).await;
    kinesis(deployed, table, "changes", ApproximateCreationDateTimePrecision::Microsecond).await;
    recovery(deployed, table, 7).await;
    time_to_live(deployed, table, "expires", true).await;
    insights(deployed, table, None, ContributorInsightsMode::ThrottledKeys).await;
    insights(deployed, table, Some(index), ContributorInsightsMode::AccessedAndThrottledKeys).await;
    let arn = table_arn(deployed, table);
    for (resource, of) in [(arn.clone(), format!("{arn}/index/*")), (stream.clone(), stream)] {
        put_policy(deployed, &resource, &policy(deployed, &resource, &of)).await;
    }
    alarm(deployed, table, &format!("{table}-throttled"), 5.0).await;
    alarm(deployed, table, "slow", 50.0).await;
    let update = || deployed.dynamodb.update_table().table_name(table);
    update().table_class(TableClass::StandardInfrequentAccess).send().await.unwrap();
    until_active(deployed, table).await;
    update().deletion_protection_enabled(true).send().await.unwrap();
    until_active(deployed, table).await;
    let warm =
        || WarmThroughput::builder().read_units_per_second(15_000).write_units_per_second(9_000).build();
    let of_index = UpdateGlobalSecondaryIndexAction::builder().index_name(index).warm_throughput(warm());
    let of_index = GlobalSecondaryIndexUpdate::builder().update(of_index.build().unwrap()).build();
    let both = update().warm_throughput(warm()).global_secondary_index_updates(of_index);
    both.send().await.unwrap();
    until_warm(deployed, table).await;
}

/// Puts a resource policy and waits until it can be read.
pub async fn put_policy(deployed: &Deployed, resource: &str, policy: &str) {
    let put = deployed.dynamodb.put_resource_policy().resource_arn(resource).policy(policy);
    put.send().await.unwrap();
    until("the policy to be seen", async || {
        deployed.dynamodb.get_resource_policy().resource_arn(resource).send().await.is_ok()
    })
    .await;
}

/// Sets what only an on-demand table has: maximum throughput of the table and of an index.
pub async fn limit(deployed: &Deployed, table: &str, index: &str) {
    let maxima =
        || OnDemandThroughput::builder().max_read_request_units(100).max_write_request_units(50).build();
    let update = || deployed.dynamodb.update_table().table_name(table);
    update().on_demand_throughput(maxima()).send().await.unwrap();
    until_active(deployed, table).await;
    let of_index = UpdateGlobalSecondaryIndexAction::builder().index_name(index);
    let of_index = of_index.on_demand_throughput(maxima()).build().unwrap();
    let of_index = GlobalSecondaryIndexUpdate::builder().update(of_index).build();
    update().global_secondary_index_updates(of_index).send().await.unwrap();
    until_active(deployed, table).await;
}

/// Sets what only a provisioned table has: scaling of the table and of an index, with policies and a schedule.
pub async fn scale(deployed: &Deployed, table: &str, index: &str) {
    let table_id = format!("table/{table}");
    scale_one(deployed, &table_id, ScalableDimension::DynamoDbTableReadCapacityUnits).await;
    let index_id = format!("table/{table}/index/{index}");
    scale_one(deployed, &index_id, ScalableDimension::DynamoDbIndexWriteCapacityUnits).await;
}

/// Adds scaling of one dimension with a policy that is named as the console names it.
async fn scale_one(deployed: &Deployed, id: &str, dimension: ScalableDimension) {
    let name = format!("{}:{id}", utilization(&dimension).as_str());
    scale_by(deployed, id, dimension, &name).await;
}

fn utilization(dimension: &ScalableDimension) -> MetricType {
    match dimension.as_str().ends_with("ReadCapacityUnits") {
        true => MetricType::DynamoDbReadCapacityUtilization,
        false => MetricType::DynamoDbWriteCapacityUtilization,
    }
}

/// Adds scaling of one dimension of a table or an index, with a policy of this name and a schedule.
pub async fn scale_by(deployed: &Deployed, id: &str, dimension: ScalableDimension, policy: &str) {
    let metric = utilization(&dimension);
    let dynamodb = ServiceNamespace::Dynamodb;
    let suspended = SuspendedState::builder().scheduled_scaling_suspended(true).build();
    let register = deployed.auto_scaling.register_scalable_target().service_namespace(dynamodb.clone());
    let register = register.resource_id(id).scalable_dimension(dimension.clone());
    register.min_capacity(5).max_capacity(40).suspended_state(suspended).send().await.unwrap();
    let metric = PredefinedMetricSpecification::builder().predefined_metric_type(metric).build().unwrap();
    let tracking = TargetTrackingScalingPolicyConfiguration::builder().target_value(70.0);
    let tracking =
        tracking.predefined_metric_specification(metric).scale_in_cooldown(60).disable_scale_in(true);
    let put = deployed.auto_scaling.put_scaling_policy().service_namespace(dynamodb.clone());
    let put = put.resource_id(id).scalable_dimension(dimension.clone()).policy_name(policy);
    let put = put.policy_type(PolicyType::TargetTrackingScaling);
    let put = put.target_tracking_scaling_policy_configuration(tracking.build().unwrap());
    put.send().await.unwrap();
    let capacities = ScalableTargetAction::builder().min_capacity(20).build();
    let put = deployed.auto_scaling.put_scheduled_action().service_namespace(dynamodb);
    let put = put.resource_id(id).scalable_dimension(dimension).scheduled_action_name("every morning");
    let put = put.schedule("cron(0 7 * * ? *)").timezone("Europe/Vienna").scalable_target_action(capacities);
    put.send().await.unwrap();
}

/// Enables a Kinesis data stream as the destination of changes and waits until it is active.
pub async fn kinesis(
    deployed: &Deployed,
    table: &str,
    stream: &str,
    precision: ApproximateCreationDateTimePrecision,
) {
    let with = EnableKinesisStreamingConfiguration::builder();
    let with = with.approximate_creation_date_time_precision(precision).build();
    let arn = format!("arn:aws:kinesis:us-east-1:{}:stream/{stream}", deployed.account);
    let enable = deployed.dynamodb.enable_kinesis_streaming_destination().table_name(table).stream_arn(arn);
    enable.enable_kinesis_streaming_configuration(with).send().await.unwrap();
    until_streaming(deployed, table).await;
}

/// Enables point-in-time recovery for N days.
pub async fn recovery(deployed: &Deployed, table: &str, days: i32) {
    let on = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
    let on = on.recovery_period_in_days(days).build().unwrap();
    let update = deployed.dynamodb.update_continuous_backups().table_name(table);
    update.point_in_time_recovery_specification(on).send().await.unwrap();
}

/// Enables or disables Time to Live.
pub async fn time_to_live(deployed: &Deployed, table: &str, attribute: &str, enabled: bool) {
    let specification = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(enabled);
    let update = deployed.dynamodb.update_time_to_live().table_name(table);
    update.time_to_live_specification(specification.build().unwrap()).send().await.unwrap();
}

/// Enables Contributor Insights of the table or an index.
pub async fn insights(deployed: &Deployed, table: &str, index: Option<&str>, mode: ContributorInsightsMode) {
    let update = deployed.dynamodb.update_contributor_insights().table_name(table);
    let update = update.set_index_name(index.map(str::to_owned)).contributor_insights_mode(mode);
    update.contributor_insights_action(ContributorInsightsAction::Enable).send().await.unwrap();
}

/// Creates an alarm on the table.
pub async fn alarm(deployed: &Deployed, table: &str, name: &str, threshold: f64) {
    let put = deployed.cloudwatch.put_metric_alarm().alarm_name(name).namespace("AWS/DynamoDB");
    put.metric_name("ThrottledRequests")
        .statistic(Statistic::Sum)
        .dimensions(Dimension::builder().name("TableName").value(table).build())
        .dimensions(Dimension::builder().name("Operation").value("PutItem").build())
        .period(300)
        .evaluation_periods(2)
        .threshold(threshold)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("notBreaching")
        .alarm_actions(format!("arn:aws:sns:us-east-1:{}:pager", deployed.account))
        .send()
        .await
        .unwrap();
}

fn policy(deployed: &Deployed, resource: &str, further: &str) -> String {
    let reader = format!("arn:aws:iam::{}:role/reader", deployed.account);
    serde_json::json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Read", "Effect": "Allow",
        "Principal": { "AWS": reader }, "Action": ["dynamodb:Query", "dynamodb:DescribeStream"],
        "Resource": [resource, further] }] })
    .to_string()
}

/// Returns the ARN of the table of this name in the account.
pub fn table_arn(deployed: &Deployed, table: &str) -> String {
    format!("arn:aws:dynamodb:us-east-1:{}:table/{table}", deployed.account)
}
