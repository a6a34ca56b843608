//! Tests JSON without types: writes it from items by simple rules and reads it back.

use item_formats::{KeyAttribute, KeyType, read_untyped_line};
use proptest::collection::vec;
use proptest::prelude::*;

use super::json::Json;
use super::oracle::item_of;
use super::values::{mutate, mutations, text};
use item_formats::Format;

/// Generates items, with DynamoDB's types, whose values JSON can express.
fn items() -> impl Strategy<Value = Json> {
    vec((text(), value()), 0..8).prop_map(Json::Object)
}

fn value() -> impl Strategy<Value = Json> {
    let number = prop_oneof![
        "-?(0|[1-9][0-9]{0,37})",
        "-?(0|[1-9][0-9]{0,18})\\.[0-9]{1,19}",
        "-?[1-9]\\.[0-9]{1,37}[eE]([+-]?[1-9][0-9]?|\\+12[0-5])",
    ];
    let leaf = prop_oneof![
        3 => text().prop_map(|text| Json::member("S", Json::Text(text))),
        3 => number.prop_map(|text| Json::member("N", Json::Text(text))),
        1 => any::<bool>().prop_map(|value| Json::member("BOOL", Json::Bool(value))),
        1 => Just(Json::member("NULL", Json::Bool(true))),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|elements| Json::member("L", Json::Array(elements))),
            vec((text(), inner), 0..5).prop_map(|members| Json::member("M", Json::Object(members))),
        ]
    })
}

/// Writes an item as a program that drops the types would. `space` is inserted wherever JSON allows it.
fn untyped(item: &Json, space: &str) -> String {
    let Json::Object(members) = item else { unreachable!() };
    let name = |name: &String| serde_json::to_string(name).unwrap();
    let members: Vec<String> = members
        .iter()
        .map(|(key, value)| format!("{}{space}:{space}{}", name(key), bare(value, space)))
        .collect();
    format!("{{{space}{}{space}}}", members.join(&format!("{space},{space}")))
}

fn bare(value: &Json, space: &str) -> String {
    let Json::Object(typed) = value else { unreachable!() };
    match (typed[0].0.as_str(), &typed[0].1) {
        ("S", Json::Text(text)) => serde_json::to_string(text).unwrap(),
        ("N", Json::Text(digits)) => digits.clone(),
        ("BOOL", Json::Bool(value)) => value.to_string(),
        ("NULL", _) => "null".to_owned(),
        ("L", Json::Array(elements)) => {
            let elements: Vec<String> = elements.iter().map(|element| bare(element, space)).collect();
            format!("[{space}{}{space}]", elements.join(&format!("{space},{space}")))
        }
        (_, map) => untyped(map, space),
    }
}

/// Checks that the reader agrees with serde_json and with the oracle of typed lines.
fn agrees(line: &[u8]) -> Result<(), TestCaseError> {
    let mut item = b"before".to_vec();
    let read = read_untyped_line(line, &[], &mut item);
    let json = Json::parse(line);
    match read {
        Ok(_) => {
            prop_assert!(json.is_some());
            prop_assert!(
                item_of(Format::Plain, item.strip_prefix(b"before").unwrap()).is_some(),
                "{:?}",
                item
            );
        }
        Err(refused) => {
            prop_assert_eq!(item, b"before");
            let by_the_service = ["significant digits", "magnitude", "nested"];
            let is_by_the_service = by_the_service.iter().any(|text| refused.reason.contains(text));
            prop_assert!(
                is_by_the_service || !matches!(json, Some(Json::Object(_))),
                "{}: {:?}",
                refused,
                line
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn values_are_read_back_with_their_types(item in items(), space in "[ \t]{0,2}") {
        let mut read = Vec::new();
        read_untyped_line(untyped(&item, &space).as_bytes(), &[], &mut read).unwrap();
        prop_assert_eq!(Json::parse(&read), Some(item));
    }

    #[test]
    fn a_changed_line_is_read_as_json(item in items(), mutations in mutations()) {
        let mut line = untyped(&item, "").into_bytes();
        agrees(&line)?;
        mutate(&mut line, &mutations);
        agrees(&line)?;
    }

    #[test]
    fn no_bytes_do_harm(bytes in prop_oneof![
        vec(any::<u8>(), 0..60),
        vec(proptest::sample::select(&b"{}[]\",:\\ truefalsn01-+.eE\xc3u"[..]), 0..60),
    ]) {
        agrees(&bytes)?;
    }

    #[test]
    fn short_numbers_are_judged_as_in_json(number in "-?[0-9.eE+-]{1,6}") {
        agrees(format!("{{\"n\":{number}}}").as_bytes())?;
    }

    #[test]
    fn a_key_is_accepted_only_with_its_own_type(value in value(), key_type in proptest::sample::select(&[KeyType::S, KeyType::N, KeyType::B][..])) {
        let Json::Object(typed) = &value else { unreachable!() };
        let fits = typed[0].0 == key_type.to_string();
        let line = untyped(&Json::member("id", value.clone()), "");
        let keys = [KeyAttribute { name: "id", key_type }];
        let read = read_untyped_line(line.as_bytes(), &keys, &mut Vec::new());
        prop_assert_eq!(read.is_ok(), fits, "{:?}", read);
    }
}
