use super::*;

fn report(strength: Strength, results: Results) -> Report {
    Report {
        version: VERSION,
        execution_arn: "arn".to_owned(),
        table_arn: "arn".to_owned(),
        table_id: "id".to_owned(),
        strength,
        against: "export s3://exports/orders/".to_owned(),
        verified: false,
        tagged: false,
        results,
        key_schema: None,
        index_differences: Vec::new(),
        indexes: IndexCheck::Required,
        function_check: None,
        keys_missing: Vec::new(),
        differences: Vec::new(),
        notes: Vec::new(),
        started_at: chrono::DateTime::UNIX_EPOCH,
        finished_at: chrono::DateTime::UNIX_EPOCH,
    }
}

#[test]
fn damage_is_described_in_one_sentence() {
    let begin = "table orders does not hold what export s3://exports/orders/ holds";
    let counts =
        Results { equal: Some(5), missing: Some(1), extra: Some(2), changed: Some(3), ..Results::default() };
    let exact = report(Strength::Exact, counts.clone());
    let end = "the report is s3://reports/x/report.json";
    assert_eq!(
        sentence("orders", &exact, "s3://reports/x/report.json"),
        format!("{begin} (EXACT): 1 are missing, 2 extra, 3 changed and 5 equal; {end}")
    );
    let sampled = Results { extra: None, sampled: Some(9), ..counts };
    assert_eq!(
        sentence("orders", &report(Strength::Sampled, sampled), "s3://reports/x/report.json"),
        format!("{begin} (SAMPLED): of 9 sampled items 1 are missing, 3 changed and 5 equal; {end}")
    );
    let counted = Results { items: Some(1), items_expected: Some(2), ..Results::default() };
    let key = serde_json::from_str(r#"{"id":{"S":"1"}}"#).unwrap();
    let counted = Report { keys_missing: vec![key], ..report(Strength::Counted, counted) };
    assert_eq!(
        sentence("orders", &counted, "s3://reports/x/report.json"),
        format!("{begin} (COUNTED): it has 1 items instead of 2, and 1 required keys do not exist; {end}")
    );
    let check = FunctionCheck { verified: false, reason: None };
    let other = Report {
        index_differences: vec!["it lacks the index a (b)".to_owned()],
        function_check: Some(check),
        ..report(Strength::Counted, Results { changed_at_most: Some(4), ..Results::default() })
    };
    let noted = Report { indexes: IndexCheck::Noted, ..other.clone() };
    let refused = "the check function refuses it (4 items were inserted or deleted at most)";
    assert_eq!(
        [&other, &noted].map(|report| sentence("orders", report, "s3://reports/x/report.json")),
        [
            format!("{begin} (COUNTED): it lacks the index a (b), and {refused}; {end}"),
            format!("{begin} (COUNTED): {refused}; {end}")
        ]
    );
}
