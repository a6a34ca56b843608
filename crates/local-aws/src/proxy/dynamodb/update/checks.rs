//! The updates that AWS refuses.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use super::super::settings::{Settings, Warm};
use super::super::{indexes, invalid, name_of, text};
use super::index_changes;
use crate::upstream::ApiError;

/// The settings that can only be changed alone, in the order in which AWS checks them, each with its name in the
/// message (DDB-TABLE-382, 433).
const ALONE: [(&str, &str); 4] = [
    ("SSESpecification", "Server-Side Encryption modification"),
    ("TableClass", "TableClass modification"),
    ("DeletionProtectionEnabled", "DeletionProtection modification"),
    ("WarmThroughput", "WarmThroughput"),
];

pub(super) fn check_kinds(input: &Value) -> Result<(), ApiError> {
    let wrong = |reason: String| Err(invalid(format!("One or more parameter values were invalid: {reason}")));
    let given = |name: &str| input.get(name).is_some();
    let made_or_deleted = index_changes(input, "Create").count() + index_changes(input, "Delete").count();
    for (kind, label) in ALONE.iter().filter(|(kind, _)| given(kind)) {
        let is_another = |name: &str| match name {
            "TableName" | "AttributeDefinitions" => false,
            // Table and indexes may raise their warm throughput together.
            "GlobalSecondaryIndexUpdates" if *kind == "WarmThroughput" => made_or_deleted > 0,
            name => name != *kind,
        };
        if input.as_object().is_some_and(|members| members.keys().any(|name| is_another(name))) {
            return wrong(format!("{label} must be the only operation in the request"));
        }
    }
    let changes_iops = given("ProvisionedThroughput") || text(input, "BillingMode") == Some("PROVISIONED");
    if given("OnDemandThroughput") && given("StreamSpecification") {
        return wrong(
            "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request".to_owned(),
        );
    }
    if given("StreamSpecification") && changes_iops {
        return wrong("You cannot modify stream status while updating table IOPS".to_owned());
    }
    if made_or_deleted > 0 && given("StreamSpecification") {
        return wrong("You cannot create or delete index while changing stream status".to_owned());
    }
    if made_or_deleted > 0 && (given("ProvisionedThroughput") || given("BillingMode")) {
        return wrong("You cannot create or delete index while updating table IOPS".to_owned());
    }
    if made_or_deleted > 1 {
        return Err(ApiError::new(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ));
    }
    Ok(())
}

pub(super) fn check_stream(table: &Value, input: &Value) -> Result<(), ApiError> {
    let enabled = |of: &Value| of.pointer("/StreamSpecification/StreamEnabled").and_then(Value::as_bool);
    let name = name_of(table);
    match (enabled(table).unwrap_or(false), enabled(input)) {
        (true, Some(true)) => Err(invalid(format!("Table already has an enabled stream: TableName: {name}"))),
        (false, Some(false)) => Err(invalid(format!("Table has no stream to disable: TableName: {name}"))),
        _ => Ok(()),
    }
}

pub(super) fn check_warm(table: &mut Value, input: &Value) -> Result<(), ApiError> {
    check_not_less("table", table, input)?;
    for change in index_changes(input, "Update") {
        let index = indexes(table).iter().find(|index| index.get("IndexName") == change.get("IndexName"));
        if let Some(index) = index {
            check_not_less(
                &format!("index {}", text(index, "IndexName").unwrap_or_default()),
                index,
                change,
            )?;
        }
    }
    Ok(())
}

fn check_not_less(what: &str, shown: &Value, given: &Value) -> Result<(), ApiError> {
    let now = Warm::read(shown.get("WarmThroughput"));
    for (name, now) in [("ReadUnitsPerSecond", now.reads), ("WriteUnitsPerSecond", now.writes)] {
        let wanted = given.get("WarmThroughput").and_then(|warm| warm.get(name)?.as_u64());
        if wanted.is_some_and(|wanted| wanted < now) {
            return Err(invalid(format!(
                "One or more parameter values were invalid: Requested {name} for WarmThroughput for {what} is lower \
                 than current WarmThroughput, decreasing WarmThroughput is not supported"
            )));
        }
    }
    Ok(())
}

/// Refuses a change of the deletion protection within 15 seconds of the last one, as AWS does (DDB-TABLE-017).
pub(super) fn check_protection(settings: &Settings, name: &str, now: DateTime<Utc>) -> Result<(), ApiError> {
    match settings.protection_changed.filter(|changed| now - changed < Duration::seconds(15)) {
        Some(changed) => Err(ApiError::new(
            "ThrottlingException",
            format!(
                "Deletion protection setting for table {name} modified within the previous 15000 milliseconds. Please try \
                 again after {}",
                changed + Duration::seconds(15)
            ),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(result: Result<(), ApiError>) -> Option<String> {
        result.err().map(|refusal| refusal.code)
    }

    #[test]
    fn one_kind_of_change_at_a_time() {
        let changes = |sort: &str, times: usize| json!(vec![json!({sort: {"IndexName": "i"}}); times]);
        let cases = [
            (json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": {}}), None),
            (json!({"TableClass": "STANDARD"}), None),
            (
                json!({"TableClass": "STANDARD", "DeletionProtectionEnabled": true}),
                Some("ValidationException"),
            ),
            (json!({"WarmThroughput": {}, "GlobalSecondaryIndexUpdates": changes("Update", 2)}), None),
            (json!({"WarmThroughput": {}, "OnDemandThroughput": {}}), Some("ValidationException")),
            (json!({"StreamSpecification": {}, "OnDemandThroughput": {}}), Some("ValidationException")),
            (json!({"BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": {}}), None),
            (json!({"BillingMode": "PAY_PER_REQUEST", "StreamSpecification": {}}), None),
            (json!({"SSESpecification": {}, "StreamSpecification": {}}), Some("ValidationException")),
            (
                json!({"BillingMode": "PROVISIONED", "GlobalSecondaryIndexUpdates": changes("Update", 2)}),
                None,
            ),
            (json!({"TableClass": "STANDARD", "StreamSpecification": {}}), Some("ValidationException")),
            (
                json!({"BillingMode": "PROVISIONED", "GlobalSecondaryIndexUpdates": changes("Create", 1)}),
                Some("ValidationException"),
            ),
            (json!({"GlobalSecondaryIndexUpdates": changes("Delete", 2)}), Some("LimitExceededException")),
        ];
        for (input, expected) in cases {
            assert_eq!(code(check_kinds(&input)).as_deref(), expected, "{input}");
        }
    }

    #[test]
    fn of_two_settings_that_must_be_alone_the_first_is_named() {
        for (input, expected) in [
            (
                json!({"SSESpecification": {}, "TableClass": "STANDARD"}),
                "Server-Side Encryption modification",
            ),
            (json!({"DeletionProtectionEnabled": true, "TableClass": "STANDARD"}), "TableClass modification"),
            (
                json!({"WarmThroughput": {}, "DeletionProtectionEnabled": true}),
                "DeletionProtection modification",
            ),
            (json!({"WarmThroughput": {}, "StreamSpecification": {}}), "WarmThroughput"),
        ] {
            let message = check_kinds(&input).unwrap_err().message;
            let expected = format!(
                "One or more parameter values were invalid: {expected} must be the only operation in the request"
            );
            assert_eq!(message, expected);
        }
    }

    #[test]
    fn warm_throughput_cannot_be_decreased() {
        let warm =
            |reads: u64, writes: u64| json!({"ReadUnitsPerSecond": reads, "WriteUnitsPerSecond": writes});
        let index = json!({"IndexName": "i", "WarmThroughput": warm(10, 10)});
        let mut table = json!({"WarmThroughput": warm(20, 20), "GlobalSecondaryIndexes": [index]});
        let mut refused = |input: Value| code(check_warm(&mut table, &input)).is_some();
        assert!(!refused(json!({"WarmThroughput": warm(20, 21)})));
        assert!(!refused(json!({"WarmThroughput": {"ReadUnitsPerSecond": 30}})));
        assert!(refused(json!({"WarmThroughput": warm(30, 19)})));
        let of_index = |warm: Value| json!({"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "i", "WarmThroughput": warm}}]});
        assert!(!refused(of_index(warm(10, 11))));
        assert!(refused(of_index(warm(9, 11))));
    }
}
