use serde_json::{Value, json};

use super::*;

const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:verify-table:by-hand";

fn defaults() -> Defaults {
    let text = str::to_owned;
    Defaults {
        report_bucket: text("reports"),
        report_prefix: text("verifications/"),
        item_bucket: text("history"),
        incremental_table: text("orders"),
        incremental_prefix: text("items/"),
        tables_prefix: text("tables/"),
        failures_prefix: text("failures/"),
        noncurrent_days: text("35"),
        settle_seconds: text("300"),
        segments: text("0"),
        max_rate: text("0"),
        seconds_per_call: text("600"),
    }
}

fn input() -> Value {
    json!({ "TableArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders", "Strength": "SAMPLED",
        "Expected": { "Items": "s3://exports/orders/" } })
}

fn wanted(input: Value) -> Result<Wanted, String> {
    let input: ExecutionInput = serde_json::from_value(input).unwrap();
    let started_at = "2026-11-30T12:00:00Z".parse().unwrap();
    input.wanted(&defaults(), EXECUTION, started_at).map_err(|error| error.to_string())
}

#[test]
fn missing_fields_come_from_the_template() {
    let least = wanted(input()).unwrap();
    assert_eq!(
        (least.table_name.as_str(), least.sample_size, least.segments, least.max_rate),
        ("orders", 1_000, 0, 0)
    );
    assert_eq!(
        (least.bucket.as_str(), least.prefix.as_str(), least.seconds_per_call),
        ("reports", "verifications/", 600)
    );
    let place = "orders/".to_owned();
    assert_eq!(least.expected, WantedSide::Items { bucket: "exports".to_owned(), place });
    let mut more = input();
    more["SampleSize"] = json!(7);
    more["Segments"] = json!(3);
    more["MaxRate"] = json!(50);
    more["Keys"] = json!([{ "id": { "S": "1" } }, { "id": { "S": "1" } }]);
    let more = wanted(more).unwrap();
    assert_eq!((more.sample_size, more.segments, more.max_rate, more.keys.len()), (7, 3, 50, 1));
}

fn live(table: &str, percent: f64) -> Value {
    json!({ "Table": { "TableArn": format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{table}"),
        "AllowedDifferencePercent": percent } })
}

const USERS: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/users";

fn copied_at(time: &str) -> Value {
    json!({ "Table": { "TableArn": USERS, "CopiedAt": time } })
}

fn incremental(table: &str, at: &str, tolerance: i64) -> Value {
    json!({ "Incremental": { "TableArn": format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{table}"), "At": at,
        "ToleranceSeconds": tolerance } })
}

#[test]
fn a_second_of_an_incremental_backup_is_in_the_folder_of_its_table() {
    for (table, prefix, folder) in [("orders", "items/", ""), ("users", "tables/users/", "users/")] {
        let mut input = input();
        input["Expected"] = incremental(table, "2026-11-30T11:54:58Z", 2);
        let WantedSide::Incremental(WantedSecond { items, at, tolerance_seconds, .. }) =
            wanted(input).unwrap().expected
        else {
            unreachable!()
        };
        assert_eq!(
            (items.bucket.as_str(), items.prefix.as_str(), items.folder.as_str()),
            ("history", prefix, folder)
        );
        assert_eq!((at.timestamp(), tolerance_seconds), (1_796_039_698, 2));
    }
    let input: ExecutionInput = serde_json::from_value({
        let mut input = input();
        input["Expected"] = incremental("orders", "2026-11-30T11:00:00Z", 2);
        input
    })
    .unwrap();
    let without = Defaults { item_bucket: String::new(), ..defaults() };
    let error = input.wanted(&without, EXECUTION, "2026-11-30T12:00:00Z".parse().unwrap()).unwrap_err();
    assert!(
        error.to_string().starts_with("Expected.Incremental cannot be used, because the stack has no"),
        "{error}"
    );
}

#[test]
fn invalid_input_is_refused_with_a_sentence() {
    for (field, value, expected) in [
        ("TableArn", json!("orders"), "TableArn is `orders`; it must be the ARN of a table, such as arn:"),
        (
            "TableArn",
            json!("arn:aws:dynamodb:us-east-1:123456789012:table/orders"),
            "TableArn is `arn:aws:dynamodb:us-east-1:123456789012:table/orders`; it must be a table of the account \
             123456789012 in eu-west-1, as the state machine is",
        ),
        (
            "Expected",
            json!({}),
            "Expected has nothing; it must have one of Items, Incremental, Table and Backup",
        ),
        (
            "Expected",
            json!({ "Items": "exports/orders" }),
            "Expected.Items is `exports/orders`; it must be s3://bucket/folder/ of an export or a snapshot",
        ),
        (
            "Expected",
            json!({ "Items": "s3://exports/a/", "Table": { "TableArn": "arn" } }),
            "Expected has Items and Table; it must have one of Items, Incremental, Table and Backup",
        ),
        (
            "Expected",
            live("orders", 0.0),
            "Expected.Table.TableArn is orders, the table to verify; it must be another",
        ),
        (
            "Expected",
            live("users", 100.5),
            "AllowedDifferencePercent is `100.5`; it must be between 0 and 100",
        ),
        (
            "Expected",
            copied_at("soon"),
            "Expected.Table.CopiedAt is `soon`; it must be a time such as 2026-11-30T02:00:00Z",
        ),
        (
            "Expected",
            copied_at("2026-11-30T12:00:01Z"),
            "Expected.Table.CopiedAt is 2026-11-30 12:00:01 UTC; it must be between 2025-09-02 12:00:00 UTC, for which \
             CloudWatch still has write metrics, and 2026-11-30 12:00:00 UTC",
        ),
        (
            "Expected",
            json!({ "Table": { "TableArn": USERS, "AllowedDifferencePercent": 1, "CopiedAt": "2026-11-30T11:00:00Z" } }),
            "Expected.Table.CopiedAt is given, and AllowedDifferencePercent, too; it must be one of them",
        ),
        (
            "Expected",
            json!({ "Backup": { "BackupArn": "arn:aws:backup:eu-west-1:123456789012:recovery-point:x" } }),
            "Expected.Backup.BackupArn is `arn:aws:backup:eu-west-1:123456789012:recovery-point:x`; it must be the ARN of an \
             on-demand backup of DynamoDB",
        ),
        (
            "Expected",
            json!({ "Backup": { "BackupArn": format!("{USERS}/backup/01-x") } }),
            "Strength is SAMPLED, but the description of a backup has only the number of items",
        ),
        (
            "Expected",
            incremental("orders", "2026-11-30T12:00:01Z", 2),
            "At is 2026-11-30 12:00:01 UTC; it must be 2026-11-30 12:00:00 UTC or earlier: the verification waits",
        ),
        (
            "Expected",
            incremental("orders", "2026-10-27T12:00:00Z", 2),
            "At is 2026-10-27 12:00:00 UTC; it must be 2026-10-27 12:00:02 UTC or later, because versions are retained for 35",
        ),
        ("Expected", incremental("orders", "soon", 2), "At is `soon`; it must be a time such as"),
        (
            "Expected",
            incremental("orders", "2026-11-30T11:00:00Z", 3_601),
            "ToleranceSeconds is `3601`; it must be between 0 and 3600",
        ),
        ("SampleSize", json!(0), "SampleSize is `0`; it must be between 1 and 100000"),
        ("SampleSize", json!(100_001), "SampleSize is `100001`; it must be between 1 and 100000"),
        ("Segments", json!(21), "Segments is `21`; it must be between 0 and 20"),
        ("MaxRate", json!(-1), "MaxRate is `-1`; it must be between 0 and 4000000"),
        (
            "Keys",
            json!([{}]),
            "Keys has `{}`; it must be a key as DynamoDB JSON, such as {\"id\": {\"S\": \"1\"}}",
        ),
        (
            "Keys",
            json!([{ "id": { "BOOL": "true" } }]),
            "Keys has `{\"id\":{\"BOOL\":\"true\"}}`; it must be a key",
        ),
        (
            "Keys",
            json!(vec![json!({ "id": { "S": "1" } }); 101]),
            "Keys has 101 keys; it must have at most 100",
        ),
        (
            "Keys",
            json!([{ "id": { "S": "x".repeat(40_000) } }]),
            "Keys has 40015 bytes; it must have at most 32768",
        ),
    ] {
        let mut input = input();
        input[field] = value;
        let error = wanted(input).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    let mut exact = input();
    (exact["Strength"], exact["SampleSize"]) = (json!("EXACT"), json!(5));
    let expected = "SampleSize is given, but Strength is EXACT; it must be given with SAMPLED only";
    assert_eq!(wanted(exact.clone()).unwrap_err(), expected);
    (exact["SampleSize"], exact["Expected"]) = (Value::Null, live("users", 0.0));
    let expected = "Strength is EXACT, but a table that may be written to is not an exact expectation; use SAMPLED or COUNTED, \
                    or compare with an export";
    assert_eq!(wanted(exact).unwrap_err(), expected);
    let unknown = serde_json::from_value::<ExecutionInput>(json!({ "Other": 1 })).unwrap_err().to_string();
    assert!(unknown.starts_with("unknown field `Other`"), "{unknown}");
}
