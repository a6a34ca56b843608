//! The indexes of a table as properties of `AWS::DynamoDB::Table`.

use serde_json::{Value, json};
use tablekeeper_core::settings::{Settings, Table};

use super::properties::{Properties, insights, keys, on_demand, projection, provisioned};

/// Builds the global secondary indexes, with their capacity or maximum throughput, and Contributor Insights.
pub(super) fn global(table: &Table, settings: &Settings) -> Vec<Value> {
    let index = |index: &aws_sdk_dynamodb::types::GlobalSecondaryIndexDescription| {
        let name = index.index_name().unwrap_or_default();
        let mut properties = Properties::default();
        properties.put("IndexName", index.index_name().map(Value::from));
        properties.put_list("KeySchema", keys(index.key_schema()));
        properties.put("Projection", projection(index.projection()));
        properties.put("ProvisionedThroughput", provisioned(table, index.provisioned_throughput()));
        let maxima =
            settings.on_demand_throughput.as_ref().and_then(|limits| limits.indexes.get(name)).copied();
        properties.put("OnDemandThroughput", on_demand(table, maxima));
        let mode = settings.contributor_insights.as_ref().and_then(|insights| insights.indexes.get(name));
        properties.put("ContributorInsightsSpecification", insights(mode.map(String::as_str)));
        properties.into()
    };
    table.indexes().iter().map(index).collect()
}

/// Builds the local secondary indexes.
pub(super) fn local(table: &Table) -> Vec<Value> {
    let index = |index: &aws_sdk_dynamodb::types::LocalSecondaryIndexDescription| {
        let mut properties = Properties::default();
        properties.put("IndexName", index.index_name().map(Value::from));
        properties.put_list("KeySchema", keys(index.key_schema()));
        properties.put("Projection", projection(index.projection()));
        properties.into()
    };
    table.description.local_secondary_indexes().iter().map(index).collect()
}

/// Builds the vector indexes.
pub(super) fn vector(table: &Table) -> Vec<Value> {
    let index = |index: &aws_sdk_dynamodb::types::VectorIndexDescription| {
        let mut properties = Properties::default();
        properties.put("IndexName", index.index_name().map(Value::from));
        let attribute =
            index.vector_attribute().map(|attribute| json!({ "AttributeName": attribute.attribute_name() }));
        properties.put("VectorAttribute", attribute);
        properties.put("Dimensions", index.dimensions().map(Value::from));
        properties
            .put("DistanceFunction", index.distance_function().map(|function| function.as_str().into()));
        let schema = index.search_schema().iter().map(|element| {
            json!({
                "AttributeName": element.attribute_name(),
                "SearchSchemaElementType": element.search_schema_element_type().as_str(),
            })
        });
        properties.put_list("SearchSchema", schema.collect());
        properties.put("Projection", projection(index.projection()));
        properties.into()
    };
    table.description.vector_indexes().iter().map(index).collect()
}
