//! The bucket that holds a table's items, and the one way to write to it.
//!
//! A version is written only over the version that was seen before it, or where nothing was seen: S3's conditional writes
//! (`If-Match`, `If-None-Match`; user guide, "Preventing object overwrites with conditional writes"). So what two
//! writers do is always as if one had done it after the other, and a writer whose change is not newer than what is there
//! writes nothing. What a writer remembers of an object is a hint: it saves a request where it is right, and costs one
//! where it is wrong. It can be wrong but not mistaken for right, as no two versions of an object have one ETag: each
//! body names its sequence number ([`super::version`]).

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;

use super::change::Change;
use super::position::Position;
use super::version::{EventName, Version};
use crate::aws::failure::AwsFailure;

/// How often a change is tried while others keep writing the same object.
const ROUNDS: usize = 8;

/// The bucket.
#[derive(Clone, Debug)]
pub struct Store {
    /// The client.
    pub s3: aws_sdk_s3::Client,
    /// Its name.
    pub bucket: String,
    /// Before every key; empty, or ending in `/`.
    pub prefix: String,
}

/// What is known of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ObjectState {
    /// There is none, or only a delete marker.
    Absent,
    /// Its current version.
    Current {
        /// S3's name of its content.
        etag: String,
        /// How far the item's changes have come.
        position: Position,
    },
}

/// What became of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It is the current version.
    Written,
    /// What is there is as new, or newer: nothing was written.
    Stale,
}

/// What became of a conditional write.
enum Put {
    Written(ObjectState),
    /// The object is not as it was thought to be.
    Refused,
    /// Another write, or a deletion, came or comes between, and nothing is known of what it does.
    Conflict,
}

impl Store {
    /// Makes the change the current version, unless what is there is as new. Answers what is known afterwards.
    ///
    /// `hint` is what the caller remembers. With none, an insertion is first taken to find nothing, and anything else is
    /// preceded by a look.
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

    /// Puts the change where there is nothing, and nowhere else: whether it did. For a backfill, which has nothing to say
    /// of an item that the stream knows, be it deleted.
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

    /// What is there now.
    pub async fn head(&self, object: &str) -> Result<ObjectState, AwsFailure> {
        let head = self.s3.head_object().bucket(&self.bucket).key(object).send().await;
        match head {
            Ok(head) => {
                // An object that no version made was put here by a person: any change is newer.
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
