use chrono::{DateTime, SecondsFormat, Utc};
use hyper::header::USER_AGENT;
use hyper::http::request::Parts;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::clock::now;
use crate::json::set;
use crate::proxy::events::Event;
use crate::proxy::identify::Caller;
use crate::upstream::ApiError;

/// Builds the event that CloudTrail sends for a call, accepted or refused.
pub(super) fn event(
    caller: &Caller,
    head: &Parts,
    input: &Value,
    tables: Option<Vec<String>>,
    response: &Result<Value, ApiError>,
) -> Event {
    let agent = head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let mut detail = detail(caller, agent, now());
    let mut parameters = lower_first(input);
    // CloudTrail writes times as text.
    let requested = parameters.get("restoreDateTime").and_then(Value::as_f64);
    if let Some(time) = requested.and_then(|seconds| DateTime::from_timestamp(seconds as i64, 0)) {
        set(&mut parameters, "restoreDateTime", time.to_rfc3339_opts(SecondsFormat::Secs, true));
    }
    set(&mut detail, "requestParameters", parameters);
    if let Some(tables) = tables {
        let resource =
            |arn: &String| json!({ "accountId": caller.account, "type": "AWS::DynamoDB::Table", "ARN": arn });
        set(&mut detail, "resources", tables.iter().map(resource).collect::<Vec<_>>());
    }
    if let Err(ApiError { code, message }) = response {
        set(&mut detail, "errorCode", code.as_str());
        set(&mut detail, "errorMessage", message.as_str());
    }
    Event {
        source: "aws.dynamodb",
        detail_type: "AWS API Call via CloudTrail",
        resources: Vec::new(),
        detail,
    }
}

fn detail(caller: &Caller, agent: &str, time: DateTime<Utc>) -> Value {
    let Caller { account, region, operation, .. } = caller;
    let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let name = caller.step.as_deref().unwrap_or("caller");
    let principal = "AROALOCALLOCALLOCAL00";
    let session = json!({
        "sessionIssuer": {
            "type": "Role",
            "principalId": principal,
            "arn": format!("arn:aws:iam::{account}:role/{name}"),
            "accountId": account,
            "userName": name,
        },
        "attributes": { "creationDate": time, "mfaAuthenticated": "false" },
    });
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": format!("{principal}:{name}"),
            "arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{name}"),
            "accountId": account,
            "accessKeyId": account,
            "sessionContext": session,
        },
        "eventTime": time,
        "eventSource": "dynamodb.amazonaws.com",
        "eventName": operation,
        "awsRegion": region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": agent,
        "responseElements": null,
        "requestID": Uuid::new_v4().simple().to_string().to_uppercase(),
        "eventID": Uuid::new_v4().to_string(),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "apiVersion": "2012-08-10",
        "managementEvent": true,
        "recipientAccountId": account,
        "eventCategory": "Management",
    })
}

/// Converts the input to CloudTrail's form: the first letter of each name is in lower case, whatever the second is.
fn lower_first(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let rest = name.chars().skip(1);
                let name = name.chars().take(1).flat_map(char::to_lowercase).chain(rest).collect();
                (name, lower_first(value))
            });
            Value::Object(members.collect::<Map<String, Value>>())
        }
        Value::Array(items) => items.iter().map(lower_first).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_a_lower_case_letter_at_every_depth() {
        let input = json!({
            "UseLatestRestorableTime": true,
            "SSESpecificationOverride": {"Enabled": false, "KMSMasterKeyId": "Key"},
            "GlobalSecondaryIndexOverride": [{"IndexName": "By"}],
        });
        let expected = json!({
            "useLatestRestorableTime": true,
            "sSESpecificationOverride": {"enabled": false, "kMSMasterKeyId": "Key"},
            "globalSecondaryIndexOverride": [{"indexName": "By"}],
        });
        assert_eq!(lower_first(&input), expected);
    }
}
