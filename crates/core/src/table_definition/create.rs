//! Makes a table from its definition.

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata as _};
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types as sdk;
use item_formats::KeyType as AttributeType;

use super::{AttributeDefinition, TableDefinition};
use crate::aws::failure::AwsFailure;
use crate::rotation::overrides::{BillingMode, key_schema};

/// The AWS action that makes a table.
pub const ACTION: &str = "dynamodb:CreateTable";

/// The result of a request for a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Created {
    /// DynamoDB makes the table.
    Requested,
    /// A table has the name already. An earlier attempt of the same call may have made it, and lost its response.
    Existing,
}

impl TableDefinition {
    /// Requests a table with this name. It can be used when it is ACTIVE.
    pub async fn create(
        &self,
        dynamodb: &aws_sdk_dynamodb::Client,
        table_name: &str,
    ) -> Result<Created, AwsFailure> {
        let create = dynamodb.create_table().table_name(table_name);
        let create = self.with_all(create).map_err(AwsFailure::unbuilt(ACTION))?;
        match create.send().await {
            Ok(_) => Ok(Created::Requested),
            Err(error) if error.code() == Some("ResourceInUseException") => Ok(Created::Existing),
            Err(error) => Err(AwsFailure::from_call(ACTION)(error)),
        }
    }

    fn with_all(&self, create: CreateTableFluentBuilder) -> Result<CreateTableFluentBuilder, BuildError> {
        let attributes: Vec<_> =
            self.attribute_definitions.iter().map(attribute).collect::<Result<_, _>>()?;
        let global = &self.global_secondary_indexes;
        let global: Vec<_> = global.iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        let local = &self.local_secondary_indexes;
        let local: Vec<_> = local.iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        let vector: Vec<_> = self.vector_indexes.iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        let throughput = self.provisioned_throughput.as_ref().map(TryInto::try_into).transpose()?;
        Ok(create
            .set_key_schema(Some(key_schema(&self.key_schema)?))
            .set_attribute_definitions(Some(attributes))
            // DynamoDB refuses an empty list of indexes.
            .set_global_secondary_indexes((!global.is_empty()).then_some(global))
            .set_local_secondary_indexes((!local.is_empty()).then_some(local))
            .set_vector_indexes((!vector.is_empty()).then_some(vector))
            .billing_mode(match self.billing_mode {
                BillingMode::PayPerRequest => sdk::BillingMode::PayPerRequest,
                BillingMode::Provisioned => sdk::BillingMode::Provisioned,
            })
            .set_provisioned_throughput(throughput)
            .set_on_demand_throughput(self.on_demand_throughput.as_ref().map(Into::into))
            .set_sse_specification(self.sse_specification.as_ref().map(Into::into))
            .table_class(sdk::TableClass::from(self.table_class.as_str())))
    }
}

fn attribute(attribute: &AttributeDefinition) -> Result<sdk::AttributeDefinition, BuildError> {
    let attribute_type = match attribute.attribute_type {
        AttributeType::S => sdk::ScalarAttributeType::S,
        AttributeType::N => sdk::ScalarAttributeType::N,
        AttributeType::B => sdk::ScalarAttributeType::B,
    };
    let name = &attribute.attribute_name;
    sdk::AttributeDefinition::builder().attribute_name(name).attribute_type(attribute_type).build()
}
