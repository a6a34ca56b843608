//! Recognizes the tables that were made from backups of other tables, and what they prove.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::facts::{Copy, CopyKind, Verification};
use super::finding::Finding;
use super::listings::{Backups, RestoreJob};
use super::protected::Points;
use super::tables::Read;
use crate::aws::failure::AwsFailure;
use crate::aws::own_tag::{DAMAGED, RECOVERY_POINT, VERIFIED, recovery_point_id};
use crate::rotation::naming::split_time;

/// Begins the name of a table that a restore testing plan makes (AWS Backup developer guide, "Restore testing").
const RESTORE_TEST: &str = "awsbackup-restore-test-";

/// The source table of each recovery point and backup, by its id.
pub(super) type Sources = HashMap<String, String>;

/// Returns the source table of each recovery point and backup that is known.
pub(super) fn sources(backups: &Result<Backups, AwsFailure>, points: &Result<Points, AwsFailure>) -> Sources {
    let of_backups = backups.iter().flatten().flat_map(|(table, backups)| {
        backups.iter().map(move |backup| (recovery_point_id(&backup.arn).to_owned(), table.clone()))
    });
    let of_points = points.iter().flatten().flat_map(|(table, points)| {
        let points = points.iter().flatten();
        points.map(move |point| (recovery_point_id(&point.arn).to_owned(), table.clone()))
    });
    of_backups.chain(of_points).collect()
}

/// Returns what each table is a copy of, in their order.
pub(super) fn copies(
    reads: &[Read],
    sources: &Sources,
    jobs: &Result<Vec<RestoreJob>, AwsFailure>,
) -> Vec<Finding<Copy>> {
    let mut newest = HashMap::<&str, &str>::new();
    for read in reads.iter().filter(|read| recovery_point(read).is_some()) {
        if let Some((base, time)) = split_time(&read.name) {
            newest.entry(base).and_modify(|newest| *newest = time.max(newest)).or_insert(time);
        }
    }
    let copy = |read: &Read| {
        if read.name.starts_with(RESTORE_TEST) {
            let arn = read.table.found().map(|table| table.arn.as_str());
            let mut jobs = jobs.iter().flatten();
            let job = jobs.find(|job| arn.is_some() && job.created_arn.as_deref() == arn);
            let source_arn = job.map(|job| job.source_arn.clone());
            let base = read.name.clone();
            let value = Copy { kind: CopyKind::RestoreTest, base, source_arn, superseded: false };
            return Finding::Found { value };
        }
        let Some((base, time)) = split_time(&read.name) else { return Finding::None {} };
        read.tags.clone().and_then(|tags| {
            let point = tags.get(RECOVERY_POINT)?;
            Some(Copy {
                kind: CopyKind::Rotation,
                base: base.to_owned(),
                source_arn: sources.get(point).cloned(),
                superseded: newest.get(base).is_some_and(|newest| *newest > time),
            })
        })
    };
    reads.iter().map(copy).collect()
}

fn recovery_point(read: &Read) -> Option<&String> {
    read.tags.found()?.get(RECOVERY_POINT)
}

/// Returns the verified copies of each table, by the ARN of the table.
pub(super) fn verified(reads: &[Read], copies: &[Finding<Copy>]) -> HashMap<String, Vec<Verification>> {
    let mut verified = HashMap::<String, Vec<Verification>>::new();
    for (read, copy) in reads.iter().zip(copies) {
        let source = copy.found().and_then(|copy| copy.source_arn.clone());
        let tag = read.tags.found().and_then(|tags| tags.get(VERIFIED));
        if let (Some(source), Some((how, at))) = (source, tag.and_then(|tag| parsed(tag))) {
            verified.entry(source).or_default().push(Verification { at, how, by: read.name.clone() });
        }
    }
    verified
}

/// Reads the tag of a verified table: its strength and its time.
fn parsed(tag: &str) -> Option<(String, DateTime<Utc>)> {
    let (strength, time) = tag.split_once(' ')?;
    (strength != DAMAGED).then(|| Some((strength.to_owned(), time.parse().ok()?))).flatten()
}

/// Returns why there may be verified copies of any table that were not seen. `None` if there are not.
pub(super) fn unseen(reads: &[Read], copies: &[Finding<Copy>]) -> Option<String> {
    let unread = copies.iter().zip(reads).find_map(|(copy, read)| Some((copy.reason()?, &read.name)));
    unread.map(|(reason, name)| format!("{name} may be a copy, but its tags are not known: {reason}"))
}
