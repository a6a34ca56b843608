use super::*;

/// A scan of 12,207,031 units, which is 50 GB, at a rate.
fn scan(rate: u32) -> RatedWork {
    RatedWork {
        units: 12_207_031.0,
        rate,
        seconds_per_call: 600,
        least_units: 256.0,
        useful: 1.0,
        least_calls: 0.0,
    }
}

#[test]
fn calls_multiply_with_the_segments_that_share_a_rate() {
    // 122,070 seconds make 204 calls of 600 seconds for each segment.
    assert_eq!([1, 2, 13, 14].map(|segments| scan(100).calls(segments)), [204.0, 408.0, 2_652.0, 2_856.0]);
    assert_eq!(scan(100).events(13), f64::from(7 * 2_652 + 8 * 13 + 60));
    // Each call reads a page, however small its share of the rate.
    let short = RatedWork { seconds_per_call: 1, ..scan(100) };
    assert_eq!(short.calls(1), (12_207_031.0_f64 / 256.0).ceil());
    let most = RatedWork { least_calls: 9_000.0, ..scan(100) };
    assert_eq!(most.calls(3), 9_000.0);
    let unlimited = scan(0);
    assert_eq!((unlimited.calls(0), unlimited.calls(7), unlimited.seconds()), (1.0, 7.0, 0.0));
    let half = RatedWork { useful: 0.5, ..scan(100) };
    assert_eq!((half.calls(1), half.seconds()), (407.0, 244_140.62));
}

#[test]
fn segments_fit_four_fifths_of_the_history() {
    assert_eq!([1, 13, 20, 64].map(|segments| scan(100).fitting(segments)), [1, 13, 13, 13]);
    assert_eq!(scan(1).fitting(8), 1, "even one segment makes too many events");
    assert_eq!(scan(0).fitting(64), 64);
}

#[test]
fn too_slow_work_is_reported_with_a_rate_that_works() {
    assert_eq!(scan(100).too_slow("the scan", 600), None);
    // 7 days are 604,800 seconds.
    assert!(scan(21).ends() && !scan(20).ends());
    assert_eq!(
        scan(20).too_slow("the scan of table orders", 600).unwrap(),
        "is 20, but the scan of table orders takes about 12207031 capacity units, which at that rate are 7.1 days and 1018 \
         calls of 600 seconds; an execution has 7 days and room for 2847 calls, so use 21 or more, or 0 for no limit"
    );
    let short = RatedWork { seconds_per_call: 20, ..scan(100) };
    let reason = short.too_slow("the scan", 600).unwrap();
    assert!(reason.contains("6104 calls of 20 seconds"), "{reason}");
    assert!(
        reason.ends_with("so use 215 or more, or 0 for no limit, or a SecondsPerCall of 43 or more"),
        "{reason}"
    );
    let long = RatedWork { seconds_per_call: 42, ..short };
    assert!(!long.ends() && RatedWork { seconds_per_call: 43, ..short }.ends());
    let endless = RatedWork { least_calls: 2_848.0, ..scan(100) };
    assert!(
        !endless.ends_at_some_rate() && RatedWork { least_calls: 2_847.0, ..scan(100) }.ends_at_some_rate()
    );
    let reason = endless.too_slow("the scan", 600).unwrap();
    assert!(reason.ends_with("so no rate is high enough"), "{reason}");
}

#[test]
fn the_lowest_rate_is_found() {
    for least in [1, 2, 3, 999, 1_000_000, 10_000_000] {
        assert_eq!(least_rate(|rate| rate >= least), Some(least));
    }
    assert_eq!(least_rate(|_| false), None);
}

/// Checks that the planned time is the time limit of the state machines.
#[test]
fn state_machines_time_out_after_eight_days() {
    for machine in [
        include_str!("../../../../../statemachines/backfill.asl.json"),
        include_str!("../../../../../statemachines/export-table.asl.json"),
        include_str!("../../../../../statemachines/import-table.asl.json"),
        include_str!("../../../../../statemachines/restore-snapshot.asl.json"),
    ] {
        let machine: serde_json::Value = serde_json::from_str(machine).unwrap();
        assert_eq!(machine["TimeoutSeconds"], SECONDS);
    }
}
