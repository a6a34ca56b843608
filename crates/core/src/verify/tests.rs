use super::*;

/// Returns the plan of a verification of `orders`.
pub(super) fn verification() -> Verification {
    Verification {
        table_arn: crate::testing::fake_aws::arn("orders"),
        table_name: "orders".to_owned(),
        table_id: "id-of-orders".to_owned(),
        key_names: vec!["id".to_owned()],
        key_types: vec![KeyType::S],
        segments: 3,
        strength: Strength::Exact,
        expected: ExpectedSide::Items {
            bucket: "exports".to_owned(),
            root: "orders/".to_owned(),
            manifest: "orders/manifest-summary.json".to_owned(),
            format: Format::DynamodbJson,
            files: 2,
            files_digest: String::new(),
            item_count: Some(100),
            segments: 2,
        },
        against: "export s3://exports/orders/".to_owned(),
        mismatch: None,
        index_differences: Vec::new(),
        indexes: IndexCheck::Required,
        notes: Vec::new(),
        sample_size: 0,
        keys: Vec::new(),
        max_rate: 0,
        seconds_per_call: 600,
        bucket: "reports".to_owned(),
        report: "orders/report.json".to_owned(),
        work: "runs/".to_owned(),
        started_at: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn each_strength_reads_what_it_needs() {
    let of = |strength, mismatch: Option<&str>| {
        let mismatch = mismatch.map(str::to_owned);
        let plan = Verification { strength, mismatch, ..verification() };
        let segments = [SideName::Expected, SideName::Found].map(|side| plan.segments_of(side));
        (segments, plan.is_sampled(), plan.ranges())
    };
    assert_eq!(of(Strength::Exact, None), ([2, 3], false, 3));
    assert_eq!(of(Strength::Sampled, None), ([2, 0], true, 1));
    assert_eq!(of(Strength::Counted, None), ([0, 3], false, 0));
    for strength in [Strength::Exact, Strength::Sampled, Strength::Counted] {
        assert_eq!(of(strength, Some("another key")), ([0, 0], false, 0));
    }
}
