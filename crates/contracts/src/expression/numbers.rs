//! Infers arithmetic: whole numbers stay whole, and bounds are kept where they hold.

use jsonata_core::ast::BinaryOp;
use serde_json::{Map, Value, json};

use crate::shape::{Alternative, Scalar, Shape};

/// What is known of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bounds {
    /// A number that it is not less than.
    pub(super) least: Option<f64>,
    /// A number that it is not greater than.
    pub(super) most: Option<f64>,
    /// Whether it is a whole number.
    pub(super) whole: bool,
    /// Whether it depends on something that nothing describes.
    pub(super) unknown: bool,
    /// Whether it is a constant.
    constant: bool,
}

impl Bounds {
    /// Returns what is known of every number of a shape.
    pub(super) fn of(shape: &Shape) -> Bounds {
        let mut every: Option<Bounds> = None;
        for alternative in shape.alternatives() {
            let one = match alternative {
                Alternative::Scalar(Scalar::Number, facets) => of_facets(facets),
                Alternative::Unknown => Bounds { unknown: true, ..Bounds::default() },
                _ => Bounds::default(),
            };
            every = Some(every.map_or(one, |so_far| so_far.or(one)));
        }
        every.unwrap_or_default()
    }

    fn or(self, other: Bounds) -> Bounds {
        Bounds {
            least: self.least.zip(other.least).map(|(one, two)| one.min(two)),
            most: self.most.zip(other.most).map(|(one, two)| one.max(two)),
            whole: self.whole && other.whole,
            unknown: self.unknown || other.unknown,
            constant: false,
        }
    }

    /// Returns whether it is not negative.
    pub(super) fn is_from_zero(self) -> bool {
        self.least.is_some_and(|least| least >= 0.0)
    }

    /// Returns the shape of these numbers.
    pub(super) fn shape(self) -> Shape {
        let mut facets = Map::new();
        if self.whole {
            facets.insert("type".to_owned(), json!("integer"));
        }
        if let Some(least) = self.least.filter(|least| least.is_finite()) {
            facets.insert("minimum".to_owned(), number_value(least));
        }
        if let Some(most) = self.most.filter(|most| most.is_finite()) {
            facets.insert("maximum".to_owned(), number_value(most));
        }
        let known = Shape::scalar_with(Scalar::Number, facets);
        if self.unknown { known.uncertain() } else { known }
    }
}

fn of_facets(facets: &Map<String, Value>) -> Bounds {
    let number = |name: &str| facets.get(name).and_then(Value::as_f64);
    if let Some(constant) = number("const") {
        let whole = constant.fract() == 0.0;
        return Bounds { least: Some(constant), most: Some(constant), whole, unknown: false, constant: true };
    }
    Bounds {
        least: number("minimum").or_else(|| number("exclusiveMinimum")),
        most: number("maximum").or_else(|| number("exclusiveMaximum")),
        whole: facets.get("type").is_some_and(|kind| kind == "integer"),
        unknown: Shape::is_uncertain(facets),
        constant: false,
    }
}

/// Infers arithmetic. A lower bound stays 0 and does not grow, because a loop would never reach its fixed point
/// otherwise. An upper bound is kept only for a constant and a number with an upper bound.
pub(super) fn computed(op: BinaryOp, left: &Shape, right: &Shape) -> Shape {
    let (one, two) = (Bounds::of(left), Bounds::of(right));
    let keeps = matches!(op, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply);
    let positive = op != BinaryOp::Subtract && one.is_from_zero() && two.is_from_zero();
    let limited = one.constant != two.constant && positive;
    let most = one.most.zip(two.most).filter(|_| limited).and_then(|(one, two)| match op {
        BinaryOp::Add => Some(one + two),
        BinaryOp::Multiply => Some(one * two),
        _ => None,
    });
    Bounds {
        least: positive.then_some(0.0),
        most,
        whole: keeps && one.whole && two.whole,
        unknown: one.unknown || two.unknown,
        constant: false,
    }
    .shape()
}

/// Infers a function of one number.
pub(super) fn of_one(name: &str, given: &Shape, has_precision: bool) -> Shape {
    let given = Bounds::of(given);
    let bounds = match name {
        "floor" => Bounds {
            least: given.least.map(f64::floor),
            most: given.most.map(f64::floor),
            whole: true,
            ..given
        },
        "ceil" => Bounds {
            least: given.least.map(f64::ceil),
            most: given.most.map(f64::ceil),
            whole: true,
            ..given
        },
        "round" => Bounds {
            least: given.least.map(f64::floor),
            most: given.most.map(f64::ceil),
            whole: !has_precision || given.whole,
            ..given
        },
        "abs" => {
            let most = given.least.zip(given.most).map(|(least, most)| least.abs().max(most.abs()));
            Bounds { least: Some(0.0), most, ..given }
        }
        _ => Bounds { least: Some(0.0), most: None, whole: false, ..given },
    };
    Bounds { constant: false, ..bounds }.shape()
}

/// Infers `$power`.
pub(super) fn power(base: &Shape, exponent: &Shape) -> Shape {
    let (base, exponent) = (Bounds::of(base), Bounds::of(exponent));
    Bounds {
        least: base.is_from_zero().then_some(0.0),
        most: None,
        whole: base.whole && exponent.whole && exponent.is_from_zero(),
        unknown: base.unknown || exponent.unknown,
        constant: false,
    }
    .shape()
}

/// Infers `$max`, `$min`, `$average` and `$sum` of an array. `positions` are its items if each is known by position.
pub(super) fn of_several(name: &str, items: &Shape, positions: Option<&[Shape]>) -> Shape {
    let all = Bounds::of(items);
    let each: Vec<Bounds> = positions.into_iter().flatten().map(Bounds::of).collect();
    let greatest = |bound: fn(&Bounds) -> Option<f64>| each.iter().filter_map(bound).reduce(f64::max);
    let smallest = |bound: fn(&Bounds) -> Option<f64>| each.iter().filter_map(bound).reduce(f64::min);
    let bounds = match name {
        "max" => Bounds { least: greatest(|one| one.least).or(all.least), ..all },
        "min" => Bounds { most: smallest(|one| one.most).or(all.most), ..all },
        "sum" => Bounds { least: all.is_from_zero().then_some(0.0), most: None, ..all },
        _ => Bounds { whole: false, ..all },
    };
    Bounds { constant: false, ..bounds }.shape()
}

/// Returns a number of an expression as JSON. Whole numbers become JSON integers, so that a schema sees them as
/// integers.
pub(super) fn number_value(number: f64) -> Value {
    let whole = number as i64;
    if whole as f64 == number { json!(whole) } else { json!(number) }
}
