//! Compares the indexes of a table with those that it should have.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rotation::overrides::{KeySchemaElement, KeyType, Projection, ProjectionType};
use crate::table_definition::TableDefinition;

/// What a difference of the indexes means.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum IndexCheck {
    /// A table with other indexes is damaged.
    Required,
    /// The differences are noted.
    Noted,
}

/// The secondary indexes of a table by name: the kind, key and projection of each in a few words.
pub(super) type Indexes = BTreeMap<String, String>;

/// Returns the indexes of a described table.
pub(super) fn of_table(table: &sdk::TableDescription) -> Indexes {
    let global = table.global_secondary_indexes().iter();
    let global =
        global.map(|index| described("global", index.index_name(), index.key_schema(), index.projection()));
    let local = table.local_secondary_indexes().iter();
    let local =
        local.map(|index| described("local", index.index_name(), index.key_schema(), index.projection()));
    global.chain(local).collect()
}

/// Returns the indexes that a backup's description lists. Returns `None` if it does not describe them.
pub(super) fn of_backup(backup: &sdk::BackupDescription) -> Option<Indexes> {
    let features = backup.source_table_feature_details()?;
    let global = features.global_secondary_indexes().iter();
    let global =
        global.map(|index| described("global", index.index_name(), index.key_schema(), index.projection()));
    let local = features.local_secondary_indexes().iter();
    let local =
        local.map(|index| described("local", index.index_name(), index.key_schema(), index.projection()));
    Some(global.chain(local).collect())
}

/// Returns the indexes of the definition in a settings document.
pub(super) fn of_definition(definition: &TableDefinition) -> Indexes {
    let global = definition.global_secondary_indexes.iter();
    let global =
        global.map(|index| defined("global", &index.index_name, &index.key_schema, &index.projection));
    let local = definition.local_secondary_indexes.iter();
    let local = local.map(|index| defined("local", &index.index_name, &index.key_schema, &index.projection));
    global.chain(local).collect()
}

/// Returns a sentence fragment for each index that differs.
pub(super) fn differences(own: &Indexes, expected: &Indexes) -> Vec<String> {
    let lacking = expected.iter().filter_map(|(name, index)| match own.get(name) {
        None => Some(format!("it lacks the index {name} ({index})")),
        Some(found) if found != index => Some(format!("its index {name} is {found} instead of {index}")),
        Some(_) => None,
    });
    let extra = own.iter().filter(|(name, _)| !expected.contains_key(*name));
    let extra = extra.map(|(name, index)| format!("it has another index {name} ({index})"));
    lacking.chain(extra).collect()
}

fn described(
    kind: &str,
    name: Option<&str>,
    key: &[sdk::KeySchemaElement],
    projection: Option<&sdk::Projection>,
) -> (String, String) {
    let key = key.iter().map(|element| (element.key_type() == &sdk::KeyType::Hash, element.attribute_name()));
    let projects =
        projection.and_then(sdk::Projection::projection_type).map_or("", sdk::ProjectionType::as_str);
    let others = projection.map(sdk::Projection::non_key_attributes).unwrap_or_default();
    (name.unwrap_or_default().to_owned(), text(kind, key.collect(), projects, others))
}

fn defined(kind: &str, name: &str, key: &[KeySchemaElement], projection: &Projection) -> (String, String) {
    let key = key.iter().map(|element| (element.key_type == KeyType::Hash, element.attribute_name.as_str()));
    let projects = match projection.projection_type {
        ProjectionType::All => "ALL",
        ProjectionType::KeysOnly => "KEYS_ONLY",
        ProjectionType::Include => "INCLUDE",
    };
    (name.to_owned(), text(kind, key.collect(), projects, &projection.non_key_attributes))
}

/// Describes an index. A key may have several attributes of each role, whose order counts. The order of the projected
/// attributes does not.
fn text(kind: &str, key: Vec<(bool, &str)>, projects: &str, others: &[String]) -> String {
    let mut key = key;
    key.sort_by_key(|(is_hash, _)| !is_hash);
    let names = key.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(" and ");
    let mut others: Vec<&str> = others.iter().map(String::as_str).collect();
    others.sort_unstable();
    let others = if others.is_empty() { String::new() } else { format!(" of {}", others.join(", ")) };
    format!("{kind}, by {names}, {projects}{others}")
}

#[cfg(test)]
mod tests;
