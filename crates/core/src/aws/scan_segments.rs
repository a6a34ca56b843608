//! Chooses the number of segments of a scan or an import.

use super::rate::RatedWork;

/// Bytes of a table per segment. A function reads and writes this many in a few minutes.
const BYTES_OF_A_SEGMENT: u64 = 512 << 20;
/// Minimum capacity units per second that justify another segment. A page takes up to 256 at once, an item up to 400.
const CAPACITY_OF_A_SEGMENT: u32 = 5;
/// Bytes of a page of a scan.
const PAGE: u32 = 1 << 20;
/// Bytes per read capacity unit of a consistent read. An eventually consistent read covers twice as many.
const UNIT: u32 = 4_096;
/// Bytes per second that one segment easily reads: a page each half second. A page takes about 0.2 seconds.
const BYTES_A_SECOND: u32 = 2 * PAGE;

/// Returns the number of segments for a table of this size, as DescribeTable reports it; at least one.
pub fn by_size(bytes: Option<i64>) -> u32 {
    u32::try_from(number(bytes).div_ceil(BYTES_OF_A_SEGMENT)).unwrap_or(u32::MAX).max(1)
}

/// Returns the smallest number of segments that uses a whole rate of read capacity units; at least one.
pub fn by_rate(units_a_second: u32, consistent: bool) -> u32 {
    units_a_second.div_ceil(BYTES_A_SECOND / bytes_of_a_unit(consistent)).max(1)
}

/// Returns the scan of a table of this size, as DescribeTable reports it. `rate` is in read capacity units per second;
/// 0 means no limit.
pub fn scan(bytes: Option<i64>, consistent: bool, rate: u32, seconds_per_call: u32) -> RatedWork {
    let unit = f64::from(bytes_of_a_unit(consistent));
    let units = number(bytes) as f64 / unit;
    let least_units = f64::from(PAGE) / unit;
    RatedWork { units, rate, seconds_per_call, least_units, useful: 1.0, least_calls: 0.0 }
}

/// Converts a count from DescribeTable; 0 if it is missing.
pub fn number(count: Option<i64>) -> u64 {
    u64::try_from(count.unwrap_or_default()).unwrap_or_default()
}

fn bytes_of_a_unit(consistent: bool) -> u32 {
    if consistent { UNIT } else { 2 * UNIT }
}

/// Returns the number of segments for this many capacity units per second: at least one, at most `most`. 0 means no
/// limit on capacity and returns `most`.
pub fn by_capacity(max_capacity_units: u32, most: u32) -> u32 {
    match max_capacity_units {
        0 => most.max(1),
        units => (units / CAPACITY_OF_A_SEGMENT).min(most).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_grow_with_size_and_capacity() {
        let gibibyte = 1_i64 << 30;
        for (bytes, segments) in
            [(None, 1), (Some(-1), 1), (Some(0), 1), (Some(gibibyte / 2 + 1), 2), (Some(i64::MAX), u32::MAX)]
        {
            assert_eq!(by_size(bytes), segments, "{bytes:?}");
        }
        for (units, most, segments) in
            [(0, 40, 40), (0, 0, 1), (1, 40, 1), (26, 40, 5), (1_000, 40, 40), (9, 0, 1)]
        {
            assert_eq!(by_capacity(units, most), segments, "{units} {most}");
        }
    }
    #[test]
    fn rate_is_shared_by_the_fewest_segments() {
        for (units, consistent, segments) in [
            (1, true, 1),
            (512, true, 1),
            (513, true, 2),
            (2_000, true, 4),
            (512, false, 2),
            (u32::MAX, true, 8_388_608),
        ] {
            assert_eq!(by_rate(units, consistent), segments, "{units} {consistent}");
        }
        let consistent = scan(Some(1 << 30), true, 100, 600);
        let eventual = scan(Some(1 << 30), false, 100, 600);
        assert_eq!((consistent.units, consistent.least_units), (262_144.0, 256.0));
        assert_eq!((eventual.units, eventual.least_units), (131_072.0, 128.0));
        assert_eq!(scan(Some(-1), true, 100, 600).units, 0.0);
    }
}
