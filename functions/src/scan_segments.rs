//! In how many segments a table is scanned, or an export is imported.

/// A segment for each so many bytes of a table: a function reads them, and writes what is in them, in a few minutes.
const BYTES_OF_A_SEGMENT: u64 = 512 << 20;
/// The fewest capacity units a second that are worth a segment of its own: a page takes up to 256 at once, an item up to 400.
const CAPACITY_OF_A_SEGMENT: u32 = 5;

/// As many as a table of so many bytes, as DescribeTable says them, is worth; at least one.
pub fn by_size(bytes: Option<i64>) -> u32 {
    let bytes = u64::try_from(bytes.unwrap_or_default()).unwrap_or_default();
    u32::try_from(bytes.div_ceil(BYTES_OF_A_SEGMENT)).unwrap_or(u32::MAX).max(1)
}

/// As many as so many capacity units a second are worth, 0 for as many as there are; at least one, and `most` at the
/// most.
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
    fn it_is_as_many_as_it_is_worth() {
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
}
