//! The types that inference computes with: sets of possible values.
//!
//! A [`Shape`] is a union of alternatives. It expresses as much as a JSON Schema of the kind that programs generate, in
//! a form in which fields can be read, merged and ruled out. Reading a schema as a shape may lose a constraint but
//! never a value ([`Shape::from_schema`]), so what is proved of a shape is true of its values. The schema that a step
//! requires is not converted to a shape: `covers` of the `jsonschema` crate proves that a shape fits it
//! ([`Shape::fits`]).

mod fits;
mod from_schema;
mod witness;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use fits::SchemaMismatch;

/// The number of object alternatives that a shape keeps separate before it merges them field by field.
const MOST_OBJECTS: usize = 12;

/// A set of possible values: those of all alternatives. Without alternatives it is empty.
///
/// Shapes are copied far more often than they are changed, so copies share their content.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shape(Arc<Vec<Alternative>>);

/// One alternative of a shape.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Alternative {
    /// Any value. It is used where nothing is known.
    Any,
    /// A null, boolean, number or string with the keywords of its schema. A constant is `{"const": …}`.
    Scalar(Scalar, Map<String, Value>),
    /// An array.
    Array {
        /// Shape of the items.
        items: Shape,
        /// Least number of items.
        min_items: u64,
        /// Greatest number of items, if it is known.
        max_items: Option<u64>,
    },
    /// An object.
    Object(Object),
}

/// The JSON types without parts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Scalar {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
}

/// The fields of an object.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Object {
    /// The known fields, by name.
    pub fields: BTreeMap<String, Field>,
    /// Shape of any other field. `None` means that there are no others.
    pub rest: Option<Box<Shape>>,
}

/// A field of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// Shape of the field's value.
    pub shape: Shape,
    /// Whether the field is always present.
    pub required: bool,
}

/// The result of an expression: a value of the shape, or possibly nothing (JSONata's undefined).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Typed {
    /// Shape of the value.
    pub shape: Shape,
    /// Whether there may be no value.
    pub perhaps_absent: bool,
}

impl Typed {
    /// Creates the type of a value that is always present.
    pub fn always(shape: Shape) -> Typed {
        Typed { shape, perhaps_absent: false }
    }

    /// Creates the type of a value that may be absent.
    pub fn perhaps(shape: Shape) -> Typed {
        Typed { shape, perhaps_absent: true }
    }

    /// Creates the type of a value that is never present.
    pub fn absent() -> Typed {
        Typed::perhaps(Shape::never())
    }

    /// Returns the union of the two types.
    #[must_use]
    pub fn or(self, other: Typed) -> Typed {
        let perhaps_absent = self.perhaps_absent || other.perhaps_absent;
        Typed { shape: self.shape.or(other.shape), perhaps_absent }
    }
}

impl Object {
    /// Creates an object with exactly these fields. A field whose type may be absent is optional.
    pub fn from_fields(fields: impl IntoIterator<Item = (String, Typed)>) -> Object {
        let field = |(name, given): (String, Typed)| {
            (name, Field { shape: given.shape, required: !given.perhaps_absent })
        };
        Object { fields: fields.into_iter().map(field).collect(), rest: None }
    }

    /// Returns the type of the field of this name.
    pub fn field(&self, name: &str) -> Typed {
        match (self.fields.get(name), &self.rest) {
            (Some(field), _) => Typed { shape: field.shape.clone(), perhaps_absent: !field.required },
            (None, Some(rest)) => Typed::perhaps(rest.as_ref().clone()),
            (None, None) => Typed::absent(),
        }
    }

    /// Returns this object with the other's fields replacing its own, as `$merge` does.
    #[must_use]
    pub fn merged_with(&self, other: &Object) -> Object {
        let mut merged = self.clone();
        for (name, field) in &other.fields {
            let before = self.field(name);
            let shape =
                if field.required { field.shape.clone() } else { field.shape.clone().or(before.shape) };
            let required = field.required || !before.perhaps_absent;
            merged.fields.insert(name.clone(), Field { shape, required });
        }
        if let Some(rest) = &other.rest {
            for (name, field) in &mut merged.fields {
                if !other.fields.contains_key(name) {
                    field.shape = field.shape.clone().or(rest.as_ref().clone());
                }
            }
            let before = merged.rest.take().map(|rest| *rest).unwrap_or_default();
            merged.rest = Some(Box::new(before.or(rest.as_ref().clone())));
        }
        merged
    }

    /// Returns an object that contains the values of both.
    fn or(&self, other: &Object) -> Object {
        let names = self.fields.keys().chain(other.fields.keys()).cloned();
        let either = |name: String| {
            let given = self.field(&name).or(other.field(&name));
            (name, Field { shape: given.shape, required: !given.perhaps_absent })
        };
        let rest = match (&self.rest, &other.rest) {
            (None, None) => None,
            (one, two) => {
                let part = |rest: &Option<Box<Shape>>| rest.as_deref().cloned().unwrap_or_default();
                Some(Box::new(part(one).or(part(two))))
            }
        };
        Object { fields: names.map(either).collect(), rest }
    }
}

impl Shape {
    fn new(alternatives: Vec<Alternative>) -> Shape {
        Shape(Arc::new(alternatives))
    }

    /// Returns the empty shape.
    pub fn never() -> Shape {
        Shape::default()
    }

    /// Returns the shape of any value.
    pub fn any() -> Shape {
        Shape::new(vec![Alternative::Any])
    }

    /// Returns the shape of any value of this type.
    pub fn scalar(scalar: Scalar) -> Shape {
        Shape::new(vec![Alternative::Scalar(scalar, Map::new())])
    }

    /// Returns the shape of any string.
    pub fn string() -> Shape {
        Shape::scalar(Scalar::String)
    }

    /// Returns the shape of any number.
    pub fn number() -> Shape {
        Shape::scalar(Scalar::Number)
    }

    /// Returns the shape of any boolean.
    pub fn boolean() -> Shape {
        Shape::scalar(Scalar::Boolean)
    }

    /// Returns the shape of the integers from `minimum` up.
    pub fn integer_from(minimum: i64) -> Shape {
        Shape::from_schema(&json!({ "type": "integer", "minimum": minimum }))
    }

    /// Returns the shape of this value alone. Booleans, numbers and strings stay constants, so they can be
    /// distinguished.
    pub fn constant(value: &Value) -> Shape {
        let scalar = |kind| {
            Shape::new(vec![Alternative::Scalar(kind, Map::from_iter([("const".to_owned(), value.clone())]))])
        };
        match value {
            Value::Null => Shape::scalar(Scalar::Null),
            Value::Bool(_) => scalar(Scalar::Boolean),
            Value::Number(_) => scalar(Scalar::Number),
            Value::String(_) => scalar(Scalar::String),
            Value::Array(items) => {
                let item = items.iter().fold(Shape::never(), |shape, item| shape.or(Shape::constant(item)));
                Shape::array(item, Some(items.len() as u64))
            }
            Value::Object(fields) => {
                let fields =
                    fields.iter().map(|(name, value)| (name.clone(), Typed::always(Shape::constant(value))));
                Shape::object(Object::from_fields(fields))
            }
        }
    }

    /// Returns the shape of arrays of these items.
    pub fn array(items: Shape, max_items: Option<u64>) -> Shape {
        Shape::new(vec![Alternative::Array { items, min_items: 0, max_items }])
    }

    /// Returns the shape of arrays of exactly `count` of these items.
    pub fn array_of(items: Shape, count: u64) -> Shape {
        Shape::new(vec![Alternative::Array { items, min_items: count, max_items: Some(count) }])
    }

    /// Returns the shape of this object.
    pub fn object(object: Object) -> Shape {
        Shape::new(vec![Alternative::Object(object)])
    }

    /// Returns the alternatives.
    pub fn alternatives(&self) -> &[Alternative] {
        &self.0
    }

    /// Returns whether the shape is empty.
    pub fn is_never(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether some part of the shape, at any depth, may be any value.
    pub fn holds_any(&self) -> bool {
        self.0.iter().any(|alternative| match alternative {
            Alternative::Any => true,
            Alternative::Scalar(..) => false,
            Alternative::Array { items, .. } => items.holds_any(),
            Alternative::Object(object) => {
                object.fields.values().any(|field| field.shape.holds_any())
                    || object.rest.as_ref().is_some_and(|rest| rest.holds_any())
            }
        })
    }

    /// Returns the shape with only the alternatives for which `keep` returns true.
    #[must_use]
    pub fn filtered(&self, keep: impl FnMut(&&Alternative) -> bool) -> Shape {
        Shape::new(self.0.iter().filter(keep).cloned().collect())
    }

    /// Returns the union of the two shapes.
    #[must_use]
    pub fn or(mut self, other: Shape) -> Shape {
        for alternative in other.0.iter() {
            self.add(alternative);
        }
        let is_object = |alternative: &&Alternative| matches!(alternative, Alternative::Object(_));
        let objects = self.0.iter().filter(is_object).count();
        if objects > MOST_OBJECTS { self.with_objects_merged() } else { self }
    }

    fn add(&mut self, new: &Alternative) {
        if self.0.iter().any(|old| old.includes(new)) {
            return;
        }
        let alternatives = Arc::make_mut(&mut self.0);
        if matches!(new, Alternative::Any) {
            alternatives.clear();
        }
        if let Alternative::Array { items, min_items, max_items } = new {
            // No expression can distinguish arrays of different items.
            for old in alternatives.iter_mut() {
                if let Alternative::Array { items: old_items, min_items: old_min, max_items: old_max } = old {
                    *old_items = old_items.clone().or(items.clone());
                    *old_min = (*old_min).min(*min_items);
                    *old_max = old_max.zip(*max_items).map(|(one, two)| one.max(two));
                    return;
                }
            }
        }
        alternatives.retain(|old| !new.includes(old));
        alternatives.push(new.clone());
    }

    fn with_objects_merged(self) -> Shape {
        let mut merged: Option<Object> = None;
        let mut rest = Vec::new();
        for alternative in self.0.iter() {
            match alternative {
                Alternative::Object(object) => {
                    merged = Some(merged.map_or_else(|| object.clone(), |so_far| so_far.or(object)));
                }
                other => rest.push(other.clone()),
            }
        }
        rest.extend(merged.map(Alternative::Object));
        Shape::new(rest)
    }

    /// Returns the field of this name as a path reads it: the field of an object, and the fields of an array's items.
    /// Other values have no fields.
    pub fn field(&self, name: &str) -> Typed {
        let mut given: Option<Typed> = None;
        for alternative in self.0.iter() {
            let found = match alternative {
                Alternative::Any => Typed::perhaps(Shape::any()),
                Alternative::Scalar(..) => Typed::absent(),
                Alternative::Object(object) => object.field(name),
                Alternative::Array { items, max_items, .. } => items.field(name).over_items(*max_items),
            };
            given = Some(given.map_or(found.clone(), |so_far| so_far.or(found)));
        }
        // The shape is empty, so nothing is read and nothing can be said about it.
        given.unwrap_or_default()
    }

    /// Returns the items as JSONata sees them: those of an array. Any other value is its own item.
    pub fn items(&self) -> Shape {
        self.0.iter().fold(Shape::never(), |so_far, alternative| match alternative {
            Alternative::Array { items, .. } => so_far.or(items.clone()),
            other => so_far.or(Shape::new(vec![other.clone()])),
        })
    }

    /// Returns the greatest number of items. `None` means that there is no known limit.
    pub fn max_items(&self) -> Option<u64> {
        self.0.iter().try_fold(0, |longest: u64, alternative| match alternative {
            Alternative::Array { max_items, .. } => max_items.map(|most| most.max(longest)),
            Alternative::Any => None,
            _ => Some(longest.max(1)),
        })
    }

    /// Converts the shape to an equivalent JSON Schema (2020-12).
    pub fn to_schema(&self) -> Value {
        match self.0.as_slice() {
            [] => json!(false),
            [one] => one.to_schema(),
            several => json!({ "anyOf": several.iter().map(Alternative::to_schema).collect::<Vec<_>>() }),
        }
    }
}

impl Typed {
    /// Returns the result of a path that reads this from each item of an array. JSONata leaves out absent values,
    /// unwraps a single result, and produces nothing if there are none. `most` is the greatest number of items of the
    /// array. If each item yields a list, the lists are concatenated.
    #[must_use]
    pub fn over_items(self, most: Option<u64>) -> Typed {
        if self.shape.is_never() {
            return Typed::absent();
        }
        let most = most.zip(self.shape.max_items()).map(|(items, of_each)| items.saturating_mul(of_each));
        Typed::perhaps(self.shape.items().or(Shape::array(self.shape.items(), most)))
    }
}

impl Alternative {
    /// Returns whether every value of the other is one of this. May return false although it is so.
    fn includes(&self, other: &Alternative) -> bool {
        match (self, other) {
            (Alternative::Any, _) => true,
            (Alternative::Scalar(one, facets), Alternative::Scalar(two, _)) if facets.is_empty() => {
                one == two
            }
            (one, two) => one == two,
        }
    }

    fn to_schema(&self) -> Value {
        match self {
            Alternative::Any => json!(true),
            Alternative::Scalar(scalar, facets) => {
                let mut schema = facets.clone();
                if !schema.contains_key("const") && !schema.contains_key("type") {
                    schema.insert("type".to_owned(), json!(scalar.as_str()));
                }
                Value::Object(schema)
            }
            Alternative::Array { items, min_items, max_items } => {
                let mut schema = json!({ "type": "array", "items": items.to_schema() });
                if let Some(schema) = schema.as_object_mut() {
                    if *min_items > 0 {
                        schema.insert("minItems".to_owned(), json!(min_items));
                    }
                    if let Some(most) = max_items {
                        schema.insert("maxItems".to_owned(), json!(most));
                    }
                }
                schema
            }
            Alternative::Object(object) => object.to_schema(),
        }
    }
}

impl Object {
    fn to_schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.fields.iter().map(|(name, field)| (name.clone(), field.shape.to_schema())).collect();
        let required: Vec<&String> =
            self.fields.iter().filter(|(_, field)| field.required).map(|(name, _)| name).collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": self.rest.as_ref().map_or(json!(false), |rest| rest.to_schema()),
        })
    }
}

impl Scalar {
    /// Returns the name of the type in JSON Schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Scalar::Null => "null",
            Scalar::Boolean => "boolean",
            Scalar::Number => "number",
            Scalar::String => "string",
        }
    }
}

#[cfg(test)]
mod tests;
