//! Finds the types of the key attributes of a snapshot's items. Its document has only their names.

use std::collections::HashMap;

use item_formats::{KeyType, LineReader};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::import::item_files::LONGEST_LINE;
use crate::import::source::Source;
use crate::import::{Binary, Compression, Format};
use crate::storage::{Files, FilesError};

/// Returns the types of these attributes in the first item. Returns `None` if there is no item, or if it does not have
/// them.
pub async fn of_first_item(
    files: &Files,
    source: &Source,
    names: &[String],
) -> Result<Option<Vec<KeyType>>, FilesError> {
    let format = source.format.unwrap_or(Format::DynamodbJson);
    for file in source.files.iter().filter(|file| file.item_count != Some(0)) {
        let Some(mut reading) = files.open(&file.stored.key).await? else { return Ok(None) };
        let mut lines = LineReader::new(file.compression(Compression::ByEnding), LONGEST_LINE);
        while let Some(piece) = reading.next().await? {
            // A damaged file is reported by the import.
            let Ok(()) = lines.push(&piece) else { return Ok(None) };
            match lines.next_line() {
                Ok(Some((_, line))) => return Ok(types(format, line, names)),
                Ok(None) => {}
                Err(_) => return Ok(None),
            }
        }
    }
    Ok(None)
}

/// Returns the types of these attributes in the item of a line.
fn types(format: Format, line: &[u8], names: &[String]) -> Option<Vec<KeyType>> {
    let mut item = Vec::new();
    format.read(Binary::Base64, line, &[], &mut item).ok()?;
    let attributes: HashMap<String, Typed> = serde_json::from_slice(&item).ok()?;
    names.iter().map(|name| attributes.get(name)?.key_type()).collect()
}

/// A value with its type, such as `{"S":"1"}`. Its content is not read.
#[derive(Deserialize)]
struct Typed(HashMap<String, IgnoredAny>);

impl Typed {
    fn key_type(&self) -> Option<KeyType> {
        self.0.keys().next()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_those_of_the_item() {
        let of = |line: &str, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            types(Format::DynamodbJson, line.as_bytes(), &names)
        };
        let item =
            r#"{"Item":{"id":{"S":"1"},"at":{"N":"2"},"raw":{"B":"AA=="},"m":{"M":{"id":{"N":"1"}}}}}"#;
        assert_eq!(of(item, &["at", "id"]), Some(vec![KeyType::N, KeyType::S]));
        assert_eq!(of(item, &["raw"]), Some(vec![KeyType::B]));
        for (item, name) in [(item, "m"), (item, "other"), ("{", "id")] {
            assert_eq!(of(item, &[name]), None, "{item} {name}");
        }
    }
}
