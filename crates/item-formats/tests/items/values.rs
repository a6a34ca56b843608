//! Generates any item that DynamoDB can hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use item_formats::{Compression, Format, NullTag};
use proptest::collection::vec;
use proptest::prelude::*;

use super::json::Json;

pub(crate) fn items() -> impl Strategy<Value = Json> {
    vec((text(), value()), 0..8).prop_map(Json::Object)
}

fn value() -> impl Strategy<Value = Json> {
    let set = |name: &'static str, element: BoxedStrategy<String>| {
        vec(element.prop_map(Json::Text), 1..4)
            .prop_map(move |elements| Json::member(name, Json::Array(elements)))
    };
    let leaf = prop_oneof![
        4 => text().prop_map(|text| Json::member("S", Json::Text(text))),
        3 => number().prop_map(|text| Json::member("N", Json::Text(text))),
        1 => binary().prop_map(|text| Json::member("B", Json::Text(text))),
        1 => any::<bool>().prop_map(|value| Json::member("BOOL", Json::Bool(value))),
        1 => Just(Json::member("NULL", Json::Bool(true))),
        1 => set("SS", text().boxed()),
        1 => set("NS", number().boxed()),
        1 => set("BS", binary().boxed()),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|elements| Json::member("L", Json::Array(elements))),
            vec((text(), inner), 0..5).prop_map(|members| Json::member("M", Json::Object(members))),
        ]
    })
}

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z]{0,20}",
        r#"[\\"/\[\]{}:, \n\t\x00-\x1fäé東😀]{0,12}"#,
        Just("Item".to_owned()),
        Just("nULLValue".to_owned())
    ]
}

fn binary() -> impl Strategy<Value = String> {
    vec(any::<u8>(), 0..20).prop_map(|bytes| STANDARD.encode(bytes))
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,38}",
        "-?[0-9]{1,19}\\.[0-9]{1,19}",
        ("[+-]?[1-9]", "[0-9]{0,37}", -130..=125_i32, "[eE]")
            .prop_map(|(first, rest, magnitude, e)| format!("{first}.{rest}{e}{magnitude}")),
        "-?0{1,50}[.]?0{0,50}",
    ]
}

pub(crate) fn formats() -> impl Strategy<Value = Format> {
    proptest::sample::select(&[
        Format::DynamodbJson,
        Format::DataPipeline(NullTag::Null),
        Format::DataPipeline(NullTag::NullValue),
        Format::Plain,
    ])
}

pub(crate) fn compressions() -> impl Strategy<Value = Compression> {
    proptest::sample::select(&[Compression::None, Compression::Gzip, Compression::Zstd])
}

/// Generates changes of a line's bytes: the position, the new byte and the kind of change.
pub(crate) fn mutations() -> impl Strategy<Value = Vec<(proptest::sample::Index, u8, u8)>> {
    let byte = prop_oneof![
        proptest::sample::select(
            &b"{}[]\",:\\ \n\x00\x02\x03\x1fSNBLMsnblmOUu01.-+eE=/tf\x7f\x80\xc3\xa4\xed\xff"[..]
        ),
        any::<u8>()
    ];
    vec((any::<proptest::sample::Index>(), byte, 0..4_u8), 1..4)
}

pub(crate) fn mutate(line: &mut Vec<u8>, mutations: &[(proptest::sample::Index, u8, u8)]) {
    for (index, byte, how) in mutations {
        let at = index.index(line.len() + 1);
        match how {
            0 => line.insert(at, *byte),
            1 if at < line.len() => line[at] = *byte,
            2 if at < line.len() => drop(line.remove(at)),
            _ => line.truncate(line.len().saturating_sub(at.min(9))),
        }
    }
}
