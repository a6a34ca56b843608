//! Adopts the history of a table from the bucket of an older system. That bucket is versioned and has one object per
//! item, named by an MD5. The versions of an object are the states of the item, and its delete markers are the
//! deletions.
//!
//! An adopted state gets the time at which S3 stored it, the only time that the old bucket records. Its position is
//! before every change from a backfill or stream of this system ([`super::position::ADOPTED`]). If the new bucket has
//! nothing of the item, the states become versions of its object. If this system has already written the object, they
//! become [late versions](super::late): the current version stays current, and reads as of an earlier second find the
//! adopted states. If the newest adopted state is an item that the first backfill did not find, the item was deleted in
//! between. It gets a tombstone at the end of the backfill, or at the next insertion of the item if that is earlier.
//!
//! An object is adopted from its newest state back to the first state that cannot be read, because a history with a gap
//! would be wrong. If the newest state cannot be read, the whole object is left. Whatever is left is reported with a
//! reason and does not stop other objects.
//!
//! The sequence number of a version is made of its second and its place within that second. A second run thus finds
//! what the first run wrote.

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

/// Number of objects that are adopted concurrently.
const AT_A_TIME: usize = 16;

/// The old bucket, the new bucket and how to read the old one.
#[derive(Clone, Copy, Debug)]
pub struct Adoption<'a> {
    /// The old bucket and its prefix.
    pub old: &'a Store,
    /// The format of the bodies in the old bucket: [`Format::Json`] or [`Format::Plain`].
    pub format: Format,
    /// The key attributes of the table, the partition key first.
    pub keys: &'a [KeyAttribute<'a>],
    /// The new bucket and its prefix.
    pub new: &'a Store,
    /// The key prefix of late versions in the new bucket.
    pub late_prefix: &'a str,
    /// The end of the first backfill of the new bucket; `None` if no backfill has ended.
    pub complete_since: Option<DateTime<Utc>>,
    /// Whether to count only and write nothing.
    pub dry_run: bool,
}

/// The counters of an adoption.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counts {
    /// Number of objects read.
    pub objects: u64,
    /// Number of items adopted from these objects.
    pub items: u64,
    /// Number of states and deletions of these items.
    pub states: u64,
    /// Number of versions written.
    pub written: u64,
    /// Number of states not written because they already exist, or because this system has the history of their second.
    #[serde(rename = "there")]
    pub existing: u64,
    /// Number of items that got a tombstone: a backfill did not find them, or they were inserted again later.
    pub gone: u64,
    /// Number of objects that have only delete markers, so that their item is unknown.
    pub nameless: u64,
    /// Number of second objects of an item. An item has two if its key attributes were written in both orders.
    pub twins: u64,
    /// Number of objects left whole or in part.
    pub left: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        let Counts { objects, items, states, written, existing, gone, nameless, twins, left } = other;
        self.objects += objects;
        self.items += items;
        self.states += states;
        self.written += written;
        self.existing += existing;
        self.gone += gone;
        self.nameless += nameless;
        self.twins += twins;
        self.left += left;
    }
}

/// The reason why an object was left whole or in part.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Left {
    /// Key of the object.
    pub object: String,
    /// ID of the version that stopped the adoption; `None` if the object is not an object of an item.
    pub version: Option<String>,
    /// A description of the problem.
    pub reason: String,
    /// Whether newer states were adopted, so that the history begins after this version.
    pub newer_adopted: bool,
}

/// The result of one object.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Done {
    /// Key of the object. All objects up to this key are finished.
    pub object: String,
    /// Counters of this object.
    pub counts: Counts,
    /// Doubts about the states that were read.
    pub doubts: Doubts,
    /// The reason if the object was left whole or in part.
    pub left: Option<Left>,
}

/// Adopts all objects after the key `after`, in key order, and reports each finished object to `report`.
pub async fn run(
    adoption: &Adoption<'_>,
    after: Option<String>,
    report: &mut (dyn FnMut(Done) + Send),
) -> Result<(), AwsFailure> {
    let objects = listing::objects(adoption.old, after);
    let done = objects.map(|object| async move { object::adopt(adoption, object?).await });
    let mut done = std::pin::pin!(done.buffered(AT_A_TIME));
    while let Some(done) = done.try_next().await? {
        report(done);
    }
    Ok(())
}
