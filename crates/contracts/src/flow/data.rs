//! Infers the data in a definition: JSON in which strings may be expressions.

use serde_json::Value;

use super::Walk;
use super::environment::Environment;
use crate::diagnostic::{Code, Diagnostic};
use crate::expression::{Scope, Text, expression_of, infer_value, parse, read};
use crate::machine::join;
use crate::shape::{Alternative, Object, Scalar, Shape, Typed};

impl Walk<'_> {
    /// Returns the shape of a value of the definition.
    pub(super) fn data(
        &self,
        value: &Value,
        scope: &Scope,
        pointer: &str,
        found: &mut Vec<Diagnostic>,
    ) -> Shape {
        match value {
            Value::String(text) => match expression_of(text) {
                Some(expression) => match parse(expression, pointer) {
                    Ok(expression) => infer_value(&expression, scope, pointer, found),
                    Err(diagnostic) => {
                        found.push(*diagnostic);
                        Shape::unknown()
                    }
                },
                // Another check reports it.
                None if matches!(read(text), Text::Broken(_)) => Shape::unknown(),
                None => self.text(text),
            },
            Value::Array(items) => {
                let item = |(index, item): (usize, &Value)| {
                    self.data(item, scope, &join(pointer, &index.to_string()), found)
                };
                Shape::tuple(items.iter().enumerate().map(item).collect())
            }
            Value::Object(fields) => {
                let mut object = Object::default();
                for (name, field) in fields {
                    let shape = self.data(field, scope, &join(pointer, name), found);
                    object = object.merged_with(&Object::from_fields([(name.clone(), Typed::always(shape))]));
                }
                Shape::object(object)
            }
            constant => Shape::constant(constant),
        }
    }

    /// Returns the shape of a plain string, which may contain `${Placeholder}`s.
    fn text(&self, text: &str) -> Shape {
        let whole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        match whole.filter(|name| !name.contains("${")) {
            // The substituted text is part of a string, whatever it is.
            Some(name) => {
                let known = self.contracts.placeholder(name).map(|schema| Shape::from_schema(&schema));
                let text = |alternative: &&Alternative| {
                    matches!(alternative, Alternative::Scalar(Scalar::String, _))
                };
                known.filter(|shape| shape.filtered(text) == *shape).unwrap_or_else(|| self.some_text())
            }
            None if text.contains("${") => self.some_text(),
            None => Shape::constant(&Value::from(text)),
        }
    }

    /// Returns the shape of a text with a placeholder that nothing describes.
    fn some_text(&self) -> Shape {
        if self.gradual { Shape::string().uncertain() } else { Shape::string() }
    }

    /// Returns the environment after an `Assign`. All of its values are computed from the environment before it.
    pub(super) fn assigned(
        &self,
        assign: Option<&Value>,
        scope: &Scope,
        pointer: &str,
        environment: &Environment,
        found: &mut Vec<Diagnostic>,
    ) -> Environment {
        let mut after = environment.clone();
        for (name, value) in assign.and_then(Value::as_object).into_iter().flatten() {
            let pointer = join(pointer, name);
            if self.outer.contains(name) {
                let message = format!(
                    "${name} is a variable of the machine around this one and cannot be assigned here"
                );
                found.push(
                    Diagnostic::new(Code::AssignmentOutOfScope, &pointer, message).help("use another name"),
                );
            }
            let shape = self.data(value, scope, &pointer, found);
            after.assign(name, shape);
        }
        after
    }

    /// Reports a shape with an array of unlimited length, because nothing limits it to 256 KiB.
    pub(super) fn keeps_small(&self, shape: &Shape, pointer: &str, found: &mut Vec<Diagnostic>) {
        let is_unknown = shape.is_unknown_in_part();
        if is_unknown {
            return;
        }
        if let Some(place) = unbounded(shape, String::new()) {
            let place = if place.is_empty() { "the value".to_owned() } else { format!("`{place}`") };
            let message = format!(
                "{place} is an array of unlimited length, but the data of a state is limited to 256 KiB"
            );
            let finding = Diagnostic::new(Code::UnboundedPayload, pointer, message);
            found.push(finding.help("set `maxItems` in the schema, or store the list in S3"));
        }
    }
}

fn unbounded(shape: &Shape, place: String) -> Option<String> {
    shape.alternatives().iter().find_map(|alternative| match alternative {
        Alternative::Array { max_items: None, items, .. } if !items.is_unknown_in_part() => {
            Some(place.clone())
        }
        Alternative::Array { items, .. } => unbounded(items, format!("{place}[]")),
        Alternative::Object(object) => object.fields.iter().find_map(|(name, field)| {
            let dot = if place.is_empty() { "" } else { "." };
            unbounded(&field.shape, format!("{place}{dot}{name}"))
        }),
        _ => None,
    })
}
