//! The items that a distributed Map reads from S3 ("ItemReader" in the developer guide).

use serde_json::{Value, json};

use crate::shape::{Object, Shape};

/// Returns the shape of an item. `None` if it is in a file that nothing describes.
pub(super) fn item(reader: &Value) -> Option<Shape> {
    let resource = reader.get("Resource").and_then(Value::as_str).unwrap_or_default();
    let config = |field: &str| reader.get("ReaderConfig").and_then(|config| config.get(field)?.as_str());
    if resource.ends_with(":s3:listObjectsV2") {
        return (config("Transformation") != Some("LOAD_AND_FLATTEN")).then(object_of_s3);
    }
    (config("InputType") == Some("CSV")).then(|| row(reader))
}

/// Returns the shape of an object in a list of S3.
fn object_of_s3() -> Shape {
    Shape::object(Object::of([
        ("Etag", Shape::string()),
        ("Key", Shape::string()),
        ("LastModified", Shape::from_schema(&json!({ "type": "number" }))),
        ("Size", Shape::integer_from(0)),
        ("StorageClass", Shape::string()),
    ]))
}

/// Returns the shape of a row: text for each column. The names of the columns are in the file, unless they are given.
fn row(reader: &Value) -> Shape {
    let headers = reader.get("ReaderConfig").and_then(|config| config.get("CSVHeaders")?.as_array());
    match headers {
        Some(headers) => {
            let columns = headers.iter().filter_map(Value::as_str);
            Shape::object(Object::of(columns.map(|name| (name, Shape::string()))))
        }
        None => {
            let column = Shape::string().or(Shape::unknown());
            Shape::object(Object { rest: Some(Box::new(column)), ..Object::default() })
        }
    }
}
