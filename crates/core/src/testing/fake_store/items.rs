//! Tables with items: Scan, BatchGetItem and BatchWriteItem.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value, json};

use super::{Response, State};
use crate::testing::fake_aws::Call;

/// A table with items.
pub struct Table {
    key_names: Vec<String>,
    /// Items as they were put, by the hash of the partition key and then by the key.
    pub items: BTreeMap<(u64, String), String>,
}

impl Table {
    pub(super) fn new(key_names: &[&str]) -> Table {
        let key_names = key_names.iter().map(|name| (*name).to_owned()).collect();
        Table { key_names, items: BTreeMap::new() }
    }

    /// Puts an item, and replaces an existing one with the same key.
    pub fn put(&mut self, item: &str) {
        let place = self.place(&serde_json::from_str(item).unwrap());
        self.items.insert(place, item.to_owned());
    }

    fn key(&self, item: &Value) -> Value {
        Value::Object(self.key_names.iter().map(|name| (name.clone(), item[name].clone())).collect())
    }

    fn place(&self, item: &Value) -> (u64, String) {
        let mut hasher = DefaultHasher::new();
        item[&self.key_names[0]].to_string().hash(&mut hasher);
        (hasher.finish(), self.key(item).to_string())
    }

    fn scan(&self, input: &Value, most: usize) -> Response {
        let segments = u128::from(input["TotalSegments"].as_u64().unwrap_or(1));
        let segment = u128::from(input["Segment"].as_u64().unwrap_or(0));
        let start = &input["ExclusiveStartKey"];
        let start = start.is_object().then(|| self.place(start));
        let is_wanted = |place: &(u64, String)| {
            (u128::from(place.0) * segments) >> 64 == segment
                && start.as_ref().is_none_or(|start| place > start)
        };
        let limit = input["Limit"].as_u64().unwrap_or(u64::MAX) as usize;
        let most = if most == 0 { limit } else { most.min(limit) };
        let (mut items, mut size, mut last) = (Vec::new(), 0, None);
        for (place, item) in &self.items {
            if !is_wanted(place) {
                continue;
            }
            // Like DynamoDB, a full page names its last item even if nothing follows.
            items.push(item.as_str());
            size += item.len();
            if items.len() == most || size >= 1024 * 1024 {
                last = Some(self.key(&serde_json::from_str(item).unwrap()));
                break;
            }
        }
        let unit = if input["ConsistentRead"] == true { 1.0 } else { 0.5 };
        let capacity = json!({ "TableName": input["TableName"],
            "CapacityUnits": unit * (size.div_ceil(4096).max(1)) as f64 });
        let last = last.map(|last| format!(r#","LastEvaluatedKey":{last}"#)).unwrap_or_default();
        let count = items.len();
        let items = match input["Select"] == "COUNT" {
            true => String::new(),
            false => format!(r#","Items":[{}]"#, items.join(",")),
        };
        Response::ok(format!(
            r#"{{"ConsumedCapacity":{capacity},"Count":{count}{items}{last},"ScannedCount":{count}}}"#,
        ))
    }
}

impl State {
    /// Responds to a call. Returns `None` if it is not about items.
    pub(super) fn of_items(&mut self, call: &Call) -> Option<Response> {
        match call.action.as_str() {
            "dynamodb:Scan" => {
                let name = name_of(&call.input["TableName"]);
                let Some(table) = self.tables.get(&name) else {
                    return Some(Response::dynamodb(400, "ResourceNotFoundException"));
                };
                Some(table.scan(&call.input, self.page_of_items))
            }
            "dynamodb:BatchGetItem" => Some(self.get(&call.input)),
            "dynamodb:BatchWriteItem" => Some(self.write(&call.input)),
            _ => None,
        }
    }

    /// Leaves every other key unprocessed if there are more than three.
    fn get(&mut self, input: &Value) -> Response {
        let (mut found, mut left, mut units) = (Map::new(), Map::new(), 0);
        for (name, request) in input["RequestItems"].as_object().unwrap() {
            let Some(table) = self.tables.get(&name_of(&json!(name))) else {
                return Response::dynamodb(400, "ResourceNotFoundException");
            };
            let keys = request["Keys"].as_array().unwrap();
            let places: std::collections::BTreeSet<_> = keys.iter().map(|key| table.place(key)).collect();
            // The limits of DynamoDB for a batch.
            if keys.is_empty() || keys.len() > 100 || places.len() < keys.len() {
                return Response::dynamodb(400, "ValidationException");
            }
            let (mut items, mut rest) = (Vec::new(), Vec::new());
            for (number, key) in keys.iter().enumerate() {
                if self.unprocessed_each > 0 && keys.len() > 3 && number % 2 == 1 {
                    rest.push(key.clone());
                } else if let Some(item) = table.items.get(&table.place(key)) {
                    units += item.len().div_ceil(4096);
                    items.push(serde_json::from_str::<Value>(item).unwrap());
                }
            }
            found.insert(name.clone(), json!(items));
            if !rest.is_empty() {
                left.insert(name.clone(), json!({ "Keys": rest }));
            }
        }
        let capacity = json!([{ "TableName": "table", "CapacityUnits": units as f64 }]);
        let response = json!({ "Responses": found, "UnprocessedKeys": left, "ConsumedCapacity": capacity });
        Response::ok(response.to_string())
    }

    fn write(&mut self, input: &Value) -> Response {
        let (mut left, mut units) = (Map::new(), 0);
        for (name, requests) in input["RequestItems"].as_object().unwrap() {
            let Some(table) = self.tables.get_mut(&name_of(&json!(name))) else {
                return Response::dynamodb(400, "ResourceNotFoundException");
            };
            let requests = requests.as_array().unwrap();
            let keys: std::collections::BTreeSet<_> =
                requests.iter().map(|request| table.place(&request["PutRequest"]["Item"])).collect();
            // The limits of DynamoDB for a batch.
            if requests.is_empty() || requests.len() > 25 || keys.len() < requests.len() {
                return Response::dynamodb(400, "ValidationException");
            }
            for request in requests {
                self.puts += 1;
                if self.unprocessed_each > 0 && scattered(self.puts).is_multiple_of(self.unprocessed_each) {
                    let left = left.entry(name.clone()).or_insert_with(|| json!([]));
                    left.as_array_mut().unwrap().push(request.clone());
                    continue;
                }
                let item = request["PutRequest"]["Item"].to_string();
                units += item.len().div_ceil(1024);
                table.put(&item);
            }
        }
        let capacity = json!([{ "TableName": "table", "CapacityUnits": units as f64 }]);
        Response::ok(json!({ "UnprocessedItems": left, "ConsumedCapacity": capacity }).to_string())
    }
}

/// Mixes a number, so that a repeated request leaves different items unprocessed.
fn scattered(number: usize) -> usize {
    let mixed = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32) as usize
}

/// Returns the name of a table that is given by its name or ARN.
fn name_of(table: &Value) -> String {
    table.as_str().unwrap_or_default().rsplit('/').next().unwrap().to_owned()
}
