//! Applies the changes of one object. Each becomes a version or a late version, or is quarantined.

use std::collections::HashMap;

use aws_sdk_s3::types::ObjectVersion;
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::Counts;
use crate::aws::failure::AwsFailure;
use crate::item_history::batch::{CONCURRENCY, last_of_seconds};
use crate::item_history::change::{Change, PoisonRecord};
use crate::item_history::position::Position;
use crate::item_history::quarantine::quarantine;
use crate::item_history::sequence_number::SequenceNumber;
use crate::item_history::store::{ObjectState, Outcome, Store};
use crate::item_history::version::Version;
use crate::item_history::{change, late};

/// The destination of changes, and what is needed to apply them.
#[derive(Clone, Copy, Debug)]
pub struct Applier<'a> {
    /// The bucket of the items.
    pub store: &'a Store,
    /// Key prefix of quarantined records.
    pub failures_prefix: &'a str,
    /// Key prefix of late versions.
    pub late_prefix: &'a str,
    /// ARN of the table.
    pub table: &'a str,
    /// Names of the table's key attributes, in its order.
    pub key_names: &'a [String],
    /// Time since when all deletions are in the bucket; `None` if all are.
    pub remembered_since: Option<DateTime<Utc>>,
}

/// The result of one change.
enum Became {
    Written,
    Late,
    /// The change already has a version.
    Present,
    /// The item may have been deleted since, but a deletion of that time may have left no trace.
    Forgotten,
}

impl Applier<'_> {
    /// Applies the records of an object. After an error some of them may be applied. Applying them again finds those.
    pub async fn apply(&self, records: &[Value]) -> Result<Counts, AwsFailure> {
        let names: Vec<&str> = self.key_names.iter().map(String::as_str).collect();
        let (mut changes, mut quarantined) = (Vec::new(), Vec::new());
        let mut of_number: HashMap<SequenceNumber, &Value> = HashMap::new();
        for record in records {
            match (change::sequence_number_of(record), change::read(record, &names, &self.store.prefix)) {
                (Some(number), Ok(change)) => {
                    of_number.insert(number, record);
                    changes.push(change);
                }
                (Some(number), Err(PoisonRecord(reason))) => quarantined.push((number, reason, record)),
                (None, _) => {}
            }
        }
        let items = stream::iter(last_of_seconds(changes)).map(|item| self.item(item));
        let mut items = std::pin::pin!(items.buffer_unordered(CONCURRENCY));
        let mut counts = Counts { records: records.len() as u64, ..Counts::default() };
        while let Some((written, late, forgotten)) = items.try_next().await? {
            counts.written += written;
            counts.late += late;
            for change in forgotten {
                let Position { sequence_number: number, at, .. } = change.version.position;
                if let Some(record) = of_number.get(&number) {
                    quarantined.push((number, reason_of_forgotten(at), record));
                }
            }
        }
        counts.quarantined = quarantined.len() as u64;
        let quarantined = quarantined.iter().map(|(number, reason, record)| {
            tracing::error!(sequence_number = %number, table = self.table, reason, "a record cannot be replayed");
            quarantine(self.store, self.failures_prefix, self.table, number, reason, record)
        });
        let quarantined: Vec<_> = quarantined.collect();
        stream::iter(quarantined).buffer_unordered(CONCURRENCY).try_collect::<Vec<()>>().await?;
        Ok(counts)
    }

    /// Applies the changes of one item, in order. Returns the number written, the number of late versions, and the
    /// changes that a deletion may have undone.
    async fn item(&self, changes: Vec<Change>) -> Result<(u64, u64, Vec<Change>), AwsFailure> {
        let (mut written, mut late, mut forgotten) = (0, 0, Vec::new());
        for change in changes {
            match self.one(&change).await? {
                Became::Written => written += 1,
                Became::Late => late += 1,
                Became::Present => {}
                Became::Forgotten => forgotten.push(change),
            }
        }
        Ok((written, late, forgotten))
    }

    async fn one(&self, change: &Change) -> Result<Became, AwsFailure> {
        let own = &change.version.position;
        let known = self.store.head(&change.object).await?;
        if known == ObjectState::Absent {
            match behind_marker(self.store, &change.object).await? {
                Some(newest) if !own.is_newer_than(&newest) => return self.behind(change, &newest).await,
                None if self.may_be_forgotten(own.at) => return Ok(Became::Forgotten),
                _ => {}
            }
        }
        match self.store.apply(change, Some(known)).await? {
            (Outcome::Written, _) => Ok(Became::Written),
            (Outcome::Stale, ObjectState::Current { position, .. }) => self.behind(change, &position).await,
            (Outcome::Stale, ObjectState::Absent) => self.behind(change, &Position::zero()).await,
        }
    }

    /// Writes a change as a late version if the object's newest version, at `newest`, is of another change.
    async fn behind(&self, change: &Change, newest: &Position) -> Result<Became, AwsFailure> {
        let own = &change.version.position;
        if (&own.stream, &own.sequence_number) == (&newest.stream, &newest.sequence_number) {
            return Ok(Became::Present);
        }
        late::keep(self.store, self.late_prefix, change).await?;
        Ok(Became::Late)
    }

    /// Checks whether a deletion after this time may have left no trace.
    fn may_be_forgotten(&self, at: DateTime<Utc>) -> bool {
        self.remembered_since.is_some_and(|since| at <= since)
    }
}

/// Returns the reason for quarantining a change of this time.
fn reason_of_forgotten(at: DateTime<Utc>) -> String {
    format!(
        "it is of {at}, from when deletions are no longer retained, and its item has no version: the item may have been \
         deleted since; compare with the table"
    )
}

/// Returns the position of the newest version of an object that has no current version.
async fn behind_marker(store: &Store, object: &str) -> Result<Option<Position>, AwsFailure> {
    let (mut key_marker, mut id_marker) = (None, None);
    loop {
        let list = store.s3.list_object_versions().bucket(&store.bucket).prefix(object);
        let list = list.set_key_marker(key_marker).set_version_id_marker(id_marker);
        let page = list.send().await.map_err(AwsFailure::from_call("s3:ListBucketVersions"))?;
        let own =
            |version: ObjectVersion| version.version_id.filter(|_| version.key.as_deref() == Some(object));
        for id in page.versions.unwrap_or_default().into_iter().filter_map(own) {
            let head = store.s3.head_object().bucket(&store.bucket).key(object).version_id(id).send().await;
            match head {
                Ok(head) => {
                    let version = Version::from_metadata(head.metadata());
                    return Ok(Some(version.map_or_else(Position::zero, |version| version.position)));
                }
                // The version was deleted after it was listed.
                Err(error) if AwsFailure::is_missing(&error) => {}
                Err(error) => return Err(AwsFailure::from_call("s3:GetObjectVersion")(error)),
            }
        }
        if page.is_truncated != Some(true) {
            return Ok(None);
        }
        (key_marker, id_marker) = (page.next_key_marker, page.next_version_id_marker);
    }
}

#[cfg(test)]
mod tests;
