//! Reading a JSON document that a person names: a file, or `-` for standard input.

use std::io::Read as _;

use anyhow::Context as _;
use serde_json::Value;

use crate::failure::Unusable;

/// The document; unusable input where it cannot be read or is not JSON, with the place.
pub(crate) fn read(name: &str) -> anyhow::Result<Value> {
    let mut bytes = Vec::new();
    let what = if name == "-" { "standard input" } else { name };
    let read = if name == "-" {
        std::io::stdin().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(name).map(|content| bytes = content)
    };
    read.with_context(|| Unusable(format!("{what} cannot be read")))?;
    serde_json::from_slice(&bytes).with_context(|| Unusable(format!("{what} is not JSON")))
}
