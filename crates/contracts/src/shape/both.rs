//! The values that two shapes have in common.

use serde_json::{Map, Value};

use super::{Absence, Alternative, Field, Object, Shape};

impl Shape {
    /// Returns a shape with every value that is in both. It may have more, but none that is in neither.
    #[must_use]
    pub fn and(&self, other: &Shape) -> Shape {
        let mut both = Shape::never();
        for one in self.alternatives() {
            for two in other.alternatives() {
                both = both.or(common(one, two));
            }
        }
        both
    }
}

fn common(one: &Alternative, two: &Alternative) -> Shape {
    let shape = |alternative: &Alternative| Shape::new(vec![alternative.clone()]);
    match (one, two) {
        (Alternative::Any | Alternative::Unknown, other)
        | (other, Alternative::Any | Alternative::Unknown) => shape(other),
        (Alternative::Scalar(kind, facets), Alternative::Scalar(other, others)) if kind == other => {
            scalars(facets, others)
                .map_or_else(Shape::never, |facets| Shape::new(vec![Alternative::Scalar(*kind, facets)]))
        }
        (
            Alternative::Array { items, first, min_items, max_items },
            Alternative::Array { items: others, first: others_first, min_items: least, max_items: most },
        ) => {
            let positions = first.len().max(others_first.len());
            let at = |position: usize| {
                first.get(position).unwrap_or(items).and(others_first.get(position).unwrap_or(others))
            };
            let max_items = match (max_items, most) {
                (Some(one), Some(two)) => Some(*one.min(two)),
                (one, two) => one.or(*two),
            };
            Shape::new(vec![Alternative::Array {
                items: items.and(others),
                first: (0..positions).map(at).collect(),
                min_items: *min_items.max(least),
                max_items,
            }])
        }
        (Alternative::Object(one), Alternative::Object(two)) => objects(one, two),
        _ => Shape::never(),
    }
}

/// Returns the keywords of both. Different constants have nothing in common.
fn scalars(one: &Map<String, Value>, two: &Map<String, Value>) -> Option<Map<String, Value>> {
    match (one.get("const"), two.get("const")) {
        (Some(constant), Some(other)) => return (constant == other).then(|| one.clone()),
        (Some(_), None) => return Some(one.clone()),
        (None, Some(_)) => return Some(two.clone()),
        (None, None) => {}
    }
    let mut both = one.clone();
    for (name, value) in two {
        let kept = both.get(name).cloned();
        let stricter = match (name.as_str(), &kept) {
            (_, None) => true,
            ("minimum" | "exclusiveMinimum" | "minLength", Some(kept)) => value.as_f64() > kept.as_f64(),
            ("maximum" | "exclusiveMaximum" | "maxLength", Some(kept)) => value.as_f64() < kept.as_f64(),
            // Of two patterns the first is kept, which only widens the shape.
            _ => false,
        };
        if stricter {
            both.insert(name.clone(), value.clone());
        }
    }
    Some(both)
}

fn objects(one: &Object, two: &Object) -> Shape {
    let mut fields = std::collections::BTreeMap::new();
    for name in one.fields.keys().chain(two.fields.keys()) {
        let (first, second) = (one.field(name), two.field(name));
        let absence = first.absence.min(second.absence);
        let shape = first.shape.and(&second.shape);
        if shape.is_never() {
            if absence == Absence::Never {
                return Shape::never();
            }
            continue;
        }
        fields.insert(name.clone(), Field { shape, absence });
    }
    let rest = match (&one.rest, &two.rest) {
        (Some(one), Some(two)) => Some(one.and(two)).filter(|rest| !rest.is_never()),
        _ => None,
    };
    Shape::object(Object { fields, rest: rest.map(Box::new), most: one.most.or(two.most) })
}
