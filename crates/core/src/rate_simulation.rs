//! Simulates exports, backfills and imports at a limited rate, call by call, on a simulated clock.
//!
//! The planning code gives the number of segments, and `RateLimiter` gives the times at which units are taken. The
//! duration of requests and the time between two calls are assumptions. docs/benchmarks.md has the results.

use std::time::Duration;

use tokio::time::Instant;

use crate::aws::rate::{
    Caller, EVENTS, EVENTS_OF_A_CALL, EVENTS_OF_A_SEGMENT, EVENTS_OF_A_TABLE, PLANNED_EVENTS, PLANNED_SECONDS,
};
use crate::aws::rate_limiter::RateLimiter;
use crate::aws::scan_segments::{by_capacity, by_size};
use crate::backfill::{execution_input as backfill_input, plan};
use crate::export::{ExportConfig, scan_plan, testing};
use crate::import::source::{Source, SourceFile};
use crate::import::{Compression, execution_input as import_input, shares};
use crate::storage::StoredFile;

const GB: u64 = 1_000_000_000;
/// Units of a page that is read consistently.
const PAGE: f64 = 256.0;
/// Time from the request of a page to its response.
const RESPONSE: Duration = Duration::from_millis(200);
/// Time to compress and send the lines of a page.
const LINES: Duration = Duration::from_millis(100);
/// Time to put a page's items of 1 KB, 64 at a time in 40 ms each.
const PUTS: Duration = Duration::from_millis(640);
/// Time from the end of a call's work to the start of the next call.
const BETWEEN: Duration = Duration::from_secs(2);
/// Time from the request of a batch to its response.
const WRITE: Duration = Duration::from_millis(50);
/// Bytes of a file that are read per second.
const BYTES_A_SECOND: f64 = 25_000_000.0;
const SECONDS_PER_CALL: u32 = 600;

/// The result of a simulation.
#[derive(Clone, Copy, Debug)]
struct Ran {
    segments: u32,
    calls: u64,
    events: u64,
    seconds: f64,
    /// Share of the rate that was used.
    used: f64,
}

/// Runs segments in order, `at_a_time` concurrently. Each has a number of calls and a duration.
fn ran(each: &[(u64, Duration)], at_a_time: u32, units: f64, rate: u32) -> Ran {
    let mut until = vec![Duration::ZERO; at_a_time as usize];
    for (_, time) in each {
        *until.iter_mut().min().unwrap() += *time;
    }
    let seconds = until.into_iter().max().unwrap().as_secs_f64();
    let (segments, calls) = (each.len() as u32, each.iter().map(|(calls, _)| calls).sum::<u64>());
    let events =
        calls * u64::from(EVENTS_OF_A_CALL) + u64::from(segments * EVENTS_OF_A_SEGMENT + EVENTS_OF_A_TABLE);
    Ran { segments, calls, events, seconds, used: units / f64::from(rate) / seconds }
}

/// Simulates a segment with this many units and one of `shares` shares of the rate, as the steps of an export and a
/// backfill read it: the next page is requested while the previous one is processed.
fn scan(units: f64, rate: u32, shares: u32, taken: Duration) -> (u64, Duration) {
    let begin = Instant::now();
    let (mut now, mut left, mut calls) = (begin, units, 0);
    let page = |left: &mut f64| {
        let page = left.min(PAGE);
        *left -= page;
        page
    };
    while left > 0.0 {
        calls += 1;
        let end = now + Duration::from_secs(SECONDS_PER_CALL.into());
        let mut rate_limiter = RateLimiter::share(rate, shares, now);
        now += RESPONSE;
        rate_limiter.owe(page(&mut left));
        while left > 0.0 && !rate_limiter.is_over(end, now) {
            let fetched = now + rate_limiter.take(0.0, now) + RESPONSE;
            now = fetched.max(now + taken);
            rate_limiter.owe(page(&mut left));
        }
        now += taken;
        if left > 0.0 {
            now += rate_limiter.take(0.0, now);
        }
        now += BETWEEN;
    }
    (calls, now - begin)
}

/// Simulates a table of this size in segments of these relative sizes, `at_a_time` concurrently.
fn scans(bytes: u64, rate: u32, sizes: &[f64], at_a_time: u32, shares: u32, taken: Duration) -> Ran {
    let units = bytes as f64 / 4_096.0;
    let all: f64 = sizes.iter().sum();
    let each: Vec<_> = sizes.iter().map(|size| scan(units * size / all, rate, shares, taken)).collect();
    ran(&each, at_a_time, units, rate)
}

fn export_segments(bytes: u64, rate: u32) -> u32 {
    let run = ExportConfig {
        max_read_capacity_units: rate,
        seconds_per_call: SECONDS_PER_CALL,
        most_segments: 8,
        ..testing::run("dynamodb-json", "gzip")
    };
    let bytes = i64::try_from(bytes).ok();
    scan_plan::check(&run, "orders", bytes).unwrap();
    scan_plan::segments(&run, bytes, Caller::Execution).0
}

fn backfill_segments(bytes: u64, rate: u32) -> u32 {
    let text = str::to_owned;
    let wanted = backfill_input::Wanted {
        table_name: text("orders"),
        stream_arn: None,
        bucket: text("items"),
        prefix: String::new(),
        segments: 0,
        max_read_capacity_units: rate,
        seconds_per_call: SECONDS_PER_CALL,
    };
    let (bytes, items) = (i64::try_from(bytes).ok(), i64::try_from(bytes / 1_024).ok());
    plan::segments(&wanted, bytes, items).unwrap()
}

fn export(bytes: u64, rate: u32) -> Ran {
    let segments = export_segments(bytes, rate);
    scans(bytes, rate, &vec![1.0; segments as usize], segments, segments, LINES)
}

/// Simulates a table with half of its data in one segment.
fn uneven_export(bytes: u64, rate: u32) -> Ran {
    let segments = export_segments(bytes, rate);
    let mut sizes = vec![1.0; segments as usize];
    sizes[0] = f64::from(segments.max(2) - 1);
    scans(bytes, rate, &sizes, segments, segments, LINES)
}

fn backfill(bytes: u64, rate: u32) -> Ran {
    let segments = backfill_segments(bytes, rate);
    scans(bytes, rate, &vec![1.0; segments as usize], segments, segments, PUTS)
}

/// Simulates one segment per five units per second, each with its share of the rate.
fn fine_export(bytes: u64, rate: u32) -> Ran {
    let segments = by_size(i64::try_from(bytes).ok()).min(by_capacity(rate, 64));
    scans(bytes, rate, &vec![1.0; segments as usize], 8, segments, LINES)
}

fn fine_backfill(bytes: u64, rate: u32) -> Ran {
    let segments = by_size(i64::try_from(bytes).ok()).min(by_capacity(rate, 40));
    scans(bytes, rate, &vec![1.0; segments as usize], 40, segments, PUTS)
}

/// Simulates the import step with files of these sizes and items of this many units, one unit per KB. A call reads its
/// current file again from the beginning, and sends each batch when the rate limiter allows it.
fn import_segment(files: &[u64], item: u64, rate: u32, shares: u32) -> (u64, Duration) {
    let begin = Instant::now();
    let (mut now, mut calls, mut file, mut at) = (begin, 0, 0, 0);
    let read = |bytes: u64| Duration::from_secs_f64(bytes as f64 / BYTES_A_SECOND);
    while file < files.len() {
        calls += 1;
        let end = now + Duration::from_secs(SECONDS_PER_CALL.into());
        let mut rate_limiter = RateLimiter::share(rate, shares, now);
        let most = rate_limiter.units_in(Duration::from_secs(5)).unwrap();
        let batch = ((most / item as f64) as u64).clamp(1, 25) * item * 1_024;
        let mut sent = 0;
        now += read(at);
        while file < files.len() {
            let bytes = batch.min(files[file] - at);
            let units = (bytes / 1_024) as f64;
            now += read(bytes);
            if sent > 0 && rate_limiter.is_over_with(units, end, now) {
                break;
            }
            now += rate_limiter.take(units, now);
            (sent, at) = (sent + 1, at + bytes);
            if at == files[file] {
                (now, file, at) = (now + WRITE, file + 1, 0);
            }
        }
        if file < files.len() {
            now = (now + WRITE).max(rate_limiter.due().unwrap().min(end + Duration::from_secs(30)));
        }
        now += BETWEEN;
    }
    (calls, now - begin)
}

fn import(files: &[u64], item: u64, rate: u32) -> Ran {
    let text = str::to_owned;
    let wanted = import_input::Wanted {
        bucket: text("exports"),
        place: String::new(),
        segments: 0,
        max_write_capacity_units: rate,
        seconds_per_call: SECONDS_PER_CALL,
    };
    let file = |size: &u64| SourceFile {
        stored: StoredFile { key: text("data/a.json"), size: *size, etag: String::new() },
        item_count: Some(size / 1_024 / item),
        md5: None,
    };
    let (root, source_files) = (String::new(), files.iter().map(file).collect());
    let source = Source { root, manifest: None, format: None, item_count: None, files: source_files };
    let segments = shares::segments(&wanted, &source, Compression::ByEnding).unwrap();
    let each: Vec<_> = (0..segments as usize)
        .map(|segment| {
            let own: Vec<u64> = files.iter().copied().skip(segment).step_by(segments as usize).collect();
            import_segment(&own, item, rate, segments)
        })
        .collect();
    ran(&each, segments, (files.iter().sum::<u64>() / 1_024) as f64, rate)
}

/// Formats a row of the table.
fn row(what: &str, Ran { segments, calls, events, seconds, used }: Ran) -> String {
    let (hours, used) = (seconds / 3_600.0, used * 100.0);
    format!("| {what} | {segments} | {calls} | {events} | {hours:.1} | {used:.0} % |")
}

fn are_in_the_docs(rows: &[String]) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/benchmarks.md");
    let page = std::fs::read_to_string(page).unwrap();
    let all_rows_found = rows.iter().all(|row| page.contains(row));
    assert!(all_rows_found, "docs/benchmarks.md should have these rows:\n{}", rows.join("\n"));
}

const SCANS: &[(u64, u32)] = &[(50, 100), (50, 200), (100, 500), (200, 1_000), (100, 1_000), (500, 2_000)];

/// With the planned number of segments, the rate is used and the execution finishes.
#[test]
fn work_at_a_rate_ends_and_uses_the_rate() {
    let mut rows = Vec::new();
    let mut holds = |what: String, ran: Ran| {
        assert!(ran.events <= u64::from(PLANNED_EVENTS), "{what}: {ran:?}");
        assert!(ran.seconds <= f64::from(PLANNED_SECONDS), "{what}: {ran:?}");
        assert!((0.9..1.01).contains(&ran.used), "{what}: {ran:?}");
        rows.push(row(&what, ran));
    };
    for (size, rate) in SCANS {
        holds(format!("export of {size} GB at {rate}"), export(size * GB, *rate));
    }
    for (size, rate) in SCANS {
        holds(format!("backfill of {size} GB at {rate}"), backfill(size * GB, *rate));
    }
    let gib = 1 << 30;
    // The largest multiple of the item size in a file.
    let large = [gib / 40_960 * 40_960; 5];
    holds("import of 5 GiB of items of 40 KB at 20".to_owned(), import(&large, 40, 20));
    holds("import of 5 GiB of items of 40 KB at 200".to_owned(), import(&large, 40, 200));
    let even = import(&[gib; 100], 1, 1_000);
    holds("import of 100 GiB of items of 1 KB at 1000, in 100 files".to_owned(), even);
    let mut uneven = [gib / 16; 16];
    uneven[3] = gib;
    let uneven = import(&uneven, 1, 1_000);
    holds("import of 2 GiB of items of 1 KB at 1000, half of it in one file".to_owned(), uneven);

    // Each call reads its current file from the beginning.
    let long = import(&[4 * gib; 24], 1, 1_000);
    assert!(long.events <= u64::from(PLANNED_EVENTS) && long.used > 0.8, "{long:?}");
    rows.push(row("import of 96 GiB of items of 1 KB at 1000, in 24 files", long));
    // Planning does not know that the segments are uneven. The export still finishes, at about half of the rate.
    let half = uneven_export(500 * GB, 2_000);
    assert!(half.events <= u64::from(PLANNED_EVENTS) && half.used > 0.45, "{half:?}");
    rows.push(row("export of 500 GB at 2000, half of it in one segment", half));
    let half = uneven_export(50 * GB, 100);
    assert!(half.used > 0.9, "{half:?}");

    are_in_the_docs(&rows);
}

/// With many segments that share a rate, the same simulation does not finish or does not use its rate.
#[test]
fn work_in_many_segments_does_not_end_or_use_the_rate() {
    let mut rows = Vec::new();
    let falls_short = |ran: Ran| ran.events > u64::from(EVENTS) || ran.used < 0.9;
    for (size, rate) in SCANS {
        let ran = fine_export(size * GB, *rate);
        assert!(falls_short(ran), "{size} {rate} {ran:?}");
        rows.push(row(&format!("export of {size} GB at {rate}"), ran));
    }
    for (size, rate) in [(50, 100), (50, 200), (500, 2_000)] {
        let ran = fine_backfill(size * GB, rate);
        assert!(falls_short(ran), "{size} {rate} {ran:?}");
        rows.push(row(&format!("backfill of {size} GB at {rate}"), ran));
    }
    are_in_the_docs(&rows);
}
