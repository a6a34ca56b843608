//! A table whose settings are read or written, and the clients that do so.

use std::sync::Arc;

use aws_sdk_cloudwatch::types::MetricAlarm;
use aws_sdk_dynamodb::types::{BillingMode, GlobalSecondaryIndexDescription, TableDescription, TableStatus};
use tokio::sync::OnceCell;

use crate::aws::arn::Arn;
use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::aws::table as table_description;
use crate::error_name::ErrorName;

/// The clients that settings are read and written with, all of one Region and one account.
#[derive(Clone, Debug)]
pub struct Aws {
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// Application Auto Scaling.
    pub auto_scaling: aws_sdk_applicationautoscaling::Client,
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The Region's alarms, where many tables are read in a row: they are listed for the first, and not again.
    pub alarms: Option<Arc<OnceCell<Vec<MetricAlarm>>>>,
}

impl Clients {
    /// For the settings of tables, in this Region and account.
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

/// A table that was described.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What DescribeTable said.
    pub description: TableDescription,
    /// Whether a plan holds that it will have a stream, which it has not yet.
    pub stream_to_come: bool,
}

impl Aws {
    /// The same for many tables that are read in a row, and not changed.
    pub fn for_many_tables(self) -> Aws {
        Aws { alarms: Some(Arc::default()), ..self }
    }

    /// The table of this name or ARN; `None` where there is none.
    pub async fn describe(&self, table: &str) -> Result<Option<Table>, AwsFailure> {
        Ok(table_description::describe(&self.dynamodb, table).await?.map(Table::new))
    }
}

impl Table {
    /// The table that this describes.
    pub fn new(description: TableDescription) -> Table {
        let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
        Table {
            name: text(description.table_name()),
            arn: text(description.table_arn()),
            description,
            stream_to_come: false,
        }
    }

    /// The table's Region and account, as its ARN has them.
    pub fn place(&self) -> (&str, &str) {
        Arn::parse(&self.arn).map_or(("", ""), |arn| (arn.region, arn.account))
    }

    /// Whether DynamoDB takes an UpdateTable of it.
    pub fn is_active(&self) -> bool {
        self.description.table_status() == Some(&TableStatus::Active)
    }

    /// Whether it is billed by the request, and has no capacity of its own.
    pub fn is_on_demand(&self) -> bool {
        let summary = self.description.billing_mode_summary();
        summary.and_then(|summary| summary.billing_mode()) == Some(&BillingMode::PayPerRequest)
    }

    /// Its global secondary indexes.
    pub fn indexes(&self) -> &[GlobalSecondaryIndexDescription] {
        self.description.global_secondary_indexes()
    }

    /// Whether it has a global secondary index of this name.
    pub fn has_index(&self, name: &str) -> bool {
        self.indexes().iter().any(|index| index.index_name() == Some(name))
    }

    /// The ARN of its stream, if one is enabled. The ARN of a stream that was disabled stays behind in
    /// `LatestStreamArn`, and is not meant.
    pub fn stream_arn(&self) -> Option<&str> {
        let enabled = self.description.stream_specification().is_some_and(|stream| stream.stream_enabled());
        enabled.then(|| self.description.latest_stream_arn()).flatten()
    }

    /// The ARN of its stream, for a call that needs one.
    pub fn stream_for(&self, action: &'static str) -> Result<&str, AwsFailure> {
        self.stream_arn().ok_or_else(|| AwsFailure {
            action,
            name: ErrorName::RequestRefused,
            detail: format!("table {} has no stream", self.name),
        })
    }

    /// Whether it has a stream, or will have one when it comes to that.
    pub fn has_stream(&self) -> bool {
        self.stream_to_come || self.stream_arn().is_some()
    }
}

/// The table itself, or one of its indexes, in words.
pub fn table_or_index(index: Option<&str>) -> String {
    index.map_or_else(|| "the table".to_owned(), |index| format!("index {index}"))
}

/// What is said of an index that the target lacks.
pub fn no_index(index: &str) -> String {
    format!("the target has no index {index}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An active table `orders-restored` with the index `by-customer`.
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

    /// The same, on demand.
    pub(crate) fn on_demand() -> Table {
        let mut target = table();
        let summary = aws_sdk_dynamodb::types::BillingModeSummary::builder();
        let summary = summary.billing_mode(BillingMode::PayPerRequest).build();
        target.description.billing_mode_summary = Some(summary);
        target
    }

    #[test]
    fn a_stream_that_was_disabled_is_none() {
        let described = |enabled| {
            let stream = aws_sdk_dynamodb::types::StreamSpecification::builder().stream_enabled(enabled);
            let description = TableDescription::builder().stream_specification(stream.build().unwrap());
            Table::new(description.latest_stream_arn("arn").build()).stream_arn().map(str::to_owned)
        };
        assert_eq!((described(true).as_deref(), described(false)), (Some("arn"), None));
    }

    #[test]
    fn a_table_tells_where_it_is() {
        assert_eq!(table().place(), ("eu-west-1", "123456789012"));
        assert!(table().is_active() && table().has_index("by-customer") && !table().has_index("orders"));
    }
}
