//! Compares two sets of items, attribute by attribute. Only the order inside a set type is ignored, because DynamoDB
//! does not keep it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::items::Item;

/// Items by their primary key as text.
pub(crate) type Items = BTreeMap<String, Item>;

/// The difference between expected and found items, by key.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Difference {
    pub(crate) equal: usize,
    pub(crate) missing: Vec<String>,
    pub(crate) changed: Vec<String>,
    pub(crate) extra: Vec<String>,
}

impl Difference {
    /// Returns whether there is no difference.
    pub(crate) fn is_none(&self) -> bool {
        self.count() == 0
    }

    /// Returns how many items differ.
    pub(crate) fn count(&self) -> usize {
        self.missing.len() + self.changed.len() + self.extra.len()
    }

    /// Describes the difference, with the first key of each kind.
    pub(crate) fn describe(&self) -> String {
        [("missing", &self.missing), ("different", &self.changed), ("too many", &self.extra)]
            .into_iter()
            .filter_map(|(what, keys)| {
                keys.first().map(|first| format!("{} {what} (such as {first})", keys.len()))
            })
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Compares two sets of items.
pub(crate) fn compare(expected: &Items, found: &Items) -> Difference {
    let mut difference = Difference::default();
    for (key, item) in expected {
        match found.get(key) {
            None => difference.missing.push(key.clone()),
            Some(other) if same_item(item, other) => difference.equal += 1,
            Some(_) => difference.changed.push(key.clone()),
        }
    }
    difference.extra.extend(found.keys().filter(|key| !expected.contains_key(*key)).cloned());
    difference
}

fn same_item(one: &Item, other: &Item) -> bool {
    one.len() == other.len()
        && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
}

fn same(one: &AttributeValue, other: &AttributeValue) -> bool {
    use AttributeValue::{Bs, L, M, Ns, Ss};
    match (one, other) {
        (Ss(one), Ss(other)) | (Ns(one), Ns(other)) => sorted(one) == sorted(other),
        (Bs(one), Bs(other)) => {
            sorted(one.iter().map(AsRef::as_ref)) == sorted(other.iter().map(AsRef::<[u8]>::as_ref))
        }
        (L(one), L(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (M(one), M(other)) => same_item(one, other),
        _ => one == other,
    }
}

fn sorted<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    values
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::{Items, compare};
    use crate::commands::demo::items::item;

    fn items(numbers: impl IntoIterator<Item = u32>) -> Items {
        numbers.into_iter().map(|number| (number.to_string(), item(number))).collect()
    }

    #[test]
    fn equal_items_are_equal() {
        let difference = compare(&items(0..32), &items(0..32));
        assert!(difference.is_none());
        assert_eq!((difference.equal, difference.describe().as_str()), (32, ""));
    }

    #[test]
    fn differences_are_named() {
        let mut found = items(1..4);
        found.get_mut("2").unwrap().insert("status".into(), AttributeValue::S("lost".into()));
        found.get_mut("3").unwrap().insert("new".into(), AttributeValue::Null(true));
        let difference = compare(&items(0..3), &found);
        assert_eq!(difference.missing, ["0"]);
        assert_eq!(difference.changed, ["2"]);
        assert_eq!(difference.extra, ["3"]);
        assert_eq!((difference.equal, difference.count()), (1, 3));
        assert_eq!(
            difference.describe(),
            "1 missing (such as 0), 1 different (such as 2), 1 too many (such as 3)"
        );
        let added = compare(&items([3]), &Items::from([("3".into(), found.remove("3").unwrap())]));
        assert_eq!(added.changed, ["3"], "an attribute too many is a difference");
    }

    #[test]
    fn only_lists_have_an_order() {
        let of = |value: AttributeValue| Items::from([("k".into(), [("a".to_owned(), value)].into())]);
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let set = |list: &[&str]| {
            of(AttributeValue::M([("in".to_owned(), AttributeValue::Ss(texts(list)))].into()))
        };
        assert!(compare(&set(&["x", "y"]), &set(&["y", "x"])).is_none());
        assert!(!compare(&set(&["x", "y"]), &set(&["x"])).is_none());
        let list =
            |list: &[&str]| of(AttributeValue::L(texts(list).into_iter().map(AttributeValue::S).collect()));
        assert!(!compare(&list(&["x", "y"]), &list(&["y", "x"])).is_none());
        let numbers = |list: &[&str]| of(AttributeValue::Ns(texts(list)));
        assert!(!compare(&numbers(&["1"]), &set(&["1"])).is_none(), "types are part of the value");
    }
}
