use super::*;
use crate::storage::StoredFile;

const MIB: u64 = 1 << 20;

fn wanted(rate: u32, segments: u32) -> Wanted {
    Wanted {
        bucket: "exports".to_owned(),
        place: String::new(),
        segments,
        max_write_capacity_units: rate,
        seconds_per_call: 600,
    }
}

/// Returns files of these sizes with this ending, each with this many items.
fn source(sizes: &[u64], ending: &str, items: u64) -> Source {
    let file = |(place, size): (usize, &u64)| SourceFile {
        stored: StoredFile { key: format!("data/{place}{ending}"), size: *size, etag: String::new() },
        item_count: Some(items),
        md5: None,
    };
    let files = sizes.iter().enumerate().map(file).collect();
    Source { root: "data/".to_owned(), manifest: None, format: None, item_count: None, files }
}

fn of(wanted: &Wanted, source: &Source) -> Result<u32, String> {
    segments(wanted, source, Compression::ByEnding).map_err(|error| error.to_string())
}

#[test]
fn rate_is_shared_by_the_fewest_segments_that_can_write_it() {
    let even = source(&[100 * MIB; 16], ".json", 0);
    for (rate, asked, segments) in [
        (0, 0, 8),
        (0, 40, 16),
        (20, 0, 1),
        (250, 0, 1),
        (251, 0, 2),
        (1_000, 0, 4),
        (100_000, 0, 16),
        (1_000, 3, 3),
        (9, 3, 1),
    ] {
        assert_eq!(of(&wanted(rate, asked), &even), Ok(segments), "{rate} {asked}");
    }
    assert_eq!(of(&wanted(1_000, 0), &source(&[], ".json", 0)), Ok(1));
}

#[test]
fn fewer_segments_share_the_rate_if_one_file_dominates() {
    let mut sizes = [10 * MIB; 16];
    sizes[5] = 1_000 * MIB;
    assert_eq!(of(&wanted(1_000, 0), &source(&sizes, ".json", 0)), Ok(1));
    // One segment writes no more than the limit of a partition, so two with half each are as fast.
    assert_eq!(of(&wanted(2_000, 0), &source(&sizes, ".json", 0)), Ok(2));
    let counted = source(&[MIB; 4], ".json", 1_000_000);
    assert_eq!(of(&wanted(1_000, 0), &counted), Ok(4));
}

#[test]
fn requested_segments_are_limited_by_the_history() {
    // 25 GiB at 100 units per second take about 450 calls for each segment.
    let plain = source(&[1 << 30; 25], ".json", 0);
    assert_eq!(of(&wanted(100, 25), &plain), Ok(6));
    // Compressed files are likely to take more.
    assert_eq!(of(&wanted(100, 25), &source(&[1 << 30; 5], ".json.gz", 0)), Ok(3));
    let command_line = Wanted { seconds_per_call: 0, ..wanted(100, 20) };
    assert_eq!(of(&command_line, &plain), Ok(20));
}

#[test]
fn too_slow_import_is_refused_with_numbers() {
    let reason = of(&wanted(20, 0), &source(&[4 << 30; 5], ".json.gz", 0)).unwrap_err();
    assert!(
        reason.starts_with(
            "MaxWriteCapacityUnits is 20, but the import of 5 files with 21474836480 bytes takes about"
        ),
        "{reason}"
    );
    assert!(reason.contains("20971520 capacity units"), "{reason}");
    let items = of(&wanted(20, 0), &source(&[MIB; 20], ".json.gz", 1_000_000)).unwrap_err();
    assert!(items.contains("20000000 capacity units"), "{items}");
    of(&Wanted { seconds_per_call: 0, ..wanted(20, 0) }, &source(&[4 << 30; 5], ".json", 0)).unwrap();
}

#[test]
fn file_too_large_for_one_call_is_refused() {
    of(&wanted(0, 0), &source(&[12_000_000_000], ".json.gz", 0)).unwrap();
    let reason = of(&wanted(0, 0), &source(&[12_000_000_001], ".json.gz", 0)).unwrap_err();
    assert_eq!(
        reason,
        "From has data/0.json.gz with 12000000001 bytes, which take about 601 seconds to read; each call reads a file from \
         its beginning, and has 600 seconds, enough for 12000000000 bytes; use a SecondsPerCall of 601 or more, or smaller \
         files"
    );
    let reason = of(&wanted(0, 0), &source(&[20_000_000_000], ".json.gz", 0)).unwrap_err();
    assert!(reason.ends_with("enough for 12000000000 bytes; use smaller files"), "{reason}");
    of(&Wanted { seconds_per_call: 0, ..wanted(0, 0) }, &source(&[20_000_000_000], ".json.gz", 0)).unwrap();
}
