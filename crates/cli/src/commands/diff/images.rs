//! Reads the items of the differences that are shown, from both sides.

use std::collections::{BTreeMap, BTreeSet};

use item_compare::Kind;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::raw_items::key_of_json;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::import::item_files::FileItem;
use tablekeeper_core::item_history::version::object_key;
use tablekeeper_core::snapshot::as_of::{AsOfReader, State};

use super::side::{Opened, Side, item_files};
use crate::item::attributes::{Item, item_of, parsed};
use crate::transfer::named;

/// Items by their keys.
pub(super) type Images = BTreeMap<Vec<u8>, Item>;

/// Reads the items of changed keys, from both sides.
pub(super) async fn read(sides: &[Side; 2], shown: &[(Kind, Vec<u8>)]) -> anyhow::Result<[Images; 2]> {
    let changed = shown.iter().filter(|(kind, _)| *kind == Kind::Changed);
    let keys: BTreeSet<&[u8]> = changed.map(|(_, key)| key.as_slice()).collect();
    let [left, right] = sides;
    Ok([of_side(left, &keys).await?, of_side(right, &keys).await?])
}

async fn of_side(side: &Side, keys: &BTreeSet<&[u8]>) -> anyhow::Result<Images> {
    let mut images = Images::new();
    if keys.is_empty() {
        return Ok(images);
    }
    match &side.source {
        Opened::Table { aws, table, .. } => {
            for key in keys {
                let Some(attributes) = key_of_json(&String::from_utf8_lossy(key)) else { continue };
                let get = aws.clients.dynamodb().get_item().table_name(table).set_key(Some(attributes));
                let response = get.consistent_read(true).send().await;
                let response = response
                    .map_err(AwsFailure::from_call("dynamodb:GetItem"))
                    .map_err(|error| named(error.name, error))?;
                if let Some(item) = response.item {
                    images.insert(key.to_vec(), item_of(&item)?);
                }
            }
        }
        Opened::Moment { s3, items, at, .. } => {
            let (key_names, now) = (side.key_names(), Clock::System.now());
            let reader = AsOfReader { s3, items, key_names: &key_names, at: *at, now };
            for key in keys {
                let folded = reader.of_key(&object_key(&items.prefix, key)).await;
                let folded = folded.map_err(|error| named(error.name(), error))?;
                if let State::Item(item) = folded.state {
                    images.insert(key.to_vec(), parsed(&item)?);
                }
            }
        }
        Opened::Files { files, source, format } => {
            let attributes = side.key_attributes();
            let of = item_files(files, source, *format, &attributes);
            'files: for file in &source.files {
                let mut items = of.open(file, 0).await.map_err(|error| named(error.name(), error))?;
                while let Some(FileItem { item, key, .. }) =
                    items.next().await.map_err(|error| named(error.name(), error))?
                {
                    if keys.contains(key.as_slice()) {
                        images.insert(key, parsed(&item)?);
                        if images.len() == keys.len() {
                            break 'files;
                        }
                    }
                }
            }
        }
    }
    Ok(images)
}
