//! Writes the states of an item to the new bucket, as versions of its object or as late versions.

use std::collections::HashSet;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use super::Adoption;
use crate::aws::failure::AwsFailure;
use crate::item_history::change::Change;
use crate::item_history::sequence_number::SequenceNumber;
use crate::item_history::store::{ObjectState, Outcome};
use crate::item_history::version::EventName;
use crate::item_history::versions::{VersionsError, What};
use crate::item_history::{late, versions};

/// Number of versions that were written, and number that already existed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Put {
    pub(super) written: u64,
    pub(super) existing: u64,
}

/// What the new bucket has of an item.
#[derive(Debug)]
pub(super) struct Existing {
    known: ObjectState,
    /// The sequence numbers adopted by earlier runs, if the current version does not settle that.
    adopted: HashSet<SequenceNumber>,
    /// Whether a backfill or the stream has written the object.
    is_taken: bool,
    /// The oldest version that a backfill or the stream has written.
    pub(super) first: Option<First>,
}

/// The oldest version of an item that was not adopted. This system has the history of the item from its second on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct First {
    pub(super) at: DateTime<Utc>,
    /// Whether the version inserts the item, so that an earlier state was deleted before it.
    pub(super) begins: bool,
}

/// Reads the current version of an object. Reads all versions if the current one is not enough: anything may be behind
/// a delete marker.
pub(super) async fn read(adoption: &Adoption<'_>, object: &str) -> Result<Existing, AwsFailure> {
    let known = adoption.new.head(object).await?;
    let mut existing = Existing { is_taken: is_foreign(&known), known, adopted: HashSet::new(), first: None };
    if matches!(existing.known, ObjectState::Current { .. }) && !existing.is_taken {
        return Ok(existing);
    }
    let mut report = |entry: versions::Entry| {
        let first = match entry.what {
            What::Item { version, .. } | What::Tombstone { version } if version.position.is_adopted() => {
                existing.adopted.insert(version.position.sequence_number);
                return ControlFlow::Continue(());
            }
            What::DeleteMarker => return ControlFlow::Continue(()),
            What::Item { version, .. } | What::Tombstone { version } => {
                First { at: version.position.at, begins: version.first_event == EventName::Insert }
            }
            What::Other { .. } => First { at: entry.put_at, begins: false },
        };
        (existing.is_taken, existing.first) = (true, Some(first));
        ControlFlow::Continue(())
    };
    match versions::each(adoption.new, object, false, &mut report).await {
        // Bodies are not read here, so this error cannot occur.
        Ok(_) | Err(VersionsError::NoVersion(_)) => Ok(existing),
        Err(VersionsError::Aws(failure)) => Err(failure),
    }
}

fn is_foreign(known: &ObjectState) -> bool {
    matches!(known, ObjectState::Current { position, .. } if !position.is_adopted())
}

/// Writes the changes, the oldest first.
pub(super) async fn put(
    adoption: &Adoption<'_>,
    mut existing: Existing,
    changes: &[Change],
) -> Result<Put, AwsFailure> {
    let mut put = Put::default();
    for change in changes {
        if existing.adopted.contains(&change.version.position.sequence_number) {
            put.existing += 1;
            continue;
        }
        let mut is_new = false;
        if !existing.is_taken {
            let (outcome, now) = adoption.new.apply(change, Some(existing.known)).await?;
            existing.known = now;
            is_new = outcome == Outcome::Written;
            // The stream may have written in between.
            existing.is_taken = is_foreign(&existing.known);
        }
        if existing.is_taken {
            is_new = late::keep(adoption.new, adoption.late_prefix, change).await?;
        }
        put.written += u64::from(is_new);
        put.existing += u64::from(!is_new);
    }
    Ok(put)
}
