//! A vector index to restore, with the names of RestoreTableFromBackup.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Projection, projection};

/// A vector index to restore. Indexes that an override does not list are not restored.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VectorIndex {
    /// Name of the index, as in the backup.
    pub index_name: String,
    /// Attribute that holds the vectors.
    pub vector_attribute: VectorAttribute,
    /// Attributes that narrow a search, as in the backup.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub search_schema: Vec<SearchSchemaElement>,
    /// Attributes of the index, as in the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<Projection>,
    /// Number of dimensions of a vector.
    #[schemars(range(min = 1))]
    pub dimensions: u32,
    /// Function that measures the distance between two vectors.
    pub distance_function: DistanceFunction,
}

/// The attribute that holds the vectors.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VectorAttribute {
    /// Name of the attribute.
    pub attribute_name: String,
}

/// An attribute that narrows a search.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SearchSchemaElement {
    /// Name of the attribute.
    pub attribute_name: String,
    /// Role of the attribute: `HASH` partitions the index, `INLINE_FILTER` filters.
    pub search_schema_element_type: SearchSchemaElementType,
}

/// The way in which an attribute narrows a search.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SearchSchemaElementType {
    /// The attribute partitions the index.
    Hash,
    /// The attribute filters.
    InlineFilter,
}

/// A function that measures the distance between two vectors.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DistanceFunction {
    /// Cosine of the angle between the vectors.
    Cosine,
    /// Dot product of the vectors.
    DotProduct,
    /// Euclidean distance.
    Euclidean,
}

impl TryFrom<&VectorIndex> for sdk::VectorIndex {
    type Error = BuildError;
    fn try_from(index: &VectorIndex) -> Result<Self, BuildError> {
        let element = |element: &SearchSchemaElement| {
            let role = match element.search_schema_element_type {
                SearchSchemaElementType::Hash => sdk::SearchSchemaElementType::Hash,
                SearchSchemaElementType::InlineFilter => sdk::SearchSchemaElementType::InlineFilter,
            };
            let element = sdk::SearchSchemaElement::builder().attribute_name(&element.attribute_name);
            element.search_schema_element_type(role).build()
        };
        let schema: Vec<_> = index.search_schema.iter().map(element).collect::<Result<_, _>>()?;
        let attribute = sdk::VectorAttributeDefinition::builder();
        let attribute = attribute.attribute_name(&index.vector_attribute.attribute_name).build()?;
        sdk::VectorIndex::builder()
            .index_name(&index.index_name)
            .vector_attribute(attribute)
            .set_search_schema((!schema.is_empty()).then_some(schema))
            .set_projection(index.projection.as_ref().map(projection))
            .dimensions(index.dimensions.into())
            .distance_function(match index.distance_function {
                DistanceFunction::Cosine => sdk::VectorDistanceFunction::Cosine,
                DistanceFunction::DotProduct => sdk::VectorDistanceFunction::DotProduct,
                DistanceFunction::Euclidean => sdk::VectorDistanceFunction::Euclidean,
            })
            .build()
    }
}
