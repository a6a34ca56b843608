//! Writes item versions to the bucket with conditional requests.
//!
//! A version replaces only the version that the writer has read, or no version if the writer found none. S3's
//! conditional writes ensure this (`If-Match`, `If-None-Match`; user guide, "Preventing object overwrites with
//! conditional writes"). Concurrent writers thus act as if one wrote after the other, and a writer whose change is not
//! newer than the existing version writes nothing.
//!
//! What a writer remembers of an object is a hint. A correct hint saves a request, and a wrong one costs a request. A
//! wrong hint is always detected: no two versions of an object have the same ETag, because each body contains its
//! sequence number ([`super::version`]).

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;

use super::change::Change;
use super::position::Position;
use super::version::{EventName, Version};
use crate::aws::failure::AwsFailure;

/// Maximum number of attempts to write a change while other writers change the same object.
const ROUNDS: usize = 8;

/// The bucket of an item history.
#[derive(Clone, Debug)]
pub struct Store {
    /// S3 client.
    pub s3: aws_sdk_s3::Client,
    /// Name of the bucket.
    pub bucket: String,
    /// Key prefix of all items; empty or ending in `/`.
    pub prefix: String,
}

/// The known state of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ObjectState {
    /// The object does not exist, or its current version is a delete marker.
    Absent,
    /// The object has a current version.
    Current {
        /// ETag of the version.
        etag: String,
        /// Position of the version among the item's changes.
        position: Position,
    },
}

/// The result of applying a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The change is now the current version.
    Written,
    /// The existing version is the same or newer. Nothing was written.
    Stale,
}

/// The result of a conditional write.
enum Put {
    Written(ObjectState),
    /// The object is not in the expected state.
    Refused,
    /// Another write or deletion is under way, and its effect is unknown.
    Conflict,
}

impl Store {
    /// Makes the change the current version, unless the existing version is the same or newer. Returns the state of the
    /// object afterwards.
    ///
    /// `hint` is the state that the caller remembers. Without a hint, an insertion first assumes that the object does
    /// not exist, and any other change reads the object first.
    pub async fn apply(
        &self,
        change: &Change,
        hint: Option<ObjectState>,
    ) -> Result<(Outcome, ObjectState), AwsFailure> {
        let optimistic = || (change.version.event == EventName::Insert).then_some(ObjectState::Absent);
        let mut known = hint.or_else(optimistic);
        for _ in 0..ROUNDS {
            let now = match known {
                Some(now) => now,
                None => self.head(&change.object).await?,
            };
            if let ObjectState::Current { position, .. } = &now
                && !change.version.position.is_newer_than(position)
            {
                return Ok((Outcome::Stale, now));
            }
            match self.put(change, &now).await? {
                Put::Written(now) => return Ok((Outcome::Written, now)),
                Put::Refused | Put::Conflict => known = None,
            }
        }
        Err(AwsFailure::contended(&change.object, ROUNDS))
    }

    /// Writes the change only if the object does not exist, and returns whether it did. Use this in a backfill, which
    /// must not overwrite what the stream wrote, including deletions.
    pub async fn apply_if_absent(&self, change: &Change) -> Result<bool, AwsFailure> {
        for _ in 0..ROUNDS {
            match self.put(change, &ObjectState::Absent).await? {
                Put::Written(_) => return Ok(true),
                Put::Refused => return Ok(false),
                Put::Conflict => {}
            }
        }
        Err(AwsFailure::contended(&change.object, ROUNDS))
    }

    /// Reads the current state of an object.
    pub async fn head(&self, object: &str) -> Result<ObjectState, AwsFailure> {
        let head = self.s3.head_object().bucket(&self.bucket).key(object).send().await;
        match head {
            Ok(head) => {
                // An object without version metadata was put by a person: any change is newer.
                let version = Version::from_metadata(head.metadata());
                let position = version.map_or_else(Position::zero, |version| version.position);
                Ok(ObjectState::Current { etag: head.e_tag.unwrap_or_default(), position })
            }
            Err(error) if AwsFailure::is_missing(&error) => Ok(ObjectState::Absent),
            Err(error) => Err(AwsFailure::from_call("s3:GetObject")(error)),
        }
    }

    async fn put(&self, change: &Change, over: &ObjectState) -> Result<Put, AwsFailure> {
        let put = self.s3.put_object().bucket(&self.bucket).key(&change.object);
        let put = put.set_metadata(Some(change.version.metadata())).content_type("application/json");
        let put = match over {
            ObjectState::Absent => put.if_none_match("*"),
            ObjectState::Current { etag, .. } => put.if_match(etag),
        };
        match put.body(ByteStream::from(change.body.clone())).send().await {
            Ok(response) => Ok(Put::Written(ObjectState::Current {
                etag: response.e_tag.unwrap_or_default(),
                position: change.version.position.clone(),
            })),
            Err(error) => match error.code() {
                Some("PreconditionFailed") => Ok(Put::Refused),
                Some("ConditionalRequestConflict" | "NoSuchKey") => Ok(Put::Conflict),
                _ => Err(AwsFailure::from_call("s3:PutObject")(error)),
            },
        }
    }
}

#[cfg(test)]
mod tests;
