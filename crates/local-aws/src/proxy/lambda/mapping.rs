use serde_json::{Map, Value, json};

/// The default size of a batch of stream records.
pub(super) const BATCH_SIZE: u32 = 100;

/// The settings that the emulator drops.
const DROPPED: [&str; 5] =
    ["TumblingWindowInSeconds", "KMSKeyArn", "MetricsConfig", "LoggingConfig", "SourceAccessConfigurations"];

/// Returns whether a mapping reads from a DynamoDB stream.
pub(super) fn is_of_table(mapping: &Value) -> bool {
    let source = mapping.get("EventSourceArn").and_then(Value::as_str).unwrap_or_default();
    source.split(':').nth(2) == Some("dynamodb") && source.contains("/stream/")
}

/// Stores the settings of a call that the emulator drops.
pub(super) fn note(dropped: &mut Map<String, Value>, input: &Value) {
    for name in DROPPED {
        if let Some(value) = input.get(name) {
            dropped.insert(name.to_owned(), value.clone());
        }
    }
}

/// Completes the description of a mapping as AWS shows it.
pub(super) fn show(mapping: &mut Value, dropped: Option<&Map<String, Value>>, hides_start: bool) {
    let is_of_table = is_of_table(mapping);
    let Some(members) = mapping.as_object_mut() else { return };
    members.extend(dropped.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    // A key that was removed again is left out.
    if members.get("KMSKeyArn") == Some(&json!("")) {
        members.remove("KMSKeyArn");
    }
    let has_filters = |criteria: &Value| criteria.pointer("/Filters/0").is_some();
    if members.get("FilterCriteria").is_some_and(|criteria| !has_filters(criteria)) {
        members.remove("FilterCriteria");
    }
    if hides_start {
        members.remove("StartingPosition");
    }
    if !is_of_table {
        return;
    }
    // The emulator has its own text, which counts records.
    let reported = match members.get("LastProcessingResult").and_then(Value::as_str) {
        Some("FAILED") => Some("PROBLEM: Function call failed"),
        Some(result) if result.starts_with("OK") => Some("OK"),
        _ => None,
    };
    if let Some(reported) = reported {
        members.insert("LastProcessingResult".to_owned(), json!(reported));
    }
    for (name, value) in [
        ("BatchSize", json!(BATCH_SIZE)),
        ("MaximumRetryAttempts", json!(-1)),
        ("MaximumRecordAgeInSeconds", json!(-1)),
        ("BisectBatchOnFunctionError", json!(false)),
        ("ParallelizationFactor", json!(1)),
        ("TumblingWindowInSeconds", json!(0)),
        ("DestinationConfig", json!({})),
    ] {
        members.entry(name).or_insert(value);
    }
    if let Some(destinations) = members.get_mut("DestinationConfig").and_then(Value::as_object_mut) {
        destinations.entry("OnFailure").or_insert_with(|| json!({}));
    }
}

/// Removes what a list of mappings does not show: a filter that is encrypted with a customer's key.
pub(super) fn hide_encrypted_filter(mapping: &mut Value) {
    if let Some(members) = mapping.as_object_mut().filter(|members| members.contains_key("KMSKeyArn")) {
        members.remove("FilterCriteria");
    }
}

/// Splits any spelling of a function (a name, or a whole or partial ARN) into its name and the version or alias.
pub(super) fn function(written: &str) -> (&str, Option<&str>) {
    let name = written.split_once("function:").map_or(written, |(_, name)| name);
    match name.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "arn:aws:dynamodb:us-east-1:1:table/t/stream/2026";

    #[test]
    fn a_mapping_of_a_stream_is_shown_with_the_defaults_of_aws() {
        let mut shown = json!({"EventSourceArn": STREAM, "BatchSize": 7, "FilterCriteria": {"Filters": []}});
        let dropped = json!({"TumblingWindowInSeconds": 30, "KMSKeyArn": ""});
        show(&mut shown, dropped.as_object(), false);
        let expected = json!({
            "EventSourceArn": STREAM,
            "BatchSize": 7,
            "MaximumRetryAttempts": -1,
            "MaximumRecordAgeInSeconds": -1,
            "BisectBatchOnFunctionError": false,
            "ParallelizationFactor": 1,
            "TumblingWindowInSeconds": 30,
            "DestinationConfig": {"OnFailure": {}},
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_result_of_the_last_batch_has_the_text_of_aws() {
        for (of_emulator, of_aws) in [
            ("No records processed", "No records processed"),
            ("OK - 3 records", "OK"),
            ("FAILED", "PROBLEM: Function call failed"),
        ] {
            let mut shown = json!({"EventSourceArn": STREAM, "LastProcessingResult": of_emulator});
            show(&mut shown, None, false);
            assert_eq!(shown["LastProcessingResult"], of_aws);
        }
    }

    #[test]
    fn other_mappings_do_not_get_the_defaults_of_streams() {
        let queue = json!({"EventSourceArn": "arn:aws:sqs:us-east-1:1:q", "StartingPosition": "LATEST"});
        let mut shown = queue.clone();
        show(&mut shown, None, false);
        assert_eq!(shown, queue);
        show(&mut shown, None, true);
        assert_eq!(shown, json!({"EventSourceArn": "arn:aws:sqs:us-east-1:1:q"}));
    }

    #[test]
    fn all_spellings_of_a_function_are_the_same() {
        for written in ["f", "1:function:f", "arn:aws:lambda:us-east-1:1:function:f"] {
            assert_eq!(function(written), ("f", None));
            assert_eq!(function(&format!("{written}:live")), ("f", Some("live")));
        }
    }
}
