//! Reads a JSON document from a file, or from standard input for `-`.

use std::io::Read as _;

use anyhow::Context as _;
use serde_json::Value;

use crate::failure::Unusable;

/// A document as text and as JSON.
#[derive(Debug)]
pub(crate) struct Document {
    /// Name of the document in messages.
    pub(crate) what: String,
    pub(crate) text: String,
    pub(crate) value: Value,
}

/// Reads a document and returns its value; see [`read_document`].
pub(crate) fn read(name: &str) -> anyhow::Result<Value> {
    Ok(read_document(name)?.value)
}

/// Reads a document. Fails with [`Unusable`] and the position if it cannot be read or is not JSON.
pub(crate) fn read_document(name: &str) -> anyhow::Result<Document> {
    let mut bytes = Vec::new();
    let what = if name == "-" { "standard input" } else { name };
    let read = if name == "-" {
        std::io::stdin().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(name).map(|content| bytes = content)
    };
    read.with_context(|| Unusable(format!("{what} cannot be read")))?;
    parse(what, bytes)
}

/// Reads a document that is an argument itself. `what` names it in messages.
pub(crate) fn from_argument(what: &str, text: &str) -> anyhow::Result<Document> {
    parse(what, text.as_bytes().to_vec())
}

fn parse(what: &str, bytes: Vec<u8>) -> anyhow::Result<Document> {
    let refused = || Unusable(format!("{what} is not JSON"));
    let value = serde_json::from_slice(&bytes).with_context(refused)?;
    let text = String::from_utf8(bytes).with_context(refused)?;
    Ok(Document { what: what.to_owned(), text, value })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::failure::{Unusable, sentence};

    #[test]
    fn a_document_has_its_text_and_its_value() {
        let document = parse("x.json", b"{ \"a\": 1 }".to_vec()).unwrap();
        assert_eq!((document.what.as_str(), document.text.as_str()), ("x.json", "{ \"a\": 1 }"));
        assert_eq!(document.value, serde_json::json!({ "a": 1 }));
    }

    #[test]
    fn invalid_json_is_refused_with_line_and_column() {
        for (bytes, place) in
            [(&b"{\n  \"a\": ,\n}"[..], "line 2 column 8"), (b"", "line 1"), (b"\xff", "line 1")]
        {
            let error = parse("x.json", bytes.to_vec()).unwrap_err();
            let reported = sentence(&error);
            assert!(reported.starts_with("x.json is not JSON: ") && reported.contains(place), "{reported}");
            assert!(error.downcast_ref::<Unusable>().is_some());
        }
    }
}
