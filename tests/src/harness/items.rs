//! The items of a table.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::Client;
use serde_json::{Value, json};
use tablekeeper_core::aws::raw_items::{RawItems, ScanPage};

/// Returns the items of a table as DynamoDB JSON, as the service responds with them.
pub async fn items_of(dynamodb: &Client, table: &str) -> Vec<Value> {
    let calls = RawItems::new(dynamodb.clone());
    let (mut items, mut start) = (Vec::new(), None::<String>);
    loop {
        let page = ScanPage {
            table,
            segment: 0,
            segments: 1,
            consistent_read: true,
            count_only: false,
            limit: None,
            start: start.as_deref(),
        };
        let page = calls.scan(&page).await.unwrap();
        items.extend(
            page.items
                .iter()
                .map(|range| serde_json::from_slice::<Value>(&page.response[range.clone()]).unwrap()),
        );
        start = page.next;
        if start.is_none() {
            return items;
        }
    }
}

/// Returns an item as text with its attributes and its sets sorted, because they have no order.
pub fn canonical(item: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let members: BTreeMap<&String, Value> = members
                    .iter()
                    .map(|(name, value)| match (name.as_str(), value.as_array()) {
                        ("SS" | "NS" | "BS", Some(set)) => {
                            let set: BTreeSet<String> = set.iter().map(Value::to_string).collect();
                            (name, json!(set))
                        }
                        _ => (name, sorted(value)),
                    })
                    .collect();
                json!(members)
            }
            Value::Array(values) => values.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    sorted(item).to_string()
}
