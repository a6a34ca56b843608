//! Reads how long a bucket retains versions of objects.
//!
//! State machines get the retention from the template's parameter. Use this if only the name of the bucket is known.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{BucketVersioningStatus, ExpirationStatus, LifecycleRule};

use crate::aws::failure::AwsFailure;

/// Maximum number of days in a lifecycle rule.
pub const MOST_DAYS: u32 = 36_500;

/// The retention of versions in a bucket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VersionRetention {
    /// Whether versioning is enabled.
    pub versions: bool,
    /// Days after which a noncurrent version is deleted; 0 means never.
    pub noncurrent_days: u32,
}

/// Reads the retention of objects under this prefix.
pub async fn read(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    prefix: &str,
) -> Result<VersionRetention, AwsFailure> {
    let versioning = s3.get_bucket_versioning().bucket(bucket).send().await;
    let versioning = versioning.map_err(AwsFailure::from_call("s3:GetBucketVersioning"))?;
    let versions = versioning.status == Some(BucketVersioningStatus::Enabled);
    let rules = match s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await {
        Ok(response) => response.rules.unwrap_or_default(),
        Err(error) if error.code() == Some("NoSuchLifecycleConfiguration") => Vec::new(),
        Err(error) => return Err(AwsFailure::from_call("s3:GetLifecycleConfiguration")(error)),
    };
    let days = rules.iter().filter_map(|rule| days_of(rule, prefix)).min();
    Ok(VersionRetention { versions, noncurrent_days: days.unwrap_or_default() })
}

/// Returns the number of days after which a rule deletes versions of objects under this prefix. Ignores rules for
/// objects with a tag, because the versions have no tags.
fn days_of(rule: &LifecycleRule, prefix: &str) -> Option<u32> {
    if rule.status != ExpirationStatus::Enabled {
        return None;
    }
    let filter = rule.filter.as_ref();
    let both = filter.and_then(|filter| filter.and.as_ref());
    let tagged = filter.is_some_and(|filter| filter.tag.is_some())
        || both.and_then(|both| both.tags.as_ref()).is_some_and(|tags| !tags.is_empty());
    #[expect(deprecated, reason = "S3 still accepts and returns rules with a prefix outside of a filter")]
    let of_rule = rule.prefix.as_deref();
    let of_filter = filter.and_then(|filter| filter.prefix.as_deref());
    let of_both = both.and_then(|both| both.prefix.as_deref());
    let beginning = of_filter.or(of_both).or(of_rule).unwrap_or_default();
    if tagged || !(prefix.starts_with(beginning) || beginning.starts_with(prefix)) {
        return None;
    }
    let expiration = rule.noncurrent_version_expiration.as_ref()?;
    u32::try_from(expiration.noncurrent_days?).ok().filter(|days| *days > 0)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{LifecycleRuleFilter, NoncurrentVersionExpiration, Tag};

    use super::*;

    #[test]
    fn rules_whose_prefix_overlaps_the_items_count() {
        let rule = |filter: LifecycleRuleFilter, status: ExpirationStatus| {
            let expiration = NoncurrentVersionExpiration::builder().noncurrent_days(30).build();
            LifecycleRule::builder()
                .status(status)
                .filter(filter)
                .noncurrent_version_expiration(expiration)
                .build()
                .unwrap()
        };
        let under = |prefix: &str| LifecycleRuleFilter::builder().prefix(prefix).build();
        let tag = Tag::builder().key("a").value("b").build().unwrap();
        for (rule, days) in [
            (rule(under(""), ExpirationStatus::Enabled), Some(30)),
            (rule(under("items/"), ExpirationStatus::Enabled), Some(30)),
            (rule(under("items/ab"), ExpirationStatus::Enabled), Some(30)),
            (rule(under("snapshots/"), ExpirationStatus::Enabled), None),
            (rule(under(""), ExpirationStatus::Disabled), None),
            (rule(LifecycleRuleFilter::builder().tag(tag).build(), ExpirationStatus::Enabled), None),
        ] {
            assert_eq!(days_of(&rule, "items/"), days, "{rule:?}");
        }
    }
}
