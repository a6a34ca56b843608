use super::*;
use crate::verify::tests::verification;

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
        sentence(&verification(), &exact, "s3://reports/x/report.json"),
        format!("{begin} (EXACT): 1 are missing, 2 extra, 3 changed and 5 equal; {end}")
    );
    let sampled = Results { extra: None, sampled: Some(9), ..counts };
    assert_eq!(
        sentence(&verification(), &report(Strength::Sampled, sampled), "s3://reports/x/report.json"),
        format!("{begin} (SAMPLED): of 9 sampled items 1 are missing, 3 changed and 5 equal; {end}")
    );
    let counted = Results { items: Some(1), items_expected: Some(2), ..Results::default() };
    let key = serde_json::from_str(r#"{"id":{"S":"1"}}"#).unwrap();
    let counted = Report { keys_missing: vec![key], ..report(Strength::Counted, counted) };
    assert_eq!(
        sentence(&verification(), &counted, "s3://reports/x/report.json"),
        format!("{begin} (COUNTED): it has 1 items instead of 2, and 1 required keys do not exist; {end}")
    );
}
