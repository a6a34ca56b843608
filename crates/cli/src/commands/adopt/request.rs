//! Checks the arguments of `adopt` against the settings, the table and the bucket.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::bail;
use chrono::{DateTime, Utc};
use item_formats::{KeyAttribute, KeyType};
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::item_history::Items;
use tablekeeper_core::item_history::coverage;
use tablekeeper_core::text::quoted;

use super::Arguments;
use super::state::{State, VERSION};
use crate::config::{Settings, place};
use crate::failure::Unusable;
use crate::transfer::{Aws, cursor_file, named};

/// A key attribute with its type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Key {
    name: String,
    key_type: KeyType,
}

/// A checked request to adopt a backup.
pub(super) struct Request {
    pub(super) items: Items,
    /// The table's key attributes.
    pub(super) keys: Vec<Key>,
    /// End of the last backfill; `None` if no backfill has ended.
    pub(super) complete_since: Option<DateTime<Utc>>,
    /// Prefix in the old bucket: empty, or ending in `/`.
    pub(super) from_prefix: String,
    /// Path of the cursor file.
    pub(super) path: PathBuf,
    pub(super) state: State,
}

impl Key {
    pub(super) fn attribute(&self) -> KeyAttribute<'_> {
        KeyAttribute { name: &self.name, key_type: self.key_type }
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Key, String> {
        let parts = text.rsplit_once(':').filter(|(name, _)| !name.is_empty());
        let key = parts.and_then(|(name, key_type)| {
            Some(Key { name: name.to_owned(), key_type: key_type.parse().ok()? })
        });
        key.ok_or_else(|| "expected a name and S, N or B, such as id:S".to_owned())
    }
}

/// Checks the table, the bucket and, with `--resume`, the cursor file.
pub(super) async fn take(arguments: &Arguments, settings: &Settings, aws: &Aws) -> anyhow::Result<Request> {
    // It must be the table that the stack follows, if there is a stack.
    settings.table(Some(&arguments.table))?;
    let items = settings.items()?.clone();
    let from_prefix = match arguments.from_prefix.as_str() {
        "" => String::new(),
        prefix if prefix.ends_with('/') => prefix.to_owned(),
        prefix => format!("{prefix}/"),
    };
    let overlap = from_prefix.starts_with(&items.prefix) || items.prefix.starts_with(&from_prefix);
    if arguments.from_bucket == items.bucket && overlap {
        bail!(Unusable(format!(
            "--from-bucket and --from-prefix overlap {}, where the adopted versions go; choose a prefix apart \
             from the old one (INCREMENTAL_PREFIX, s3.incremental.prefix)",
            place(&items)
        )));
    }
    let coverage = coverage::read(&aws.s3, &items.bucket, &items.prefix).await;
    let complete_since = coverage.map_err(|failure| named(failure.name, failure))?.complete_since;
    let keys = keys(arguments, complete_since.is_some(), &items, aws).await?;
    let path = arguments
        .cursor_file
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!(".tablekeeper-adopt-{}.json", arguments.table)));
    let (from, format) = (&arguments.from_bucket, arguments.format.as_str());
    let request = format!("s3://{from}/{from_prefix} {format} s3://{}/{}", items.bucket, items.prefix);
    let state = match arguments.resume {
        false => State::new(request),
        true => match cursor_file::read::<State>(&path, "an adoption")? {
            None => bail!(cursor_file::nothing(&path, "adoption")),
            Some(earlier) if (earlier.version, &earlier.request) == (VERSION, &request) => earlier,
            Some(earlier) => bail!(Unusable(format!(
                "{} is of another adoption ({}); leave --resume out",
                path.display(),
                earlier.request
            ))),
        },
    };
    Ok(Request { items, keys, complete_since, from_prefix, path, state })
}

/// Returns the key attributes of the table, or those of `--key` if the table does not exist.
async fn keys(
    arguments: &Arguments,
    is_backfilled: bool,
    items: &Items,
    aws: &Aws,
) -> anyhow::Result<Vec<Key>> {
    let name = &arguments.table;
    let described = table_description::describe(&aws.clients.dynamodb(), name).await;
    let Some(described) = described.map_err(|error| named(error.name, error))? else {
        return match arguments.key.len() {
            0 => Err(aws
                .missing(&format!(
                    "table {name} does not exist; if it was deleted, give its key attributes with --key NAME:TYPE \
                     (SourceTableMissing)"
                ))
                .into()),
            1 | 2 => Ok(arguments.key.clone()),
            _ => bail!(Unusable(
                "--key is given more than twice; a table has one or two key attributes".to_owned()
            )),
        };
    };
    let names = table_description::key_names(&described);
    let types = table_description::key_types(&described).map_err(|error| named(error.name, error))?;
    let keys: Vec<Key> =
        names.into_iter().zip(types).map(|(name, key_type)| Key { name, key_type }).collect();
    if !arguments.key.is_empty() && arguments.key != keys {
        let own: Vec<String> =
            keys.iter().map(|key| quoted(&format!("{}:{}", key.name, key.key_type))).collect();
        bail!(Unusable(format!(
            "--key differs from the key attributes of table {name}, which are {}; leave it out",
            own.join(", ")
        )));
    }
    if !is_backfilled && !arguments.dry_run {
        bail!(Unusable(format!(
            "table {name} exists, and no backfill into {} has ended; run `tablekeeper backfill {name}` first: it \
             writes the current items, and an adoption adds their history",
            place(items)
        )));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_name_with_its_type() {
        let key = |name: &str, key_type| Ok(Key { name: name.to_owned(), key_type });
        assert_eq!("id:S".parse(), key("id", KeyType::S));
        assert_eq!("a:b:N".parse(), key("a:b", KeyType::N));
        for wrong in ["id", "id:", ":S", "id:s", "id:SS", ""] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
    }
}
