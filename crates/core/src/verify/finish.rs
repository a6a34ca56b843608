//! Decides a verification, writes its report and tags the table.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

use item_compare::Fingerprinter;
use tokio::time::Instant;

use super::check::{CheckResult, FunctionCheck};
use super::comparing::{Compared, DifferenceKind, StoredDifference, results};
use super::counting::{self, allowed, is_allowed};
use super::error::VerifyError;
use super::execution_input::Key;
use super::indexes::IndexCheck;
use super::reading::{check_retained, unchanged_source};
use super::report::{MOST_DIFFERENCES, Report, ReportedDifference, Results, VERSION, detects_share};
use super::sampling::fingerprint;
use super::sentence::sentence;
use super::tolerance;
use super::tolerance::{MOST_CHECKED, Window};
use super::work::Work;
use super::{ExpectedSide, SideName, Strength, Verification};
use crate::aws::clients::Clients;
use crate::aws::keyed_reads::{KeyedReads, MOST_KEYS};
use crate::aws::own_tag;
use crate::aws::rate_limiter::RateLimiter;
use crate::aws::table as table_description;
use crate::clock::Clock;
use crate::compare::CompareError;
use crate::storage::bucket;

/// Time for which a call of the last step is retried.
const RETRY: Duration = Duration::from_secs(120);

/// The output of an execution.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// ARN of the table.
    pub table_arn: String,
    /// What was proved.
    pub strength: Strength,
    /// What the table was compared with, in a few words.
    pub against: String,
    /// Results of the comparison.
    #[serde(flatten)]
    pub results: Results,
    /// Location of the report.
    pub report: String,
    /// Remarks about the verification.
    #[schemars(length(max = 10))]
    pub notes: Vec<String>,
    /// Time when the execution began.
    pub started_at: DateTime<Utc>,
    /// Time when the verification was decided.
    pub finished_at: DateTime<Utc>,
}

/// What an execution knows when all sides are read.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// ARN of the execution.
    pub execution_arn: &'a str,
    /// Time when both sides had been read.
    pub read_at: DateTime<Utc>,
    /// Result of the check function; `None` if there is no such function.
    pub check: Option<&'a CheckResult>,
}

/// Decides a verification. Fails by [`VerifyError::Damage`] if the table does not hold what it should. The first report
/// of an execution counts, so a repeated call decides the same.
pub async fn finish(
    clients: &Clients,
    clock: &Clock,
    of: &Verification,
    end: End<'_>,
) -> Result<Output, VerifyError> {
    let files = bucket(clients, &of.bucket);
    let work = Work { files: &files, of };
    let report = match work.read::<Report>(&of.report).await? {
        Some(existing) => existing,
        None => {
            let report = decide(clients, clock, work, end).await?;
            work.commit(&of.report, report).await?
        }
    };
    if report.execution_arn != end.execution_arn {
        let reason = format!("it is the report of {}", report.execution_arn);
        return Err(work.broken(&of.report, &reason));
    }
    let location = files.location(&of.report);
    if report.tagged {
        let time = report.finished_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let value = match report.verified {
            true => format!("{} {time}", of.strength),
            false => format!("{} {time}", own_tag::DAMAGED),
        };
        let is_tagged = own_tag::set(&clients.dynamodb(), &of.table_arn, own_tag::VERIFIED, &value).await?;
        if !is_tagged {
            return Err(VerifyError::TableReplaced(of.table_name.clone()));
        }
    }
    if !report.verified {
        return Err(VerifyError::Damage(sentence(&of.table_name, &report, &location)));
    }
    Ok(Output {
        table_arn: report.table_arn,
        strength: report.strength,
        against: report.against,
        results: report.results,
        report: location,
        notes: report.notes,
        started_at: report.started_at,
        finished_at: report.finished_at,
    })
}

async fn decide(
    clients: &Clients,
    clock: &Clock,
    work: Work<'_>,
    end: End<'_>,
) -> Result<Report, VerifyError> {
    let of = work.of;
    let function_check = end.check.map(FunctionCheck::from_result).transpose()?;
    check_unchanged(clients, of).await?;
    let decided = match (&of.mismatch, of.strength) {
        (Some(_), _) => Decided::default(),
        (None, Strength::Exact) => exact(work).await?,
        (None, Strength::Sampled) => sampled(work).await?,
        (None, Strength::Counted) => counting::decide(clients, clock, work, end.read_at).await?,
    };
    let mut notes = of.notes.clone();
    if of.indexes == IndexCheck::Noted && !of.index_differences.is_empty() {
        notes.push(format!("the indexes differ: {}", of.index_differences.join("; ")));
    }
    let Decided { mut results, differences, is_good } = match (&of.expected, of.strength) {
        (ExpectedSide::Incremental { items, at, tolerance_seconds, kept_until, .. }, strength)
            if strength != Strength::Counted =>
        {
            let (at, tolerance_seconds, now) = (*at, *tolerance_seconds, clock.now());
            let window = Window { items, at, tolerance_seconds, now };
            let decided = with_tolerance(clients, of, window, decided, &mut notes).await?;
            check_retained(clock, *kept_until)?;
            decided
        }
        _ => decided,
    };
    let missing_keys = match of.mismatch {
        Some(_) => Vec::new(),
        None => missing_keys(clients, of).await?,
    };
    if of.mismatch.is_none() && !of.keys.is_empty() {
        results.keys_found = Some((of.keys.len() - missing_keys.len()) as u64);
    }
    let refused = function_check.as_ref().is_some_and(|check| !check.verified);
    let verified = is_good && missing_keys.is_empty() && of.has_indexes() && !refused;
    let key = |text: &str| -> Result<Key, VerifyError> {
        serde_json::from_str(text).map_err(|error| work.broken(&of.work, &error.to_string()))
    };
    let differences = differences.iter().take(MOST_DIFFERENCES);
    let differences = differences
        .map(|StoredDifference { kind, key: text }| Ok(ReportedDifference { kind: *kind, key: key(text)? }));
    let has_room =
        verified && own_tag::has_room(&clients.dynamodb(), &of.table_arn, own_tag::VERIFIED).await?;
    if verified && !has_room {
        notes.push(format!("the table has 50 tags, so it does not have the tag {}", own_tag::VERIFIED));
    }
    Ok(Report {
        version: VERSION,
        execution_arn: end.execution_arn.to_owned(),
        table_arn: of.table_arn.clone(),
        table_id: of.table_id.clone(),
        strength: of.strength,
        against: of.against.clone(),
        verified,
        tagged: has_room,
        results,
        key_schema: of.mismatch.clone(),
        index_differences: of.index_differences.clone(),
        indexes: of.indexes,
        function_check,
        keys_missing: missing_keys.iter().map(|text| key(text)).collect::<Result<_, _>>()?,
        differences: differences.collect::<Result<_, VerifyError>>()?,
        notes,
        started_at: of.started_at,
        finished_at: clock.now(),
    })
}

/// The result of a strength.
#[derive(Default)]
pub(super) struct Decided {
    pub(super) results: Results,
    pub(super) differences: Vec<StoredDifference>,
    pub(super) is_good: bool,
}

async fn exact(work: Work<'_>) -> Result<Decided, VerifyError> {
    let of = work.of;
    let compared = results(work).await?;
    let items = async |side| {
        let parts = work.parts(side, of.segments_of(side)).await?;
        Ok::<u64, VerifyError>(parts.iter().map(|part| part.items).sum())
    };
    let (expected, found) = (items(SideName::Expected).await?, items(SideName::Found).await?);
    let Compared { equal, missing, extra, changed, repeated, .. } = compared;
    // Each item that was read is in exactly one of the counts.
    if (equal + missing + changed + repeated, equal + extra + changed) != (expected, found) {
        let reason = format!(
            "{expected} items were expected and {found} found, but {equal} were equal, {missing} missing, {extra} extra \
             and {changed} changed"
        );
        return Err(work.broken(&of.work, &reason));
    }
    let results = Results {
        items: Some(found),
        items_expected: Some(expected),
        equal: Some(equal),
        missing: Some(missing),
        extra: Some(extra),
        changed: Some(changed),
        ..Results::default()
    };
    Ok(Decided { results, differences: compared.differences, is_good: missing + extra + changed == 0 })
}

async fn sampled(work: Work<'_>) -> Result<Decided, VerifyError> {
    let of = work.of;
    let Compared { equal, missing, extra, changed, differences, .. } = results(work).await?;
    let parts = work.parts(SideName::Expected, of.segments_of(SideName::Expected)).await?;
    let expected: u64 = parts.iter().map(|part| part.items).sum();
    let sampled = equal + missing + changed;
    let results = Results {
        items_expected: Some(expected),
        equal: Some(equal),
        missing: Some(missing),
        changed: Some(changed),
        sampled: Some(sampled),
        // A sample with allowed differences also succeeds with damage.
        detects_share: (allowed(of).unwrap_or_default() == 0.0).then(|| detects_share(sampled)),
        allowed_difference_percent: allowed(of),
        ..Results::default()
    };
    if sampled == 0 {
        let reason = match expected {
            0 => "the expected side has no items, so a sample proves nothing; use COUNTED or EXACT",
            _ => "every item of the sample changed between two reads, so none was compared",
        };
        return Err(work.broken(&of.work, reason));
    }
    let is_good = is_allowed(missing + extra + changed, sampled, allowed(of));
    Ok(Decided { results, differences, is_good })
}

/// Takes the differences within the tolerance out of the counts.
async fn with_tolerance(
    clients: &Clients,
    of: &Verification,
    window: Window<'_>,
    decided: Decided,
    notes: &mut Vec<String>,
) -> Result<Decided, VerifyError> {
    let Decided { mut results, differences, .. } = decided;
    let different = |results: &Results| {
        [results.missing, results.extra, results.changed].into_iter().flatten().sum::<u64>()
    };
    let all = different(&results);
    if all > MOST_CHECKED as u64 {
        notes.push(format!(
            "{all} items differ, more than the {MOST_CHECKED} for which the versions around the second are read, so none \
             of them counts as within the tolerance"
        ));
        return Ok(Decided { results, differences, is_good: false });
    }
    let checked = tolerance::check(clients, of, window, differences).await?;
    let mut left = Vec::new();
    for (difference, is_within) in checked {
        let count = match difference.kind {
            DifferenceKind::Missing => &mut results.missing,
            DifferenceKind::Extra => &mut results.extra,
            DifferenceKind::Changed => &mut results.changed,
        };
        match (is_within, count) {
            (true, Some(count)) => *count = count.saturating_sub(1),
            _ => left.push(difference),
        }
    }
    results.within_tolerance = Some(all - left.len() as u64);
    Ok(Decided { is_good: different(&results) == 0, results, differences: left })
}

/// Checks that both sides are those that the verification began with.
async fn check_unchanged(clients: &Clients, of: &Verification) -> Result<(), VerifyError> {
    let table = table_description::describe(&clients.dynamodb(), &of.table_name).await?;
    if table.and_then(|table| table.table_id).as_deref().unwrap_or_default() != of.table_id {
        return Err(VerifyError::TableReplaced(of.table_name.clone()));
    }
    match &of.expected {
        ExpectedSide::Items { bucket: name, root, manifest, files_digest, files, .. } => {
            let (digest, files) = ((files_digest.as_str(), *files), bucket(clients, name));
            unchanged_source(&files, root, manifest, digest).await.map(drop)
        }
        ExpectedSide::Incremental { .. } => Ok(()),
        ExpectedSide::Table { table_name, table_id, .. } => {
            let source = table_description::describe(&clients.dynamodb(), table_name).await?;
            match source.and_then(|source| source.table_id).as_deref() == Some(table_id) {
                true => Ok(()),
                false => Err(CompareError::TableMissing(table_name.clone()).into()),
            }
        }
        // A description does not change.
        ExpectedSide::Backup { .. } => Ok(()),
    }
}

/// Returns the required keys that the table does not have.
async fn missing_keys(clients: &Clients, of: &Verification) -> Result<Vec<String>, VerifyError> {
    let (calls, until) = (clients.raw_items(), Instant::now() + RETRY);
    let reads = KeyedReads { calls: &calls, table: &of.table_name, until };
    let mut rate_limiter = RateLimiter::share(of.max_rate, 1, Instant::now());
    let mut fingerprinter = Fingerprinter::new(of.key_names.iter().map(String::as_str));
    let mut found = BTreeSet::new();
    for keys in of.keys.chunks(MOST_KEYS) {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        for item in reads.read(&keys, &mut rate_limiter).await? {
            found.insert(fingerprint(of, &mut fingerprinter, &item)?.key);
        }
    }
    Ok(of.keys.iter().filter(|key| !found.contains(key.as_bytes())).cloned().collect())
}

#[cfg(test)]
mod tests;
