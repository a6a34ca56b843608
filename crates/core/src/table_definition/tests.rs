use aws_sdk_dynamodb::types as sdk;
use aws_sdk_dynamodb::types::builders::TableDescriptionBuilder;
use item_formats::KeyType as AttributeType;
use serde_json::{Value, json};

use super::TableDefinition;
use super::create::Created;
use crate::aws::failure::AwsFailure;
use crate::testing::fake_aws::{FakeAws, refusal};

fn key(name: &str, role: sdk::KeyType) -> sdk::KeySchemaElement {
    sdk::KeySchemaElement::builder().attribute_name(name).key_type(role).build().unwrap()
}

fn attribute(name: &str, of: sdk::ScalarAttributeType) -> sdk::AttributeDefinition {
    sdk::AttributeDefinition::builder().attribute_name(name).attribute_type(of).build().unwrap()
}

fn projection(kind: sdk::ProjectionType, others: &[&str]) -> sdk::Projection {
    let others = others.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let others = (!others.is_empty()).then_some(others);
    sdk::Projection::builder().projection_type(kind).set_non_key_attributes(others).build()
}

fn units(read: i64, write: i64) -> sdk::ProvisionedThroughputDescription {
    sdk::ProvisionedThroughputDescription::builder()
        .read_capacity_units(read)
        .write_capacity_units(write)
        .build()
}

/// Returns a description with the keys `day` and `id`, a local index and a global one.
fn described(index: sdk::GlobalSecondaryIndexDescription) -> TableDescriptionBuilder {
    let local = sdk::LocalSecondaryIndexDescription::builder()
        .index_name("by-name")
        .key_schema(key("id", sdk::KeyType::Hash))
        .key_schema(key("name", sdk::KeyType::Range))
        .projection(projection(sdk::ProjectionType::Include, &["size"]));
    sdk::TableDescription::builder()
        .table_name("orders")
        .key_schema(key("day", sdk::KeyType::Range))
        .key_schema(key("id", sdk::KeyType::Hash))
        .attribute_definitions(attribute("day", sdk::ScalarAttributeType::N))
        .attribute_definitions(attribute("id", sdk::ScalarAttributeType::S))
        .attribute_definitions(attribute("name", sdk::ScalarAttributeType::B))
        .local_secondary_indexes(local.build())
        .global_secondary_indexes(index)
}

fn index() -> sdk::builders::GlobalSecondaryIndexDescriptionBuilder {
    sdk::GlobalSecondaryIndexDescription::builder()
        .index_name("by-day")
        .key_schema(key("day", sdk::KeyType::Hash))
        .projection(projection(sdk::ProjectionType::All, &[]))
}

fn on_demand(builder: TableDescriptionBuilder) -> TableDescriptionBuilder {
    let mode = sdk::BillingModeSummary::builder().billing_mode(sdk::BillingMode::PayPerRequest);
    builder.billing_mode_summary(mode.build()).provisioned_throughput(units(0, 0))
}

/// Returns the body of CreateTable for a definition.
async fn requested(definition: &TableDefinition) -> Value {
    let aws = FakeAws::default();
    aws.response("dynamodb:CreateTable", |_| (200, json!({})));
    let created = definition.create(&aws.clients().dynamodb(), "copy").await;
    assert_eq!(created.unwrap(), Created::Requested);
    aws.calls("dynamodb:CreateTable")[0].input.clone()
}

#[tokio::test]
async fn a_table_with_provisioned_capacity_is_requested_as_it_was_described() {
    let class =
        sdk::TableClassSummary::builder().table_class(sdk::TableClass::StandardInfrequentAccess).build();
    let encryption = sdk::SseDescription::builder()
        .status(sdk::SseStatus::Enabled)
        .sse_type(sdk::SseType::Kms)
        .kms_master_key_arn("arn:aws:kms:us-east-1:1:key/a")
        .build();
    let table = described(index().provisioned_throughput(units(3, 4)).build())
        .provisioned_throughput(units(5, 6))
        .table_class_summary(class)
        .sse_description(encryption)
        .build();
    let definition = TableDefinition::from_description(&table).unwrap();
    assert_eq!(definition.kms_key(), Some("arn:aws:kms:us-east-1:1:key/a"));
    assert_eq!(definition.key().unwrap(), [("id", AttributeType::S), ("day", AttributeType::N)]);
    let element = |name: &str, role: &str| json!({ "AttributeName": name, "KeyType": role });
    let expected = json!({
        "TableName": "copy",
        "KeySchema": [element("day", "RANGE"), element("id", "HASH")],
        "AttributeDefinitions": [
            { "AttributeName": "day", "AttributeType": "N" },
            { "AttributeName": "id", "AttributeType": "S" },
            { "AttributeName": "name", "AttributeType": "B" },
        ],
        "LocalSecondaryIndexes": [{
            "IndexName": "by-name",
            "KeySchema": [element("id", "HASH"), element("name", "RANGE")],
            "Projection": { "ProjectionType": "INCLUDE", "NonKeyAttributes": ["size"] },
        }],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-day",
            "KeySchema": [element("day", "HASH")],
            "Projection": { "ProjectionType": "ALL" },
            "ProvisionedThroughput": { "ReadCapacityUnits": 3, "WriteCapacityUnits": 4 },
        }],
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": { "ReadCapacityUnits": 5, "WriteCapacityUnits": 6 },
        "SSESpecification": { "Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": "arn:aws:kms:us-east-1:1:key/a" },
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
    });
    assert_eq!(requested(&definition).await, expected);
    let written = serde_json::to_string(&definition).unwrap();
    assert_eq!(serde_json::from_str::<TableDefinition>(&written).unwrap(), definition);
}

#[tokio::test]
async fn a_table_on_demand_has_maxima_and_no_capacity() {
    let maximum = |read: i64, write: i64| {
        let maxima = sdk::OnDemandThroughput::builder().max_read_request_units(read);
        maxima.max_write_request_units(write).build()
    };
    let index = index().provisioned_throughput(units(0, 0)).on_demand_throughput(maximum(-1, 7)).build();
    let table = on_demand(described(index)).on_demand_throughput(maximum(-1, -1)).build();
    let body = requested(&TableDefinition::from_description(&table).unwrap()).await;
    assert_eq!((&body["BillingMode"], &body["TableClass"]), (&json!("PAY_PER_REQUEST"), &json!("STANDARD")));
    for absent in ["ProvisionedThroughput", "OnDemandThroughput", "SSESpecification", "VectorIndexes"] {
        assert_eq!(body.get(absent), None, "{absent}");
    }
    let index = &body["GlobalSecondaryIndexes"][0];
    assert_eq!(index["OnDemandThroughput"], json!({ "MaxWriteRequestUnits": 7 }));
    assert_eq!(index.get("ProvisionedThroughput"), None);
}

#[tokio::test]
async fn vector_indexes_are_requested_as_they_were_described() {
    let attribute = sdk::VectorAttributeDefinition::builder().attribute_name("meaning").build().unwrap();
    let element = sdk::SearchSchemaElement::builder()
        .attribute_name("id")
        .search_schema_element_type(sdk::SearchSchemaElementType::InlineFilter)
        .build()
        .unwrap();
    let vector = |function: sdk::VectorDistanceFunction| {
        let vector = sdk::VectorIndexDescription::builder().index_name("by-meaning").dimensions(3);
        let vector = vector.vector_attribute(attribute.clone()).distance_function(function);
        let vector =
            vector.search_schema(element.clone()).projection(projection(sdk::ProjectionType::KeysOnly, &[]));
        on_demand(described(index().build())).vector_indexes(vector.build()).build()
    };
    let known = TableDefinition::from_description(&vector(sdk::VectorDistanceFunction::DotProduct)).unwrap();
    let expected = json!([{
        "IndexName": "by-meaning",
        "VectorAttribute": { "AttributeName": "meaning" },
        "SearchSchema": [{ "AttributeName": "id", "SearchSchemaElementType": "INLINE_FILTER" }],
        "Projection": { "ProjectionType": "KEYS_ONLY" },
        "Dimensions": 3,
        "DistanceFunction": "DOT_PRODUCT",
    }]);
    assert_eq!(requested(&known).await["VectorIndexes"], expected);
    let later = vector(sdk::VectorDistanceFunction::from("MANHATTAN"));
    assert_eq!(TableDefinition::from_description(&later), None, "a later function is not known");
    let typed = vector(sdk::VectorDistanceFunction::Cosine);
    let untyped = sdk::TableDescription::builder().set_key_schema(typed.key_schema).build();
    assert_eq!(TableDefinition::from_description(&untyped), None, "no table can be made from it");
}

#[tokio::test]
async fn a_key_is_enough_for_a_table_on_demand() {
    let key = vec![("id".to_owned(), AttributeType::S), ("at".to_owned(), AttributeType::N)];
    let definition = TableDefinition::from_key(key);
    let body = requested(&definition).await;
    assert_eq!(body["KeySchema"][1], json!({ "AttributeName": "at", "KeyType": "RANGE" }));
    assert_eq!(body["BillingMode"], "PAY_PER_REQUEST");
}

#[tokio::test]
async fn a_taken_name_is_no_failure_and_a_refusal_is_one() {
    let definition = TableDefinition::from_key(vec![("id".to_owned(), AttributeType::S)]);
    let aws = FakeAws::default();
    aws.response("dynamodb:CreateTable", |_| refusal("ResourceInUseException"));
    let dynamodb = aws.clients().dynamodb();
    assert_eq!(definition.create(&dynamodb, "copy").await.unwrap(), Created::Existing);
    aws.response("dynamodb:CreateTable", |_| refusal("AccessDeniedException"));
    let AwsFailure { action, .. } = definition.create(&dynamodb, "copy").await.unwrap_err();
    assert_eq!(action, "dynamodb:CreateTable");
}
