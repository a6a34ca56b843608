//! Recognizes notifications that a queue or a topic has wrapped into another event. They are not unwrapped, because
//! whatever wrapped them may have changed them. The error names the wrapping and says how to send them directly.

use serde_json::Value;

use crate::text::quoted;

const DIRECTLY: &str = "let SNS or EventBridge invoke the function itself";

/// Describes an event that is not one of SNS or EventBridge to a function. Returns `None` if the event is of no known
/// kind.
pub fn of_event(event: &Value) -> Option<String> {
    let inner = match event {
        Value::Array(_) => "a list of events, as EventBridge Pipes and batches send them".to_owned(),
        Value::String(text) => format!("a text that holds {}", inside(text)?),
        event => content(event)?,
    };
    Some(format!("it is {inner}; {DIRECTLY}"))
}

/// Describes a record that is not a notification for the function. Returns `None` if the record is of no known kind.
pub fn of_record(record: &Value) -> Option<String> {
    let text = |at: &str| record.pointer(at).and_then(Value::as_str);
    let source = text("/eventSource").or_else(|| text("/EventSource"));
    let outer = match source {
        Some("aws:sns") | None if record.get("Sns").is_some() => "an SNS notification".to_owned(),
        Some("aws:sqs") => "a message of an SQS queue".to_owned(),
        Some(other) => format!("a record of {}", quoted(other)),
        None => return None,
    };
    let wrapped = match source {
        Some("aws:sqs") => text("/body").and_then(inside),
        _ => text("/Sns/Message").and_then(inside),
    };
    match wrapped {
        Some(inner) => Some(format!("it is {inner} inside {outer}; {DIRECTLY}")),
        None if outer == "an SNS notification" => None,
        None => Some(format!("it is {outer}, and not a notification of SNS; {DIRECTLY}")),
    }
}

/// Describes the event or notification that the text holds as JSON.
fn inside(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    content(&value)
}

fn content(value: &Value) -> Option<String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let nested = |inner: Option<&str>| inner.and_then(inside).map(|inner| format!(" with {inner} in it"));
    if let Some(detail_type) = text("detail-type") {
        let source = text("source").unwrap_or_default();
        return Some(format!("an EventBridge event ({} of {})", quoted(detail_type), quoted(source)));
    }
    if text("Type").is_some() && text("Message").is_some() {
        let inner = nested(text("Message")).unwrap_or_default();
        return Some(format!("an SNS notification as a queue or an HTTP endpoint gets it{inner}"));
    }
    let record = value.get("Records")?.get(0)?;
    Some(match record.get("eventSource").or_else(|| record.get("EventSource")).and_then(Value::as_str) {
        Some("aws:sns") => "an event of SNS to a function".to_owned(),
        Some(source) => format!("an event of {} to a function", quoted(source)),
        None => "an event with records".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rotation::notification::read;

    fn event() -> Value {
        json!({ "source": "aws.backup", "detail-type": "Backup Job State Change", "detail": {} })
    }

    /// Returns the error of an event that cannot be read.
    fn refused(event: &Value) -> String {
        match read(event) {
            Ok(records) => records.into_iter().next().unwrap().unwrap_err().0,
            Err(malformed) => malformed.0,
        }
    }

    #[test]
    fn wrapped_notifications_are_described() {
        let notification =
            json!({ "Type": "Notification", "Message": "An AWS Backup job", "MessageAttributes": {} });
        let of_event = json!({ "Type": "Notification", "Message": event().to_string() });
        let sns = |message: &str| json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "Message": message, "MessageAttributes": {} } }] });
        let sqs = |body: &str| json!({ "Records": [{ "eventSource": "aws:sqs", "body": body }] });
        let bridge = "an EventBridge event (`Backup Job State Change` of `aws.backup`)";
        let queued = "an SNS notification as a queue or an HTTP endpoint gets it";
        for (event, expected) in [
            (sns(&event().to_string()), format!("it is {bridge} inside an SNS notification; {DIRECTLY}")),
            (
                sqs(&notification.to_string()),
                format!("it is {queued} inside a message of an SQS queue; {DIRECTLY}"),
            ),
            (
                sqs(&of_event.to_string()),
                format!("it is {queued} with {bridge} in it inside a message of an SQS queue; {DIRECTLY}"),
            ),
            (
                sqs(&event().to_string()),
                format!("it is {bridge} inside a message of an SQS queue; {DIRECTLY}"),
            ),
            (
                sqs("hello"),
                format!("it is a message of an SQS queue, and not a notification of SNS; {DIRECTLY}"),
            ),
            (
                sqs(&sns("x").to_string()),
                format!("it is an event of SNS to a function inside a message of an SQS queue; {DIRECTLY}"),
            ),
            (
                json!({ "Records": [{ "eventSource": "aws:s3", "s3": {} }] }),
                format!("it is a record of `aws:s3`, and not a notification of SNS; {DIRECTLY}"),
            ),
            (notification.clone(), format!("it is {queued}; {DIRECTLY}")),
            (of_event.clone(), format!("it is {queued} with {bridge} in it; {DIRECTLY}")),
            (
                json!([event()]),
                format!("it is a list of events, as EventBridge Pipes and batches send them; {DIRECTLY}"),
            ),
            (json!(event().to_string()), format!("it is a text that holds {bridge}; {DIRECTLY}")),
        ] {
            assert_eq!(refused(&event), expected, "{event}");
        }
    }

    #[test]
    fn message_of_aws_backup_is_not_wrapped() {
        let record =
            json!({ "EventSource": "aws:sns", "Sns": { "Message": "An AWS Backup job was completed" } });
        assert_eq!(of_record(&record), None);
        assert_eq!(of_record(&json!({ "Sns": { "Message": "{}" } })), None);
        assert_eq!(of_event(&json!({ "x": 1 })), None);
    }
}
