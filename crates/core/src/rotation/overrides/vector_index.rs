//! A vector index to keep, under the names of RestoreTableFromBackup.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Projection, projection};

/// A vector index to keep; those that an override does not list are left out.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VectorIndex {
    /// The index, as the backup has it.
    pub index_name: String,
    /// The attribute that holds the vectors.
    pub vector_attribute: VectorAttribute,
    /// The attributes that a search is narrowed by, as the backup has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub search_schema: Vec<SearchSchemaElement>,
    /// Its attributes, as the backup has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<Projection>,
    /// How many numbers a vector has.
    #[schemars(range(min = 1))]
    pub dimensions: u32,
    /// How near two vectors are to each other.
    pub distance_function: DistanceFunction,
}

/// The attribute that holds the vectors.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VectorAttribute {
    /// Its name.
    pub attribute_name: String,
}

/// An attribute that a search is narrowed by.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SearchSchemaElement {
    /// Its name.
    pub attribute_name: String,
    /// `HASH` for one that partitions the index, `INLINE_FILTER` for one that filters.
    pub search_schema_element_type: SearchSchemaElementType,
}

/// How an attribute narrows a search.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SearchSchemaElementType {
    /// It partitions the index.
    Hash,
    /// It filters.
    InlineFilter,
}

/// How near two vectors are to each other.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DistanceFunction {
    /// By the angle between them.
    Cosine,
    /// By their product.
    DotProduct,
    /// By the distance of their ends.
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
