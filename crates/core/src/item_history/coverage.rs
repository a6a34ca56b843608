//! Which seconds a bucket's history is complete for: what `<prefix>coverage.json` says.
//!
//! The versions of an item say nothing of what was there before the oldest of them. Two things decide it for the bucket as
//! a whole: since when every item of the table has been in it, which is the end of the first backfill, and how long
//! versions have been kept. Both are written down as they happen, as neither shows afterwards. A second that is not
//! covered is not known, which is not the same as empty.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, NaiveDateTime, SubsecRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// How often the document is written while others keep writing it.
const ROUNDS: usize = 8;
/// The form of a stream's label, which is when the stream was made, in UTC (API reference, StreamDescription).
const LABEL: &str = "%Y-%m-%dT%H:%M:%S%.f";

/// What is known of a bucket's history.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Coverage {
    /// The end of the first backfill: from this second on every item of the table is in the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_since: Option<DateTime<Utc>>,
    /// The label of the stream that was followed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// When another stream of the table began. What changed between the two is not in the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_since: Option<DateTime<Utc>>,
    /// Days for which versions are kept, as last seen; 0 for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent_days: Option<u32>,
    /// Versions that were current before may be gone, as they were kept for fewer days once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_since: Option<DateTime<Utc>>,
}

/// The document. Its first line says what it is, and that it is more than a tombstone: the bucket's lifecycle rule for
/// deletions goes by an object's size.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    about: &'static str,
    #[serde(flatten)]
    coverage: &'a Coverage,
}

const ABOUT: &str =
    "since when every item of the table is in this bucket, and for how long versions have been kept";

/// How things stand when a coverage is written or asked.
#[derive(Clone, Copy, Debug)]
pub struct Present<'a> {
    /// The label of the table's stream; `None` where nothing says it.
    pub stream: Option<&'a str>,
    /// Days for which versions are kept; 0 for ever, `None` where nothing says it.
    pub noncurrent_days: Option<u32>,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Why a second is not covered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Uncovered {
    /// No backfill has come to its end.
    #[error(
        "no backfill has ended, so that items may be missing that were in the table before its stream was followed; run a \
         backfill, and take a second from then on"
    )]
    NoBackfill,
    /// The second is before the end of the first one.
    #[error("the first backfill ended at {0}, and what was in the table before is not known as a whole")]
    BeforeBackfill(DateTime<Utc>),
    /// The table has had another stream.
    #[error(
        "the table got another stream at {0}, and what changed between the two is not in the bucket; begin a new prefix with \
         a backfill"
    )]
    AnotherStream(DateTime<Utc>),
    /// Versions are gone.
    #[error(
        "versions were kept for fewer days once, and those that were current before {0} may be gone, so that an item may be \
         missing, or be older than it was"
    )]
    Expired(DateTime<Utc>),
}

impl Coverage {
    /// Brings it up to date with how things stand. Doing it again changes nothing.
    #[must_use]
    pub fn observed(mut self, present: &Present<'_>) -> Coverage {
        self.broken_since = self.broken_since_at(present);
        self.kept_since = self.kept_since_at(present);
        self.noncurrent_days = present.noncurrent_days.or(self.noncurrent_days);
        self
    }

    /// Adds that a backfill has ended now. The first one counts.
    #[must_use]
    pub fn backfilled(self, present: &Present<'_>) -> Coverage {
        let mut coverage = self.observed(present);
        if coverage.complete_since.is_none() {
            // From the next whole second on: restores are to the second.
            coverage.complete_since = Some(present.now.trunc_subsecs(0) + TimeDelta::seconds(1));
            coverage.stream = present.stream.map(str::to_owned);
        }
        coverage
    }

    /// Whether the items of a second are known; otherwise why not.
    pub fn check(&self, at: DateTime<Utc>, present: &Present<'_>) -> Result<(), Uncovered> {
        match (self.complete_since, self.broken_since_at(present), self.kept_since_at(present)) {
            (None, _, _) => Err(Uncovered::NoBackfill),
            (Some(complete), _, _) if at < complete => Err(Uncovered::BeforeBackfill(complete)),
            (_, Some(broken), _) if at >= broken => Err(Uncovered::AnotherStream(broken)),
            (_, _, Some(kept)) if at < kept => Err(Uncovered::Expired(kept)),
            _ => Ok(()),
        }
    }

    /// Says since when a deletion has left a trace: the tombstone, or a version behind its delete marker. `None` where all of
    /// them have.
    pub fn deletions_since(&self, present: &Present<'_>) -> Option<DateTime<Utc>> {
        let days = present.noncurrent_days.filter(|days| *days > 0);
        let kept = days.map(|days| present.now - TimeDelta::days(days.into()));
        [self.kept_since_at(present), kept].into_iter().flatten().max()
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

/// When a stream with this label was made.
fn began(label: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(label, LABEL).ok().map(|time| time.and_utc())
}

/// The key of the document.
pub fn key(prefix: &str) -> String {
    format!("{prefix}coverage.json")
}

/// Reads the coverage of the items under a prefix; nothing is known where there is no document.
pub async fn read(s3: &aws_sdk_s3::Client, bucket: &str, prefix: &str) -> Result<Coverage, AwsFailure> {
    Ok(read_with_etag(s3, bucket, prefix).await?.0)
}

/// Writes the coverage that `change` makes of the one that is there, unless it is the same.
pub async fn update(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    prefix: &str,
    change: impl Fn(Coverage) -> Coverage,
) -> Result<Coverage, AwsFailure> {
    let key = key(prefix);
    for _ in 0..ROUNDS {
        let (there, etag) = read_with_etag(s3, bucket, prefix).await?;
        let changed = change(there.clone());
        if changed == there {
            return Ok(there);
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
                // Another was quicker, or this one was and its answer got lost: what is there says it.
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
    let coverage = serde_json::from_slice(&body.into_bytes()).map_err(|error| AwsFailure {
        action: GET,
        name: ErrorName::RequestRefused,
        detail: format!("s3://{bucket}/{key} says nothing that can be read: {error}"),
    })?;
    Ok((coverage, etag))
}

#[cfg(test)]
mod tests;
