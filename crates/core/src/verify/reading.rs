//! Reads a part of a segment of a side, and writes its run and its document.

use std::time::Duration;

use chrono::{DateTime, Utc};
use item_compare::Sample;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::error::VerifyError;
use super::work::{Part, Work};
use super::{ExpectedSide, SideName, Strength, Verification};
use crate::aws::clients::Clients;
use crate::clock::Clock;
use crate::compare::side::{FilesSide, HistorySide, Limits, Side, SidePart, TableSide};
use crate::import::item_files::ItemFiles;
use crate::import::source::Source;
use crate::import::unchanged::unchanged_files;
use crate::import::{Binary, Compression};
use crate::snapshot::as_of::AsOfReader;
use crate::storage::{Files, bucket};

/// Bytes of the fingerprints of a part. Its run takes as many again.
const BYTES: usize = 64 << 20;

/// A part of a segment that is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The side.
    pub side: SideName,
    /// Segment number, starting at 0.
    pub segment: u32,
    /// Number of the part, starting at 0.
    pub part: u32,
}

/// Reads a part, unless it was read before. Returns whether it was the last one of the segment.
pub async fn read(
    clients: &Clients,
    clock: &Clock,
    of: &Verification,
    task: Task,
) -> Result<bool, VerifyError> {
    let files = bucket(clients, &of.bucket);
    let work = Work { files: &files, of };
    let Task { side, segment, part } = task;
    let Part { next, .. } = match work.part(side, segment, part).await? {
        Some(existing) => existing,
        None => {
            let cursor = work.cursor(side, segment, part).await?;
            let read = of_side(clients, clock, of, task, cursor.as_deref()).await?;
            work.store(side, segment, part, read).await?
        }
    };
    Ok(next.is_none())
}

async fn of_side(
    clients: &Clients,
    clock: &Clock,
    of: &Verification,
    Task { side, segment, .. }: Task,
    cursor: Option<&str>,
) -> Result<SidePart, VerifyError> {
    match (side, &of.expected) {
        (SideName::Found, _) => of_table(clients, of, &of.table_name, of.segments, segment, cursor).await,
        (
            SideName::Expected,
            ExpectedSide::Items {
                bucket: name, root, manifest, format, files, files_digest, segments, ..
            },
        ) => {
            let (digest, files) = ((files_digest.as_str(), *files), bucket(clients, name));
            let source = unchanged_source(&files, root, manifest, digest).await?;
            let keys = of.key_attributes();
            let items = ItemFiles {
                files: &files,
                has_manifest: true,
                format: *format,
                binary: Binary::Base64,
                compression: Compression::ByEnding,
                keys: &keys,
            };
            let side = Side::Files(FilesSide { items, source: &source, segments: *segments });
            part(of, &side, segment, cursor).await
        }
        (SideName::Expected, ExpectedSide::Incremental { at, items, kept_until, segments, .. }) => {
            let s3 = clients.s3();
            let now = clock.now();
            let reader = AsOfReader { s3: &s3, items, key_names: &of.key_names, at: *at, now };
            let side = HistorySide { reader: &reader, segments: *segments, allow_incomplete: false };
            let part = part(of, &Side::History(side), segment, cursor).await?;
            check_retained(clock, *kept_until)?;
            Ok(part)
        }
        (SideName::Expected, ExpectedSide::Table { table_name, segments, .. }) => {
            of_table(clients, of, table_name, *segments, segment, cursor).await
        }
        (SideName::Expected, ExpectedSide::Backup { .. }) => Err(VerifyError::Work {
            location: of.work.clone(),
            reason: "the description of a backup has no items to read".to_owned(),
        }),
    }
}

async fn of_table(
    clients: &Clients,
    of: &Verification,
    name: &str,
    segments: u32,
    segment: u32,
    cursor: Option<&str>,
) -> Result<SidePart, VerifyError> {
    let calls = clients.raw_items();
    let side = Side::Table(TableSide {
        calls: &calls,
        name,
        key_names: &of.key_names,
        segments,
        consistent_read: true,
        max_read_capacity_units: of.max_rate,
    });
    part(of, &side, segment, cursor).await
}

/// Checks that the versions of the expected side are still retained.
pub(super) fn check_retained(clock: &Clock, kept_until: Option<DateTime<Utc>>) -> Result<(), VerifyError> {
    match kept_until {
        Some(kept_until) if clock.now() > kept_until => Err(VerifyError::Outlived(kept_until)),
        _ => Ok(()),
    }
}

/// Returns the expected files. Fails if they have changed since the verification was planned.
pub(super) async fn unchanged_source(
    files: &Files,
    root: &str,
    manifest: &str,
    (digest, count): (&str, u32),
) -> Result<Source, VerifyError> {
    Ok(unchanged_files(files, root, Some(manifest), digest, count).await?)
}

/// Reads a part as the strength needs it.
async fn part(
    of: &Verification,
    side: &Side<'_>,
    segment: u32,
    cursor: Option<&str>,
) -> Result<SidePart, VerifyError> {
    let until = Instant::now() + Duration::from_secs(of.seconds_per_call.into());
    let limits = Limits { bytes: BYTES, until: Some(until) };
    let mut progress = |_, _| {};
    let part = match of.strength {
        Strength::Exact => side.part(segment, cursor, limits, &mut progress).await,
        Strength::Sampled => side.sampled_part(sample(of), segment, cursor, limits, &mut progress).await,
        Strength::Counted => side.counted_part(segment, cursor, limits, &mut progress).await,
    };
    Ok(part?)
}

/// Returns an empty sample. Every execution has another one, and each of its parts the same. From a table that may be
/// written to, twice as many items are taken: some replace those that change.
pub(super) fn sample(of: &Verification) -> Sample {
    let most = match of.expected {
        ExpectedSide::Table { .. } => of.sample_size.saturating_mul(2),
        _ => of.sample_size,
    };
    let seed = Sha256::digest(&of.work);
    let seed = seed.first_chunk().map_or(0, |first| u128::from_be_bytes(*first));
    Sample::new(usize::try_from(most).unwrap_or(usize::MAX), seed)
}
