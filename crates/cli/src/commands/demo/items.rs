//! The items of the demo's table. They are the same each time, and cover every DynamoDB type with its edge cases.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};

/// An item as the SDK represents it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// 1 January 2100. The items have a time to live and must not expire.
const EXPIRY: u64 = 4_102_444_800;
const STATUSES: [&str; 4] = ["placed", "packed", "shipped", "returned"];
/// Number of kinds of payload.
const KINDS: u32 = 8;

/// Returns the order with this number.
pub(crate) fn item(number: u32) -> Item {
    let status = STATUSES.get(number as usize % STATUSES.len()).copied().unwrap_or_default();
    let mut item = Item::from([
        ("customerId".to_owned(), s(&format!("customer-{:05}", number / 20))),
        ("orderId".to_owned(), s(&format!("order-{number:07}"))),
        ("status".to_owned(), s(status)),
        ("placedAt".to_owned(), n(u64::from(number) * 61 + 1_700_000_000)),
        ("total".to_owned(), n(format!("{}.{:02}", number % 997, number % 89 + 10))),
        ("expiresAt".to_owned(), n(EXPIRY + u64::from(number))),
    ]);
    let (name, payload) = payload(number);
    item.insert(name.to_owned(), payload);
    item
}

/// Returns the payload of an item; the kinds alternate by number.
fn payload(number: u32) -> (&'static str, AttributeValue) {
    match number % KINDS {
        0 => ("signature", b((0..=u8::MAX).map(|byte| byte.wrapping_add(low_byte(number))))),
        1 => (
            "labels",
            m([
                ("texts", AttributeValue::Ss(["größe", "尺寸", "x"].map(str::to_owned).to_vec())),
                ("numbers", AttributeValue::Ns(vec!["-1".to_owned(), "0.5".to_owned(), number.to_string()])),
                ("bytes", AttributeValue::Bs(vec![Blob::new([0]), Blob::new([255, low_byte(number)])])),
            ]),
        ),
        2 => (
            "lines",
            l([
                m([("sku", s(&format!("sku-{}", number % 77))), ("gift", l([m([("note", l([s("☃")]))])]))]),
                l([l([l([n(number)])])]),
            ]),
        ),
        3 => ("empty", m([("text", s("")), ("list", l([])), ("map", m([])), ("bytes", b([]))])),
        4 => (
            "precise",
            l([
                n("12345678901234567890123456789012345678"),
                n("-0.12345678901234567890123456789012345678"),
                n(format!("{}000000000000000000000000000000000", number + 1)),
            ]),
        ),
        5 => ("extreme", l([n("1E-130"), n("-1E-130"), n("9.9E+125"), n("-7.5E-9"), n("0")])),
        6 => ("greeting", s("naïve — 日本語 🦀 \u{0}\u{7f}\n\"quoted\" \\ e\u{301}")),
        _ => (
            "flags",
            m([
                ("paid", AttributeValue::Bool(true)),
                ("refunded", AttributeValue::Bool(false)),
                ("coupon", AttributeValue::Null(true)),
            ]),
        ),
    }
}

fn low_byte(number: u32) -> u8 {
    number.to_le_bytes()[0]
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn b(bytes: impl IntoIterator<Item = u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes.into_iter().collect::<Vec<_>>()))
}

fn l<const LENGTH: usize>(values: [AttributeValue; LENGTH]) -> AttributeValue {
    AttributeValue::L(values.into())
}

fn m<const LENGTH: usize>(entries: [(&str, AttributeValue); LENGTH]) -> AttributeValue {
    AttributeValue::M(entries.map(|(name, value)| (name.to_owned(), value)).into())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use aws_sdk_dynamodb::types::AttributeValue;

    use super::{KINDS, item};

    /// Collects every value, nested ones too.
    fn walk<'a>(value: &'a AttributeValue, seen: &mut Vec<&'a AttributeValue>) {
        seen.push(value);
        match value {
            AttributeValue::L(values) => values.iter().for_each(|value| walk(value, seen)),
            AttributeValue::M(entries) => entries.values().for_each(|value| walk(value, seen)),
            _ => {}
        }
    }

    fn type_of(value: &AttributeValue) -> &'static str {
        match value {
            AttributeValue::S(_) => "S",
            AttributeValue::N(_) => "N",
            AttributeValue::B(_) => "B",
            AttributeValue::Bool(_) => "BOOL",
            AttributeValue::Null(_) => "NULL",
            AttributeValue::Ss(_) => "SS",
            AttributeValue::Ns(_) => "NS",
            AttributeValue::Bs(_) => "BS",
            AttributeValue::L(_) => "L",
            AttributeValue::M(_) => "M",
            _ => "unknown",
        }
    }

    #[test]
    fn the_smallest_demo_covers_every_type_and_its_edge_cases() {
        let items: Vec<_> = (0..16).map(item).collect();
        let mut values = Vec::new();
        items.iter().flat_map(|item| item.values()).for_each(|value| walk(value, &mut values));

        let types: BTreeSet<_> = values.iter().map(|value| type_of(value)).collect();
        let every = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"];
        assert_eq!(types, every.into_iter().collect());

        let any = |what: &str, found: &dyn Fn(&AttributeValue) -> bool| {
            assert!(values.iter().any(|value| found(value)), "no item holds {what}");
        };
        any("an empty string", &|v| v.as_s().is_ok_and(String::is_empty));
        any("an empty list", &|v| v.as_l().is_ok_and(Vec::is_empty));
        any("an empty map", &|v| v.as_m().is_ok_and(|m| m.is_empty()));
        any("every byte", &|v| {
            v.as_b().is_ok_and(|b| b.as_ref().iter().collect::<HashSet<_>>().len() == 256)
        });
        any("38 digits", &|v| v.as_n().is_ok_and(|n| n.chars().filter(char::is_ascii_digit).count() == 38));
        any("a negative exponent", &|v| v.as_n().is_ok_and(|n| n.contains("E-")));
        any("text beyond ASCII", &|v| v.as_s().is_ok_and(|s| !s.is_ascii()));
        any("true and false", &|v| v.as_bool() == Ok(&false));
    }

    #[test]
    fn items_are_deterministic_and_their_keys_unique() {
        let keys: HashSet<_> = (0..2000).map(|number| format!("{:?}", item(number)["orderId"])).collect();
        assert_eq!(keys.len(), 2000);
        assert!((0..KINDS * 2).all(|number| item(number) == item(number)));
    }
}
