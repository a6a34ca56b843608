//! Shapes that are made from others by changing each alternative.

use serde_json::{Map, Value, json};

use super::{Alternative, Field, Object, Scalar, Shape, UNCERTAIN};

impl Shape {
    /// Returns the same shape of scalars, of which nothing more than their type is known.
    #[must_use]
    pub fn uncertain(&self) -> Shape {
        let uncertain = |alternative: &Alternative| match alternative {
            Alternative::Scalar(scalar, facets) => {
                let mut facets = facets.clone();
                facets.insert(UNCERTAIN.to_owned(), Value::Bool(true));
                Alternative::Scalar(*scalar, facets)
            }
            other => other.clone(),
        };
        Shape::new(self.0.iter().map(uncertain).collect())
    }

    /// Returns the shape as [`Shape::uncertain`] does if one of these is unknown, from which it is made.
    #[must_use]
    pub fn uncertain_if(self, made_from: &[&Shape]) -> Shape {
        let is_unknown = |alternative: &Alternative| match alternative {
            Alternative::Unknown => true,
            Alternative::Scalar(_, facets) => Shape::is_uncertain(facets),
            Alternative::Array { items, .. } => items.is_unknown_in_part(),
            _ => false,
        };
        let unknown = made_from.iter().any(|shape| shape.alternatives().iter().any(is_unknown));
        if unknown { self.uncertain() } else { self }
    }

    /// Returns whether these are the keywords of a scalar of which only the type is known.
    pub fn is_uncertain(facets: &Map<String, Value>) -> bool {
        facets.contains_key(UNCERTAIN)
    }

    /// Returns the shape with numbers that have no bounds except 0.
    #[must_use]
    pub fn without_bounds(&self) -> Shape {
        let wider = |alternative: &Alternative| match alternative {
            Alternative::Scalar(Scalar::Number, facets) => {
                let number = |name: &str| facets.get(name).and_then(Value::as_f64);
                let constant = number("const");
                let mut kept = Map::new();
                if facets.get("type").is_some() || constant.is_some_and(|number| number.fract() == 0.0) {
                    kept.insert("type".to_owned(), json!("integer"));
                }
                let least = constant.or(number("minimum")).or(number("exclusiveMinimum"));
                if least.is_some_and(|least| least >= 0.0) {
                    kept.insert("minimum".to_owned(), json!(0));
                }
                if Shape::is_uncertain(facets) {
                    kept.insert(UNCERTAIN.to_owned(), Value::Bool(true));
                }
                Shape::scalar_with(Scalar::Number, kept)
            }
            Alternative::Object(object) => {
                let field = |(name, field): (&String, &Field)| {
                    let shape = field.shape.without_bounds();
                    (name.clone(), Field { shape, absence: field.absence })
                };
                let fields = object.fields.iter().map(field).collect();
                let rest = object.rest.as_ref().map(|rest| Box::new(rest.without_bounds()));
                Shape::object(Object { fields, rest, most: object.most })
            }
            other => Shape::from_alternative(other.clone()),
        };
        self.0.iter().map(wider).fold(Shape::never(), Shape::or)
    }

    /// Returns the same shape with arrays of at least this many items.
    #[must_use]
    pub fn with_least_items(&self, least: u64) -> Shape {
        let longer = |alternative: &Alternative| match alternative {
            Alternative::Array { items, first, min_items, max_items } => Alternative::Array {
                items: items.clone(),
                first: first.clone(),
                min_items: (*min_items).max(least),
                max_items: *max_items,
            },
            other => other.clone(),
        };
        Shape::new(self.0.iter().map(longer).collect())
    }

    /// Returns the shape with only the alternatives for which `keep` returns true.
    #[must_use]
    pub fn filtered(&self, keep: impl FnMut(&&Alternative) -> bool) -> Shape {
        Shape::new(self.0.iter().filter(keep).cloned().collect())
    }

    /// Returns the shape with objects that do not have this field.
    #[must_use]
    pub fn without_field(&self, name: &str) -> Shape {
        let without = |alternative: &Alternative| match alternative {
            Alternative::Object(object) => {
                let mut object = object.clone();
                object.fields.remove(name);
                Alternative::Object(object)
            }
            other => other.clone(),
        };
        Shape::new(self.0.iter().map(without).collect())
    }

    /// Returns the shape of arrays of these items. If they are made from something unknown, so is their number.
    pub fn array_made_from(source: &Shape, items: Shape, max_items: Option<u64>) -> Shape {
        let unknown = source.holds_unknown();
        Shape::array(if unknown { items.or(Shape::unknown()) } else { items }, max_items)
    }
}
