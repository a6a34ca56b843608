//! Finds the location of each table of a stack, and the event source mapping that reads its stream.
//!
//! An `incremental` stack has its own table, whose items are under `IncrementalPrefix`. It may follow more
//! tables (`infra/incremental-tables.yaml`), each with a folder of its name under `TablesPrefix`. The function's event
//! source mappings are the only list of followed tables, so no second list can disagree with them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change::table_of_stream;
use crate::aws::arn::Arn;
use crate::aws::failure::AwsFailure;
use crate::error_name::{ErrorName, HasErrorName};
use crate::input::InvalidInput;
use crate::storage::as_prefix;
use crate::text::quoted;

/// The layout of the tables in a stack's bucket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Layout<'a> {
    /// Name of the stack's own table.
    pub own_table: &'a str,
    /// Key prefix of its items, as the template gives it.
    pub prefix: &'a str,
    /// Prefix of the other tables' folders, as the template gives it.
    pub tables_prefix: &'a str,
}

/// The location of a table's items.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TableLocation {
    /// Key prefix of its items; empty or ending in `/`.
    pub prefix: String,
    /// Folder of the table, also for its late versions; empty for the stack's own table, `<table>/` for others.
    pub folder: String,
}

/// The stream of a table and the event source mapping that reads it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Followed {
    /// ARN of the stream.
    pub stream_arn: String,
    /// UUID of the event source mapping.
    pub mapping: String,
}

impl Layout<'_> {
    /// Returns the location of the items of the table with this name.
    pub fn location(&self, table: &str) -> TableLocation {
        if table == self.own_table {
            return TableLocation { prefix: as_prefix(self.prefix), folder: String::new() };
        }
        let folder = format!("{table}/");
        TableLocation { prefix: format!("{}{folder}", as_prefix(self.tables_prefix)), folder }
    }
}

/// Finds the event source mapping that reads the stream of a table, among those of the function with this name. If a
/// table has two mappings, as while it gets another stream, the one of the newer stream counts. Needs
/// `lambda:ListEventSourceMappings`.
pub async fn followed(
    lambda: &aws_sdk_lambda::Client,
    function_name: &str,
    table: &str,
) -> Result<Followed, FollowedError> {
    let list = lambda.list_event_source_mappings().function_name(function_name);
    let mut pages = list.into_paginator().items().send();
    let mut tables: BTreeMap<String, Followed> = BTreeMap::new();
    while let Some(mapping) = pages.next().await {
        let mapping = mapping.map_err(AwsFailure::from_call("lambda:ListEventSourceMappings"))?;
        let (Some(stream_arn), Some(mapping)) = (mapping.event_source_arn, mapping.uuid) else { continue };
        let Some((_, name)) = table_of_stream(&stream_arn) else { continue };
        let (name, followed) = (name.to_owned(), Followed { stream_arn, mapping });
        // The label of a stream is the time when it was created.
        let newer = |known: &Followed| known.stream_arn < followed.stream_arn;
        if tables.get(&name).is_none_or(newer) {
            tables.insert(name, followed);
        }
    }
    tables.remove(table).ok_or_else(|| {
        let others: Vec<String> = tables.keys().map(|name| quoted(name)).collect();
        let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
        let reason = format!(
            "is {}, which this stack does not follow. It follows {others}; infra/incremental-tables.yaml adds tables to a \
             stack",
            quoted(table)
        );
        FollowedError::Input(InvalidInput { field: "TableName", reason })
    })
}

/// The reason why the mapping of a table's stream was not found.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FollowedError {
    /// The stack does not follow the table.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for FollowedError {
    fn name(&self) -> ErrorName {
        match self {
            FollowedError::Input(_) => ErrorName::InvalidInput,
            FollowedError::Aws(failure) => failure.name,
        }
    }
}

/// Returns the ARN of another table in the same account and Region.
pub fn arn_of_other_table(table_arn: &str, table: &str) -> Option<String> {
    let own = Arn::parse(table_arn)?.table_name()?;
    table_arn.strip_suffix(own).map(|beginning| format!("{beginning}{table}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::fake_aws::{FakeAws, refusal};

    #[test]
    fn the_stacks_table_uses_the_prefix_and_other_tables_use_folders() {
        let layout = Layout { own_table: "orders", prefix: "items", tables_prefix: "/tables" };
        let location = |prefix: &str, folder: &str| TableLocation {
            prefix: prefix.to_owned(),
            folder: folder.to_owned(),
        };
        assert_eq!(layout.location("orders"), location("items/", ""));
        assert_eq!(layout.location("customers"), location("tables/customers/", "customers/"));
        let orders = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
        assert_eq!(
            arn_of_other_table(orders, "customers").as_deref(),
            Some("arn:aws:dynamodb:eu-west-1:123456789012:table/customers")
        );
    }

    #[tokio::test]
    async fn followed_finds_the_mapping_of_the_newest_stream() {
        let aws = FakeAws::default();
        let stream = |table: &str, year: u32| {
            format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{table}/stream/{year}-11-20T00:00:00.000")
        };
        let mapping = |table: &str, year: u32| json!({ "UUID": format!("{table}-{year}"), "EventSourceArn": stream(table, year) });
        let all = json!({ "EventSourceMappings": [mapping("orders", 2025), mapping("customers", 2026),
            mapping("customers", 2025), { "UUID": "of a queue", "EventSourceArn": "arn:aws:sqs:eu-west-1:123456789012:q" }] });
        aws.response("lambda:GET", move |_| (200, all.clone()));
        let lambda = aws.clients().lambda();
        let found = followed(&lambda, "stream-backup", "customers").await.unwrap();
        let expected =
            Followed { stream_arn: stream("customers", 2026), mapping: "customers-2026".to_owned() };
        assert_eq!(found, expected);
        let error = followed(&lambda, "stream-backup", "invoices").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "TableName is `invoices`, which this stack does not follow. It follows `customers`, `orders`; \
             infra/incremental-tables.yaml adds tables to a stack"
        );
        aws.response("lambda:GET", |_| refusal("AccessDeniedException"));
        let Err(FollowedError::Aws(failure)) = followed(&lambda, "stream-backup", "orders").await else {
            panic!()
        };
        assert_eq!(failure.name, ErrorName::AccessDenied);
    }
}
