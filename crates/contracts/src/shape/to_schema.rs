//! Writes a shape as a JSON Schema.

use serde_json::{Map, Value, json};

use super::{Absence, Alternative, Object, Shape};

impl Shape {
    /// Converts the shape to an equivalent JSON Schema (2020-12).
    pub fn to_schema(&self) -> Value {
        match self.0.as_slice() {
            [] => json!(false),
            [one] => one.to_schema(),
            several => json!({ "anyOf": several.iter().map(Alternative::to_schema).collect::<Vec<_>>() }),
        }
    }
}

impl Alternative {
    fn to_schema(&self) -> Value {
        match self {
            Alternative::Any | Alternative::Unknown => json!(true),
            Alternative::Scalar(scalar, facets) => {
                let mut schema = facets.clone();
                if !schema.contains_key("const") && !schema.contains_key("type") {
                    schema.insert("type".to_owned(), json!(scalar.as_str()));
                }
                Value::Object(schema)
            }
            Alternative::Array { items, first, min_items, max_items } => {
                let mut schema = json!({ "type": "array", "items": items.to_schema() });
                if let Some(schema) = schema.as_object_mut() {
                    if !first.is_empty() {
                        let positions = first.iter().map(Shape::to_schema).collect::<Vec<_>>();
                        schema.insert("prefixItems".to_owned(), json!(positions));
                    }
                    if *min_items > 0 {
                        schema.insert("minItems".to_owned(), json!(min_items));
                    }
                    if let Some(most) = max_items {
                        schema.insert("maxItems".to_owned(), json!(most));
                    }
                }
                schema
            }
            Alternative::Object(object) => object.to_schema(),
        }
    }
}

impl Object {
    fn to_schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.fields.iter().map(|(name, field)| (name.clone(), field.shape.to_schema())).collect();
        let required: Vec<&String> = self
            .fields
            .iter()
            .filter(|(_, field)| field.absence == Absence::Never)
            .map(|(name, _)| name)
            .collect();
        let mut schema = json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": self.rest.as_ref().map_or(json!(false), |rest| rest.to_schema()),
        });
        if let (Some(most), Some(keywords)) = (self.most, schema.as_object_mut()) {
            keywords.insert("maxProperties".to_owned(), json!(most));
        }
        schema
    }
}
