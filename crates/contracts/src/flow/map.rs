//! Infers a Map: its items, the input of each iteration, and the result.

use serde_json::{Value, json};

use super::environment::Environment;
use super::{Inference, Walk, context, reader};
use crate::checks::is_expression;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::expression::Scope;
use crate::machine::{State, join};
use crate::shape::{Absence, Alternative, Object, Shape, Typed};

/// What a Map runs over.
struct Items {
    /// Shape of one item.
    item: Shape,
    /// The name of an item, which only those of an object have.
    key: Typed,
    least: u64,
    most: Option<u64>,
    /// Whether nothing describes the whole, so that the number of items is unknown.
    unknown: bool,
}

/// Returns whether a Map runs its items in executions of their own.
pub(crate) fn is_distributed(state: &State<'_>) -> bool {
    let mode = state
        .field("ItemProcessor")
        .and_then(|processor| processor.get("ProcessorConfig")?.get("Mode")?.as_str());
    mode == Some("DISTRIBUTED")
}

impl Walk<'_> {
    pub(super) fn map(
        &self,
        state: &State<'_>,
        environment: &Environment,
        scope: &Scope,
        inference: &mut Inference,
    ) -> Shape {
        self.limits(state, scope, inference);
        let items = self.items(state, scope, inference);
        let found = &mut inference.diagnostics;
        let context = context::with_item(&self.context, items.item.clone(), items.key.clone());
        let selecting = Scope { context: context.clone(), ..scope.clone() };
        let selected = match state.field("ItemSelector") {
            Some(selector) => self.data(selector, &selecting, &state.at("ItemSelector"), found),
            // The input of an iteration over an object is not documented.
            None if !items.key.is_never_present() => self.unknown(),
            None => items.item.clone(),
        };
        let given = match state.field("ItemBatcher") {
            Some(batcher) => self.batch(state, batcher, selected, scope, inference),
            None => selected,
        };
        let distributed = is_distributed(state);
        let inner = match distributed {
            // An execution of its own has its own variables and its own input.
            true => Walk {
                context: context::of_child(&context, &given),
                outer: std::collections::BTreeSet::new(),
                ..*self
            },
            false => Walk { context, ..self.inner(environment) },
        };
        let results = state.nested().iter().fold(Shape::never(), |so_far, machine| {
            let start = match distributed {
                true => Environment { input: given.clone(), ..Environment::default() },
                false => environment.clone().with_input(given.clone()),
            };
            so_far.or(inner.response(machine, start, inference))
        });
        if let Some(written) = self.written(state, scope, &mut inference.diagnostics) {
            return written;
        }
        // Batches, and items that are allowed to fail, make fewer results.
        let fewer = ["ItemBatcher", "ToleratedFailurePercentage", "ToleratedFailureCount"]
            .iter()
            .any(|field| state.field(field).is_some());
        let results = if items.unknown { results.or(self.unknown()) } else { results };
        Shape::array(results, items.most).with_least_items(if fewer { 0 } else { items.least })
    }

    /// Checks the numbers that may be expressions.
    fn limits(&self, state: &State<'_>, scope: &Scope, inference: &mut Inference) {
        let count = json!({ "type": "integer", "minimum": 0 });
        let percentage = json!({ "type": "number", "minimum": 0, "maximum": 100 });
        let fields = [
            ("MaxConcurrency", &count),
            ("ToleratedFailureCount", &count),
            ("ToleratedFailurePercentage", &percentage),
        ];
        for (field, schema) in fields {
            // What replaces a placeholder is not known, and a strict check would take it for any text.
            let is_read = |value: &Value| {
                is_expression(value)
                    && (self.gradual || value.as_str().is_none_or(|text| !text.contains("${")))
            };
            if state.field(field).is_some_and(is_read) {
                self.field_fits(state, field, scope, schema, Code::SchemaValidationFailed, inference);
            }
        }
    }

    fn items(&self, state: &State<'_>, scope: &Scope, inference: &mut Inference) -> Items {
        let found = &mut inference.diagnostics;
        let items = match (state.field("Items"), state.field("ItemReader")) {
            (Some(items), _) => self.data(items, scope, &state.at("Items"), found),
            (None, Some(reader)) => {
                for field in ["Arguments", "ReaderConfig"] {
                    if let Some(value) = reader.get(field) {
                        self.data(value, scope, &join(&state.at("ItemReader"), field), found);
                    }
                }
                let item = reader::item(reader).unwrap_or_else(|| {
                    if !self.gradual {
                        let message = "the items that ItemReader reads cannot be typed";
                        found.push(Diagnostic::new(Code::UntypedExpression, state.at("ItemReader"), message));
                    }
                    self.unknown()
                });
                Shape::array(item, None)
            }
            (None, None) => scope.input.clone(),
        };
        let place = if state.field("Items").is_some() { state.at("Items") } else { state.pointer.clone() };
        found.extend(not_several(&items, place));
        several(&items, &self.unknown())
    }

    /// Returns the input of an iteration over a batch of items.
    fn batch(
        &self,
        state: &State<'_>,
        batcher: &Value,
        item: Shape,
        scope: &Scope,
        inference: &mut Inference,
    ) -> Shape {
        let found = &mut inference.diagnostics;
        let most = batcher.get("MaxItemsPerBatch").and_then(Value::as_u64);
        let mut batch = Object::of([("Items", Shape::array(item, most).with_least_items(1))]);
        let pointer = state.at("ItemBatcher");
        for field in ["MaxItemsPerBatch", "MaxInputBytesPerBatch"] {
            if let Some(limit) = batcher.get(field).filter(|limit| limit.is_string()) {
                self.data(limit, scope, &join(&pointer, field), found);
            }
        }
        if let Some(given) = batcher.get("BatchInput") {
            let shape = self.data(given, scope, &join(&pointer, "BatchInput"), found);
            batch = batch.merged_with(&Object::of([("BatchInput", shape)]));
        }
        Shape::object(batch)
    }

    /// Returns the result of a Map that writes its results instead of returning them.
    fn written(&self, state: &State<'_>, scope: &Scope, found: &mut Vec<Diagnostic>) -> Option<Shape> {
        let writer = state.field("ResultWriter")?;
        if let Some(arguments) = writer.get("Arguments") {
            self.data(arguments, scope, &join(&state.at("ResultWriter"), "Arguments"), found);
        }
        if writer.get("Resource").is_none() && writer.get("Arguments").is_none() {
            // WriterConfig alone changes the form of the results.
            return Some(Shape::array(self.unknown(), None));
        }
        let details = Object::of([("Bucket", Shape::string()), ("Key", Shape::string())]);
        Some(Shape::object(Object::of([
            ("MapRunArn", Shape::string()),
            ("ResultWriterDetails", Shape::object(details)),
        ])))
    }
}

/// Reports items that are not always an array or an object.
fn not_several(items: &Shape, place: String) -> Option<Diagnostic> {
    let fits = |alternative: &&Alternative| !matches!(alternative, Alternative::Scalar(..));
    let fitting = items.alternatives().iter().filter(fits).count();
    if fitting == items.alternatives().len() {
        return None;
    }
    let (how, severity) =
        if fitting == 0 { ("never", Severity::Error) } else { ("not always", Severity::Warning) };
    let message = format!("the items of a Map must be an array or an object, and this value is {how} one");
    let finding = Diagnostic::new(Code::NotAnArray, place, message).severity(severity);
    Some(finding.produced(items.to_schema().to_string()))
}

/// Returns what a Map runs over: the items of an array, or the fields of an object.
fn several(items: &Shape, unknown: &Shape) -> Items {
    let mut all = Items {
        item: Shape::never(),
        key: Typed::absent(),
        least: u64::MAX,
        most: Some(0),
        unknown: items.is_unknown_in_part(),
    };
    let mut keys = 0;
    for alternative in items.alternatives() {
        let (item, key, least, most) = match alternative {
            Alternative::Array { items, min_items, max_items, .. } => {
                (items.clone(), false, *min_items, *max_items)
            }
            Alternative::Object(object) => {
                let required = object.fields.values().filter(|field| field.absence == Absence::Never).count();
                let named = object.rest.is_none().then_some(object.fields.len() as u64);
                let most = named.or(object.most);
                (unknown.clone(), true, required as u64, most)
            }
            open if open.is_open() => (Shape::from_alternative(open.clone()), true, 0, None),
            other => (Shape::from_alternative(other.clone()), false, 1, Some(1)),
        };
        keys += usize::from(key);
        all.item = all.item.or(item);
        all.least = all.least.min(least);
        all.most = all.most.zip(most).map(|(one, two)| one.max(two));
    }
    let absence = match keys {
        0 => return Items { least: all.least.min(all.most.unwrap_or(u64::MAX)), ..all },
        keys if keys == items.alternatives().len() && !items.holds_any() => Absence::Never,
        _ if all.unknown => Absence::Unknown,
        _ => Absence::Perhaps,
    };
    let is_object =
        items.alternatives().iter().all(|alternative| matches!(alternative, Alternative::Object(_)));
    let absence = if is_object { Absence::Never } else { absence };
    Items { key: Typed { shape: Shape::string(), absence }, ..all }
}
