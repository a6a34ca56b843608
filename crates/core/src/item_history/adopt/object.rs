//! Reads one object of the old bucket and adopts its item.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use item_formats::{Doubts, key_of};

use super::listing::{Entry, Object};
use super::states::{Item, Seen};
use super::{Adoption, Counts, Done, Left, listing, names, states, target};
use crate::aws::failure::AwsFailure;
use crate::import::Binary;
use crate::item_history::version::{EventName, object_key};
use crate::text::quoted;

/// Number of versions of an object that are fetched concurrently.
const AT_A_TIME: usize = 8;
/// Number of attempts to read a version whose body breaks off.
const TRIES: usize = 4;
/// Maximum body size in bytes. An item of 400 KB is not longer, even if each of its characters is escaped.
const LONGEST: i64 = 8 * 1024 * 1024;

/// The state in a version, or the reason why it cannot be read.
type Held = Result<State, String>;

/// A state that was read.
struct State {
    item: Bytes,
    /// The key attributes of the item, as compact DynamoDB JSON.
    key: Vec<u8>,
    names: Vec<String>,
    doubts: Doubts,
}

/// The states of an object that were read.
#[derive(Default)]
struct Read {
    /// The oldest first.
    seen: Vec<Seen>,
    item_key: Option<Vec<u8>>,
    names: Vec<String>,
    doubts: Doubts,
    left: Option<Left>,
}

/// Adopts an object.
pub(super) async fn adopt(adoption: &Adoption<'_>, object: Object) -> Result<Done, AwsFailure> {
    let mut done = Done { object: object.key.clone(), ..Done::default() };
    done.counts.objects = 1;
    let Some(name) = names::of_object(&adoption.old.prefix, &object.key) else {
        let reason = "its name is not an MD5, so it is not an item's object".to_owned();
        done.left = Some(Left { object: object.key, version: None, reason, newer_adopted: false });
        done.counts.left = 1;
        return Ok(done);
    };
    let mut read = read(adoption, name, &object.entries).await?;
    let other = read.names.iter().find(|other| *other != name).cloned();
    if let Some(other) = other {
        let mut twin = Vec::new();
        for key in names::keys(&adoption.old.prefix, &other) {
            twin.extend(listing::of_key(adoption.old, &key).await?);
        }
        let twin = listing::in_order(twin);
        if !twin.is_empty() {
            // The object that comes first in key order adopts both, unless nothing can be read from it.
            if other.as_str() < name && self::read(adoption, &other, &twin).await?.item_key.is_some() {
                done.counts.twins = 1;
                return Ok(done);
            }
            if other.as_str() > name {
                let both = listing::in_order(object.entries.into_iter().chain(twin).collect());
                read = self::read(adoption, name, &both).await?;
            }
        }
    }
    let Read { seen, item_key, doubts, left, .. } = read;
    done.counts.left = u64::from(left.is_some());
    done.left = left;
    done.doubts = doubts;
    let Some(item_key) = item_key else {
        done.counts.nameless = u64::from(done.left.is_none());
        return Ok(done);
    };
    let (object, key) = (object_key(&adoption.new.prefix, &item_key), String::from_utf8_lossy(&item_key));
    let counts = put(adoption, &Item { object, key: key.into_owned() }, &seen).await?;
    done.counts += counts;
    Ok(done)
}

/// Writes the states of an item to the new bucket.
async fn put(adoption: &Adoption<'_>, item: &Item, seen: &[Seen]) -> Result<Counts, AwsFailure> {
    let mut changes = states::changes(item, seen);
    let mut counts = Counts { items: 1, states: changes.len() as u64, ..Counts::default() };
    let existing = target::read(adoption, &item.object).await?;
    let since = adoption.complete_since;
    let ended = match existing.first {
        None => since,
        Some(first) => {
            // This system's own history covers the time after that.
            changes.retain(|change| change.version.position.at.timestamp() < first.at.timestamp());
            counts.existing = counts.states - changes.len() as u64;
            first.begins.then(|| since.map_or(first.at, |since| since.min(first.at)))
        }
    };
    let last = changes.last().filter(|last| last.version.event != EventName::Remove);
    if let (Some(ended), Some(last)) = (ended, last) {
        let at = ended.max(last.version.position.at);
        changes.push(states::gone(item, at));
        counts.gone = 1;
    }
    if !adoption.dry_run {
        let put = target::put(adoption, existing, &changes).await?;
        counts.written = put.written;
        counts.existing += put.existing;
    }
    Ok(counts)
}

/// Reads the versions, the newest first, until one cannot be read or belongs to another item.
async fn read(adoption: &Adoption<'_>, name: &str, entries: &[Entry]) -> Result<Read, AwsFailure> {
    let mut read = Read::default();
    let held = stream::iter(entries).map(|entry| async move {
        let held = if entry.is_deletion { None } else { Some(hold(adoption, entry).await?) };
        Ok::<_, AwsFailure>((entry, held))
    });
    let mut held = std::pin::pin!(held.buffered(AT_A_TIME));
    while let Some(next) = held.next().await {
        let (entry, held) = next?;
        let state = match held {
            None => {
                read.seen.push(Seen { at: entry.put_at, item: None });
                continue;
            }
            Some(held) => held.and_then(|state| state.named(name)),
        };
        match state {
            Ok(State { item, key, names, doubts }) => {
                read.seen.push(Seen { at: entry.put_at, item: Some(item) });
                read.doubts += doubts;
                (read.item_key, read.names) = (Some(key), names);
            }
            Err(reason) => {
                let (object, version) = (entry.key.clone(), Some(entry.id.clone()));
                let newer_adopted = read.item_key.is_some();
                read.left = Some(Left { object, version, reason, newer_adopted });
                break;
            }
        }
    }
    read.seen.reverse();
    Ok(read)
}

impl State {
    /// Returns the state if it belongs to the item that an object of this name holds.
    fn named(self, name: &str) -> Held {
        if self.names.iter().any(|own| own == name) {
            return Ok(self);
        }
        let right = self.names.first().map(String::as_str).unwrap_or_default();
        let key = String::from_utf8_lossy(&self.key).into_owned();
        Err(format!("it holds the item {}, whose object would be called {right}", quoted(&key)))
    }
}

/// Reads the state in a version.
async fn hold(adoption: &Adoption<'_>, entry: &Entry) -> Result<Held, AwsFailure> {
    const GET: &str = "s3:GetObjectVersion";
    let mut tries = 1;
    loop {
        let get = adoption.old.s3.get_object().bucket(&adoption.old.bucket).key(&entry.key);
        let response = match get.version_id(&entry.id).send().await {
            Ok(response) => response,
            Err(error) if matches!(error.code(), Some("NoSuchVersion" | "NoSuchKey")) => {
                return Ok(Err("it was deleted while the bucket was being read".to_owned()));
            }
            Err(error) => return Err(AwsFailure::from_call(GET)(error)),
        };
        if response.content_length.is_some_and(|length| length > LONGEST) {
            return Ok(Err("it is longer than an item can be".to_owned()));
        }
        let error = match response.body.collect().await {
            Ok(body) => return Ok(parse(adoption, &body.into_bytes())),
            Err(error) => error,
        };
        if tries == TRIES {
            let location = format!("s3://{}/{}", adoption.old.bucket, entry.key);
            return Err(AwsFailure::broken_off(GET, &location, error));
        }
        tries += 1;
    }
}

fn parse(adoption: &Adoption<'_>, body: &[u8]) -> Held {
    let key_names: Vec<&str> = adoption.keys.iter().map(|key| key.name).collect();
    let mut item = Vec::new();
    let state = adoption.format.read(Binary::Base64, body, adoption.keys, &mut item).and_then(|doubts| {
        let key = key_of(&item, &key_names)?;
        Ok((doubts, key, names::of_body(body, &key_names)?))
    });
    let (doubts, key, names) = state.map_err(|error| format!("it is not an item: {error}"))?;
    Ok(State { item: item.into(), key, names, doubts })
}
