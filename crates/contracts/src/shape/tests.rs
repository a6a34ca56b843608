use super::*;

fn shape(schema: Value) -> Shape {
    Shape::from_schema(&schema)
}

#[test]
fn a_field_is_always_perhaps_or_never_present() {
    let object = shape(json!({ "type": "object", "additionalProperties": false, "required": ["a"],
        "properties": { "a": { "type": "string" }, "b": { "type": "integer" } } }));
    assert_eq!(object.field("a"), Typed::always(Shape::string()));
    assert!(object.field("b").perhaps_absent() && !object.field("b").shape.is_never());
    assert_eq!(object.field("c"), Typed::absent());
}

#[test]
fn a_field_of_array_items_is_one_or_several_or_none() {
    let items = shape(json!({ "type": "array", "items": { "type": "object", "required": ["a"],
        "additionalProperties": false, "properties": { "a": { "type": "string" } } } }));
    let given = items.field("a");
    assert!(given.perhaps_absent());
    assert_eq!(given.shape, Shape::string().or(Shape::array(Shape::string(), None)));
}

#[test]
fn references_unions_and_constants_are_read() {
    let union = shape(json!({ "oneOf": [{ "$ref": "#/$defs/A" }, { "type": ["null", "boolean"] }],
        "$defs": { "A": { "const": "READY" } } }));
    assert_eq!(union.alternatives().len(), 3);
    assert_eq!(
        union.to_schema(),
        json!({ "anyOf": [{ "const": "READY" }, { "type": "null" }, { "type": "boolean" }] })
    );
    let endless = shape(json!({ "type": "array", "items": { "$ref": "#" } }));
    assert!(endless.holds_any(), "a schema that refers to itself is anything, at some depth");
}

#[test]
fn a_fit_is_proved_and_a_mismatch_has_a_counterexample() {
    let taken = json!({ "type": "object", "required": ["when"], "additionalProperties": false,
        "properties": { "when": { "type": "string", "format": "date-time" }, "count": { "type": "integer", "minimum": 0 } } });
    let given = |fields: Value| {
        shape(json!({ "type": "object", "additionalProperties": false,
        "required": ["when"], "properties": fields }))
    };
    assert_eq!(given(json!({ "when": { "type": "string", "format": "date-time" } })).fits(&taken), Ok(()));
    let text = given(json!({ "when": { "type": "string" } })).fits(&taken).unwrap_err();
    assert_eq!((text.place.as_str(), text.counterexample), ("/when", Some(json!({ "when": "" }))));
    let negative =
        json!({ "when": { "type": "string", "format": "date-time" }, "count": { "type": "integer" } });
    assert_eq!(given(negative).fits(&taken).unwrap_err().place, "/count");
    let open = shape(json!({ "type": "object", "required": ["when"],
        "properties": { "when": { "type": "string", "format": "date-time" } } }));
    assert!(open.fits(&taken).unwrap_err().counterexample.unwrap().get("other").is_some());
}

#[test]
fn a_later_object_is_merged_over_an_earlier_one() {
    let earlier = Object::from_fields([
        ("a".to_owned(), Typed::always(Shape::string())),
        ("b".to_owned(), Typed::always(Shape::string())),
    ]);
    let later = Object::from_fields([
        ("b".to_owned(), Typed::always(Shape::number())),
        ("c".to_owned(), Typed::perhaps(Shape::number())),
    ]);
    let merged = earlier.merged_with(&later);
    assert_eq!(merged.field("a"), Typed::always(Shape::string()));
    assert_eq!(merged.field("b"), Typed::always(Shape::number()));
    assert_eq!(merged.field("c"), Typed::perhaps(Shape::number()));
}

#[test]
fn many_objects_are_merged_field_by_field() {
    let several = (0..20).fold(Shape::never(), |so_far, number| {
        so_far.or(Shape::constant(&json!({ "kind": number, "name": "x" })))
    });
    let is_object = |alternative: &&Alternative| matches!(alternative, Alternative::Object(_));
    let objects = several.alternatives().iter().filter(is_object).count();
    assert!(objects <= MOST_OBJECTS);
    assert!(!several.field("name").perhaps_absent());
}
