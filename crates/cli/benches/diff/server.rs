//! A DynamoDB with two tables that differ in three items. A page is made when it is asked for, in another process than
//! the one that is measured.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::{Value, json};

/// Name of one table.
pub(crate) const LEFT: &str = "left";
/// Name of the other table: without the second item, with another third one, and with one more at the end.
pub(crate) const RIGHT: &str = "right";
/// Number of items on a page, which is less than a megabyte.
const PAGE: u64 = 2_000;

/// A running server.
pub(crate) struct Server {
    /// Address that the server listens on.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the server in its own threads, with tables of this many items.
    pub(crate) fn start(items: u64) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                std::thread::spawn(move || serve(&stream, items));
            }
        });
        Server { address }
    }
}

/// Responds to the calls of a connection.
fn serve(stream: &TcpStream, items: u64) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        let (mut target, mut length) = (String::new(), 0);
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap_or_default() > 2 {
            let (name, value) = line.split_once(':').unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "x-amz-target" => value.trim().clone_into(&mut target),
                "content-length" => length = value.trim().parse().unwrap(),
                _ => {}
            }
            line.clear();
        }
        if target.is_empty() && length == 0 {
            return;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let call: Value = serde_json::from_slice(&body).unwrap_or_default();
        let response = response(target.rsplit('.').next().unwrap_or_default(), &call, items);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
            response.len()
        );
        let mut stream = stream;
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(response.as_bytes())).is_err() {
            return;
        }
    }
}

fn response(operation: &str, call: &Value, items: u64) -> String {
    let table = call["TableName"].as_str().unwrap_or_default();
    match operation {
        "Scan" => page(table, call, items),
        "GetItem" => {
            let id: u64 = call["Key"]["id"]["S"].as_str().unwrap().trim_start_matches("order-").parse().unwrap();
            format!(r#"{{"Item":{}}}"#, item(table, id))
        }
        _ => json!({ "Table": {
            "TableName": table, "TableStatus": "ACTIVE", "TableId": table, "ItemCount": items,
            "TableSizeBytes": items * 250, "TableArn": format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{table}"),
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        }})
        .to_string(),
    }
}

/// Returns the page of a segment after its cursor.
fn page(table: &str, call: &Value, items: u64) -> String {
    let (segment, segments) =
        (call["Segment"].as_u64().unwrap_or(0), call["TotalSegments"].as_u64().unwrap_or(1));
    let all = if table == RIGHT { items + 1 } else { items };
    let (from, to) = (all * segment / segments, all * (segment + 1) / segments);
    let after = call["ExclusiveStartKey"]["id"]["S"].as_str();
    let from = after.map_or(from, |id| id.trim_start_matches("order-").parse::<u64>().unwrap() + 1);
    let end = (from + PAGE).min(to);
    let mut page = String::from(r#"{"Items":["#);
    for id in (from..end).filter(|id| table == LEFT || *id != 1) {
        let comma = if page.ends_with('[') { "" } else { "," };
        let _ = write!(page, "{comma}{}", item(table, id));
    }
    let _ = write!(page, r#"],"Count":{},"ScannedCount":{}"#, end - from, end - from);
    if end < to {
        let _ = write!(page, r#","LastEvaluatedKey":{{"id":{{"S":"order-{:09}"}}}}"#, end - 1);
    }
    page.push('}');
    page
}

/// Returns an item of a table.
pub(crate) fn item(table: &str, id: u64) -> String {
    let digest = id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let status = if table == RIGHT && id == 2 { "lost" } else { "paid" };
    format!(
        r#"{{"total":{{"N":"{}.{:02}"}},"id":{{"S":"order-{id:09}"}},"customer":{{"S":"customer-{:07}"}},"status":{{"S":"{status}"}},"tags":{{"SS":["online","first-order"]}},"gift":{{"BOOL":false}},"address":{{"M":{{"street":{{"S":"Lange Straße {}"}},"zip":{{"S":"{:05}"}}}}}},"note":{{"S":"ring twice"}}}}"#,
        digest % 5_000,
        digest % 90 + 10,
        digest % 2_000_000,
        digest % 250,
        digest % 100_000
    )
}
