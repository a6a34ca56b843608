//! What a restore may do differently from the backup, under the names of RestoreTableFromBackup.

mod vector_index;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use vector_index::VectorIndex;

/// How a table is billed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BillingMode {
    /// By request.
    PayPerRequest,
    /// By provisioned capacity.
    Provisioned,
}

/// Provisioned capacity.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ProvisionedThroughput {
    /// Read capacity units.
    #[schemars(range(min = 1))]
    pub read_capacity_units: u32,
    /// Write capacity units.
    #[schemars(range(min = 1))]
    pub write_capacity_units: u32,
}

/// The most that a table billed by request may take; -1 lifts the limit.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OnDemandThroughput {
    /// Read request units a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_read_request_units: Option<i32>,
    /// Write request units a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_write_request_units: Option<i32>,
}

/// Encryption of the restored table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SseSpecification {
    /// Whether a KMS key is used; without, DynamoDB's own key is.
    pub enabled: bool,
    /// The KMS key; without, the account's `alias/aws/dynamodb`.
    #[serde(rename = "KMSMasterKeyId", default, skip_serializing_if = "Option::is_none")]
    pub kms_master_key_id: Option<String>,
}

/// A part of a key.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct KeySchemaElement {
    /// The attribute.
    pub attribute_name: String,
    /// `HASH` for the partition key, `RANGE` for the sort key.
    pub key_type: KeyType,
}

/// Which part of a key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyType {
    /// The partition key.
    Hash,
    /// The sort key.
    Range,
}

/// The attributes that an index holds besides the keys.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Projection {
    /// Whether it holds all attributes, the keys alone, or those that are named.
    pub projection_type: ProjectionType,
    /// Their names, for `INCLUDE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub non_key_attributes: Vec<String>,
}

/// Which attributes an index holds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProjectionType {
    /// All of them.
    All,
    /// The keys and those that are named.
    Include,
    /// The keys.
    KeysOnly,
}

/// A global secondary index to keep; those that an override does not list are left out.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct GlobalSecondaryIndex {
    /// The index, as the backup has it.
    pub index_name: String,
    /// Its key, as the backup has it.
    #[schemars(length(max = 8))]
    pub key_schema: Vec<KeySchemaElement>,
    /// Its attributes, as the backup has them.
    pub projection: Projection,
    /// Its capacity, where the restored table has provisioned capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput: Option<ProvisionedThroughput>,
    /// Its limits, where the restored table is billed by request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_throughput: Option<OnDemandThroughput>,
}

/// A local secondary index to keep; those that an override does not list are left out.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LocalSecondaryIndex {
    /// The index, as the backup has it.
    pub index_name: String,
    /// Its key, as the backup has it.
    #[schemars(length(max = 8))]
    pub key_schema: Vec<KeySchemaElement>,
    /// Its attributes, as the backup has them.
    pub projection: Projection,
}

impl TryFrom<&ProvisionedThroughput> for sdk::ProvisionedThroughput {
    type Error = BuildError;
    fn try_from(units: &ProvisionedThroughput) -> Result<Self, BuildError> {
        sdk::ProvisionedThroughput::builder()
            .read_capacity_units(units.read_capacity_units.into())
            .write_capacity_units(units.write_capacity_units.into())
            .build()
    }
}

impl From<&OnDemandThroughput> for sdk::OnDemandThroughput {
    fn from(limits: &OnDemandThroughput) -> Self {
        sdk::OnDemandThroughput::builder()
            .set_max_read_request_units(limits.max_read_request_units.map(i64::from))
            .set_max_write_request_units(limits.max_write_request_units.map(i64::from))
            .build()
    }
}

impl From<&SseSpecification> for sdk::SseSpecification {
    fn from(encryption: &SseSpecification) -> Self {
        sdk::SseSpecification::builder()
            .enabled(encryption.enabled)
            .set_sse_type(encryption.enabled.then_some(sdk::SseType::Kms))
            .set_kms_master_key_id(encryption.kms_master_key_id.clone())
            .build()
    }
}

fn key_schema(elements: &[KeySchemaElement]) -> Result<Vec<sdk::KeySchemaElement>, BuildError> {
    let element = |element: &KeySchemaElement| {
        let key_type = match element.key_type {
            KeyType::Hash => sdk::KeyType::Hash,
            KeyType::Range => sdk::KeyType::Range,
        };
        sdk::KeySchemaElement::builder().attribute_name(&element.attribute_name).key_type(key_type).build()
    };
    elements.iter().map(element).collect()
}

fn projection(projection: &Projection) -> sdk::Projection {
    let names = &projection.non_key_attributes;
    sdk::Projection::builder()
        .projection_type(match projection.projection_type {
            ProjectionType::All => sdk::ProjectionType::All,
            ProjectionType::Include => sdk::ProjectionType::Include,
            ProjectionType::KeysOnly => sdk::ProjectionType::KeysOnly,
        })
        .set_non_key_attributes((!names.is_empty()).then(|| names.clone()))
        .build()
}

impl TryFrom<&GlobalSecondaryIndex> for sdk::GlobalSecondaryIndex {
    type Error = BuildError;
    fn try_from(index: &GlobalSecondaryIndex) -> Result<Self, BuildError> {
        sdk::GlobalSecondaryIndex::builder()
            .index_name(&index.index_name)
            .set_key_schema(Some(key_schema(&index.key_schema)?))
            .projection(projection(&index.projection))
            .set_provisioned_throughput(
                index.provisioned_throughput.as_ref().map(TryInto::try_into).transpose()?,
            )
            .set_on_demand_throughput(index.on_demand_throughput.as_ref().map(Into::into))
            .build()
    }
}

impl TryFrom<&LocalSecondaryIndex> for sdk::LocalSecondaryIndex {
    type Error = BuildError;
    fn try_from(index: &LocalSecondaryIndex) -> Result<Self, BuildError> {
        sdk::LocalSecondaryIndex::builder()
            .index_name(&index.index_name)
            .set_key_schema(Some(key_schema(&index.key_schema)?))
            .projection(projection(&index.projection))
            .build()
    }
}
