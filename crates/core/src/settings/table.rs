//! A table whose settings are read or written, and the clients for that.

use std::sync::Arc;

use aws_sdk_cloudwatch::types::MetricAlarm;
use aws_sdk_dynamodb::types::{BillingMode, GlobalSecondaryIndexDescription, TableDescription, TableStatus};
use tokio::sync::OnceCell;

use crate::aws::arn::Arn;
use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::aws::table as table_description;
use crate::error_name::ErrorName;

/// The clients for reading and writing settings in one Region and account.
#[derive(Clone, Debug)]
pub struct Aws {
    /// DynamoDB client.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Lambda client.
    pub lambda: aws_sdk_lambda::Client,
    /// Application Auto Scaling client.
    pub auto_scaling: aws_sdk_applicationautoscaling::Client,
    /// CloudWatch client.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Cache of the Region's alarms for reading many tables; `None` to list them for each table.
    pub alarms: Option<Arc<OnceCell<Vec<MetricAlarm>>>>,
}

impl Clients {
    /// Returns the clients for the settings of tables in this Region and account.
    pub fn settings(&self) -> Aws {
        Aws {
            dynamodb: self.dynamodb(),
            lambda: self.lambda(),
            auto_scaling: aws_sdk_applicationautoscaling::Client::new(self.sdk()),
            cloudwatch: self.cloudwatch(),
            alarms: None,
        }
    }
}

/// A described table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Name of the table.
    pub name: String,
    /// ARN of the table.
    pub arn: String,
    /// Response of DescribeTable.
    pub description: TableDescription,
    /// Whether a plan gives the table a stream that it does not have yet.
    pub stream_to_come: bool,
}

impl Aws {
    /// Returns clients that list the alarms only once. Use them to read many tables, not to change any.
    pub fn for_many_tables(self) -> Aws {
        Aws { alarms: Some(Arc::default()), ..self }
    }

    /// Describes the table with this name or ARN. Returns `None` if it does not exist.
    pub async fn describe(&self, table: &str) -> Result<Option<Table>, AwsFailure> {
        Ok(table_description::describe(&self.dynamodb, table).await?.map(Table::new))
    }
}

impl Table {
    /// Returns the table of this description.
    pub fn new(description: TableDescription) -> Table {
        let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
        Table {
            name: text(description.table_name()),
            arn: text(description.table_arn()),
            description,
            stream_to_come: false,
        }
    }

    /// Returns the Region and account in the table's ARN.
    pub fn region_and_account(&self) -> (&str, &str) {
        Arn::parse(&self.arn).map_or(("", ""), |arn| (arn.region, arn.account))
    }

    /// Checks whether DynamoDB accepts an UpdateTable of the table.
    pub fn is_active(&self) -> bool {
        self.description.table_status() == Some(&TableStatus::Active)
    }

    /// Checks whether the table is billed per request and has no provisioned capacity.
    pub fn is_on_demand(&self) -> bool {
        let summary = self.description.billing_mode_summary();
        summary.and_then(|summary| summary.billing_mode()) == Some(&BillingMode::PayPerRequest)
    }

    /// Returns the global secondary indexes.
    pub fn indexes(&self) -> &[GlobalSecondaryIndexDescription] {
        self.description.global_secondary_indexes()
    }

    /// Checks whether the table has a global secondary index with this name.
    pub fn has_index(&self, name: &str) -> bool {
        self.indexes().iter().any(|index| index.index_name() == Some(name))
    }

    /// Returns the ARN of the stream if one is enabled. `LatestStreamArn` alone is not enough, because it also names a
    /// disabled stream.
    pub fn stream_arn(&self) -> Option<&str> {
        let enabled = self.description.stream_specification().is_some_and(|stream| stream.stream_enabled());
        enabled.then(|| self.description.latest_stream_arn()).flatten()
    }

    /// Returns the ARN of the stream, or an error of the action that needs it.
    pub fn stream_for(&self, action: &'static str) -> Result<&str, AwsFailure> {
        self.stream_arn().ok_or_else(|| {
            AwsFailure::new(action, ErrorName::RequestRefused, format!("table {} has no stream", self.name))
        })
    }

    /// Checks whether the table has a stream, or is planned to have one.
    pub fn has_stream(&self) -> bool {
        self.stream_to_come || self.stream_arn().is_some()
    }
}

/// Names the table itself or one of its indexes.
pub fn table_or_index(index: Option<&str>) -> String {
    index.map_or_else(|| "the table".to_owned(), |index| format!("index {index}"))
}

/// Says that the target lacks an index.
pub fn no_index(index: &str) -> String {
    format!("the target has no index {index}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns an active table `orders-restored` with the index `by-customer`.
    pub(crate) fn table() -> Table {
        let index = GlobalSecondaryIndexDescription::builder().index_name("by-customer").build();
        Table::new(
            TableDescription::builder()
                .table_name("orders-restored")
                .table_arn("arn:aws:dynamodb:eu-west-1:123456789012:table/orders-restored")
                .table_status(TableStatus::Active)
                .global_secondary_indexes(index)
                .build(),
        )
    }

    /// Returns the same table, on demand.
    pub(crate) fn on_demand() -> Table {
        let mut target = table();
        let summary = aws_sdk_dynamodb::types::BillingModeSummary::builder();
        let summary = summary.billing_mode(BillingMode::PayPerRequest).build();
        target.description.billing_mode_summary = Some(summary);
        target
    }

    #[test]
    fn a_disabled_stream_does_not_count() {
        let described = |enabled| {
            let stream = aws_sdk_dynamodb::types::StreamSpecification::builder().stream_enabled(enabled);
            let description = TableDescription::builder().stream_specification(stream.build().unwrap());
            Table::new(description.latest_stream_arn("arn").build()).stream_arn().map(str::to_owned)
        };
        assert_eq!((described(true).as_deref(), described(false)), (Some("arn"), None));
    }

    #[test]
    fn a_tables_region_and_account_come_from_its_arn() {
        assert_eq!(table().region_and_account(), ("eu-west-1", "123456789012"));
        assert!(table().is_active() && table().has_index("by-customer") && !table().has_index("orders"));
    }
}
