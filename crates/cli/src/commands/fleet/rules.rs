//! Reads the file of `--rules`.

use std::path::Path;

use serde_json::Value;
use tablekeeper_core::fleet::rules::Rules;

use crate::failure::Unusable;

/// Reads the rules of a file, or returns the built-in rule without one.
pub(super) fn read(path: Option<&Path>) -> Result<Rules, Unusable> {
    let Some(path) = path else { return Ok(Rules::built_in()) };
    let unusable = |reason: String| Unusable(format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    let document = document(path, &text).map_err(unusable)?;
    Rules::from_document(document).map_err(|error| unusable(error.to_string()))
}

fn document(path: &Path, text: &str) -> Result<Value, String> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if matches!(extension, "yaml" | "yml") {
        return serde_yaml_ng::from_str(text).map_err(|error| format!("is not YAML: {error}"));
    }
    let hint = "; a file of YAML must end in .yaml or .yml";
    serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}{hint}"))
}
