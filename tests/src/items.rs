//! What a table holds.

use aws_sdk_dynamodb::Client;
use serde_json::Value;
use tablekeeper_functions::item_calls::{ItemCalls, ScanPage};

/// The items of a table, as DynamoDB JSON and as the service answers with them.
pub async fn items_of(dynamodb: &Client, table: &str) -> Vec<Value> {
    let calls = ItemCalls::new(dynamodb.clone());
    let (mut items, mut start) = (Vec::new(), None::<String>);
    loop {
        let page = ScanPage {
            table,
            segment: 0,
            segments: 1,
            consistent_read: true,
            limit: None,
            start: start.as_deref(),
        };
        let page = calls.scan(&page).await.unwrap();
        items.extend(
            page.items
                .iter()
                .map(|range| serde_json::from_slice::<Value>(&page.answer[range.clone()]).unwrap()),
        );
        start = page.next;
        if start.is_none() {
            return items;
        }
    }
}
