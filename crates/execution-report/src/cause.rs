//! The message in the cause of a failure.

use serde_json::Value;

/// Extracts the message from the cause of a failure. Use it for everything that people read.
///
/// Lambda wraps the message of a function into `{"errorType": …, "errorMessage": …}`. A nested execution reports JSON with
/// its own error and cause. State machines cut long causes, so the end of the JSON may be missing. Text before it stays. A
/// cause without JSON is returned unchanged.
pub fn message_of(cause: &str) -> String {
    if let Some(message) = of_function(cause) {
        return message;
    }
    let Some(execution) = member(cause, "ExecutionArn").filter(|_| cause.starts_with('{')) else {
        return cause.to_owned();
    };
    let name = execution.rsplit(':').next().unwrap_or_default();
    match serde_json::from_str::<Value>(cause) {
        Ok(report) => {
            let text = |name: &str| report.get(name).and_then(Value::as_str);
            match text("Error") {
                Some(error) => {
                    let own = message_of(text("Cause").unwrap_or_default());
                    format!("the nested execution {name} failed: {error}: {own}")
                }
                None => {
                    let status = text("Status").unwrap_or("an unknown status");
                    format!("the nested execution {name} ended as {status}")
                }
            }
        }
        Err(_) => format!("the nested execution {name} failed: its cause was cut off"),
    }
}

/// Returns the message of a failed function, with the text before the JSON.
fn of_function(cause: &str) -> Option<String> {
    if cause.starts_with('{')
        && let Ok(report) = serde_json::from_str::<Value>(cause)
    {
        return report.get("errorMessage")?.as_str().map(str::to_owned);
    }
    let (before, json) = cause.split_at(cause.find(r#"{"error"#)?);
    // A nested execution's report may have the JSON of a function in its own cause, which is escaped text.
    (!before.contains('{')).then(|| Some(format!("{before}{}", member(json, "errorMessage")?)))?
}

/// Returns a text member of JSON that may be cut off, even in the text itself.
fn member(json: &str, name: &str) -> Option<String> {
    let (_, rest) = json.split_once(&format!("\"{name}\":"))?;
    let text = rest.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let end = text.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    let text = end.and_then(|end| text.get(..end)).unwrap_or(text);
    Some(serde_json::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FUNCTION: &str = r#"{"errorType":"E","errorMessage":"the key is gone"}"#;

    #[test]
    fn a_failed_function_is_reported_by_its_message() {
        for (cause, expected) in [
            (FUNCTION, "the key is gone"),
            (r#"{"errorType": "AccessDenied", "errorMessage": "not \"so\"\nat all"}"#, "not \"so\"\nat all"),
            (r#"{"errorMessage":"no","errorType":"AccessDenied"}"#, "no"),
            (
                r#"AccessDenied: {"errorType":"AccessDenied","errorMessage":"User: x is not"#,
                "AccessDenied: User: x is not",
            ),
            (r#"{"errorType":"AccessDenied","errorMessage":"cut\"#, r"cut\"),
            (r#"{"errorType":"Acc"#, r#"{"errorType":"Acc"#),
            ("The Lambda function timed out", "The Lambda function timed out"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(message_of(cause), expected);
        }
    }

    #[test]
    fn a_nested_execution_is_reported_by_its_name_and_its_message() {
        let nested = |rest: Value| {
            let mut report = json!({ "ExecutionArn": "arn:execution:machine:one", "Status": "FAILED" });
            report.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            report.to_string()
        };
        let failed = nested(json!({ "Error": "Damaged", "Cause": FUNCTION }));
        assert_eq!(message_of(&failed), "the nested execution one failed: Damaged: the key is gone");
        let timed_out = nested(json!({ "Status": "TIMED_OUT" }));
        assert_eq!(message_of(&timed_out), "the nested execution one ended as TIMED_OUT");
        let cut = r#"{"ExecutionArn":"arn:execution:machine:one","Input":"{\"Keys\":[\"sec"#;
        assert_eq!(message_of(cut), "the nested execution one failed: its cause was cut off");
    }
}
