//! Proves that a schema accepts every value of a shape, or finds a counterexample.

use std::cell::Cell;

use jsonschema::canonical::{Containment, options};
use serde_json::{Map, Value, json};

use super::refusal::{Refusal, named, refusal};
use super::{Absence, Alternative, Field, Object, Shape};

/// The reason why a shape does not fit a schema.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaMismatch {
    /// The smallest possible value that the schema refuses. `None` if none was found and the fit could just not be
    /// proved.
    pub counterexample: Option<Value>,
    /// JSON Pointer into the value. Empty for the whole value.
    pub place: String,
    /// What is wrong at this pointer.
    pub reason: String,
    /// Whether no value of the shape fits, as far as examples show.
    pub certain: bool,
}

impl Shape {
    /// Proves that `schema` accepts every value of this shape.
    ///
    /// Formats count: any string is not a time.
    pub fn fits(&self, schema: &Value) -> Result<(), Box<SchemaMismatch>> {
        let enumerated = enumerated(schema);
        let proof = Proof { root: &enumerated, assumed: Cell::new(false) };
        let proved = proof.covers(&enumerated, self);
        if proved && !proof.assumed.get() {
            return Ok(());
        }
        let validator = match jsonschema::options().should_validate_formats(true).build(schema) {
            Ok(validator) => validator,
            Err(error) => return Err(unproved(format!("the schema cannot be used: {error}"))),
        };
        let examples = self.examples();
        let refusals = examples.iter().filter_map(|example| refusal(&validator, example, self));
        let refusals: Vec<Refusal<'_>> = refusals.collect();
        let certain = refusals.len() == examples.len() && refusals.iter().all(|refusal| refusal.by_form);
        let Some(first) = refusals.into_iter().min_by_key(|refusal| refusal.example.to_string().len()) else {
            return match proved {
                true => Ok(()),
                false => Err(unproved("it could not be proved that the value always fits".to_owned())),
            };
        };
        let Refusal { example, place, reason, .. } = first;
        Err(Box::new(SchemaMismatch { counterexample: Some(named(example)), place, reason, certain }))
    }
}

/// A proof by parts. Objects are compared by fields and arrays by items if the schema has no further keywords. The
/// remaining small parts are compared by their canonical form.
struct Proof<'a> {
    root: &'a Value,
    /// Whether the proof took for granted that something unknown fits.
    assumed: Cell<bool>,
}

impl Proof<'_> {
    fn covers(&self, schema: &Value, shape: &Shape) -> bool {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
            && says_only(schema, &["$ref"])
        {
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return target.is_some_and(|target| self.covers(target, shape));
        }
        shape.alternatives().iter().all(|alternative| self.covers_one(schema, alternative))
    }

    fn covers_one(&self, schema: &Value, alternative: &Alternative) -> bool {
        let of_type = |kind: &str| schema.get("type").and_then(Value::as_str) == Some(kind);
        match alternative {
            Alternative::Unknown => true,
            Alternative::Object(object)
                if of_type("object")
                    && says_only(schema, &["type", "properties", "required", "additionalProperties"]) =>
            {
                self.covers_object(schema, object)
            }
            Alternative::Array { items, first, min_items, max_items }
                if of_type("array")
                    && says_only(schema, &["type", "items", "prefixItems", "minItems", "maxItems"]) =>
            {
                let fewest = schema.get("minItems").and_then(Value::as_u64).unwrap_or_default();
                let most = schema.get("maxItems").and_then(Value::as_u64);
                let short = most.is_none_or(|most| max_items.is_some_and(|items| items <= most));
                let long = *min_items >= fewest;
                short && long && self.covers_items(schema, items, first, *max_items)
            }
            other => {
                let lone = Shape::new(vec![other.clone()]);
                let branches =
                    schema.get("anyOf").and_then(Value::as_array).filter(|_| says_only(schema, &["anyOf"]));
                let by_branch =
                    branches.is_some_and(|branches| branches.iter().any(|branch| self.covers(branch, &lone)));
                by_branch || self.covers_canonically(schema, &lone)
            }
        }
    }

    /// Compares the items of an array by position as far as the schema names positions, and the others all at once.
    fn covers_items(&self, schema: &Value, items: &Shape, first: &[Shape], most: Option<u64>) -> bool {
        let positions = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let others = schema.get("items").unwrap_or(&Value::Bool(true));
        let at = |(position, schema): (usize, &Value)| {
            let item = first.get(position).unwrap_or(items);
            most.is_some_and(|most| most <= position as u64) || self.covers(schema, item)
        };
        let behind = first.get(positions.len()..).unwrap_or_default();
        let all_known = most.is_some_and(|most| most <= first.len() as u64);
        positions.iter().enumerate().all(at)
            && behind.iter().all(|item| self.covers(others, item))
            && (all_known || self.covers(others, items))
    }

    fn covers_object(&self, schema: &Value, object: &Object) -> bool {
        let no_properties = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&no_properties);
        let mut required =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let others = schema.get("additionalProperties").unwrap_or(&Value::Bool(true));
        let field = |(name, field): (&String, &Field)| {
            self.covers(properties.get(name).unwrap_or(others), &field.shape)
        };
        // A field that the shape does not name may have any name, including one of the schema's.
        let rest = |rest: &Shape| {
            let unnamed = properties.iter().filter(|(name, _)| !object.fields.contains_key(*name));
            self.covers(others, rest) && unnamed.into_iter().all(|(_, property)| self.covers(property, rest))
        };
        let is_present = |name: &str| match object.fields.get(name) {
            Some(field) => field.absence != Absence::Perhaps,
            None => object.rest.as_ref().is_some_and(|rest| rest.is_unknown_in_part()),
        };
        required.all(is_present) && object.fields.iter().all(field) && object.rest.as_deref().is_none_or(rest)
    }

    fn covers_canonically(&self, schema: &Value, shape: &Shape) -> bool {
        if shape.holds_unknown() {
            self.assumed.set(true);
            return true;
        }
        let produced = shape.to_schema();
        if covers_plainly(schema, &produced) {
            return true;
        }
        let mut schema = schema.clone();
        let refers = refers(&schema);
        if let (true, Some(fields), Some(definitions)) =
            (refers, schema.as_object_mut(), self.root.get("$defs"))
        {
            fields.insert("$defs".to_owned(), definitions.clone());
        }
        let canonical = |schema: &Value| options().should_validate_formats(true).canonicalize(schema);
        let proof = canonical(&schema).and_then(|taken| taken.covers(&canonical(&produced)?));
        matches!(proof, Ok(Containment::Yes))
    }
}

/// Returns whether each keyword of the schema occurs in `produced` with the same value, and means the same whatever
/// other keywords there are. Most fields are of this kind, and the canonical form takes a thousand times as long.
fn covers_plainly(schema: &Value, produced: &Value) -> bool {
    const MEAN_ALWAYS_THE_SAME: &[&str] = &[
        "type",
        "enum",
        "const",
        "format",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "required",
    ];
    let Some(taken) = schema.as_object() else { return false };
    let says = |name: &&String| !SAY_NOTHING.contains(&name.as_str()) && !name.starts_with("x-");
    let mut keywords = taken.keys().filter(says);
    keywords
        .all(|name| MEAN_ALWAYS_THE_SAME.contains(&name.as_str()) && produced.get(name) == taken.get(name))
}

/// Returns whether the schema refers to a definition. Most do not, and then the definitions need not be read.
fn refers(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().any(|(name, field)| name == "$ref" || refers(field)),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

/// The keywords that say nothing about values.
const SAY_NOTHING: &[&str] =
    &["$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples"];

/// Returns whether a schema has only these keywords and those that say nothing about values.
fn says_only(schema: &Value, keywords: &[&str]) -> bool {
    let known = |name: &String| {
        keywords.contains(&name.as_str()) || SAY_NOTHING.contains(&name.as_str()) || name.starts_with("x-")
    };
    schema.as_object().is_some_and(|fields| fields.keys().all(known))
}

/// Replaces each `oneOf` of constants in a schema by an `enum`. Different constants exclude each other, which the
/// canonical form does not see.
fn enumerated(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            if let Some(branches) = fields.get("oneOf").and_then(Value::as_array) {
                let constants: Option<Vec<&Value>> =
                    branches.iter().map(|branch| branch.get("const")).collect();
                let distinct = |values: &Vec<&Value>| {
                    values
                        .iter()
                        .enumerate()
                        .all(|(index, value)| !values.iter().take(index).any(|before| before == value))
                };
                if let Some(constants) = constants.filter(distinct) {
                    return json!({ "enum": constants });
                }
            }
            fields.iter().map(|(name, field)| (name.clone(), enumerated(field))).collect()
        }
        Value::Array(items) => items.iter().map(enumerated).collect(),
        other => other.clone(),
    }
}

fn unproved(reason: String) -> Box<SchemaMismatch> {
    Box::new(SchemaMismatch { counterexample: None, place: String::new(), reason, certain: false })
}
