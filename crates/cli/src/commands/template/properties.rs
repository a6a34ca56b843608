//! The properties of a table as in `AWS::DynamoDB::Table`.

use aws_sdk_dynamodb::types::{
    KeySchemaElement, Projection, ProvisionedThroughputDescription, SseStatus, SseType,
};
use serde_json::{Map, Value, json};
use tablekeeper_core::settings::on_demand_throughput::Maxima;
use tablekeeper_core::settings::{Settings, Table, tags};

use super::indexes;

/// A map of properties without missing values.
#[derive(Debug, Default)]
pub(super) struct Properties(Map<String, Value>);

impl Properties {
    /// Adds a value unless it is missing.
    pub(super) fn put(&mut self, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value);
        }
    }

    /// Adds a list unless it is empty: CloudFormation refuses an empty list of indexes.
    pub(super) fn put_list(&mut self, name: &str, values: Vec<Value>) {
        self.put(name, (!values.is_empty()).then_some(Value::Array(values)));
    }
}

impl From<Properties> for Value {
    fn from(Properties(properties): Properties) -> Value {
        Value::Object(properties)
    }
}

/// Builds all properties of a table.
pub(super) fn of(table: &Table, settings: &Settings) -> Value {
    let described = &table.description;
    let mut properties = Properties::default();
    properties.put("TableName", Some(table.name.as_str().into()));
    let attributes = described.attribute_definitions().iter().map(|attribute| {
        json!({
            "AttributeName": attribute.attribute_name(),
            "AttributeType": attribute.attribute_type().as_str(),
        })
    });
    properties.put_list("AttributeDefinitions", attributes.collect());
    properties.put_list("KeySchema", keys(described.key_schema()));
    properties.put_list("GlobalSecondaryIndexes", indexes::global(table, settings));
    properties.put_list("LocalSecondaryIndexes", indexes::local(table));
    properties.put_list("VectorIndexes", indexes::vector(table));
    let mode = if table.is_on_demand() { "PAY_PER_REQUEST" } else { "PROVISIONED" };
    properties.put("BillingMode", Some(mode.into()));
    properties.put("ProvisionedThroughput", provisioned(table, described.provisioned_throughput()));
    let maxima = settings.on_demand_throughput.as_ref().map(|throughput| throughput.table);
    properties.put("OnDemandThroughput", on_demand(table, maxima));
    properties.put("SSESpecification", encryption(table));
    carried(&mut properties, table, settings);
    properties.into()
}

/// Adds the properties from the settings.
fn carried(properties: &mut Properties, table: &Table, settings: &Settings) {
    properties.put("TableClass", settings.table_class.as_ref().map(|class| class.0.as_str().into()));
    properties
        .put("DeletionProtectionEnabled", settings.deletion_protection.map(|protection| protection.0.into()));
    let days = settings.point_in_time_recovery.and_then(|recovery| recovery.recovery_period_in_days);
    let recovery =
        days.map(|days| json!({ "PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": days }));
    properties.put("PointInTimeRecoverySpecification", recovery);
    let expires = settings.time_to_live.as_ref().and_then(|expiry| expiry.attribute_name.as_deref());
    let live = expires.map(|attribute| json!({ "AttributeName": attribute, "Enabled": true }));
    properties.put("TimeToLiveSpecification", live);
    let policies = settings.resource_policies.as_ref().map(|policies| policies.of_table(table));
    let policy = |policy: Option<Value>| policy.map(|policy| json!({ "PolicyDocument": policy }));
    let (of_table, of_stream) =
        policies.map_or((None, None), |policies| (policy(policies.table), policy(policies.stream)));
    let view = settings.stream.as_ref().and_then(|stream| stream.stream_view_type.as_deref());
    properties.put("StreamSpecification", view.map(|view| stream(view, of_stream)));
    properties.put("ResourcePolicy", of_table);
    let kinesis = settings
        .kinesis_destinations
        .as_ref()
        .and_then(|destinations| destinations.streams.first_key_value());
    let kinesis = kinesis.map(|(stream, precision)| {
        json!({ "StreamArn": stream, "ApproximateCreationDateTimePrecision": precision })
    });
    properties.put("KinesisStreamSpecification", kinesis);
    let mode = settings.contributor_insights.as_ref().and_then(|insights| insights.table.as_deref());
    properties.put("ContributorInsightsSpecification", insights(mode));
    let tags = settings.tags.as_ref().map(|tags| tags.0.iter()).into_iter().flatten();
    // CloudFormation sets its own tags, and refuses other reserved ones.
    let tags = tags.filter(|(key, _)| !tags::is_reserved(key));
    properties.put_list("Tags", tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect());
}

fn stream(view: &str, policy: Option<Value>) -> Value {
    let mut stream = Properties::default();
    stream.put("StreamViewType", Some(view.into()));
    stream.put("ResourcePolicy", policy);
    stream.into()
}

/// Builds the key schema of the table or of an index.
pub(super) fn keys(schema: &[KeySchemaElement]) -> Vec<Value> {
    let key = |element: &KeySchemaElement| {
        json!({
            "AttributeName": element.attribute_name(),
            "KeyType": element.key_type().as_str(),
        })
    };
    schema.iter().map(key).collect()
}

/// Builds the projection of an index.
pub(super) fn projection(projection: Option<&Projection>) -> Option<Value> {
    let projection = projection?;
    let mut projected = Properties::default();
    projected.put("ProjectionType", projection.projection_type().map(|kind| kind.as_str().into()));
    let others = projection.non_key_attributes().iter().map(|name| name.as_str().into());
    projected.put_list("NonKeyAttributes", others.collect());
    Some(projected.into())
}

/// Builds the provisioned capacity of a table or an index; `None` if the table is on demand.
pub(super) fn provisioned(
    table: &Table,
    throughput: Option<&ProvisionedThroughputDescription>,
) -> Option<Value> {
    let throughput = throughput.filter(|_| !table.is_on_demand())?;
    Some(json!({
        "ReadCapacityUnits": throughput.read_capacity_units(),
        "WriteCapacityUnits": throughput.write_capacity_units(),
    }))
}

/// Builds the maximum throughput of an on-demand table or index; `None` if there is none.
pub(super) fn on_demand(table: &Table, maxima: Option<Maxima>) -> Option<Value> {
    let maxima = maxima.filter(|maxima| table.is_on_demand() && *maxima != Maxima::default())?;
    let mut throughput = Properties::default();
    throughput.put("MaxReadRequestUnits", maxima.max_read_request_units.map(Value::from));
    throughput.put("MaxWriteRequestUnits", maxima.max_write_request_units.map(Value::from));
    Some(throughput.into())
}

/// Builds the Contributor Insights of a table or an index.
pub(super) fn insights(mode: Option<&str>) -> Option<Value> {
    mode.map(|mode| json!({ "Enabled": true, "Mode": mode }))
}

/// Builds the encryption with a KMS key; `None` if the key is owned by DynamoDB.
fn encryption(table: &Table) -> Option<Value> {
    let described = table.description.sse_description()?;
    let on =
        matches!(described.status(), Some(SseStatus::Enabled | SseStatus::Enabling | SseStatus::Updating));
    let mut encryption = Properties::default();
    encryption.put("SSEEnabled", Some(true.into()));
    encryption.put("SSEType", Some(SseType::Kms.as_str().into()));
    encryption.put("KMSMasterKeyId", described.kms_master_key_arn().map(Value::from));
    on.then(|| encryption.into())
}
