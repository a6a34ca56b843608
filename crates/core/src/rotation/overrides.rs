//! Settings in which a restore may differ from its backup, with the names of RestoreTableFromBackup and CreateTable. A
//! [table's definition](crate::table_definition) has them, too.

mod vector_index;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use vector_index::VectorIndex;

/// The billing mode of a table.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BillingMode {
    /// Billing per request.
    PayPerRequest,
    /// Billing for provisioned capacity.
    Provisioned,
}

/// Provisioned capacity.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ProvisionedThroughput {
    /// Read capacity units per second.
    #[schemars(range(min = 1))]
    pub read_capacity_units: u32,
    /// Write capacity units per second.
    #[schemars(range(min = 1))]
    pub write_capacity_units: u32,
}

/// Maximum throughput of a table that is billed per request; -1 removes the limit.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OnDemandThroughput {
    /// Maximum read request units per second; -1 removes the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_read_request_units: Option<i32>,
    /// Maximum write request units per second; -1 removes the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_write_request_units: Option<i32>,
}

/// Encryption of a table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SseSpecification {
    /// Whether a KMS key is used. Otherwise DynamoDB's own key is used.
    pub enabled: bool,
    /// KMS key. If absent, the account's `alias/aws/dynamodb` is used.
    #[serde(rename = "KMSMasterKeyId", default, skip_serializing_if = "Option::is_none")]
    pub kms_master_key_id: Option<String>,
}

/// An attribute of a key.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct KeySchemaElement {
    /// Name of the attribute.
    pub attribute_name: String,
    /// Role of the attribute: `HASH` for the partition key, `RANGE` for the sort key.
    pub key_type: KeyType,
}

/// The role of an attribute in a key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyType {
    /// The partition key.
    Hash,
    /// The sort key.
    Range,
}

/// The attributes that an index holds in addition to the keys.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Projection {
    /// Whether the index holds all attributes, only the keys, or also the named attributes.
    pub projection_type: ProjectionType,
    /// Names of the attributes, for `INCLUDE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub non_key_attributes: Vec<String>,
}

/// The kind of a projection.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProjectionType {
    /// All attributes.
    All,
    /// The keys and the named attributes.
    Include,
    /// Only the keys.
    KeysOnly,
}

/// A global secondary index.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct GlobalSecondaryIndex {
    /// Name of the index.
    pub index_name: String,
    /// Key of the index.
    #[schemars(length(max = 8))]
    pub key_schema: Vec<KeySchemaElement>,
    /// Attributes of the index.
    pub projection: Projection,
    /// Provisioned capacity of the index, if the table has provisioned capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput: Option<ProvisionedThroughput>,
    /// Maximum throughput of the index, if the table is billed per request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_throughput: Option<OnDemandThroughput>,
}

/// A local secondary index.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LocalSecondaryIndex {
    /// Name of the index.
    pub index_name: String,
    /// Key of the index.
    #[schemars(length(max = 8))]
    pub key_schema: Vec<KeySchemaElement>,
    /// Attributes of the index.
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

pub(crate) fn key_schema(elements: &[KeySchemaElement]) -> Result<Vec<sdk::KeySchemaElement>, BuildError> {
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
