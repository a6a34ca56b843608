//! The context object, `$states.context` ("Accessing execution data from the Context object" in the developer guide).

use serde_json::{Value, json};

use crate::shape::{Absence, Alternative, Object, Shape, Typed};

/// Returns the shape of the context object of an execution with this input.
pub(super) fn of(input: &Shape) -> Shape {
    let arn = |pattern: &str| Shape::from_schema(&json!({ "type": "string", "pattern": pattern }));
    let time = || Shape::from_schema(&json!({ "type": "string", "format": "date-time" }));
    let id = || arn("^arn:[^:]+:states:[^:]+:[^:]+:[^:]+:[^:]+:.+");
    let mut execution = Object::of([
        ("Id", id()),
        ("Input", input.clone()),
        ("Name", Shape::string()),
        ("RoleArn", arn("^arn:[^:]+:iam::[^:]+:.+")),
        ("StartTime", time()),
    ]);
    let redriven = [("RedriveCount", Shape::integer_from(0)), ("RedriveTime", Shape::string())];
    execution = execution.merged_with(&Object::from_fields(
        redriven.map(|(name, shape)| (name.to_owned(), Typed { shape, absence: Absence::Perhaps })),
    ));
    let state = Object::of([
        ("EnteredTime", time()),
        ("Name", Shape::string()),
        ("RetryCount", Shape::integer_from(0)),
    ]);
    let machine =
        Object::of([("Id", arn("^arn:[^:]+:states:[^:]+:[^:]+:stateMachine:.+")), ("Name", Shape::string())]);
    Shape::object(Object::of([
        ("Execution", Shape::object(execution)),
        ("State", Shape::object(state)),
        ("StateMachine", Shape::object(machine)),
    ]))
}

/// Returns the context of a task that has a token for a callback, or may have one.
pub(super) fn with_token(context: &Shape, absence: Absence) -> Shape {
    let task = Shape::object(Object::of([("Token", Shape::string())]));
    with(context, &Object::from_fields([("Task".to_owned(), Typed { shape: task, absence })]))
}

/// Returns the context of an item of a Map. `key` is the type of its name, which only the items of an object have.
pub(super) fn with_item(context: &Shape, value: Shape, key: Typed) -> Shape {
    let mut item =
        Object::of([("Index", Shape::integer_from(0)), ("Value", value), ("Source", Shape::string())]);
    if !key.is_never_present() {
        item = item.merged_with(&Object::from_fields([("Key".to_owned(), key)]));
    }
    let map = Object::of([("Item", Shape::object(item))]);
    with(context, &Object::of([("Map", Shape::object(map))]))
}

/// Returns the context of the child executions of a distributed Map: their input is their own.
pub(super) fn of_child(context: &Shape, input: &Shape) -> Shape {
    let own = of(input);
    let execution = own.field("Execution").shape;
    with(context, &Object::of([("Execution", execution)]))
}

fn with(context: &Shape, more: &Object) -> Shape {
    context.alternatives().iter().fold(Shape::never(), |so_far, alternative| match alternative {
        Alternative::Object(object) => so_far.or(Shape::object(object.merged_with(more))),
        other => so_far.or(Shape::from_alternative(other.clone())),
    })
}

/// Returns whether a value of a definition may pass on the token of a callback: it reads `$states.context.Task`, or the
/// context as a whole.
pub(super) fn passes_token(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            text.contains("Task.Token")
                || text.match_indices("$states.context").any(|(at, found)| {
                    let behind = text.get(at + found.len()..).unwrap_or_default().trim_start();
                    behind.starts_with(".Task") || !behind.starts_with('.')
                })
                || text.match_indices("$states").any(|(at, found)| {
                    let behind = text.get(at + found.len()..).unwrap_or_default().trim_start();
                    !behind.starts_with('.')
                })
        }
        Value::Array(items) => items.iter().any(passes_token),
        Value::Object(fields) => fields.values().any(passes_token),
        _ => false,
    }
}
