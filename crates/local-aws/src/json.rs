//! Writing into JSON objects.

use serde_json::Value;

/// Sets a member of an object. Does nothing if the value is no object.
pub(crate) fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}
