//! The values that expressions are evaluated on: objects with the fields that expressions read. Each field has what can
//! go wrong in it: absent, null, empty, one of several types.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

pub(crate) fn input() -> impl Strategy<Value = Value> {
    let rows = prop::collection::vec((number(), prop::option::of(text())), 0..3).prop_map(|rows| {
        rows.into_iter().map(|(price, tag)| object([("p", Some(price)), ("t", tag)])).collect()
    });
    let lists = (prop::collection::vec(number(), 0..3), prop::collection::vec(text(), 0..3), rows);
    let scalars = (number(), text(), prop::bool::ANY, prop::option::of(text()));
    let deep = prop::option::of(prop::option::of(number()).prop_map(|leaf| object([("leaf", leaf)])));
    (scalars, lists, tagged(), deep, prop::option::of(self::any())).prop_map(
        |((n, s, f, opt), (list, names, rows), tagged, deep, odd)| {
            let rows: Vec<Value> = rows;
            object([
                ("n", Some(n)),
                ("s", Some(s)),
                ("f", Some(json!(f))),
                ("opt", opt),
                ("list", Some(json!(list))),
                ("names", Some(json!(names))),
                ("rows", Some(json!(rows))),
                ("o", Some(tagged)),
                ("deep", deep),
                ("odd", odd),
            ])
        },
    )
}

/// Generates any value.
pub(crate) fn any() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), prop::bool::ANY.prop_map(Value::from), number(), text()];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            (prop::option::of(inner.clone()), prop::option::of(inner))
                .prop_map(|(n, o)| object([("n", n), ("o", o)])),
        ]
    })
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![(-2_i64..4).prop_map(Value::from), Just(json!(1.5))]
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![Just(""), Just("A"), Just("ready"), Just("a-b")].prop_map(Value::from)
}

/// Generates an object of one of two kinds, which its tag distinguishes.
fn tagged() -> impl Strategy<Value = Value> {
    prop_oneof![
        number().prop_map(|x| object([("kind", Some(json!("A"))), ("x", Some(x))])),
        (text(), prop::option::of(number())).prop_map(|(y, z)| object([
            ("kind", Some(json!("B"))),
            ("y", Some(y)),
            ("z", z)
        ])),
    ]
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(Map::from_iter(present))
}
