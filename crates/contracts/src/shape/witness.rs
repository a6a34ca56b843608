//! Generates examples of a shape's values for counterexamples: small values and edge cases.

use serde_json::{Map, Value, json};

use super::{Absence, Alternative, Object, Scalar, Shape};

/// Stands for an unknown value in an example.
pub(super) const UNKNOWN: &str = "(unknown)";

/// Stand for an unknown text and an unknown number in an example.
pub(super) const UNKNOWN_TEXT: &str = "(unknown text)";
pub(super) const UNKNOWN_NUMBER: u64 = 424_242_424;

/// Texts for the patterns of the context object.
const STATES_ARN: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:name:1";
const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/name";

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
            Alternative::Unknown => vec![json!(UNKNOWN)],
            Alternative::Any => vec![json!(null), json!("text"), json!(0), json!({}), json!([])],
            Alternative::Scalar(scalar, facets) => scalar_examples(*scalar, facets),
            Alternative::Array { items, first, min_items, max_items } => {
                array_examples((items, first), *min_items, *max_items, depth)
            }
            Alternative::Object(object) => object_examples(object, depth),
        }
    }
}

/// Returns arrays as short as possible, but with one item if the array may be empty.
fn array_examples(
    (items, first): (&Shape, &[Shape]),
    min_items: u64,
    max_items: Option<u64>,
    depth: usize,
) -> Vec<Value> {
    let fewest = usize::try_from(min_items).unwrap_or(usize::MAX).max(1);
    let none = (min_items == 0).then(|| json!([]));
    if max_items == Some(0) || fewest > MOST {
        return none.into_iter().collect();
    }
    let at = |position: usize| first.get(position).unwrap_or(items).examples_at(depth + 1);
    let smallest: Option<Vec<Value>> = (0..fewest).map(|position| at(position).into_iter().next()).collect();
    let Some(smallest) = smallest else { return none.into_iter().collect() };
    let varied = (0..fewest.min(first.len().max(1))).flat_map(|position| {
        let smallest = smallest.clone();
        at(position).into_iter().map(move |item| {
            let mut varied = smallest.clone();
            if let Some(place) = varied.get_mut(position) {
                *place = item;
            }
            Value::Array(varied)
        })
    });
    none.into_iter().chain(varied).collect()
}

fn scalar_examples(scalar: Scalar, facets: &Map<String, Value>) -> Vec<Value> {
    if let Some(constant) = facets.get("const") {
        return vec![constant.clone()];
    }
    if Shape::is_uncertain(facets) {
        match scalar {
            Scalar::String => return vec![json!(UNKNOWN_TEXT)],
            Scalar::Number => return vec![json!(UNKNOWN_NUMBER)],
            Scalar::Null | Scalar::Boolean => {}
        }
    }
    let candidates = match scalar {
        Scalar::Null => vec![json!(null)],
        Scalar::Boolean => vec![json!(false), json!(true)],
        Scalar::Number => {
            let edges = facets.get("minimum").into_iter().chain(facets.get("maximum")).cloned();
            edges.chain([json!(0), json!(1), json!(0.5), json!(-1)]).collect()
        }
        Scalar::String => {
            ["", "text", "2026-03-01T02:00:00Z", "12", STATES_ARN, ROLE_ARN].map(Value::from).to_vec()
        }
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
    for (name, field) in object.fields.iter().filter(|(_, field)| field.absence != Absence::Perhaps) {
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
