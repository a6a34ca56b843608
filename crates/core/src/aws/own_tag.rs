//! The tag that identifies a table that tablekeeper made.
//!
//! DynamoDB says what a table was restored from only until the table is ACTIVE (measured, DDB-TABLE-216). A repeated
//! rotation must still recognize its own table after that. The rotation therefore tags the table with the id of its
//! recovery point as soon as the table accepts tags.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::Tag;

use super::failure::AwsFailure;

/// Prefix of the keys of tablekeeper's own tags. These tags describe one table and are never copied to another one.
pub const PREFIX: &str = "tablekeeper:";

/// Key of the tag that holds the id of the recovery point that a table was made from.
pub const RECOVERY_POINT: &str = "tablekeeper:recovery-point";

/// Key of the tag that says how a table was verified, and when.
pub const VERIFIED: &str = "tablekeeper:verified";

/// First word of the value of [`VERIFIED`] of a table in which a verification found damage.
pub const DAMAGED: &str = "DAMAGED";

/// Key of the tag that marks a table that is being retired ([`crate::retire::mark`]).
pub const RETIRING: &str = "tablekeeper:retiring";

/// Maximum number of tags of a table that a user makes.
const MOST_TAGS: usize = 50;

/// Returns whether a tag is tablekeeper's own.
pub fn is_own(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// Returns the id of a recovery point, which is the last part of its ARN: `01576616366715-b4e58d3a` of
/// `arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/01576616366715-b4e58d3a`. A whole ARN can be longer
/// than the value of a tag may be.
pub fn recovery_point_id(recovery_point_arn: &str) -> &str {
    recovery_point_arn.rsplit(['/', ':']).next().unwrap_or_default()
}

/// Tags a table with the recovery point that it was made from. Repeating it changes nothing. Returns `false` if the
/// table does not exist.
pub async fn write(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
    recovery_point_arn: &str,
) -> Result<bool, AwsFailure> {
    set(dynamodb, table_arn, RECOVERY_POINT, recovery_point_id(recovery_point_arn)).await
}

/// Sets a tag of a table. Repeating it changes nothing. Returns `false` if the table does not exist.
pub async fn set(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
    key: &str,
    value: &str,
) -> Result<bool, AwsFailure> {
    let action = "dynamodb:TagResource";
    let tag = Tag::builder().key(key).value(value).build().map_err(AwsFailure::unbuilt(action))?;
    match dynamodb.tag_resource().resource_arn(table_arn).tags(tag).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(false),
        Err(error) => Err(AwsFailure::from_call(action)(error)),
    }
}

/// Reads the id of the recovery point that a table was made from. Returns `None` if the table has no such tag.
pub async fn read(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
) -> Result<Option<String>, AwsFailure> {
    let tag = all(dynamodb, table_arn).await?.into_iter().find(|tag| tag.key == RECOVERY_POINT);
    Ok(tag.map(|tag| tag.value))
}

/// Returns whether a table has room for a tag with this key, or has it already.
pub async fn has_room(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
    key: &str,
) -> Result<bool, AwsFailure> {
    let tags = all(dynamodb, table_arn).await?;
    let of_user = tags.iter().filter(|tag| !tag.key.starts_with("aws:")).count();
    Ok(of_user < MOST_TAGS || tags.iter().any(|tag| tag.key == key))
}

/// Reads all tags of a table.
pub async fn all(dynamodb: &aws_sdk_dynamodb::Client, table_arn: &str) -> Result<Vec<Tag>, AwsFailure> {
    let (mut tags, mut next_token) = (Vec::new(), None);
    loop {
        let page = dynamodb.list_tags_of_resource().resource_arn(table_arn).set_next_token(next_token);
        let page = page.send().await.map_err(AwsFailure::from_call("dynamodb:ListTagsOfResource"))?;
        tags.extend(page.tags.unwrap_or_default());
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(tags);
        }
    }
}

/// Reads tablekeeper's own tags of a table, by key. Returns `None` if the table does not exist.
pub async fn own(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
) -> Result<Option<BTreeMap<String, String>>, AwsFailure> {
    let mut own = BTreeMap::new();
    let mut next_token = None;
    loop {
        let list = dynamodb.list_tags_of_resource().resource_arn(table_arn).set_next_token(next_token);
        let page = match list.send().await {
            Ok(page) => page,
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(AwsFailure::from_call("dynamodb:ListTagsOfResource")(error)),
        };
        let tags = page.tags.unwrap_or_default().into_iter().filter(|tag| is_own(&tag.key));
        own.extend(tags.map(|tag| (tag.key, tag.value)));
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(Some(own));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_point_id_is_the_end_of_its_arn() {
        let backup = "arn:aws:dynamodb:eu-west-1:123456789012:table/a.b/backup/01576616366715-b4e58d3a";
        assert_eq!(recovery_point_id(backup), "01576616366715-b4e58d3a");
        let point =
            "arn:aws:backup:eu-west-1:123456789012:recovery-point:1eb3b5e7-9eb0-435a-a80b-108b488b0d45";
        assert_eq!(recovery_point_id(point), "1eb3b5e7-9eb0-435a-a80b-108b488b0d45");
    }
}
