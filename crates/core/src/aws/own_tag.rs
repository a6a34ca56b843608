//! The tag by which tablekeeper knows a table that it made.
//!
//! DynamoDB tells what a table was restored from only until the table is ACTIVE (measured, DDB-TABLE-216). Whoever starts
//! the same rotation again has to know later too whether the table of that name is its own. So the rotation writes down on
//! the table which recovery point it is of, as soon as the table takes tags.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::Tag;

use super::failure::AwsFailure;

/// What the keys of tablekeeper's own tags begin with. They say something of one table, and are never carried over to
/// another one.
pub const PREFIX: &str = "tablekeeper:";

/// The key of the tag that holds the id of the recovery point that a table was made from.
pub const RECOVERY_POINT: &str = "tablekeeper:recovery-point";

/// Whether a tag is tablekeeper's own.
pub fn is_own(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// The id of a recovery point, which is what its ARN ends with: of
/// `arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/01576616366715-b4e58d3a` it is `01576616366715-b4e58d3a`. A
/// whole ARN can be longer than a tag's value may be.
pub fn recovery_point_id(recovery_point_arn: &str) -> &str {
    recovery_point_arn.rsplit(['/', ':']).next().unwrap_or_default()
}

/// Writes down which recovery point a table was made from. Written again, it changes nothing. `false` where there is no
/// such table (any more).
pub async fn write(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
    recovery_point_arn: &str,
) -> Result<bool, AwsFailure> {
    let action = "dynamodb:TagResource";
    let tag = Tag::builder().key(RECOVERY_POINT).value(recovery_point_id(recovery_point_arn));
    let tag = tag.build().map_err(AwsFailure::unbuilt(action))?;
    match dynamodb.tag_resource().resource_arn(table_arn).tags(tag).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(false),
        Err(error) => Err(AwsFailure::from_call(action)(error)),
    }
}

/// The id of the recovery point that a table was made from, as far as that is written down.
pub async fn read(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
) -> Result<Option<String>, AwsFailure> {
    let mut next_token = None;
    loop {
        let page = dynamodb.list_tags_of_resource().resource_arn(table_arn).set_next_token(next_token);
        let page = page.send().await.map_err(AwsFailure::from_call("dynamodb:ListTagsOfResource"))?;
        let tag = page.tags.unwrap_or_default().into_iter().find(|tag| tag.key == RECOVERY_POINT);
        next_token = page.next_token;
        if tag.is_some() || next_token.is_none() {
            return Ok(tag.map(|tag| tag.value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_recovery_point_is_what_its_arn_ends_with() {
        let backup = "arn:aws:dynamodb:eu-west-1:123456789012:table/a.b/backup/01576616366715-b4e58d3a";
        assert_eq!(recovery_point_id(backup), "01576616366715-b4e58d3a");
        let point =
            "arn:aws:backup:eu-west-1:123456789012:recovery-point:1eb3b5e7-9eb0-435a-a80b-108b488b0d45";
        assert_eq!(recovery_point_id(point), "1eb3b5e7-9eb0-435a-a80b-108b488b0d45");
    }
}
