//! Reads the file of `--rules`.

use std::path::Path;

use tablekeeper_core::fleet::rules::Rules;

use crate::failure::Unusable;

/// Reads the rules of a file, or returns the built-in rule without one.
pub(super) fn read(path: Option<&Path>) -> Result<Rules, Unusable> {
    let Some(path) = path else { return Ok(Rules::built_in()) };
    let unusable = |reason: String| Unusable(format!("{}: {reason}", path.display()));
    let text = std::fs::read(path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    let read = Rules::from_file(&path.to_string_lossy(), &text);
    read.map_err(|error| unusable(error.to_string()))
}
