//! Generates examples of a shape's values for counterexamples: small values and edge cases.

use serde_json::{Map, Value, json};

use super::{Alternative, Object, Scalar, Shape};

/// The greatest number of examples per part.
const MOST: usize = 24;

impl Shape {
    /// Returns some values of this shape: the smallest of each alternative, and variations of one part at a time.
    pub fn examples(&self) -> Vec<Value> {
        self.examples_at(0)
    }

    fn examples_at(&self, depth: usize) -> Vec<Value> {
        if depth > 16 {
            return Vec::new();
        }
        let mut examples: Vec<Value> = Vec::new();
        for alternative in self.alternatives() {
            examples.extend(alternative.examples(depth).into_iter().take(MOST));
        }
        examples
    }
}

impl Alternative {
    fn examples(&self, depth: usize) -> Vec<Value> {
        match self {
            Alternative::Any => vec![json!(null), json!("text"), json!(0), json!({}), json!([])],
            Alternative::Scalar(scalar, facets) => scalar_examples(*scalar, facets),
            Alternative::Array { items, min_items, max_items } => {
                // As short as possible, but with one item if the array may be empty.
                let fewest = usize::try_from(*min_items).unwrap_or(usize::MAX).max(1);
                let can_be_shown = *max_items != Some(0) && fewest <= MOST;
                let few = items.examples_at(depth + 1).into_iter().filter(|_| can_be_shown);
                let few = few.map(|item| json!(vec![item; fewest]));
                let none = (*min_items == 0).then(|| json!([]));
                none.into_iter().chain(few).collect()
            }
            Alternative::Object(object) => object_examples(object, depth),
        }
    }
}

fn scalar_examples(scalar: Scalar, facets: &Map<String, Value>) -> Vec<Value> {
    if let Some(constant) = facets.get("const") {
        return vec![constant.clone()];
    }
    let candidates = match scalar {
        Scalar::Null => vec![json!(null)],
        Scalar::Boolean => vec![json!(false), json!(true)],
        Scalar::Number => {
            let edges = facets.get("minimum").into_iter().chain(facets.get("maximum")).cloned();
            edges.chain([json!(0), json!(1), json!(0.5), json!(-1)]).collect()
        }
        Scalar::String => ["", "text", "2026-03-01T02:00:00Z", "12"].map(Value::from).to_vec(),
    };
    let mut schema = facets.clone();
    schema.entry("type").or_insert_with(|| json!(scalar.as_str()));
    let schema = Value::Object(schema);
    let validator = jsonschema::options().should_validate_formats(true).build(&schema);
    let valid = |example: &Value| validator.as_ref().is_ok_and(|validator| validator.is_valid(example));
    candidates.into_iter().filter(valid).collect()
}

fn object_examples(object: &Object, depth: usize) -> Vec<Value> {
    let mut smallest = Map::new();
    for (name, field) in object.fields.iter().filter(|(_, field)| field.required) {
        match field.shape.examples_at(depth + 1).into_iter().next() {
            Some(example) => smallest.insert(name.clone(), example),
            None => return Vec::new(),
        };
    }
    let mut examples = vec![Value::Object(smallest.clone())];
    for (name, field) in &object.fields {
        for example in field.shape.examples_at(depth + 1) {
            let mut varied = smallest.clone();
            varied.insert(name.clone(), example);
            examples.push(Value::Object(varied));
        }
    }
    if let Some(rest) = &object.rest {
        for example in rest.examples_at(depth + 1) {
            let mut varied = smallest.clone();
            varied.insert("other".to_owned(), example);
            examples.push(Value::Object(varied));
        }
    }
    examples
}
