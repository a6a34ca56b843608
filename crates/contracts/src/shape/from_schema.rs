//! Reads a JSON Schema as a shape. The shape has all values of the schema and may have more.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Absence, Alternative, Field, Object, Scalar, Shape};

/// The greatest nesting depth that is read. Deeper values and recursive schemas become any value.
const DEEPEST: usize = 24;

impl Shape {
    /// Returns a shape with every value that the schema accepts. Keywords that a shape cannot express widen it.
    pub fn from_schema(schema: &Value) -> Shape {
        Reader { root: schema }.shape(schema, 0)
    }
}

struct Reader<'a> {
    root: &'a Value,
}

impl Reader<'_> {
    fn shape(&self, schema: &Value, depth: usize) -> Shape {
        let object = match schema {
            Value::Bool(false) => return Shape::never(),
            Value::Object(object) if depth < DEEPEST => object,
            _ => return Shape::any(),
        };
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return target.map_or_else(Shape::any, |target| self.shape(target, depth + 1));
        }
        if let Some(parts) = object.get("allOf").and_then(Value::as_array) {
            return self.all_of(object, parts, depth);
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(branches) = object.get(keyword).and_then(Value::as_array) {
                let either = |so_far: Shape, branch| so_far.or(self.shape(branch, depth + 1));
                let branches = branches.iter().fold(Shape::never(), either);
                let mut own = object.clone();
                own.remove(keyword);
                return branches.and(&self.shape(&Value::Object(own), depth + 1));
            }
        }
        if let Some(value) = object.get("const") {
            return Shape::constant(value);
        }
        if let Some(values) = object.get("enum").and_then(Value::as_array) {
            return values.iter().fold(Shape::never(), |so_far, value| so_far.or(Shape::constant(value)));
        }
        match object.get("type") {
            Some(Value::String(kind)) => self.of_type(kind, object, depth),
            Some(Value::Array(kinds)) => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                kinds.fold(Shape::never(), |so_far, kind| so_far.or(self.of_type(kind, object, depth)))
            }
            _ if ["properties", "required"].iter().any(|keyword| object.contains_key(*keyword)) => {
                self.of_type("object", object, depth)
            }
            _ if object.contains_key("prefixItems") => self.of_type("array", object, depth),
            _ => Shape::any(),
        }
    }

    fn of_type(&self, kind: &str, schema: &Map<String, Value>, depth: usize) -> Shape {
        let scalar = |kind, keywords: &[&str]| {
            let facets = schema.iter().filter(|(name, _)| keywords.contains(&name.as_str()));
            let facets: Map<String, Value> =
                facets.map(|(name, value)| (name.clone(), value.clone())).collect();
            Alternative::Scalar(kind, facets)
        };
        let numeric = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
        let alternative = match kind {
            "null" => scalar(Scalar::Null, &[]),
            "boolean" => scalar(Scalar::Boolean, &[]),
            "number" => scalar(Scalar::Number, &numeric),
            "integer" => match scalar(Scalar::Number, &numeric) {
                Alternative::Scalar(kind, mut facets) => {
                    facets.insert("type".to_owned(), json!("integer"));
                    Alternative::Scalar(kind, facets)
                }
                other => other,
            },
            "string" => scalar(Scalar::String, &["minLength", "maxLength", "pattern", "format"]),
            "array" => self.array(schema, depth),
            "object" => Alternative::Object(self.object(schema, depth)),
            _ => Alternative::Any,
        };
        Shape::new(vec![alternative])
    }

    /// Returns the shape of an array. `prefixItems` are its first items, and `items` the ones after them.
    fn array(&self, schema: &Map<String, Value>, depth: usize) -> Alternative {
        let first: Vec<Shape> = schema
            .get("prefixItems")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|item| self.shape(item, depth + 1))
            .collect();
        let others = schema.get("items").map_or_else(Shape::any, |items| self.shape(items, depth + 1));
        let given_most = schema.get("maxItems").and_then(Value::as_u64);
        // No item is allowed behind the first ones if the schema of the others is `false`.
        let most = if others.is_never() {
            Some(given_most.map_or(first.len() as u64, |most| most.min(first.len() as u64)))
        } else {
            given_most
        };
        let items = first.iter().cloned().fold(others, Shape::or);
        let min_items = schema.get("minItems").and_then(Value::as_u64).unwrap_or_default();
        Alternative::Array { items, first, min_items, max_items: most }
    }

    /// Returns the shape of a schema with `allOf`. Each part of it holds as well as the schema itself.
    fn all_of(&self, schema: &Map<String, Value>, parts: &[Value], depth: usize) -> Shape {
        let mut own = schema.clone();
        own.remove("allOf");
        let parts = parts.iter().map(|part| self.shape(part, depth + 1));
        parts.fold(self.shape(&Value::Object(own), depth + 1), |so_far, part| so_far.and(&part))
    }

    fn object(&self, schema: &Map<String, Value>, depth: usize) -> Object {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let field = |(name, property): (&String, &Value)| {
            let absence = if required.contains(&name.as_str()) { Absence::Never } else { Absence::Perhaps };
            (name.clone(), Field { shape: self.shape(property, depth + 1), absence })
        };
        let mut fields: BTreeMap<String, Field> = properties.map(field).collect();
        let patterns = schema.contains_key("patternProperties");
        let rest = match schema.get("additionalProperties") {
            _ if patterns => Some(Shape::any()),
            None => Some(Shape::any()),
            Some(rest) => Some(self.shape(rest, depth + 1)).filter(|rest| !rest.is_never()),
        };
        if let Some(rest) = &rest {
            // A required field may be without a schema of its own.
            for name in
                required.iter().filter(|name| !fields.contains_key(**name)).copied().collect::<Vec<_>>()
            {
                fields.insert(name.to_owned(), Field { shape: rest.clone(), absence: Absence::Never });
            }
        }
        let most = schema.get("maxProperties").and_then(Value::as_u64);
        Object { fields, rest: rest.map(Box::new), most }
    }
}
