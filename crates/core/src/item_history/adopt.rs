//! Takes over what an older system kept of a table: a versioned bucket with an object for each item, named by an MD5, whose
//! versions are the item's states and whose delete markers are its deletions.
//!
//! A state gets the time at which S3 got it, which is all that the old bucket says of it, and a place before every change that
//! a backfill or a stream of this system told of ([`super::position::ADOPTED`]). Where nothing of the item is there, its states
//! become versions of its object. Where this system has been, they become [late versions](super::late): what is there stays
//! current, and whoever asks for an earlier second finds them. An item that the old bucket has as the last and that the end of
//! a backfill did not find was deleted meanwhile, and gets a tombstone of that second.
//!
//! What can be read of an object is adopted from its newest state back to the first that cannot be: behind a gap in a
//! history nothing would be true. So an object whose newest state cannot be read is left whole. What is left is told with
//! its reason, and stops nothing else.
//!
//! Each version has one number, made of its time and its place in that second, so that a second run finds what the
//! first one wrote.

mod listing;
mod names;
mod object;
mod states;
mod target;
#[cfg(test)]
mod tests;

use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use item_formats::{Doubts, KeyAttribute};
use serde::{Deserialize, Serialize};

use super::store::Store;
use crate::aws::failure::AwsFailure;
use crate::import::Format;

/// Objects that are taken over at a time.
const AT_A_TIME: usize = 16;

/// An old bucket, and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Adoption<'a> {
    /// The old bucket, with its prefix.
    pub old: &'a Store,
    /// What its bodies are: [`Format::Json`] or [`Format::Plain`].
    pub format: Format,
    /// The key attributes of the table, the partition key first.
    pub keys: &'a [KeyAttribute<'a>],
    /// The bucket that it goes into.
    pub new: &'a Store,
    /// What stands before the keys of late versions there.
    pub late_prefix: &'a str,
    /// When a backfill found what was in the table, if one has ended.
    pub complete_since: Option<DateTime<Utc>>,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// What became of objects.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counts {
    /// Objects that were looked at.
    pub objects: u64,
    /// Items that they are of, and that are adopted.
    pub items: u64,
    /// States and deletions of these items.
    pub states: u64,
    /// Versions that were written.
    pub written: u64,
    /// Versions that were there, and states of seconds that this system has told of itself.
    pub there: u64,
    /// Items that the end of a backfill did not find, or that began anew: they were deleted by then.
    pub gone: u64,
    /// Objects of which only deletions are left, so that nothing says which items they were.
    pub nameless: u64,
    /// Second objects of items that have two, as their key attributes were written in either order.
    pub twins: u64,
    /// Objects that are left, whole or up to a state.
    pub left: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        let Counts { objects, items, states, written, there, gone, nameless, twins, left } = other;
        self.objects += objects;
        self.items += items;
        self.states += states;
        self.written += written;
        self.there += there;
        self.gone += gone;
        self.nameless += nameless;
        self.twins += twins;
        self.left += left;
    }
}

/// Why something of an object is left.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Left {
    /// The object's key.
    pub object: String,
    /// The version that stopped it; `None` where the object is none of an item.
    pub version: Option<String>,
    /// What is wrong, in words.
    pub reason: String,
    /// Whether newer states were adopted, so that the history begins behind this version.
    pub newer_adopted: bool,
}

/// What became of an object.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Done {
    /// Its key: all up to it are done.
    pub object: String,
    /// What is counted of it.
    pub counts: Counts,
    /// What is in doubt of the states that were read.
    pub doubts: Doubts,
    /// Why something of it is left.
    pub left: Option<Left>,
}

/// Takes over all objects behind `after`, in the order of their keys, and tells of each that is done.
pub async fn run(
    adoption: &Adoption<'_>,
    after: Option<String>,
    tell: &mut (dyn FnMut(Done) + Send),
) -> Result<(), AwsFailure> {
    let objects = listing::objects(adoption.old, after);
    let done = objects.map(|object| async move { object::adopt(adoption, object?).await });
    let mut done = std::pin::pin!(done.buffered(AT_A_TIME));
    while let Some(done) = done.try_next().await? {
        tell(done);
    }
    Ok(())
}
