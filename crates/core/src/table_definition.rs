//! The definition of a table: what CreateTable needs to make an equal, empty table.
//!
//! A settings document holds it, so that a table can be made again after it was deleted. The settings that DynamoDB
//! accepts only for an existing table are not part of it. [`settings`](crate::settings) copies them.

pub mod create;
mod described;
#[cfg(test)]
mod tests;

pub(crate) use described::described_projection;
use item_formats::KeyType as AttributeType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rotation::overrides::{
    BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex, OnDemandThroughput,
    ProvisionedThroughput, SseSpecification, VectorIndex,
};

/// The definition of a table, with the names of CreateTable.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TableDefinition {
    /// Key of the table.
    #[schemars(length(min = 1, max = 2))]
    pub key_schema: Vec<KeySchemaElement>,
    /// Attributes of the table's key and of the keys of its indexes.
    pub attribute_definitions: Vec<AttributeDefinition>,
    /// Global secondary indexes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub global_secondary_indexes: Vec<GlobalSecondaryIndex>,
    /// Local secondary indexes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub local_secondary_indexes: Vec<LocalSecondaryIndex>,
    /// Vector indexes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vector_indexes: Vec<VectorIndex>,
    /// Billing mode.
    pub billing_mode: BillingMode,
    /// Provisioned capacity of the table, if it has provisioned capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput: Option<ProvisionedThroughput>,
    /// Maximum throughput of the table, if it is billed per request and has a maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_throughput: Option<OnDemandThroughput>,
    /// Encryption with a KMS key; missing if DynamoDB's own key is used.
    #[serde(rename = "SSESpecification", default, skip_serializing_if = "Option::is_none")]
    pub sse_specification: Option<SseSpecification>,
    /// Table class: `STANDARD` or `STANDARD_INFREQUENT_ACCESS`.
    pub table_class: String,
}

/// An attribute that is part of a key.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AttributeDefinition {
    /// Name of the attribute.
    pub attribute_name: String,
    /// Type of the attribute.
    pub attribute_type: AttributeType,
}

impl TableDefinition {
    /// Returns the definition of a table with this key and nothing else: billed per request, without indexes. The
    /// partition key comes first.
    pub fn from_key(key: Vec<(String, AttributeType)>) -> TableDefinition {
        let roles = [KeyType::Hash, KeyType::Range];
        let element = |((name, _), role): (&(String, AttributeType), KeyType)| KeySchemaElement {
            attribute_name: name.clone(),
            key_type: role,
        };
        let key_schema = key.iter().zip(roles).map(element).collect();
        let definition =
            |(attribute_name, attribute_type)| AttributeDefinition { attribute_name, attribute_type };
        TableDefinition {
            key_schema,
            attribute_definitions: key.into_iter().map(definition).collect(),
            global_secondary_indexes: Vec::new(),
            local_secondary_indexes: Vec::new(),
            vector_indexes: Vec::new(),
            billing_mode: BillingMode::PayPerRequest,
            provisioned_throughput: None,
            on_demand_throughput: None,
            sse_specification: None,
            table_class: "STANDARD".to_owned(),
        }
    }

    /// Returns the key attributes of the table, the partition key first. Returns `None` if the type of one is missing.
    pub fn key(&self) -> Option<Vec<(&str, AttributeType)>> {
        let mut elements: Vec<&KeySchemaElement> = self.key_schema.iter().collect();
        elements.sort_by_key(|element| element.key_type != KeyType::Hash);
        let names = elements.into_iter().map(|element| element.attribute_name.as_str());
        let typed = names.map(|name| {
            let mut definitions = self.attribute_definitions.iter();
            let definition = definitions.find(|definition| definition.attribute_name == name)?;
            Some((name, definition.attribute_type))
        });
        typed.collect()
    }

    /// Returns the KMS key, if the definition names one.
    pub fn kms_key(&self) -> Option<&str> {
        self.sse_specification.as_ref()?.kms_master_key_id.as_deref()
    }

    /// Replaces the KMS key by the AWS managed key of the account and Region in which the table is made.
    pub fn use_managed_key(&mut self) {
        self.sse_specification = Some(SseSpecification { enabled: true, kms_master_key_id: None });
    }
}
