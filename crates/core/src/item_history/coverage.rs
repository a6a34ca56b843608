//! Records in `<prefix>coverage.json` for which seconds a bucket's history is complete.
//!
//! The versions of an item do not show what was there before the oldest one. Two facts decide that for the whole
//! bucket. The first is the end of the first backfill: from then on the bucket has every item of the table. The second
//! is how long versions have been retained. Both are recorded when they happen, because the bucket does not show them
//! later. A second that is not covered is unknown, which is not the same as empty.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, NaiveDateTime, SubsecRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// Maximum number of attempts to write the document while other writers change it.
const ROUNDS: usize = 8;
/// Format of a stream's label, which is the UTC time when the stream was created (API reference, StreamDescription).
const LABEL: &str = "%Y-%m-%dT%H:%M:%S%.f";

/// The known facts about a bucket's history.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Coverage {
    /// End of the first backfill. From this second on, every item of the table is in the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_since: Option<DateTime<Utc>>,
    /// Label of the table's stream at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Start of another stream of the table. Changes between the two streams are not in the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_since: Option<DateTime<Utc>>,
    /// Days for which the bucket retains noncurrent versions, as last observed; 0 means forever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent_days: Option<u32>,
    /// Versions that were current before this time may be gone, because the retention was shorter once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_since: Option<DateTime<Utc>>,
}

/// The document as it is written. Its first field says what the document is and makes it larger than a tombstone,
/// because the bucket's lifecycle rule for deletions selects objects by size.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    about: &'static str,
    #[serde(flatten)]
    coverage: &'a Coverage,
}

const ABOUT: &str =
    "since when every item of the table is in this bucket, and for how long versions have been kept";

/// The stream, the retention and the time when coverage is written or checked.
#[derive(Clone, Copy, Debug)]
pub struct Present<'a> {
    /// Label of the table's stream; `None` if unknown.
    pub stream: Option<&'a str>,
    /// Days for which the bucket retains noncurrent versions; 0 means forever, `None` means unknown.
    pub noncurrent_days: Option<u32>,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// The reason why a second is not covered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Uncovered {
    /// No backfill has ended.
    #[error(
        "no backfill has ended, so items that were in the table before its stream was read may be missing; run a backfill, \
         and use a second after its end"
    )]
    NoBackfill,
    /// The second is before the end of the first backfill.
    #[error(
        "the first backfill ended at {0}, and before that not every item is known; use a second from then on"
    )]
    BeforeBackfill(DateTime<Utc>),
    /// The table has had another stream since the first backfill.
    #[error(
        "the table got another stream at {0}, and the changes between the two streams are not in the bucket; start a new \
         prefix with a backfill"
    )]
    AnotherStream(DateTime<Utc>),
    /// Versions of that time may have expired.
    #[error(
        "versions were once retained for fewer days, and those that were current before {0} may have been deleted, so an \
         item may be missing or in an older state"
    )]
    Expired(DateTime<Utc>),
}

impl Coverage {
    /// Updates the coverage with the present stream and retention. Repeating it changes nothing.
    #[must_use]
    pub fn observed(mut self, present: &Present<'_>) -> Coverage {
        self.broken_since = self.broken_since_at(present);
        self.kept_since = self.kept_since_at(present);
        self.noncurrent_days = present.noncurrent_days.or(self.noncurrent_days);
        self
    }

    /// Records that a backfill has ended now. Only the first backfill counts.
    #[must_use]
    pub fn backfilled(self, present: &Present<'_>) -> Coverage {
        let mut coverage = self.observed(present);
        if coverage.complete_since.is_none() {
            // Starts at the next whole second, because restores have a resolution of one second.
            coverage.complete_since = Some(present.now.trunc_subsecs(0) + TimeDelta::seconds(1));
            coverage.stream = present.stream.map(str::to_owned);
        }
        coverage
    }

    /// Checks whether the state of every item at a second is known, and returns the reason if it is not.
    pub fn check(&self, at: DateTime<Utc>, present: &Present<'_>) -> Result<(), Uncovered> {
        match (self.complete_since, self.broken_since_at(present), self.kept_since_at(present)) {
            (None, _, _) => Err(Uncovered::NoBackfill),
            (Some(complete), _, _) if at < complete => Err(Uncovered::BeforeBackfill(complete)),
            (_, Some(broken), _) if at >= broken => Err(Uncovered::AnotherStream(broken)),
            (_, _, Some(retained)) if at < retained => Err(Uncovered::Expired(retained)),
            _ => Ok(()),
        }
    }

    /// Returns the time since when every deletion has left a tombstone, or a version behind its delete marker. Returns
    /// `None` if all deletions have.
    pub fn deletions_since(&self, present: &Present<'_>) -> Option<DateTime<Utc>> {
        let days = present.noncurrent_days.filter(|days| *days > 0);
        let retained = days.map(|days| present.now - TimeDelta::days(days.into()));
        [self.kept_since_at(present), retained].into_iter().flatten().max()
    }

    fn broken_since_at(&self, present: &Present<'_>) -> Option<DateTime<Utc>> {
        let other = match (&self.stream, present.stream) {
            (Some(followed), Some(stream)) if followed != stream => {
                Some(began(stream).unwrap_or(present.now))
            }
            _ => None,
        };
        [self.broken_since, other].into_iter().flatten().min()
    }

    fn kept_since_at(&self, present: &Present<'_>) -> Option<DateTime<Utc>> {
        let longer = match (self.noncurrent_days, present.noncurrent_days) {
            (Some(before), Some(days)) if before > 0 && (days == 0 || days > before) => {
                Some(present.now - TimeDelta::days(before.into()))
            }
            _ => None,
        };
        [self.kept_since, longer].into_iter().flatten().max()
    }
}

/// Returns the time when a stream with this label was created.
fn began(label: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(label, LABEL).ok().map(|time| time.and_utc())
}

/// Returns the key of the document.
pub fn key(prefix: &str) -> String {
    format!("{prefix}coverage.json")
}

/// Reads the coverage of the items under a prefix. Returns an empty coverage if there is no document.
pub async fn read(s3: &aws_sdk_s3::Client, bucket: &str, prefix: &str) -> Result<Coverage, AwsFailure> {
    Ok(read_with_etag(s3, bucket, prefix).await?.0)
}

/// Applies `change` to the existing coverage, and writes the result if it differs.
pub async fn update(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    prefix: &str,
    change: impl Fn(Coverage) -> Coverage,
) -> Result<Coverage, AwsFailure> {
    let key = key(prefix);
    for _ in 0..ROUNDS {
        let (existing, etag) = read_with_etag(s3, bucket, prefix).await?;
        let changed = change(existing.clone());
        if changed == existing {
            return Ok(existing);
        }
        let document = Document { about: ABOUT, coverage: &changed };
        let body = serde_json::to_vec_pretty(&document).map_err(AwsFailure::unbuilt("s3:PutObject"))?;
        let put = s3.put_object().bucket(bucket).key(&key).content_type("application/json");
        let put = match etag {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        match put.body(ByteStream::from(body)).send().await {
            Ok(_) => return Ok(changed),
            Err(error) => match error.code() {
                // Another writer was faster, or this write succeeded and its response was lost. Reading again settles
                // it.
                Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey") => {}
                _ => return Err(AwsFailure::from_call("s3:PutObject")(error)),
            },
        }
    }
    Err(AwsFailure::contended(&format!("s3://{bucket}/{key}"), ROUNDS))
}

async fn read_with_etag(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    prefix: &str,
) -> Result<(Coverage, Option<String>), AwsFailure> {
    const GET: &str = "s3:GetObject";
    let key = key(prefix);
    let response = match s3.get_object().bucket(bucket).key(&key).send().await {
        Ok(response) => response,
        Err(error) if error.code() == Some("NoSuchKey") => return Ok((Coverage::default(), None)),
        Err(error) => return Err(AwsFailure::from_call(GET)(error)),
    };
    let etag = response.e_tag.clone();
    let broken_off = |error| AwsFailure::broken_off(GET, &format!("s3://{bucket}/{key}"), error);
    let body = response.body.collect().await.map_err(broken_off)?;
    let coverage = serde_json::from_slice(&body.into_bytes()).map_err(|error| {
        AwsFailure::new(
            GET,
            ErrorName::RequestRefused,
            format!("s3://{bucket}/{key} cannot be read: {error}"),
        )
    })?;
    Ok((coverage, etag))
}

#[cfg(test)]
mod tests;
