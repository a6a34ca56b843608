//! Reads a JSON Schema as a shape. The shape has all values of the schema and may have more.

use serde_json::{Map, Value, json};

use super::{Alternative, Field, Object, Scalar, Shape};

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
        for keyword in ["anyOf", "oneOf"] {
            if let Some(branches) = object.get(keyword).and_then(Value::as_array) {
                // Keywords next to the branches narrow them and are ignored, which only widens the shape.
                let either = |so_far: Shape, branch| so_far.or(self.shape(branch, depth + 1));
                return branches.iter().fold(Shape::never(), either);
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
            _ if object.contains_key("properties") => self.of_type("object", object, depth),
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
            "array" => Alternative::Array {
                items: schema.get("items").map_or_else(Shape::any, |items| self.shape(items, depth + 1)),
                min_items: schema.get("minItems").and_then(Value::as_u64).unwrap_or_default(),
                max_items: schema.get("maxItems").and_then(Value::as_u64),
            },
            "object" => Alternative::Object(self.object(schema, depth)),
            _ => Alternative::Any,
        };
        Shape::new(vec![alternative])
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
            let required = required.contains(&name.as_str());
            (name.clone(), Field { shape: self.shape(property, depth + 1), required })
        };
        let fields = properties.map(field).collect();
        let patterns = schema.contains_key("patternProperties");
        let rest = match schema.get("additionalProperties") {
            _ if patterns => Some(Shape::any()),
            None => Some(Shape::any()),
            Some(rest) => Some(self.shape(rest, depth + 1)).filter(|rest| !rest.is_never()),
        };
        Object { fields, rest: rest.map(Box::new) }
    }
}
