//! Objects: their known fields, and what is known of the others.

use std::collections::BTreeMap;

use super::{Absence, Shape, Typed};

/// The fields of an object.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Object {
    /// The known fields, by name.
    pub fields: BTreeMap<String, Field>,
    /// Shape of any other field. `None` means that there are no others.
    pub rest: Option<Box<Shape>>,
    /// Greatest number of fields, if a schema limits it.
    pub most: Option<u64>,
}

/// A field of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// Shape of the field's value.
    pub shape: Shape,
    /// Whether the field may be absent.
    pub absence: Absence,
}

impl Object {
    /// Creates an object with exactly these fields. A field whose type may be absent is optional.
    pub fn from_fields(fields: impl IntoIterator<Item = (String, Typed)>) -> Object {
        let field =
            |(name, given): (String, Typed)| (name, Field { shape: given.shape, absence: given.absence });
        Object { fields: fields.into_iter().map(field).collect(), ..Object::default() }
    }

    /// Creates an object with exactly these fields, all of which are always present.
    pub fn of<'a>(fields: impl IntoIterator<Item = (&'a str, Shape)>) -> Object {
        Object::from_fields(fields.into_iter().map(|(name, shape)| (name.to_owned(), Typed::always(shape))))
    }

    /// Returns the type of the field of this name.
    pub fn field(&self, name: &str) -> Typed {
        match (self.fields.get(name), &self.rest) {
            (Some(field), _) => Typed { shape: field.shape.clone(), absence: field.absence },
            (None, Some(rest)) => Typed::perhaps(rest.as_ref().clone()),
            (None, None) => Typed::absent(),
        }
    }

    /// Returns this object with the other's fields replacing its own, as `$merge` does.
    #[must_use]
    pub fn merged_with(&self, other: &Object) -> Object {
        let mut merged = Object { most: None, ..self.clone() };
        for (name, field) in &other.fields {
            let before = self.field(name);
            let shape = match field.absence {
                Absence::Never => field.shape.clone(),
                _ => field.shape.clone().or(before.shape),
            };
            // It is absent only if it is absent in both.
            let absence = field.absence.min(before.absence);
            merged.fields.insert(name.clone(), Field { shape, absence });
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
    pub(super) fn or(&self, other: &Object) -> Object {
        let names = self.fields.keys().chain(other.fields.keys()).cloned();
        let either = |name: String| {
            let given = self.field(&name).or(other.field(&name));
            (name, Field { shape: given.shape, absence: given.absence })
        };
        let rest = match (&self.rest, &other.rest) {
            (None, None) => None,
            (one, two) => {
                let part = |rest: &Option<Box<Shape>>| rest.as_deref().cloned().unwrap_or_default();
                Some(Box::new(part(one).or(part(two))))
            }
        };
        let most = self.most.zip(other.most).map(|(one, two)| one.max(two));
        Object { fields: names.map(either).collect(), rest, most }
    }
}
