//! Selects the tables of an execution: by name, by pattern or by tag.
//!
//! Each workflow decides which of these its input may use. The parsing and the search are the same for all workflows.
//! Names are not looked up here. A name without a table fails later, under that name, and stops no other table.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::TableStatus;
use chrono::TimeDelta;
use regex::Regex;

use super::arn::{TABLE_NAME, is_table_name, table_arn};
use super::failure::AwsFailure;
use super::table as table_description;
use crate::clock::{Clock, utc};
use crate::error_name::ErrorName;
use crate::input::InvalidInput;
use crate::text::{quoted, regex_error};

/// The tables to select.
#[derive(Clone, Debug)]
pub enum Selection {
    /// Tables of these names.
    Names(Vec<String>),
    /// Tables whose names match.
    Pattern(Regex),
    /// Tables with this tag. A key may contain `=`, so `a=b=c` may have the key `a` or `a=b`. Every way to split it is
    /// tried.
    Tag {
        /// Text before the first `=`, verbatim.
        key: String,
        /// Text after the first `=`.
        value: String,
        /// Comparison of values.
        case: ValueCase,
    },
}

/// A way to compare the values of tags.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ValueCase {
    /// Compares values verbatim.
    Exact,
    /// Ignores case: `TRUE` equals `true`.
    Any,
}

/// An input that selects no tables because it is invalid.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SelectionError {
    /// A field holds an invalid value.
    #[error(transparent)]
    Field(#[from] InvalidInput),
    /// The pattern is not a regular expression.
    #[error("TableNamePattern {pattern} is not a regular expression in RE2's syntax: {reason}")]
    Pattern {
        /// The pattern, quoted.
        pattern: String,
        /// What is wrong with the pattern.
        reason: String,
    },
}

impl SelectionError {
    /// Returns the name that a step fails with.
    pub fn name(&self) -> ErrorName {
        match self {
            SelectionError::Field(_) => ErrorName::InvalidInput,
            SelectionError::Pattern { .. } => ErrorName::InvalidPattern,
        }
    }
}

/// Creates the error of an invalid field.
pub fn field(field: &'static str, reason: impl Into<String>) -> SelectionError {
    InvalidInput { field, reason: reason.into() }.into()
}

/// Splits the comma-separated names in a template parameter.
pub fn named_in(parameter: &str) -> Vec<String> {
    parameter.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Selects tables by name, without duplicates. `of` is the field that holds the names.
pub fn names_of(of: &'static str, names: Vec<String>) -> Result<Selection, SelectionError> {
    if names.is_empty() {
        return Err(field(of, "is empty; it must name at least one table"));
    }
    if let Some(wrong) = names.iter().find(|name| !is_table_name(name)) {
        return Err(field(of, format!("has {}; it must be {TABLE_NAME}", quoted(wrong))));
    }
    let mut seen = BTreeSet::new();
    Ok(Selection::Names(names.into_iter().filter(|name| seen.insert(name.clone())).collect()))
}

/// Selects the tables whose names match a regular expression.
pub fn pattern_of(pattern: &str) -> Result<Selection, SelectionError> {
    let invalid = |error: &regex::Error| SelectionError::Pattern {
        pattern: quoted(pattern),
        reason: regex_error(error),
    };
    Regex::new(pattern).map(Selection::Pattern).map_err(|error| invalid(&error))
}

/// Selects the tables with a tag of the form `key=value`.
pub fn tag_of(tag: &str, case: ValueCase) -> Result<Selection, SelectionError> {
    match tag.split_once('=') {
        Some((key, value)) if !key.is_empty() => {
            Ok(Selection::Tag { key: key.to_owned(), value: value.to_owned(), case })
        }
        _ => Err(field("TableTag", format!("is {}; it must have the form key=value", quoted(tag)))),
    }
}

/// Parses a number of hours, 1 to 168, from the template parameter `of`.
pub fn hours_of(of: &'static str, hours: &str) -> Result<TimeDelta, SelectionError> {
    match hours.parse() {
        Ok(hours @ 1..=168) => Ok(TimeDelta::hours(hours)),
        _ => Err(field(of, format!("is {}; it must be between 1 and 168", quoted(hours)))),
    }
}

impl Selection {
    /// Returns the error of a selection that has no tables, or too many. `reason` follows the field and its value, as in
    /// ``TableTag is `a=b`; no table has this tag``.
    pub fn refused(&self, reason: impl FnOnce(&str) -> String) -> SelectionError {
        let (of, value, every) = match self {
            Selection::Names(names) => ("TableNames", quoted(&names.join(", ")), "no table is named"),
            Selection::Pattern(pattern) => (
                "TableNamePattern",
                quoted(pattern.as_str()),
                "no table of this account and Region has such a name",
            ),
            Selection::Tag { key, value, .. } => (
                "TableTag",
                quoted(&format!("{key}={value}")),
                "no table of this account and Region has this tag",
            ),
        };
        field(of, format!("is {value}; {}", reason(every)))
    }

    /// Finds the names of the selected tables in the Region and account of the execution.
    pub async fn tables(
        self,
        dynamodb: &aws_sdk_dynamodb::Client,
        execution_arn: &str,
    ) -> Result<Vec<String>, AwsFailure> {
        match self {
            Selection::Names(names) => Ok(names),
            Selection::Pattern(pattern) => {
                Ok(every_table(dynamodb).await?.into_iter().filter(|name| pattern.is_match(name)).collect())
            }
            Selection::Tag { key, value, case } => {
                let wanted = format!("{key}={value}");
                let is_wanted =
                    |tag: &aws_sdk_dynamodb::types::Tag| is_written(&wanted, tag.key(), tag.value(), case);
                let mut found = Vec::new();
                for name in every_table(dynamodb).await? {
                    if has_tag(dynamodb, &table_arn(&name, execution_arn), is_wanted).await? {
                        found.push(name);
                    }
                }
                Ok(found)
            }
        }
    }
}

/// Returns whether a tag, written as `key=value`, equals `wanted`.
fn is_written(wanted: &str, key: &str, value: &str, case: ValueCase) -> bool {
    let wanted = wanted.strip_prefix(key).and_then(|rest| rest.strip_prefix('='));
    wanted.is_some_and(|wanted| match case {
        ValueCase::Exact => wanted == value,
        ValueCase::Any => wanted.to_lowercase() == value.to_lowercase(),
    })
}

async fn every_table(dynamodb: &aws_sdk_dynamodb::Client) -> Result<Vec<String>, AwsFailure> {
    let mut names = Vec::new();
    let mut pages = dynamodb.list_tables().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("dynamodb:ListTables"))?;
        names.extend(page.table_names.unwrap_or_default());
    }
    Ok(names)
}

async fn has_tag(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
    is_wanted: impl Fn(&aws_sdk_dynamodb::types::Tag) -> bool,
) -> Result<bool, AwsFailure> {
    let mut next_token = None;
    loop {
        let list = dynamodb.list_tags_of_resource().resource_arn(table_arn).set_next_token(next_token);
        let page = match list.send().await {
            Ok(page) => page,
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                return has_no_tags(dynamodb, table_arn).await.map(|()| false);
            }
            Err(error) => return Err(AwsFailure::from_call("dynamodb:ListTagsOfResource")(error)),
        };
        if page.tags().iter().any(&is_wanted) {
            return Ok(true);
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(false);
        }
    }
}

/// The longest time that a table of CreateTable is in creation, with a wide margin.
const CREATED_FOR_AT_MOST: TimeDelta = TimeDelta::minutes(10);

/// Checks why a table has no tags.
///
/// - A table that was deleted or is being deleted is not selected.
/// - A table that is being restored is not selected, since a restore copies no tags.
/// - The tags of any other table are known only once it is created (DDB-TABLE-101, 104, 217 of the measurements). Until
///   then it fails as `ResourceBusy`.
/// - A table that has been in creation for more than ten minutes is not selected. ImportTable fills a table for hours,
///   which would delay the other tables.
async fn has_no_tags(dynamodb: &aws_sdk_dynamodb::Client, table_arn: &str) -> Result<(), AwsFailure> {
    let Some(table) = table_description::describe(dynamodb, table_arn).await? else { return Ok(()) };
    if table.table_status() == Some(&TableStatus::Deleting) {
        return Ok(());
    }
    if table.restore_summary().is_some_and(|summary| summary.restore_in_progress()) {
        tracing::warn!(
            table = table_arn,
            "the table is being restored and has no tags yet, so it is not selected"
        );
        return Ok(());
    }
    let created = table.creation_date_time().filter(|_| table.table_status() == Some(&TableStatus::Creating));
    if created.is_some_and(|created| Clock::System.now() - utc(created) > CREATED_FOR_AT_MOST) {
        tracing::warn!(
            table = table_arn,
            "the table has been in creation for long and has no tags yet, so it is not selected"
        );
        return Ok(());
    }
    let status = table.table_status().map_or("in an unknown state", |status| status.as_str());
    Err(AwsFailure::new(
        "dynamodb:ListTagsOfResource",
        ErrorName::ResourceBusy,
        format!("table {table_arn} is {status}, and its tags cannot be read until it is ACTIVE"),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::fake_aws::{FakeAws, arn};

    const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:m:e";

    async fn chosen(aws: &FakeAws, tag: &str, case: ValueCase) -> Result<Vec<String>, AwsFailure> {
        tag_of(tag, case).unwrap().tables(&aws.clients().dynamodb(), EXECUTION).await
    }

    #[tokio::test]
    async fn every_way_to_split_a_tag_at_an_equals_sign_is_tried() {
        let aws = FakeAws::default().with_table("a").with_table("b").with_table("c").with_table("d");
        let aws = aws.with_tag("a", "backup=nightly", "yes").with_tag("b", "backup", "nightly=yes");
        let aws = aws.with_tag("c", "backup", "nightly").with_tag("d", "backup=nightly", "YES");
        assert_eq!(chosen(&aws, "backup=nightly=yes", ValueCase::Exact).await.unwrap(), ["a", "b"]);
        assert_eq!(chosen(&aws, "backup=nightly=yes", ValueCase::Any).await.unwrap(), ["a", "b", "d"]);
        assert_eq!(chosen(&aws, "backup=nightly", ValueCase::Exact).await.unwrap(), ["c"]);
    }

    #[tokio::test]
    async fn table_whose_tags_cannot_be_found_is_described() {
        let aws =
            FakeAws::default().with_table("going").with_table("tagged").with_tag("tagged", "backup", "yes");
        let tags = json!([{ "Key": "backup", "Value": "yes" }]);
        aws.response("dynamodb:ListTagsOfResource", move |call| {
            match call.input["ResourceArn"] == arn("going") {
                true => crate::testing::fake_aws::refusal("ResourceNotFoundException"),
                false => (200, json!({ "Tags": tags })),
            }
        });
        let chosen = async || chosen(&aws, "backup=yes", ValueCase::Exact).await;
        aws.set("going", "CreationDateTime", json!(Clock::System.now().timestamp()));
        for status in ["CREATING", "ACTIVE"] {
            aws.set("going", "TableStatus", json!(status));
            let busy = chosen().await.unwrap_err();
            assert_eq!(busy.name, ErrorName::ResourceBusy);
            assert!(busy.detail.starts_with(&format!("table {} is {status}", arn("going"))), "{busy}");
        }
        aws.set("going", "TableStatus", json!("DELETING"));
        assert_eq!(chosen().await.unwrap(), ["tagged"]);
        // ImportTable leaves a table in this state for hours.
        aws.set("going", "TableStatus", json!("CREATING"));
        aws.set("going", "CreationDateTime", json!(1_000.0));
        assert_eq!(chosen().await.unwrap(), ["tagged"]);
        aws.set("going", "CreationDateTime", json!(Clock::System.now().timestamp()));
        aws.set("going", "TableStatus", json!("CREATING"));
        let summary = json!({ "RestoreDateTime": 1.0, "RestoreInProgress": true });
        aws.set("going", "RestoreSummary", summary);
        assert_eq!(chosen().await.unwrap(), ["tagged"]);
        aws.refuse("dynamodb:DescribeTable", "ResourceNotFoundException");
        assert_eq!(chosen().await.unwrap(), ["tagged"]);
    }
}
