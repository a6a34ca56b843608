//! Damages one item of 10,000 in every way, and finds the damage.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use item_compare::{Counts, Fingerprinter, HEAD, Kind, RunBuilder, compare};

const ITEMS: u32 = 10_000;

/// An item with every type of value.
fn item(id: u32) -> String {
    let digits = format!("{}{:05}", "9876543210".repeat(3), id);
    format!(
        r#"{{"id":{{"S":"customer-{id}"}},"at":{{"N":"{id}"}},"text":{{"S":"text {id}"}},"empty":{{"S":""}},"number":{{"N":"1{digits}.25"}},"binary":{{"B":"AAH/"}},"yes":{{"BOOL":true}},"nothing":{{"NULL":true}},"texts":{{"SS":["a","b"]}},"numbers":{{"NS":["1","2"]}},"binaries":{{"BS":["AA==","AQ=="]}},"list":{{"L":[{{"S":"x"}},{{"N":"2"}},{{"L":[]}}]}},"map":{{"M":{{"inner":{{"S":"y"}},"deep":{{"M":{{}}}}}}}}}}"#
    )
}

/// Each kind of damage: what is replaced in an item, and by what.
const DAMAGES: &[(&str, &str, &str)] = &[
    ("another text", r#""text":{"S":"text "#, r#""text":{"S":"Text "#),
    ("one digit of 38", r#""N":"198765"#, r#""N":"198764"#),
    ("the last digit after the point", ".25", ".26"),
    ("a sign", r#""number":{"N":"1"#, r#""number":{"N":"-1"#),
    ("an attribute more before a key attribute", r#""at":{"N""#, r#""other":{"S":"x"},"at":{"N""#),
    ("a number as text in a list", r#"{"N":"2"}"#, r#"{"S":"2"}"#),
    ("an empty text that is gone", r#""empty":{"S":""},"#, ""),
    ("an empty text that is null", r#""empty":{"S":""}"#, r#""empty":{"NULL":true}"#),
    ("a null that is gone", r#""nothing":{"NULL":true},"#, ""),
    ("a bit of a binary", "AAH/", "AAH+"),
    ("a byte less in a binary", "AAH/", "AAE="),
    ("a binary as text", r#"{"B":"AAH/"}"#, r#"{"S":"AAH/"}"#),
    ("false for true", "true},\"nothing", "false},\"nothing"),
    ("an element less in a set", r#"["a","b"]"#, r#"["a"]"#),
    ("another element in a set", r#"["1","2"]"#, r#"["1","3"]"#),
    ("a list for a set", r#"{"SS":["a","b"]}"#, r#"{"L":[{"S":"a"},{"S":"b"}]}"#),
    ("another binary in a set", r#"["AA==","AQ=="]"#, r#"["AA==","Ag=="]"#),
    ("another order in a list", r#"[{"S":"x"},{"N":"2"}"#, r#"[{"N":"2"},{"S":"x"}"#),
    ("an empty map for an empty list", r#"{"L":[]}"#, r#"{"M":{}}"#),
    ("another name in a map", r#""inner""#, r#""Inner""#),
    ("an attribute more", r#"{"id""#, r#"{"new":{"BOOL":false},"id""#),
    ("an attribute more, deep inside", r#""deep":{"M":{}}"#, r#""deep":{"M":{"a":{"NULL":true}}}"#),
];

fn run(items: &[String]) -> Vec<u8> {
    let mut fingerprinter = Fingerprinter::new(["id", "at"]);
    let mut builder = RunBuilder::new();
    items.iter().for_each(|item| builder.push(&fingerprinter.fingerprint(item.as_bytes()).unwrap()));
    builder.finish()
}

/// Compares a side with the original, and returns the differences.
fn found(original: &[u8], items: &[String]) -> (Counts, Vec<(Kind, String)>) {
    let mut differences = Vec::new();
    let counts = compare(&[&original[HEAD..]], &[&run(items)[HEAD..]], &mut |difference| {
        differences.push((difference.kind, String::from_utf8(difference.key.to_vec()).unwrap()));
    });
    (counts.unwrap(), differences)
}

fn key(id: u32) -> String {
    format!(r#"{{"id":{{"S":"customer-{id}"}},"at":{{"N":"{id}"}}}}"#)
}

#[test]
fn every_kind_of_damage_to_one_item_is_found() {
    let items: Vec<String> = (0..ITEMS).map(item).collect();
    let original = run(&items);
    assert_eq!(found(&original, &items).0, Counts { equal: ITEMS.into(), ..Counts::default() });

    // The table returns items in another order than the one in which they were written.
    let mut damaged: Vec<String> = items.iter().rev().cloned().collect();
    for (place, (what, from, to)) in DAMAGES.iter().enumerate() {
        let index = (place * 397 + 11) % items.len();
        let id = ITEMS - 1 - index as u32;
        let intact = std::mem::take(&mut damaged[index]);
        assert_eq!(intact.matches(from).count(), 1, "{what}: {from}");
        damaged[index] = intact.replace(from, to);
        let (counts, differences) = found(&original, &damaged);
        let expected = Counts { equal: u64::from(ITEMS) - 1, changed: 1, ..Counts::default() };
        assert_eq!((counts, differences), (expected, vec![(Kind::Changed, key(id))]), "{what}");
        damaged[index] = intact;
    }

    let lost = damaged.pop().unwrap();
    let (counts, differences) = found(&original, &damaged);
    assert_eq!(counts, Counts { equal: u64::from(ITEMS) - 1, missing: 1, ..Counts::default() });
    assert_eq!(differences, [(Kind::Missing, key(0))]);
    // The item is there, under another key.
    damaged.push(lost.replace("customer-0", "customer-O"));
    let (counts, _) = found(&original, &damaged);
    assert_eq!(counts, Counts { equal: u64::from(ITEMS) - 1, missing: 1, extra: 1, ..Counts::default() });
    damaged.push(lost);
    let (counts, differences) = found(&original, &damaged);
    assert_eq!(counts, Counts { equal: ITEMS.into(), extra: 1, ..Counts::default() });
    assert_eq!(differences, [(Kind::Extra, key(0).replace("customer-0", "customer-O"))]);
}
