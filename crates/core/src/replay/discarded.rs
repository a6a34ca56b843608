//! Reads the objects that Lambda writes for discarded batches.
//!
//! An object is JSON. It has the request and response of the last attempt (`requestContext`, `responseContext`), the
//! identity of the batch (`DDBStreamBatchInfo`), and the whole event as `payload` (Lambda developer guide, "Retain
//! discarded records for a DynamoDB event source"). In recorded objects the payload is a JSON object. In the guide it
//! is a string, which is read too.

use serde_json::Value;

use crate::item_history::change::{sequence_number_of, stream_of, table_of_stream};
use crate::text::quoted;

/// The content of a discarded batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Batch {
    /// Records of the stream that is replayed.
    Records(Vec<Value>),
    /// Records of another table's stream, which the replay of that table applies.
    OfAnotherTable,
}

/// Reads a discarded batch. All of its records must be of this stream or of another table's stream. The error is the
/// reason why the records cannot be applied.
pub fn batch(body: &[u8], stream_arn: &str) -> Result<Batch, String> {
    let table = table_of_stream(stream_arn);
    let mut report: Value =
        serde_json::from_slice(body).map_err(|error| format!("it is not JSON: {error}"))?;
    let payload = report.get_mut("payload").map(Value::take);
    let event = match payload {
        Some(Value::String(text)) => {
            serde_json::from_str(&text).map_err(|error| format!("its payload is not JSON: {error}"))?
        }
        Some(event) => event,
        None => return Err("it has no payload, and so no records".to_owned()),
    };
    let Value::Object(mut event) = event else { return Err("its payload is not an event".to_owned()) };
    let Some(Value::Array(records)) = event.remove("Records") else {
        return Err("its payload has no Records".to_owned());
    };
    for (index, record) in records.iter().enumerate() {
        if sequence_number_of(record).is_none() {
            return Err(format!("its record {index} has no SequenceNumber"));
        }
        match stream_of(record) {
            Some(stream) if stream == stream_arn => {}
            // A batch comes from one shard and so from one stream.
            Some(stream) if table_of_stream(stream).is_some() && table_of_stream(stream) != table => {
                return Ok(Batch::OfAnotherTable);
            }
            other => {
                let other = other.map_or_else(|| "no stream".to_owned(), quoted);
                return Err(format!("its record {index} is of {other}; it must be of {stream_arn}"));
            }
        }
    }
    Ok(Batch::Records(records))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::replay::testing::{STREAM, record, report};

    #[test]
    fn records_are_read_from_an_object_or_a_string() {
        let all = vec![record("INSERT", "1", 100, 10, "a"), record("REMOVE", "2", 101, 11, "")];
        let whole = report(&all);
        assert_eq!(batch(whole.to_string().as_bytes(), STREAM).unwrap(), Batch::Records(all.clone()));
        let mut as_text = whole;
        as_text["payload"] = json!(as_text["payload"].to_string());
        assert_eq!(batch(as_text.to_string().as_bytes(), STREAM).unwrap(), Batch::Records(all));
    }

    #[test]
    fn a_batch_without_records_of_the_stream_has_a_reason() {
        let of_other = record("INSERT", "1", 100, 10, "a");
        let nameless = json!({ "eventSourceARN": STREAM, "dynamodb": {} });
        for (body, expected) in [
            ("{".to_owned(), "it is not JSON: "),
            ("{}".to_owned(), "it has no payload, and so no records"),
            (json!({ "payload": "<Whole Event>" }).to_string(), "its payload is not JSON: "),
            (json!({ "payload": [] }).to_string(), "its payload is not an event"),
            (json!({ "payload": {} }).to_string(), "its payload has no Records"),
            (report(&[nameless]).to_string(), "its record 0 has no SequenceNumber"),
            (
                report(&[json!({ "dynamodb": { "SequenceNumber": "1" } })]).to_string(),
                "its record 0 is of no stream;",
            ),
        ] {
            let reason = batch(body.as_bytes(), STREAM).unwrap_err();
            assert!(reason.starts_with(expected), "{body}: {reason}");
        }
        let of_other = report(&[of_other]).to_string();
        let later = STREAM.replace("2026", "2027");
        let reason = batch(of_other.as_bytes(), &later).unwrap_err();
        assert_eq!(reason, format!("its record 0 is of `{STREAM}`; it must be of {later}"));
        let of_table = batch(of_other.as_bytes(), &STREAM.replace("orders", "customers"));
        assert_eq!(of_table, Ok(Batch::OfAnotherTable));
    }
}
