use serde_json::{Map, Value, json};

/// The size of a batch of stream records that is meant by none.
pub(super) const BATCH_SIZE: u32 = 100;

/// The settings that the emulator drops.
const DROPPED: [&str; 5] =
    ["TumblingWindowInSeconds", "KMSKeyArn", "MetricsConfig", "LoggingConfig", "SourceAccessConfigurations"];

/// Whether a mapping reads from a DynamoDB stream.
pub(super) fn is_of_table(mapping: &Value) -> bool {
    let source = mapping.get("EventSourceArn").and_then(Value::as_str).unwrap_or_default();
    source.split(':').nth(2) == Some("dynamodb") && source.contains("/stream/")
}

/// Remembers what a call gives and the emulator drops.
pub(super) fn note(dropped: &mut Map<String, Value>, input: &Value) {
    for name in DROPPED {
        if let Some(value) = input.get(name) {
            dropped.insert(name.to_owned(), value.clone());
        }
    }
}

/// Shows a mapping as AWS does.
pub(super) fn show(mapping: &mut Value, dropped: Option<&Map<String, Value>>, hides_start: bool) {
    let is_of_table = is_of_table(mapping);
    let Some(members) = mapping.as_object_mut() else { return };
    members.extend(dropped.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    // What was taken away again is told by its absence.
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
    // The emulator has its own words, and counts records.
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

/// Leaves out what a list of mappings does not show: a filter that is encrypted with a key of the customer's.
pub(super) fn hide_encrypted_filter(mapping: &mut Value) {
    if let Some(members) = mapping.as_object_mut().filter(|members| members.contains_key("KMSKeyArn")) {
        members.remove("FilterCriteria");
    }
}

/// A function's name and the version or alias, of any way to write it: a name, or a whole or partial ARN.
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
    fn a_mapping_of_a_stream_is_shown_with_aws_defaults() {
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
    fn what_became_of_the_last_batch_is_told_in_aws_words() {
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
    fn other_mappings_have_no_defaults_of_streams() {
        let queue = json!({"EventSourceArn": "arn:aws:sqs:us-east-1:1:q", "StartingPosition": "LATEST"});
        let mut shown = queue.clone();
        show(&mut shown, None, false);
        assert_eq!(shown, queue);
        show(&mut shown, None, true);
        assert_eq!(shown, json!({"EventSourceArn": "arn:aws:sqs:us-east-1:1:q"}));
    }

    #[test]
    fn a_function_is_the_same_however_it_is_written() {
        for written in ["f", "1:function:f", "arn:aws:lambda:us-east-1:1:function:f"] {
            assert_eq!(function(written), ("f", None));
            assert_eq!(function(&format!("{written}:live")), ("f", Some("live")));
        }
    }
}
