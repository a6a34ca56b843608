//! Typical items of a shop, of about a kilobyte each, on the pages that Scan returns.
//!
//! None has a binary value, because dynamodump cannot write one.

use bytes::Bytes;
use serde_json::{Value, json};

/// Number of items on a page of about a megabyte, where Scan ends a page (API reference, Scan).
const ITEMS_A_PAGE: usize = 900;

/// The responses to Scan, in order.
pub(crate) struct Pages {
    pages: Vec<Bytes>,
    /// Number of items.
    pub(crate) items: usize,
}

impl Pages {
    /// Creates the pages of this many items.
    pub(crate) fn new(items: usize) -> Pages {
        let starts = (0..items).step_by(ITEMS_A_PAGE);
        let pages = starts.map(|start| page(start, ITEMS_A_PAGE.min(items - start), items)).collect();
        Pages { pages, items }
    }

    /// Returns the page after the one that ended with this key.
    pub(crate) fn after(&self, id: Option<&str>) -> Bytes {
        let last: Option<usize> = id.map(|id| id.trim_start_matches("order-").parse().unwrap());
        self.pages[last.map_or(0, |last| (last + 1) / ITEMS_A_PAGE)].clone()
    }

    /// Returns the average size of an item, in bytes of DynamoDB JSON.
    pub(crate) fn bytes_an_item(&self) -> usize {
        self.pages.iter().map(Bytes::len).sum::<usize>() / self.items
    }
}

fn page(start: usize, count: usize, all: usize) -> Bytes {
    let items: Vec<Value> = (start..start + count).map(item).collect();
    let mut response = json!({ "Items": items, "Count": count, "ScannedCount": count });
    if start + count < all {
        response["LastEvaluatedKey"] = json!({ "id": { "S": id(start + count - 1) } });
    }
    response.to_string().into()
}

fn id(number: usize) -> String {
    format!("order-{number:09}")
}

/// Returns the item of this number.
pub(crate) fn item(number: usize) -> Value {
    let digest = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let names = ["Kaffeemühle, 0,5 l", "Desk lamp \"Aurora\"", "Fjällräven Kånken", "Notebook A5"];
    let line = |of: usize| {
        let name = names[of % 4];
        json!({ "M": {
            "sku": { "S": format!("SKU-{:05}", digest.rotate_left(7 * of as u32) % 100_000) },
            "name": { "S": name },
            "quantity": { "N": (1 + digest % 4).to_string() },
            "price": { "N": format!("{}.{:02}", digest % 200, digest % 100) },
            "gift": { "BOOL": of == 1 },
        }})
    };
    let status = ["PLACED", "PAID", "SHIPPED", "RETURNED"][digest % 4];
    json!({
        "id": { "S": id(number) },
        "customer": { "S": format!("customer-{:07}", digest % 2_000_000) },
        "placedAt": { "S": format!("2026-{:02}-{:02}T08:15:{:02}.000Z", 1 + digest % 12, 1 + digest % 28, digest % 60) },
        "total": { "N": format!("{}.{:02}", digest % 5_000, digest % 100) },
        "status": { "S": status },
        "coupon": { "NULL": true },
        "tags": { "SS": ["online", "first-order", "newsletter"] },
        "scores": { "NS": ["1", "2.5", "-3.75e2"] },
        "address": { "M": {
            "street": { "S": format!("Lange Straße {}", digest % 250) },
            "city": { "S": "Göteborg" },
            "zip": { "S": format!("{:05}", digest % 100_000) },
            "country": { "S": "SE" },
        }},
        "lines": { "L": [line(0), line(1), line(2)] },
        "note": { "S": "Please leave the parcel with the neighbours if nobody opens, and ring twice." },
    })
}
