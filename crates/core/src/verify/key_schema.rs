//! Finds the key attributes of the expected items, and compares them with those of the table.

use item_formats::KeyType;

use super::indexes::{self, Indexes};
use crate::export::layout::{document_in, folder_of_export};
use crate::import::source::Source;
use crate::settings::SettingsDocument;
use crate::snapshot::{document, key_types};
use crate::storage::{Files, FilesError};

/// A key attribute. The type is `None` if it is unknown.
pub(super) type Attribute = (String, Option<KeyType>);

/// The key attributes of an export's items, and whether the export is a snapshot.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct OfFiles {
    pub(super) is_snapshot: bool,
    /// `None` if no document beside the files says them.
    pub(super) key: Option<Vec<Attribute>>,
    /// `None` if no document beside the files says them.
    pub(super) indexes: Option<Indexes>,
}

/// Reads the key attributes from the documents beside the files: the document of a snapshot, or the settings document of
/// an export.
pub(super) async fn of_files(files: &Files, source: &Source) -> Result<OfFiles, FilesError> {
    let folder = folder_of_export(&source.root);
    if let Ok(document) = document::read(files, &document_in(folder)).await? {
        let names = document.snapshot.key_names;
        let types = key_types::of_first_item(files, source, &names).await?;
        let types =
            types.map_or_else(|| vec![None; names.len()], |types| types.into_iter().map(Some).collect());
        let key = names.into_iter().zip(types).collect();
        return Ok(OfFiles { is_snapshot: true, key: Some(key), indexes: None });
    }
    let settings = files.get(&format!("{folder}settings.json")).await?;
    let settings = settings.and_then(|body| SettingsDocument::read(&body).ok());
    let definition = settings.and_then(|document| document.definition);
    let key = definition.as_ref().and_then(|definition| definition.key());
    let key = key.map(|key| key.into_iter().map(|(name, of)| (name.to_owned(), Some(of))).collect());
    let indexes = definition.as_ref().map(indexes::of_definition);
    Ok(OfFiles { is_snapshot: false, key, indexes })
}

/// Returns a sentence about the difference between the key of the table and that of the expected side, if there is one.
pub(super) fn mismatch(
    table: &str,
    own: &[Attribute],
    against: &str,
    expected: Option<&[Attribute]>,
) -> Option<String> {
    let expected = expected?;
    let is_same = |(ours, theirs): (&Attribute, &Attribute)| {
        ours.0 == theirs.0 && (ours.1.is_none() || theirs.1.is_none() || ours.1 == theirs.1)
    };
    let is_equal = own.len() == expected.len() && own.iter().zip(expected).all(is_same);
    (!is_equal).then(|| {
        format!("the key of table {table} is {}, but that of {against} is {}", text(own), text(expected))
    })
}

fn text(key: &[Attribute]) -> String {
    let attribute = |(name, of): &Attribute| match of {
        Some(of) => format!("{name} ({of})"),
        None => name.clone(),
    };
    key.iter().map(attribute).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_compared_as_far_as_they_are_known() {
        let own = [("id".to_owned(), Some(KeyType::S)), ("at".to_owned(), Some(KeyType::N))];
        let compare = |expected: &[(&str, Option<KeyType>)]| {
            let expected: Vec<Attribute> =
                expected.iter().map(|(name, of)| ((*name).to_owned(), *of)).collect();
            mismatch("orders", &own, "export s3://exports/a/", Some(&expected))
        };
        assert_eq!(compare(&[("id", Some(KeyType::S)), ("at", Some(KeyType::N))]), None);
        assert_eq!(compare(&[("id", None), ("at", None)]), None);
        assert_eq!(mismatch("orders", &own, "x", None), None);
        let expected =
            "the key of table orders is id (S) and at (N), but that of export s3://exports/a/ is id (S)";
        assert_eq!(compare(&[("id", Some(KeyType::S))]).unwrap(), expected);
        for other in [&[("id", Some(KeyType::N)), ("at", Some(KeyType::N))], &[("at", None), ("id", None)]] {
            assert!(compare(other).is_some(), "{other:?}");
        }
    }
}
