//! Finds the items that were current at a second, in the order of their objects' keys.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::Bytes;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use futures::{Stream, StreamExt, TryStreamExt, stream};

use super::history::{Current, Listed, VersionCandidates, VersionHead, winner};
use super::listing::{Bounds, Candidate, Listing, late_of, of_key};
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;
use crate::item_history::Items;
use crate::item_history::coverage;
use crate::item_history::version::{EventName, Version, item_of_body, object_key, prefix_of};
use crate::text::quoted;

/// Number of objects that are read concurrently.
const AT_A_TIME: usize = 64;
/// Maximum number of attempts to read an object whose body breaks off.
const TRIES: usize = 4;
/// How long after a second the list of current versions is enough to find its items. A tombstone stays current for at
/// least two days (`TombstoneDays` of the template), so the item of a delete marker was deleted before.
const RECENT: TimeDelta = TimeDelta::hours(36);

/// A reader of the items of one second.
#[derive(Clone, Copy, Debug)]
pub struct AsOfReader<'a> {
    /// S3 client.
    pub s3: &'a aws_sdk_s3::Client,
    /// Location of the item history.
    pub items: &'a Items,
    /// Names of the key attributes of the items, the partition key first.
    pub key_names: &'a [String],
    /// The second of which items are read.
    pub at: DateTime<Utc>,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// The state of one key at the second.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Folded {
    /// Key of the object.
    pub key: String,
    /// State of the item.
    pub state: State,
}

/// The state of an item at the second.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// The item, as DynamoDB JSON.
    Item(Bytes),
    /// The item did not exist.
    Absent,
    /// The state is unknown: the oldest version is of a later second and was written over an existing item.
    Unknown(Unknown),
}

/// The oldest version of an item whose state at the second is unknown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unknown {
    /// Event that made the version.
    pub event: EventName,
    /// Time of the event.
    pub at: DateTime<Utc>,
    /// Key attributes of the item, as compact DynamoDB JSON; empty if they are too long for an object's metadata.
    pub item_key: String,
}

/// The reason why the items of a second cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AsOfError {
    /// Something else wrote an object under the prefix.
    #[error(
        "object {location} is not a version of an item: {reason}; no other objects may be under the prefix"
    )]
    NoVersion {
        /// Location of the object.
        location: String,
        /// What is wrong with the object.
        reason: String,
    },
    /// A version that was listed has been deleted since.
    #[error(
        "version {id} of object {location} was deleted while the snapshot was made: retain versions for longer \
         (NoncurrentDays), or use a later second"
    )]
    VersionGone {
        /// Location of the object.
        location: String,
        /// ID of the version.
        id: String,
    },
    /// The state of an item at the second is unknown.
    #[error(
        "the item of object {location} is not known at {second}: its oldest version is from {event} at {at}, so it existed \
         before, but its earlier state is not in the bucket; use a second from then on, or AllowIncomplete \
         (--allow-incomplete) to leave such items out"
    )]
    Unknown {
        /// Location of the item's object.
        location: String,
        /// The second that was requested.
        second: DateTime<Utc>,
        /// Event of the oldest version.
        event: EventName,
        /// Time of that event.
        at: DateTime<Utc>,
    },
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl AsOfError {
    /// The names that [`AsOfError::name`] returns in addition to [`AwsFailure::NAMES`].
    pub const NAMES: &'static [ErrorName] =
        &[ErrorName::ExportFailed, ErrorName::HistoryIncomplete, ErrorName::InvalidVersion];

    /// Returns the error name with which a step fails.
    pub fn name(&self) -> ErrorName {
        match self {
            AsOfError::NoVersion { .. } => ErrorName::InvalidVersion,
            AsOfError::VersionGone { .. } => ErrorName::ExportFailed,
            AsOfError::Unknown { .. } => ErrorName::HistoryIncomplete,
            AsOfError::Aws(failure) => failure.name,
        }
    }
}

impl<'a> AsOfReader<'a> {
    /// Returns the state of each key of a shard after `cursor`, in key order.
    pub fn shard(
        &'a self,
        shard: u32,
        shards: u32,
        cursor: Option<&str>,
    ) -> impl Stream<Item = Result<Folded, AsOfError>> + Send + 'a {
        let bounds = bounds(&self.items.prefix, shard, shards);
        let bounds = Bounds { after: cursor.map(str::to_owned).or(bounds.after), ..bounds };
        let all_versions = self.now - self.at > RECENT;
        let pages = stream::try_unfold(Listing::new(self, bounds, all_versions), |mut listing| async move {
            Ok::<_, AsOfError>(listing.page().await?.map(|page| (page, listing)))
        });
        let candidates =
            pages.map_ok(|page| stream::iter(page.into_iter().map(Ok::<_, AsOfError>))).try_flatten();
        candidates.map(move |candidate| async move { self.folded(candidate?).await }).buffered(AT_A_TIME)
    }

    /// Returns the state of one key.
    pub async fn of_key(&self, key: &str) -> Result<Folded, AsOfError> {
        let late = late_of(self, key).await?;
        self.folded(Candidate { key: key.to_owned(), versions: None, late }).await
    }

    /// Returns the states that one key had from `since` to the second, the latest first: more than one if the item was
    /// changed in between. Returns at most `most` states.
    pub async fn states_since(
        &self,
        key: &str,
        since: DateTime<Utc>,
        most: usize,
    ) -> Result<Vec<State>, AsOfError> {
        let (mut states, mut at) = (Vec::new(), self.at);
        while states.len() < most {
            let reader = AsOfReader { at, ..*self };
            let late = late_of(&reader, key).await?;
            let current = reader.among(of_key(&reader, key).await?.current(&reader).await?, &late).await?;
            let changed_at = match &current {
                Current::Version(version) => Some(reader.head(version).await?.position.at.trunc_subsecs(0)),
                Current::Before(_) => None,
            };
            // A version that was listed with others has an ID, so it is not replaced.
            let Fetched::State(state) = reader.fetched(key, current).await? else { break };
            states.push(state);
            match changed_at {
                Some(changed_at) if changed_at > since => at = changed_at - TimeDelta::seconds(1),
                _ => break,
            }
        }
        Ok(states)
    }

    async fn folded(&self, Candidate { key, versions, late }: Candidate) -> Result<Folded, AsOfError> {
        let versions = match versions {
            Some(versions) => versions,
            None => of_key(self, &key).await?,
        };
        let state = match self.state(&key, versions, &late).await? {
            Fetched::State(state) => state,
            // The object was overwritten after it was listed. The version that was current now has an ID.
            Fetched::Replaced => match self.state(&key, of_key(self, &key).await?, &late).await? {
                Fetched::State(state) => state,
                Fetched::Replaced => {
                    let detail = format!("versions of {} have no IDs", self.location(&key));
                    let (action, name) = ("s3:ListBucketVersions", ErrorName::ServiceUnavailable);
                    return Err(AwsFailure::new(action, name, detail).into());
                }
            },
        };
        Ok(Folded { key, state })
    }

    async fn state(
        &self,
        key: &str,
        versions: VersionCandidates,
        late: &[Listed],
    ) -> Result<Fetched, AsOfError> {
        self.fetched(key, self.among(versions.current(self).await?, late).await?).await
    }

    async fn fetched(&self, key: &str, current: Current) -> Result<Fetched, AsOfError> {
        match current {
            Current::Version(current) if !current.is_tombstone() => self.fetch(key, &current).await,
            Current::Version(_) => Ok(Fetched::State(State::Absent)),
            Current::Before(heads) => Ok(Fetched::State(match winner(&heads) {
                None => State::Absent,
                Some(VersionHead { event, position, item_key, .. }) => {
                    State::Unknown(Unknown { event: *event, at: position.at, item_key: item_key.clone() })
                }
            })),
        }
    }

    /// Returns the version that was current, from the versions of the item's object and its late versions, in the order
    /// of the changes. If the object has no version, the item was deleted so long ago that its tombstone has expired.
    /// Its late versions are older than that.
    async fn among(&self, current: Current, late: &[Listed]) -> Result<Current, AsOfError> {
        match current {
            Current::Before(heads) if !heads.is_empty() => self.before(heads, late).await,
            Current::Version(mut version) => {
                for late in late {
                    let head = self.head(late).await?;
                    if head.is_of(self.at)
                        && head.position.is_newer_than(&self.head(&version).await?.position)
                    {
                        version = Box::new(late.clone());
                    }
                }
                Ok(Current::Version(version))
            }
            nothing @ Current::Before(_) => Ok(nothing),
        }
    }

    /// Returns the version that was current if all of the object's versions are of later seconds. `heads` has the
    /// oldest of them. If the change after a late version inserted the item, the item was deleted in between and that
    /// deletion has expired. Every version that has expired was made before the second.
    async fn before(&self, mut heads: Vec<VersionHead>, late: &[Listed]) -> Result<Current, AsOfError> {
        let mut newest = None;
        for late in late {
            let head = self.head(late).await?;
            if head.is_of(self.at) {
                newest = Some((late, head));
            } else {
                let index = heads.iter().position(|other| other.position.is_newer_than(&head.position));
                heads.insert(index.unwrap_or(heads.len()), head.clone());
            }
        }
        let Some((newest, head)) = newest else { return Ok(Current::Before(heads)) };
        let next = heads.iter().find(|other| other.position.is_newer_than(&head.position));
        match next {
            Some(next) if next.first_event == EventName::Insert => Ok(Current::Before(vec![next.clone()])),
            _ => Ok(Current::Version(Box::new(newest.clone()))),
        }
    }

    async fn fetch(&self, key: &str, version: &Listed) -> Result<Fetched, AsOfError> {
        let mut tries = 1;
        loop {
            let get = self.s3.get_object().bucket(&self.items.bucket).key(&version.key);
            let get = match &version.id {
                Some(id) => get.version_id(id),
                None => get.if_match(&version.etag),
            };
            let GetObjectOutput { body, metadata, .. } = match get.send().await {
                Ok(response) => response,
                Err(error) => match (error.code(), &version.id) {
                    (Some("NoSuchVersion" | "NoSuchKey" | "MethodNotAllowed"), Some(id)) => {
                        return Err(self.gone(version, id));
                    }
                    (Some("PreconditionFailed" | "NoSuchKey"), None) => return Ok(Fetched::Replaced),
                    _ => return Err(AwsFailure::from_call(reading(version))(error).into()),
                },
            };
            let error = match body.collect().await {
                Ok(body) => {
                    let metadata = Version::from_metadata(metadata.as_ref());
                    return self.checked(key, &body.into_bytes(), metadata).map(Fetched::State);
                }
                Err(error) => error,
            };
            if tries == TRIES {
                let location = self.location(&version.key);
                return Err(AwsFailure::broken_off(reading(version), &location, error).into());
            }
            tries += 1;
        }
    }

    /// Returns the item in a body. Checks that the body is that of a version, and that the item belongs to the object's
    /// key.
    fn checked(&self, key: &str, body: &Bytes, version: Option<Version>) -> Result<State, AsOfError> {
        if version.is_none() {
            return Err(self.no_version(key, WITHOUT_METADATA));
        }
        let item = item_of_body(key, body).map_err(|error| self.no_version(key, &error.to_string()))?;
        let Some(item) = item else { return Ok(State::Absent) };
        let names: Vec<&str> = self.key_names.iter().map(String::as_str).collect();
        let item_key = item_formats::key_of(item, &names);
        let item_key = item_key.map_err(|error| {
            let names = self.key_names.join(", ");
            self.no_version(key, &format!("its item lacks the key attributes {names}: {error}"))
        })?;
        if object_key(&self.items.prefix, &item_key) != key {
            let item_key = String::from_utf8_lossy(&item_key);
            return Err(self.no_version(key, &format!("it holds the item {}", quoted(&item_key))));
        }
        Ok(State::Item(body.slice_ref(item)))
    }

    /// Returns the metadata of a version.
    pub(super) async fn head<'v>(&self, version: &'v Listed) -> Result<&'v VersionHead, AsOfError> {
        version.head.get_or_try_init(|| self.read_head(version)).await
    }

    async fn read_head(&self, version: &Listed) -> Result<VersionHead, AsOfError> {
        let request = self.s3.head_object().bucket(&self.items.bucket).key(&version.key);
        let response = match request.set_version_id(version.id.clone()).send().await {
            Ok(response) => response,
            Err(error) if AwsFailure::is_missing(&error) => {
                return Err(self.gone(version, version.id.as_deref().unwrap_or_default()));
            }
            Err(error) => return Err(AwsFailure::from_call(reading(version))(error).into()),
        };
        match Version::from_metadata(response.metadata()) {
            Some(Version { position, event, first_event, item_key }) => {
                Ok(VersionHead { event, first_event, position, item_key })
            }
            None => Err(self.no_version(&version.key, WITHOUT_METADATA)),
        }
    }

    /// Checks whether a key under the prefix is that of an item. Another key is an error if the object currently
    /// exists. An object that a person put there and deleted again is ignored.
    pub(super) fn is_of_an_item(&self, key: &str, is_current: bool) -> Result<bool, AsOfError> {
        let Items { prefix, failures_prefix, .. } = self.items;
        if prefix_of(key) == Some(prefix.as_str()) {
            return Ok(true);
        }
        let is_ours = key.starts_with(failures_prefix.as_str()) || key == coverage::key(prefix);
        if is_current && !is_ours {
            return Err(self.no_version(key, "its key is not made of the hash of an item's key"));
        }
        Ok(false)
    }

    /// Returns the error for a key whose state is unknown.
    pub fn unknown(&self, key: &str, Unknown { event, at, .. }: &Unknown) -> AsOfError {
        AsOfError::Unknown { location: self.location(key), second: self.at, event: *event, at: *at }
    }

    fn gone(&self, version: &Listed, id: &str) -> AsOfError {
        AsOfError::VersionGone { location: self.location(&version.key), id: id.to_owned() }
    }

    fn no_version(&self, key: &str, reason: &str) -> AsOfError {
        AsOfError::NoVersion { location: self.location(key), reason: reason.to_owned() }
    }

    fn location(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.items.bucket)
    }
}

const WITHOUT_METADATA: &str = "it has no sequence number, event time and event name in its metadata";

/// Returns the permission that reading a version needs.
fn reading(version: &Listed) -> &'static str {
    if version.id.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" }
}

/// The result of fetching an object.
enum Fetched {
    /// The state that was read.
    State(State),
    /// Another version has replaced the object.
    Replaced,
}

/// Returns the keys of a shard: a range of the 256 two-letter prefixes of hashes. The first and the last shard also
/// include the keys before and after, so that the shards together have every key under the prefix.
fn bounds(prefix: &str, shard: u32, shards: u32) -> Bounds {
    let beginning = |shard: u32| format!("{prefix}{:02x}", shard.saturating_mul(256) / shards.max(1));
    Bounds {
        after: (shard > 0).then(|| beginning(shard)),
        until: (shard + 1 < shards).then(|| beginning(shard + 1)),
    }
}

#[cfg(test)]
mod tests;
