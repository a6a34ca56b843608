//! Reads a table's definition from the response of DescribeTable.

use aws_sdk_dynamodb::types as sdk;

use super::{AttributeDefinition, TableDefinition};
use crate::rotation::overrides::{
    BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex, OnDemandThroughput,
    Projection, ProjectionType, ProvisionedThroughput, SseSpecification, VectorIndex,
};
use crate::settings::on_demand_throughput::Maxima;

impl TableDefinition {
    /// Returns the definition of a described table. Returns `None` if it has something that this version does not know,
    /// such as a later kind of index, or if the description lacks the key or its types.
    pub fn from_description(table: &sdk::TableDescription) -> Option<TableDefinition> {
        let billing = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
        let is_on_demand = billing == Some(&sdk::BillingMode::PayPerRequest);
        let class = table.table_class_summary().and_then(|summary| summary.table_class());
        let attribute = |attribute: &sdk::AttributeDefinition| {
            let attribute_name = attribute.attribute_name().to_owned();
            let attribute_type = attribute.attribute_type().as_str().parse().ok()?;
            Some(AttributeDefinition { attribute_name, attribute_type })
        };
        let global = table.global_secondary_indexes().iter().map(|index| global(index, is_on_demand));
        let definition = TableDefinition {
            key_schema: key_schema(table.key_schema())?,
            attribute_definitions: table
                .attribute_definitions()
                .iter()
                .map(attribute)
                .collect::<Option<_>>()?,
            global_secondary_indexes: global.collect::<Option<_>>()?,
            local_secondary_indexes: table
                .local_secondary_indexes()
                .iter()
                .map(local)
                .collect::<Option<_>>()?,
            vector_indexes: table
                .vector_indexes()
                .iter()
                .map(VectorIndex::from_description)
                .collect::<Option<_>>()?,
            billing_mode: if is_on_demand { BillingMode::PayPerRequest } else { BillingMode::Provisioned },
            provisioned_throughput: provisioned(table.provisioned_throughput(), is_on_demand),
            on_demand_throughput: on_demand(table.on_demand_throughput(), is_on_demand),
            sse_specification: table.sse_description().and_then(encryption),
            // A table that has always had the standard class has no summary.
            table_class: class.unwrap_or(&sdk::TableClass::Standard).as_str().to_owned(),
        };
        let has_key = definition.key().is_some_and(|key| !key.is_empty());
        has_key.then_some(definition)
    }
}

fn key_schema(elements: &[sdk::KeySchemaElement]) -> Option<Vec<KeySchemaElement>> {
    let element = |element: &sdk::KeySchemaElement| {
        let key_type = match element.key_type() {
            sdk::KeyType::Hash => KeyType::Hash,
            sdk::KeyType::Range => KeyType::Range,
            _ => return None,
        };
        Some(KeySchemaElement { attribute_name: element.attribute_name().to_owned(), key_type })
    };
    elements.iter().map(element).collect()
}

pub(crate) fn described_projection(described: &sdk::Projection) -> Option<Projection> {
    let projection_type = match described.projection_type()? {
        sdk::ProjectionType::All => ProjectionType::All,
        sdk::ProjectionType::Include => ProjectionType::Include,
        sdk::ProjectionType::KeysOnly => ProjectionType::KeysOnly,
        _ => return None,
    };
    Some(Projection { projection_type, non_key_attributes: described.non_key_attributes().to_vec() })
}

/// Returns the provisioned capacity. DescribeTable reports zeros for a table that is billed per request.
fn provisioned(
    units: Option<&sdk::ProvisionedThroughputDescription>,
    is_on_demand: bool,
) -> Option<ProvisionedThroughput> {
    let units = units.filter(|_| !is_on_demand)?;
    let number = |units: Option<i64>| u32::try_from(units?).ok();
    Some(ProvisionedThroughput {
        read_capacity_units: number(units.read_capacity_units())?,
        write_capacity_units: number(units.write_capacity_units())?,
    })
}

/// Returns the maximum throughput, if there is one.
fn on_demand(maxima: Option<&sdk::OnDemandThroughput>, is_on_demand: bool) -> Option<OnDemandThroughput> {
    let maxima = Maxima::from(maxima);
    let number = |units: Option<i64>| i32::try_from(units?).ok();
    (is_on_demand && maxima != Maxima::default()).then(|| OnDemandThroughput {
        max_read_request_units: number(maxima.max_read_request_units),
        max_write_request_units: number(maxima.max_write_request_units),
    })
}

fn encryption(described: &sdk::SseDescription) -> Option<SseSpecification> {
    let is_on = matches!(
        described.status(),
        Some(sdk::SseStatus::Enabled | sdk::SseStatus::Enabling | sdk::SseStatus::Updating)
    );
    let kms_master_key_id = described.kms_master_key_arn().map(str::to_owned);
    is_on.then_some(SseSpecification { enabled: true, kms_master_key_id })
}

fn global(index: &sdk::GlobalSecondaryIndexDescription, is_on_demand: bool) -> Option<GlobalSecondaryIndex> {
    Some(GlobalSecondaryIndex {
        index_name: index.index_name()?.to_owned(),
        key_schema: key_schema(index.key_schema())?,
        projection: described_projection(index.projection()?)?,
        provisioned_throughput: provisioned(index.provisioned_throughput(), is_on_demand),
        on_demand_throughput: on_demand(index.on_demand_throughput(), is_on_demand),
    })
}

fn local(index: &sdk::LocalSecondaryIndexDescription) -> Option<LocalSecondaryIndex> {
    Some(LocalSecondaryIndex {
        index_name: index.index_name()?.to_owned(),
        key_schema: key_schema(index.key_schema())?,
        projection: described_projection(index.projection()?)?,
    })
}
