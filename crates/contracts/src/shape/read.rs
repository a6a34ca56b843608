//! Reads parts of a shape as JSONata's paths do.

use super::{Absence, Alternative, Shape, Typed};

impl Shape {
    /// Returns the field of this name as a path reads it: the field of an object, and the fields of an array's items.
    /// Other values have no fields.
    pub fn field(&self, name: &str) -> Typed {
        let mut given: Option<Typed> = None;
        for alternative in self.0.iter() {
            let found = match alternative {
                Alternative::Any => Typed::perhaps(Shape::any()),
                Alternative::Unknown => Typed::unknown(),
                Alternative::Scalar(..) => Typed::absent(),
                Alternative::Object(object) => object.field(name),
                Alternative::Array { items, min_items, max_items, .. } => {
                    items.field(name).over_items(*min_items, *max_items)
                }
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

    /// Returns the item at a position, counted from the end if it is negative. A value that is no array is its own only
    /// item.
    pub fn at(&self, position: i64) -> Typed {
        let mut given: Option<Typed> = None;
        for alternative in self.0.iter() {
            let found = match alternative {
                Alternative::Unknown => Typed::unknown(),
                Alternative::Any => Typed::perhaps(Shape::any()),
                Alternative::Array { items, first, min_items, max_items } => {
                    let index = if position < 0 {
                        max_items.filter(|most| most == min_items).map(|most| most as i64 + position)
                    } else {
                        Some(position)
                    };
                    let index = index.and_then(|index| usize::try_from(index).ok());
                    let shape = index.and_then(|index| first.get(index)).unwrap_or(items).clone();
                    let needed = if position < 0 { position.unsigned_abs() } else { position as u64 + 1 };
                    match max_items {
                        Some(most) if *most < needed => Typed::absent(),
                        _ if *min_items >= needed => Typed::always(shape),
                        _ => Typed::perhaps(shape),
                    }
                }
                other if position == 0 || position == -1 => Typed::always(Shape::new(vec![other.clone()])),
                _ => Typed::absent(),
            };
            given = Some(given.map_or(found.clone(), |so_far| so_far.or(found)));
        }
        given.unwrap_or_default()
    }

    /// Returns the least number of items.
    pub fn min_items(&self) -> u64 {
        let fewest = |alternative: &Alternative| match alternative {
            Alternative::Array { min_items, .. } => *min_items,
            Alternative::Any | Alternative::Unknown => 0,
            _ => 1,
        };
        self.0.iter().map(fewest).min().unwrap_or_default()
    }

    /// Returns the greatest number of items. `None` means that there is no known limit.
    pub fn max_items(&self) -> Option<u64> {
        self.0.iter().try_fold(0, |longest: u64, alternative| match alternative {
            Alternative::Array { max_items, .. } => max_items.map(|most| most.max(longest)),
            Alternative::Any | Alternative::Unknown => None,
            _ => Some(longest.max(1)),
        })
    }

    /// Returns whether there may be nothing if something is made of each item: if there may be no items.
    pub fn absence_of_all(&self) -> Absence {
        match self.items().is_unknown_in_part() {
            true => Absence::Unknown,
            false => Absence::Perhaps,
        }
    }
}
