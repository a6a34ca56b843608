use super::*;
use crate::export::testing;

const GB: i64 = 1_000_000_000;

/// An export at this many read capacity units per second, with calls of ten minutes.
fn run(rate: u32, asked: u32) -> ExportConfig {
    ExportConfig {
        segments: asked,
        most_segments: if rate > 0 { 8 } else { 64 },
        max_read_capacity_units: rate,
        seconds_per_call: 600,
        ..testing::run("dynamodb-json", "gzip")
    }
}

#[test]
fn rate_is_shared_by_the_fewest_scan_segments() {
    let of = |rate, asked, caller| segments(&run(rate, asked), Some(50 * GB), caller).0;
    for (rate, asked, in_execution, in_process) in [
        (0, 0, 64, 64),
        (0, 7, 7, 7),
        (1, 0, 1, 1),
        (512, 0, 1, 1),
        (513, 0, 2, 2),
        (2_000, 0, 4, 4),
        (100_000, 0, 8, 8),
        (2_000, 8, 8, 8),
        (2_000, 64, 8, 8),
        (9, 4, 1, 1),
        // 100 units per second need 204 calls for each segment, and 50 need twice as many.
        (100, 8, 8, 8),
        (50, 8, 6, 8),
    ] {
        let given = (of(rate, asked, Caller::Execution), of(rate, asked, Caller::Process));
        assert_eq!(given, (in_execution, in_process), "{rate} {asked}");
    }
    let eventual = ExportConfig { consistent_read: false, ..run(2_000, 0) };
    assert_eq!(segments(&eventual, Some(50 * GB), Caller::Execution).0, 8);
    assert_eq!(segments(&run(2_000, 0), Some(GB), Caller::Execution).0, 2, "one for each 512 MiB");
}

#[test]
fn too_slow_scan_is_refused_with_numbers() {
    for (rate, bytes) in [(0, 12_000 * GB), (21, 50 * GB), (100, 240 * GB), (1, 0)] {
        check(&run(rate, 0), "orders", Some(bytes)).unwrap();
    }
    let refused = |rate, bytes| check(&run(rate, 0), "orders", Some(bytes)).unwrap_err().to_string();
    let reason = refused(20, 50 * GB);
    assert!(
        reason.starts_with(
            "MaxReadCapacityUnits is 20, but the scan of table orders with 50000000000 bytes takes"
        ),
        "{reason}"
    );
    assert!(reason.ends_with("so use 21 or more, or 0 for no limit"), "{reason}");
    let reason = refused(0, 13_000 * GB);
    assert!(
        reason.starts_with("TableName is orders, whose 13000000000000 bytes fill at least 3027 data files"),
        "{reason}"
    );
    assert!(reason.ends_with("use Managed, which lets DynamoDB export it"), "{reason}");
    assert_eq!(refused(1_000_000, 13_000 * GB), reason);
    let short = ExportConfig { seconds_per_call: 10, ..run(200, 0) };
    let reason = check(&short, "orders", Some(50 * GB)).unwrap_err().to_string();
    assert!(reason.ends_with("or a SecondsPerCall of 22 or more"), "{reason}");
}

#[test]
fn tables_may_be_too_slow_only_together() {
    let fifty = Some(50 * GB);
    // 13 tables take 204 calls each.
    assert_eq!(most_segments(&run(100, 0), &[fifty; 13]), Ok(8));
    let reason = most_segments(&run(100, 0), &[fifty; 14]).unwrap_err().to_string();
    assert!(
        reason.starts_with(
            "MaxReadCapacityUnits is 100, but 14 tables with 700000000000 bytes, 4 at a time, take about"
        ),
        "{reason}"
    );
    let least: u32 =
        reason.split("so use ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
    most_segments(&run(least, 0), &[fifty; 14]).unwrap();
    most_segments(&run(least - 1, 0), &[fifty; 14]).unwrap_err();
    // A table that would not end alone is refused alone.
    assert_eq!(most_segments(&run(100, 0), &[fifty, Some(9_000 * GB), None]), Ok(8));
    // Two segments each are too many, but one segment each uses the whole rate.
    assert_eq!(most_segments(&run(1_000, 0), &[Some(4 * 86_400 * 1_000 * 4_096); 4]), Ok(1));
    // Five tables of four days each, four at a time, take eight days.
    let four_days = Some(4 * 86_400 * 1_000 * 4_096);
    let reason = most_segments(&run(1_000, 0), &[four_days; 5]).unwrap_err().to_string();
    assert!(reason.contains("take about 8.0 days"), "{reason}");
    let reason = most_segments(&run(9_000_000, 0), &[Some(9_000 * GB); 9]).unwrap_err().to_string();
    assert!(reason.ends_with("so select fewer tables"), "{reason}");
}
