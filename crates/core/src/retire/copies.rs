//! Reads the copies of tables: what DynamoDB says of them, and tablekeeper's own tags.

use aws_sdk_dynamodb::types as sdk;
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use regex::Regex;

use super::mark::Mark;
use crate::aws::failure::AwsFailure;
use crate::aws::own_tag::{self, DAMAGED, RECOVERY_POINT, RETIRING, VERIFIED};
use crate::aws::table::describe;
use crate::clock::utc;
use crate::error_name::ErrorName;
use crate::rotation::naming::split_time;

/// Number of tables that are read at a time.
const AT_A_TIME: usize = 8;

/// A table whose name ends in a time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Copy {
    /// Name of the table.
    pub table_name: String,
    /// ARN of the table.
    pub table_arn: String,
    /// Id of the table.
    pub table_id: String,
    /// Status of the table, such as `ACTIVE`.
    pub status: String,
    /// Time at which the table was created: the start of its restore.
    pub created_at: DateTime<Utc>,
    /// Whether DynamoDB refuses to delete it.
    pub deletion_protection: bool,
    /// Number of its replicas in other Regions.
    pub replicas: usize,
    /// What its tags say, or why they cannot be read.
    pub tags: Result<Tags, String>,
}

/// What tablekeeper's own tags say of a table.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tags {
    /// Id of the recovery point that a rotation made the table from.
    pub recovery_point: Option<String>,
    /// Whether the table was compared with its source and found equal.
    pub verified: bool,
    /// The mark of an execution that retires the table.
    pub mark: Option<Mark>,
}

impl Copy {
    /// Returns the name without the time, which all copies of a table share.
    pub fn base(&self) -> &str {
        split_time(&self.table_name).map_or(self.table_name.as_str(), |(base, _)| base)
    }

    /// Returns the time of the backup in the name. Later times sort higher.
    pub fn time(&self) -> &str {
        split_time(&self.table_name).map_or("", |(_, time)| time)
    }

    /// Returns whether a rotation made the table and it can be used.
    pub fn is_usable(&self) -> bool {
        self.is_active() && self.tags.as_ref().is_ok_and(|tags| tags.recovery_point.is_some())
    }

    /// Returns whether the table is ACTIVE.
    pub fn is_active(&self) -> bool {
        self.status == sdk::TableStatus::Active.as_str()
    }

    /// Returns the mark on the table.
    pub fn mark(&self) -> Option<&Mark> {
        self.tags.as_ref().ok()?.mark.as_ref()
    }
}

/// The tables whose copies are looked at: names or a pattern, without the time at the end of a copy's name.
#[derive(Clone, Debug)]
pub enum Bases {
    /// These names.
    Names(Vec<String>),
    /// Names that match.
    Pattern(Regex),
}

impl Bases {
    fn has(&self, base: &str) -> bool {
        match self {
            Bases::Names(names) => names.iter().any(|name| name == base),
            Bases::Pattern(pattern) => pattern.is_match(base),
        }
    }
}

/// Returns the names of the copies of these tables, in alphabetical order.
pub async fn names(dynamodb: &aws_sdk_dynamodb::Client, bases: &Bases) -> Result<Vec<String>, AwsFailure> {
    let pages = dynamodb.list_tables().into_paginator().items().send();
    let names: Vec<String> =
        pages.try_collect().await.map_err(AwsFailure::from_call("dynamodb:ListTables"))?;
    let is_wanted = |name: &String| split_time(name).is_some_and(|(base, _)| bases.has(base));
    Ok(names.into_iter().filter(is_wanted).collect())
}

/// Reads these tables. Leaves out those that do not exist.
pub async fn read(dynamodb: &aws_sdk_dynamodb::Client, names: &[String]) -> Result<Vec<Copy>, AwsFailure> {
    let reads: Vec<_> = names.iter().map(|name| copy(dynamodb, name)).collect();
    let copies: Vec<Option<Copy>> = futures::stream::iter(reads).buffered(AT_A_TIME).try_collect().await?;
    Ok(copies.into_iter().flatten().collect())
}

async fn copy(dynamodb: &aws_sdk_dynamodb::Client, name: &str) -> Result<Option<Copy>, AwsFailure> {
    let Some(table) = describe(dynamodb, name).await? else { return Ok(None) };
    let table_arn = table.table_arn().unwrap_or_default().to_owned();
    // DynamoDB has no tags of a table that is being restored, and such a table stays anyway.
    let is_active = table.table_status() == Some(&sdk::TableStatus::Active);
    let tags = if is_active { tags(dynamodb, &table_arn).await? } else { Ok(Tags::default()) };
    Ok(Some(Copy {
        table_name: name.to_owned(),
        table_id: table.table_id().unwrap_or_default().to_owned(),
        status: table.table_status().map_or("UNKNOWN", |status| status.as_str()).to_owned(),
        created_at: table.creation_date_time().map(utc).unwrap_or(DateTime::<Utc>::MAX_UTC),
        deletion_protection: table.deletion_protection_enabled() == Some(true),
        replicas: table.replicas().len(),
        table_arn,
        tags,
    }))
}

/// Reads the tags of a table. A refusal concerns this table only, which then stays.
async fn tags(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
) -> Result<Result<Tags, String>, AwsFailure> {
    match own_tag::own(dynamodb, table_arn).await {
        Ok(tags) => {
            let mut tags = tags.unwrap_or_default();
            Ok(Ok(Tags {
                verified: tags.get(VERIFIED).is_some_and(|value| !value.starts_with(DAMAGED)),
                mark: tags.get(RETIRING).map(|value| Mark::parse(value)),
                recovery_point: tags.remove(RECOVERY_POINT),
            }))
        }
        Err(refused) if matches!(refused.name, ErrorName::AccessDenied | ErrorName::RequestRefused) => {
            Ok(Err(refused.to_string()))
        }
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::fake_aws::{FakeAws, arn};

    const COPY: &str = "orders-20260301-02-00-00";

    async fn read_one(aws: &FakeAws) -> Option<Copy> {
        read(&aws.clients().dynamodb(), &[COPY.to_owned()]).await.unwrap().pop()
    }

    #[tokio::test]
    async fn only_copies_of_the_tables_are_listed() {
        let aws = FakeAws::default().with_table("orders").with_table(COPY).with_pages_of(1);
        let aws = aws.with_table("reorders-20260301-02-00-00").with_table("orders-20260302-02-00-00");
        let dynamodb = aws.clients().dynamodb();
        let by_name = names(&dynamodb, &Bases::Names(vec!["orders".to_owned()])).await.unwrap();
        assert_eq!(by_name, [COPY, "orders-20260302-02-00-00"]);
        let by_pattern = names(&dynamodb, &Bases::Pattern(Regex::new("^re").unwrap())).await.unwrap();
        assert_eq!(by_pattern, ["reorders-20260301-02-00-00"]);
    }

    #[tokio::test]
    async fn a_copy_has_what_dynamodb_and_its_tags_say() {
        let aws = FakeAws::default().with_table(COPY).with_tag(COPY, RECOVERY_POINT, "r");
        let aws = aws.with_tag(COPY, VERIFIED, "EXACT").with_tag(COPY, "team", "blue");
        aws.set(COPY, "DeletionProtectionEnabled", json!(true));
        aws.set(COPY, "Replicas", json!([{ "RegionName": "us-east-1" }]));
        let copy = read_one(&aws).await.unwrap();
        assert_eq!((copy.base(), copy.time()), ("orders", "-20260301-02-00-00"));
        assert_eq!(
            (copy.table_arn.as_str(), copy.table_id.as_str()),
            (arn(COPY).as_str(), "id-of-orders-20260301-02-00-00")
        );
        assert!(copy.deletion_protection && copy.replicas == 1 && copy.is_usable());
        let tags = Tags { recovery_point: Some("r".to_owned()), verified: true, mark: None };
        assert_eq!(copy.tags, Ok(tags));
        aws.state().tables.remove(COPY);
        assert_eq!(read_one(&aws).await, None);
    }

    #[tokio::test]
    async fn refused_tags_are_unknown_and_a_throttled_read_fails() {
        let aws = FakeAws::default().with_table(COPY);
        aws.refuse("dynamodb:ListTagsOfResource", "AccessDeniedException");
        let copy = read_one(&aws).await.unwrap();
        assert!(copy.tags.unwrap_err().starts_with("dynamodb:ListTagsOfResource failed: AccessDenied"));
        aws.refuse("dynamodb:ListTagsOfResource", "ThrottlingException");
        let failure = read(&aws.clients().dynamodb(), &[COPY.to_owned()]).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::Throttled);
    }

    #[tokio::test]
    async fn the_tags_of_a_table_that_is_restored_are_not_read() {
        let aws = FakeAws::default().with_table(COPY);
        aws.set(COPY, "TableStatus", json!("CREATING"));
        aws.refuse("dynamodb:ListTagsOfResource", "ResourceNotFoundException");
        let copy = read_one(&aws).await.unwrap();
        assert!(!copy.is_usable() && copy.tags == Ok(Tags::default()));
    }
}
