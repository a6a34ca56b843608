//! The types that inference computes with: sets of possible values.
//!
//! A [`Shape`] is a union of alternatives. It expresses as much as a JSON Schema of the kind that programs generate, in
//! a form in which fields can be read, merged and ruled out. Reading a schema as a shape may lose a constraint but
//! never a value ([`Shape::from_schema`]), so what is proved of a shape is true of its values. The schema that a step
//! requires is not converted to a shape: `covers` of the `jsonschema` crate proves that a shape fits it
//! ([`Shape::fits`]).

mod both;
mod change;
mod fits;
mod from_schema;
mod object;
mod read;
mod refusal;
mod to_schema;
mod typed;
mod witness;

use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use fits::SchemaMismatch;
pub use object::{Field, Object};
pub use typed::{Absence, Typed};

/// The number of object alternatives that a shape keeps separate before it merges them field by field.
const MOST_OBJECTS: usize = 12;

/// The keyword of a scalar that is made from something unknown: only its type is known.
const UNCERTAIN: &str = "x-unknown";

/// A set of possible values: those of all alternatives. Without alternatives it is empty.
///
/// Shapes are copied far more often than they are changed, so copies share their content.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shape(Arc<Vec<Alternative>>);

/// One alternative of a shape.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Alternative {
    /// Any value, because a schema allows any.
    Any,
    /// A value that nothing describes. What is read of it is unknown too, and it fits wherever it goes.
    Unknown,
    /// A null, boolean, number or string with the keywords of its schema. A constant is `{"const": …}`.
    Scalar(Scalar, Map<String, Value>),
    /// An array.
    Array {
        /// Shape of all items.
        items: Shape,
        /// Shapes of the first items, by position, if they are known.
        first: Vec<Shape>,
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

    /// Returns the shape of a value that nothing describes.
    pub fn unknown() -> Shape {
        Shape::new(vec![Alternative::Unknown])
    }

    /// Returns the shape of any value of this type.
    pub fn scalar(scalar: Scalar) -> Shape {
        Shape::new(vec![Alternative::Scalar(scalar, Map::new())])
    }

    /// Returns the shape of the values of this type with these keywords.
    pub fn scalar_with(scalar: Scalar, facets: Map<String, Value>) -> Shape {
        Shape::new(vec![Alternative::Scalar(scalar, facets)])
    }

    /// Returns the shape of one alternative.
    pub fn from_alternative(alternative: Alternative) -> Shape {
        Shape::new(vec![alternative])
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
                let min_items = items.len() as u64;
                let first = items.iter().map(Shape::constant).collect();
                Shape::new(vec![Alternative::Array {
                    items: item,
                    first,
                    min_items,
                    max_items: Some(min_items),
                }])
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
        Shape::new(vec![Alternative::Array { items, first: Vec::new(), min_items: 0, max_items }])
    }

    /// Returns the shape of what JSONata makes of several results: a single one, or an array of them.
    pub fn one_or_several(item: Shape, max_items: Option<u64>) -> Shape {
        if item.is_unknown() {
            return item;
        }
        item.clone().or(Shape::array(item, max_items))
    }

    /// Returns whether nothing at all is known of the values.
    pub fn is_unknown(&self) -> bool {
        self.0.as_slice() == [Alternative::Unknown]
    }

    /// Returns the shape of arrays that have exactly these items, by position.
    pub fn tuple(first: Vec<Shape>) -> Shape {
        let items = first.iter().cloned().fold(Shape::never(), Shape::or);
        let count = first.len() as u64;
        Shape::new(vec![Alternative::Array { items, first, min_items: count, max_items: Some(count) }])
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
            Alternative::Any | Alternative::Unknown => true,
            Alternative::Scalar(..) => false,
            Alternative::Array { items, .. } => items.holds_any(),
            Alternative::Object(object) => {
                object.fields.values().any(|field| field.shape.holds_any())
                    || object.rest.as_ref().is_some_and(|rest| rest.holds_any())
            }
        })
    }

    /// Returns whether nothing describes some of the values themselves.
    pub fn is_unknown_in_part(&self) -> bool {
        self.0.contains(&Alternative::Unknown)
    }

    /// Returns whether nothing describes some part of the shape, at any depth.
    pub fn holds_unknown(&self) -> bool {
        self.0.iter().any(|alternative| match alternative {
            Alternative::Unknown => true,
            Alternative::Any => false,
            Alternative::Scalar(_, facets) => Shape::is_uncertain(facets),
            Alternative::Array { items, .. } => items.holds_unknown(),
            Alternative::Object(object) => {
                let is_unknown =
                    |field: &Field| field.absence == Absence::Unknown || field.shape.holds_unknown();
                object.fields.values().any(is_unknown)
                    || object.rest.as_ref().is_some_and(|rest| rest.holds_unknown())
            }
        })
    }

    /// Returns whether some of the values may be lists, which a path reads item by item.
    pub fn has_lists(&self) -> bool {
        self.0
            .iter()
            .any(|alternative| alternative.is_open() || matches!(alternative, Alternative::Array { .. }))
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
        if let Alternative::Array { items, first, min_items, max_items } = new {
            // No expression can distinguish arrays of different items.
            for old in alternatives.iter_mut() {
                if let Alternative::Array {
                    items: old_items,
                    first: old_first,
                    min_items: old_min,
                    max_items: old_max,
                } = old
                {
                    // A position that only one of them describes may hold any item of the other.
                    let both = old_first.iter().zip(first).map(|(one, two)| one.clone().or(two.clone()));
                    *old_first = both.collect();
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
}

impl Alternative {
    /// Returns whether it is a value of any type.
    pub fn is_open(&self) -> bool {
        matches!(self, Alternative::Any | Alternative::Unknown)
    }

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
