//! The tables of a stack: where the items of each lie, and what reads its stream.
//!
//! A stack of `incremental` is of one table, whose items lie under `IncrementalPrefix`. It may follow more tables
//! (`infra/incremental-tables.yaml`), each of which has a folder of its name under `TablesPrefix`. Which tables are followed,
//! the event source mappings of the function say, and nothing else: there is no list beside them that could be wrong.

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

/// How the tables of a stack lie in its bucket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Layout<'a> {
    /// The name of the table that the stack is of.
    pub own_table: &'a str,
    /// Before the keys of its items, as the template says it.
    pub prefix: &'a str,
    /// Before the folders of the other tables, as the template says it.
    pub tables_prefix: &'a str,
}

/// Where the items of a table lie.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TableLocation {
    /// Before the keys of its items: empty, or ending in `/`.
    pub prefix: String,
    /// The table's folder, which late versions have as well: empty for the table that the stack is of, `<table>/` for others.
    pub folder: String,
}

/// What reads the stream of a table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Followed {
    /// The stream's ARN.
    pub stream_arn: String,
    /// The event source mapping's UUID.
    pub mapping: String,
}

impl Layout<'_> {
    /// Returns where the items of the table with this name lie.
    pub fn place(&self, table: &str) -> TableLocation {
        if table == self.own_table {
            return TableLocation { prefix: as_prefix(self.prefix), folder: String::new() };
        }
        let folder = format!("{table}/");
        TableLocation { prefix: format!("{}{folder}", as_prefix(self.tables_prefix)), folder }
    }
}

/// Returns what reads the stream of a table, of the event source mappings of the function with this name. Of two mappings, as
/// while a table gets another stream, that of the newer stream counts. It needs `lambda:ListEventSourceMappings`.
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
        // A stream's label is the time at which it was made.
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

/// Why nothing says what reads a table's stream.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FollowedError {
    /// Nothing reads it.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// An AWS call failed. Its name and action are kept.
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

/// Returns the ARN of a table beside another: of the same account and Region.
pub fn arn_beside(table_arn: &str, table: &str) -> Option<String> {
    let own = Arn::parse(table_arn)?.table_name()?;
    table_arn.strip_suffix(own).map(|beginning| format!("{beginning}{table}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::fake_aws::{FakeAws, refusal};

    #[test]
    fn the_own_table_lies_under_its_prefix_and_others_in_folders_of_their_names() {
        let layout = Layout { own_table: "orders", prefix: "items", tables_prefix: "/tables" };
        let place = |prefix: &str, folder: &str| TableLocation {
            prefix: prefix.to_owned(),
            folder: folder.to_owned(),
        };
        assert_eq!(layout.place("orders"), place("items/", ""));
        assert_eq!(layout.place("customers"), place("tables/customers/", "customers/"));
        let orders = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
        assert_eq!(
            arn_beside(orders, "customers").as_deref(),
            Some("arn:aws:dynamodb:eu-west-1:123456789012:table/customers")
        );
    }

    #[tokio::test]
    async fn the_functions_mappings_say_what_is_followed_and_the_newer_stream_counts() {
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
