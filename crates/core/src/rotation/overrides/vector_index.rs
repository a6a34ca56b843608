//! A vector index to restore, with the names of RestoreTableFromBackup.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Projection, projection};
use crate::table_definition::described_projection;

/// A vector index.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VectorIndex {
    /// Name of the index.
    pub index_name: String,
    /// Attribute that holds the vectors.
    pub vector_attribute: VectorAttribute,
    /// Attributes that narrow a search.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub search_schema: Vec<SearchSchemaElement>,
    /// Attributes of the index.
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

impl VectorIndex {
    /// Returns the index of a description. Returns `None` if it has something that this version does not know.
    pub(crate) fn from_description(index: &sdk::VectorIndexDescription) -> Option<VectorIndex> {
        let element = |element: &sdk::SearchSchemaElement| {
            let role = match element.search_schema_element_type() {
                sdk::SearchSchemaElementType::Hash => SearchSchemaElementType::Hash,
                sdk::SearchSchemaElementType::InlineFilter => SearchSchemaElementType::InlineFilter,
                _ => return None,
            };
            let attribute_name = element.attribute_name().to_owned();
            Some(SearchSchemaElement { attribute_name, search_schema_element_type: role })
        };
        let attribute_name = index.vector_attribute()?.attribute_name().to_owned();
        Some(VectorIndex {
            index_name: index.index_name()?.to_owned(),
            vector_attribute: VectorAttribute { attribute_name },
            search_schema: index.search_schema().iter().map(element).collect::<Option<_>>()?,
            projection: match index.projection() {
                Some(described) => Some(described_projection(described)?),
                None => None,
            },
            dimensions: u32::try_from(index.dimensions()?).ok()?,
            distance_function: match index.distance_function()? {
                sdk::VectorDistanceFunction::Cosine => DistanceFunction::Cosine,
                sdk::VectorDistanceFunction::DotProduct => DistanceFunction::DotProduct,
                sdk::VectorDistanceFunction::Euclidean => DistanceFunction::Euclidean,
                _ => return None,
            },
        })
    }
}
