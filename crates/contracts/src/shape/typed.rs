//! The type of an expression: its possible values, and whether there may be none.

use super::Shape;

/// Whether an expression may yield nothing (JSONata's undefined). The order is that of the union: the later one wins.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Absence {
    /// There is always a value.
    #[default]
    Never,
    /// Nothing describes the value, so nothing is known.
    Unknown,
    /// There may be no value.
    Perhaps,
}

/// The result of an expression: a value of the shape, or possibly nothing (JSONata's undefined).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Typed {
    /// Shape of the value.
    pub shape: Shape,
    /// Whether there may be no value.
    pub absence: Absence,
}

impl Typed {
    /// Creates the type of a value that is always present.
    pub fn always(shape: Shape) -> Typed {
        Typed { shape, absence: Absence::Never }
    }

    /// Creates the type of a value that may be absent. If it is a part of something unknown, so is its absence.
    pub fn perhaps(shape: Shape) -> Typed {
        let absence = if shape.is_unknown_in_part() { Absence::Unknown } else { Absence::Perhaps };
        Typed { shape, absence }
    }

    /// Creates the type of a value that is never present.
    pub fn absent() -> Typed {
        Typed { shape: Shape::never(), absence: Absence::Perhaps }
    }

    /// Creates the type of a value of which nothing is known, not even whether it is there.
    pub fn unknown() -> Typed {
        Typed { shape: Shape::unknown(), absence: Absence::Unknown }
    }

    /// Returns whether it is known that there may be no value.
    pub fn perhaps_absent(&self) -> bool {
        self.absence == Absence::Perhaps
    }

    /// Returns whether there is never a value.
    pub fn is_never_present(&self) -> bool {
        self.shape.is_never() && self.perhaps_absent()
    }

    /// Returns the same type with at least this absence.
    #[must_use]
    pub fn or_absent(self, absence: Absence) -> Typed {
        Typed { absence: self.absence.max(absence), ..self }
    }

    /// Returns the union of the two types.
    #[must_use]
    pub fn or(self, other: Typed) -> Typed {
        Typed { absence: self.absence.max(other.absence), shape: self.shape.or(other.shape) }
    }

    /// Returns the result of a path that reads this from each item of an array. JSONata leaves out absent values,
    /// unwraps a single result, and produces nothing if there are none. `least` and `most` are the numbers of items of
    /// the array. If each item yields a list, the lists are concatenated.
    #[must_use]
    pub fn over_items(self, least: u64, most: Option<u64>) -> Typed {
        if self.shape.is_never() {
            return Typed::absent();
        }
        if self.shape.is_unknown() {
            return Typed::unknown();
        }
        let most = most.zip(self.shape.max_items()).map(|(items, of_each)| items.saturating_mul(of_each));
        let lists = self.shape.has_lists();
        let items = self.shape.items();
        let shape = match most {
            Some(0 | 1) if !lists => items.clone(),
            _ => items.clone().or(Shape::array(items, most)),
        };
        // If there are items, and each yields one value, there is a value.
        if least > 0 && !lists { Typed { shape, ..self } } else { Typed::perhaps(shape) }
    }
}
