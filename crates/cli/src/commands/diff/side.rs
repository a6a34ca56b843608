//! Opens the sides of a comparison.

use std::sync::Arc;

use anyhow::bail;
use chrono::{DateTime, Utc};
use item_formats::{KeyAttribute, KeyType};
use sha2::{Digest as _, Sha256};
use tablekeeper_core::aws::arn::is_table_name;
use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::aws::table::Unscannable;
use tablekeeper_core::aws::{scan_segments, table as table_description};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::compare::CompareError;
use tablekeeper_core::compare::side::{
    FilesSide, HistorySide, Limits, Progress, Side as SideOf, SidePart, TableSide,
};
use tablekeeper_core::import::item_files::ItemFiles;
use tablekeeper_core::import::source::Source;
use tablekeeper_core::import::{Binary, Compression, Format, source};
use tablekeeper_core::item_history::coverage::Present;
use tablekeeper_core::item_history::{Items, coverage};
use tablekeeper_core::snapshot::as_of::AsOfReader;
use tablekeeper_core::storage::Files;
use tablekeeper_core::text::{hex, quoted};

use crate::commands::{import, snapshot};
use crate::config::{
    Configuration, KeyNames, check_retained, check_versions_exist, noncurrent_days, note_unsettled, reported,
};
use crate::console;
use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::moment::Moment;
use crate::transfer::{Aws, Location, named, whole};

/// Names of the arguments.
pub(super) const EXPECTED: &str = "EXPECTED";
/// See [`EXPECTED`].
pub(super) const FOUND: &str = "FOUND";
/// Maximum number of segments if none is given.
const MOST_SEGMENTS: u32 = 8;
/// Number of shards of an incremental backup that are read in parallel if none is given.
const SHARDS: u32 = 8;

/// A side as the user names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Given {
    /// A table, by its name.
    Table(String),
    /// A table at a second of its incremental backup.
    Moment {
        /// Name of the table.
        table: String,
        /// The second.
        at: DateTime<Utc>,
    },
    /// Files.
    Files {
        /// Location of the files.
        place: Location,
        /// The location as given.
        text: String,
    },
}

impl Given {
    /// Parses a side. `argument` names it in the error.
    pub(super) fn parse(argument: &str, text: &str) -> anyhow::Result<Given> {
        if let Some((_, table)) = text.strip_prefix("arn:").and_then(|arn| arn.split_once(":table/"))
            && is_table_name(table)
        {
            return Ok(Given::Table(table.to_owned()));
        }
        if text.contains('/') || text.starts_with('.') {
            let place = Location::parse(argument, text)?;
            return Ok(Given::Files { place, text: text.to_owned() });
        }
        let (table, at) = match text.split_once('@') {
            Some((table, at)) => (table, Some(second(argument, at)?)),
            None => (text, None),
        };
        if !is_table_name(table) {
            bail!(Unusable(format!(
                "{argument} is {}; it must be a table, TABLE@TIME, s3://BUCKET/FOLDER, or a directory such as ./exports",
                quoted(text)
            )));
        }
        let table = table.to_owned();
        Ok(match at {
            Some(at) => Given::Moment { table, at },
            None => Given::Table(table),
        })
    }
}

/// The options for both sides.
pub(super) struct Options<'a> {
    pub(super) key_names: &'a [String],
    pub(super) format: Option<Format>,
    pub(super) segments: Option<u32>,
    pub(super) max_rate: u32,
    pub(super) consistent_read: bool,
    pub(super) allow_incomplete: bool,
    pub(super) configuration: &'a Configuration,
}

/// An open side.
#[derive(Debug)]
pub(super) struct Side {
    /// Name of the side, for people.
    pub(super) name: String,
    /// The side as an argument that means the same at any time.
    pub(super) argument: String,
    /// Hash of everything that shows that the side is another one when a comparison is resumed.
    pub(super) identity: String,
    /// Number of items; approximate for a table, `None` if unknown.
    pub(super) items: Option<u64>,
    /// Number of segments.
    pub(super) segments: u32,
    /// Key attributes of the items, the partition key first.
    pub(super) keys: Vec<(String, KeyType)>,
    pub(super) source: Opened,
}

/// What a side is read from.
#[derive(Debug)]
pub(super) enum Opened {
    Table { aws: Arc<Aws>, calls: RawItems, table: String, max_rate: u32, consistent_read: bool },
    Moment { s3: aws_sdk_s3::Client, items: Items, at: DateTime<Utc>, allow_incomplete: bool },
    Files { files: Files, source: Source, format: Format },
}

/// Parses the time of `TABLE@TIME`, which must not be in the future. Prints the time if the text left something open.
fn second(argument: &str, text: &str) -> Result<DateTime<Utc>, Unusable> {
    let Moment { at, understood } =
        Moment::parse(text).map_err(|reason| Unusable(format!("the time of {argument} {reason}")))?;
    if let Some(understood) = understood {
        console::print_remark(&format!("the time of {argument}: {understood}"));
    }
    let now = Clock::System.now();
    if at > now {
        return Err(Unusable(format!(
            "the time of {argument} is {}, which is in the future (now: {})",
            reported(at),
            reported(now)
        )));
    }
    Ok(at)
}

/// Opens both sides.
pub(super) async fn open(given: &[Given; 2], options: &Options<'_>) -> anyhow::Result<[Side; 2]> {
    let aws = Arc::new(Aws::from_environment().await?);
    let [left, right] = given;
    let [left, right] =
        &[latest(EXPECTED, left, right, &aws).await?, latest(FOUND, right, left, &aws).await?];
    let (mut left, mut right) =
        (one(EXPECTED, left, options, &aws).await?, one(FOUND, right, options, &aws).await?);
    let keys = keys(&left, &right, options)?;
    let untyped = [&left, &right].into_iter().find(|side| side.is_untyped());
    let has_types = |side: &Side| !side.keys.is_empty() && !side.is_moment();
    if let Some(side) = untyped.filter(|_| !has_types(&left) && !has_types(&right)) {
        bail!(Unusable(format!(
            "the lines of {} have no types, so they can only be compared with a side that says the types of its key \
             attributes: a table, or an export with its settings.json",
            side.name
        )));
    }
    (left.keys, right.keys) = (keys.clone(), keys);
    Ok([left, right])
}

/// Returns the key attributes of the items of both sides.
fn keys(left: &Side, right: &Side, options: &Options<'_>) -> Result<Vec<(String, KeyType)>, Unusable> {
    let names = |side: &Side| side.keys.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let given = options.key_names;
    for side in [left, right].into_iter().filter(|side| !side.keys.is_empty()) {
        if !given.is_empty() && names(side) != given {
            return Err(Unusable(format!(
                "--key-names is {}, but the key of {} is {}",
                given.join(","),
                side.name,
                names(side).join(",")
            )));
        }
    }
    match (left.keys.as_slice(), right.keys.as_slice()) {
        ([], []) if given.is_empty() => Err(Unusable(format!(
            "neither {} nor {} says which attributes are the key; name them with --key-names, such as --key-names id",
            left.name, right.name
        ))),
        // Lines with types need no other types.
        ([], []) => Ok(given.iter().map(|name| (name.clone(), KeyType::S)).collect()),
        ([], keys) | (keys, []) => Ok(keys.to_vec()),
        (_, _) if names(left) != names(right) => Err(Unusable(format!(
            "the key of {} is {}, but that of {} is {}; only items with the same key attributes can be compared",
            left.name,
            names(left).join(" and "),
            right.name,
            names(right).join(" and ")
        ))),
        // A second of an incremental backup does not know the types.
        (_, theirs) if left.is_moment() => Ok(theirs.to_vec()),
        (ours, theirs) if ours != theirs && !right.is_moment() => Err(Unusable(format!(
            "the key of {} is {}, but that of {} is {}; only items whose key attributes have the same types can be compared",
            left.name,
            typed(ours),
            right.name,
            typed(theirs)
        ))),
        (ours, _) => Ok(ours.to_vec()),
    }
}

/// Returns the newest export if the location is `…/latest`: that of the other side's table, or of the only table there.
async fn latest(argument: &str, given: &Given, other: &Given, aws: &Aws) -> anyhow::Result<Given> {
    let Given::Files { place, .. } = given else { return Ok(given.clone()) };
    let table = match other {
        Given::Table(table) | Given::Moment { table, .. } => table,
        Given::Files { .. } => &String::new(),
    };
    let console = Console::new(Stream::Stderr);
    let text = match (import::newest_below(argument, place, table, aws, &console).await, place) {
        (Ok(None), _) => return Ok(given.clone()),
        (Ok(Some(export)), _) => export,
        (Err(no_export), Location::Bucket { bucket, key }) => {
            let table = Some(table.as_str()).filter(|table| !table.is_empty());
            let above = key.strip_suffix(snapshot::LATEST).unwrap_or(key);
            snapshot::newest(bucket, above, table, aws, &console).await.map_err(|_| no_export)?.location()
        }
        (Err(error), _) => return Err(error),
    };
    Ok(Given::Files { place: Location::parse(argument, &text)?, text })
}

/// Describes key attributes with their types.
fn typed(keys: &[(String, KeyType)]) -> String {
    keys.iter().map(|(name, of)| format!("{name} ({of})")).collect::<Vec<_>>().join(" and ")
}

async fn one(argument: &str, given: &Given, options: &Options<'_>, aws: &Arc<Aws>) -> anyhow::Result<Side> {
    match given {
        Given::Table(table) => of_table(table, options, aws).await,
        Given::Moment { table, at } => of_moment(argument, table, *at, options).await,
        Given::Files { place, text } => of_files(argument, (place, text), options, aws).await,
    }
}

async fn of_table(name: &str, options: &Options<'_>, aws: &Arc<Aws>) -> anyhow::Result<Side> {
    let dynamodb = aws.clients.dynamodb();
    let described = table_description::describe(&dynamodb, name).await;
    let Some(table) = described.map_err(|error| named(error.name, error))? else {
        let directory = std::path::Path::new(name).is_dir();
        let hint = if directory {
            format!("; for the directory of this name, write ./{name}")
        } else {
            String::new()
        };
        bail!(aws.missing(&format!("table {name} does not exist (SourceTableMissing){hint}")));
    };
    match table_description::scannable(&table) {
        Ok(()) => {}
        Err(Unscannable::Yet(reason)) => {
            bail!(Unusable(format!("table {name} cannot be read yet: {reason}; try again when it is ACTIVE")))
        }
        Err(Unscannable::Ever(status)) => {
            bail!(Unusable(format!("table {name} cannot be read: it is {status}")))
        }
    }
    let types = table_description::key_types(&table).map_err(|error| named(error.name, error))?;
    let bytes = table.table_size_bytes();
    let segments = options.segments.unwrap_or_else(|| match options.max_rate {
        0 => scan_segments::by_size(bytes).min(MOST_SEGMENTS),
        rate => scan_segments::by_rate(rate, options.consistent_read).min(MOST_SEGMENTS),
    });
    let (calls, max_rate, consistent_read) = (aws.raw_items(), options.max_rate, options.consistent_read);
    Ok(Side {
        name: format!("table {name}"),
        argument: name.to_owned(),
        identity: identity(&[name, table.table_id().unwrap_or_default(), &segments.to_string()]),
        items: table.item_count().and_then(|count| u64::try_from(count).ok()),
        segments,
        keys: table_description::key_names(&table).into_iter().zip(types).collect(),
        source: Opened::Table {
            aws: Arc::clone(aws),
            calls,
            table: name.to_owned(),
            max_rate,
            consistent_read,
        },
    })
}

async fn of_moment(
    argument: &str,
    table: &str,
    at: DateTime<Utc>,
    options: &Options<'_>,
) -> anyhow::Result<Side> {
    let settings = options.configuration.settings().await?;
    settings.check_own(table)?;
    let items = settings.items()?.clone();
    let aws = settings.aws().await?;
    check_versions_exist(&aws, &items).await?;
    let KeyNames { names, table: described } = KeyNames::read(table, &aws, &items).await?;
    let console = Console::new(Stream::Stderr);
    let days = noncurrent_days(&aws, &items, &console).await?;
    check_retained(&format!("the time of {argument} is"), at, days)?;
    let stream = described.as_ref().and_then(|table| table.latest_stream_label());
    let present = Present { stream, noncurrent_days: days, now: Clock::System.now() };
    let coverage = coverage::read(&aws.s3, &items.bucket, &items.prefix).await;
    let allow_incomplete = options.allow_incomplete;
    match coverage.map_err(|error| named(error.name, error))?.check(at, &present) {
        Ok(()) => {}
        Err(why) if allow_incomplete => {
            console.note(&format!("the items of {table} at {} are not all known: {why}", reported(at)));
        }
        Err(why) => bail!(Unusable(format!(
            "the items of {table} at {} are not all known: {why}; with --allow-incomplete the known ones are compared \
             (HistoryIncomplete)",
            reported(at)
        ))),
    }
    note_unsettled(at, &console);
    let segments = options.segments.unwrap_or(SHARDS);
    let second = reported(at);
    Ok(Side {
        name: format!("{table} at {second}"),
        argument: format!("{table}@{second}"),
        identity: identity(&[
            &items.bucket,
            &items.prefix,
            &second,
            &segments.to_string(),
            &allow_incomplete.to_string(),
        ]),
        items: None,
        segments,
        keys: names.into_iter().map(|name| (name, KeyType::S)).collect(),
        source: Opened::Moment { s3: aws.s3.clone(), items, at, allow_incomplete },
    })
}

async fn of_files(
    argument: &str,
    (place, text): (&Location, &str),
    options: &Options<'_>,
    aws: &Aws,
) -> anyhow::Result<Side> {
    let (files, key) = match place {
        Location::Bucket { bucket, key } => (whole(&aws.s3, bucket), key.clone()),
        Location::Path(path) if !path.exists() => {
            bail!(Unusable(format!("{argument} is {text}, which does not exist")));
        }
        Location::Path(path) if path.is_file() => {
            let directory = path.parent().map(std::path::Path::to_owned).unwrap_or_default();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (Files::Directory(directory), name)
        }
        Location::Path(path) => (Files::Directory(path.clone()), String::new()),
    };
    let found = source::find(&files, &key).await.map_err(|error| named(error.name(), error))?;
    let keys = import::key_of(&files, &found).await.unwrap_or_default();
    let format = match (found.format, options.format) {
        (Some(format), _) | (None, Some(format)) => format,
        (None, None) => bail!(Unusable(format!(
            "{text} has no manifest that says the format of its lines; name it with --format"
        ))),
    };
    let count = u32::try_from(found.files.len()).unwrap_or(u32::MAX);
    let segments = options.segments.unwrap_or(count.clamp(1, MOST_SEGMENTS));
    Ok(Side {
        name: text.to_owned(),
        argument: text.to_owned(),
        identity: identity(&[text, &found.digest(), &segments.to_string()]),
        items: found.item_count,
        segments,
        keys,
        source: Opened::Files { files, source: found, format },
    })
}

fn identity(parts: &[&str]) -> String {
    hex(&Sha256::digest(parts.join("\n")))
}

impl Side {
    /// Returns whether the side is a table, which may be written to while it is read.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.source, Opened::Table { .. })
    }

    fn is_moment(&self) -> bool {
        matches!(self.source, Opened::Moment { .. })
    }

    fn is_untyped(&self) -> bool {
        matches!(self.source, Opened::Files { format: Format::Json, .. })
    }

    /// Returns the names of the key attributes.
    pub(super) fn key_names(&self) -> Vec<String> {
        self.keys.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Reads the part of a segment that begins after `cursor`.
    pub(super) async fn part(
        &self,
        segment: u32,
        cursor: Option<&str>,
        limits: Limits,
        progress: Progress<'_>,
    ) -> Result<SidePart, CompareError> {
        let (key_names, segments) = (self.key_names(), self.segments);
        match &self.source {
            Opened::Table { calls, table: name, max_rate, consistent_read, .. } => {
                let side = SideOf::Table(TableSide {
                    calls,
                    name,
                    key_names: &key_names,
                    segments,
                    consistent_read: *consistent_read,
                    max_read_capacity_units: *max_rate,
                });
                side.part(segment, cursor, limits, progress).await
            }
            Opened::Moment { s3, items, at, allow_incomplete } => {
                let now = Clock::System.now();
                let reader = AsOfReader { s3, items, key_names: &key_names, at: *at, now };
                let side = SideOf::History(HistorySide {
                    reader: &reader,
                    segments,
                    allow_incomplete: *allow_incomplete,
                });
                side.part(segment, cursor, limits, progress).await
            }
            Opened::Files { files, source, format } => {
                let keys = self.key_attributes();
                let items = item_files(files, source, *format, &keys);
                let side = SideOf::Files(FilesSide { items, source, segments });
                side.part(segment, cursor, limits, progress).await
            }
        }
    }

    /// Returns the key attributes with their types.
    pub(super) fn key_attributes(&self) -> Vec<KeyAttribute<'_>> {
        self.keys.iter().map(|(name, key_type)| KeyAttribute { name, key_type: *key_type }).collect()
    }
}

/// Returns the files of a side, to read their items.
pub(super) fn item_files<'a>(
    files: &'a Files,
    source: &Source,
    format: Format,
    keys: &'a [KeyAttribute<'a>],
) -> ItemFiles<'a> {
    ItemFiles {
        files,
        has_manifest: source.manifest.is_some(),
        format,
        binary: Binary::Base64,
        compression: Compression::ByEnding,
        keys,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_a_table_a_moment_or_files() {
        for (text, expected) in [
            ("Movies", Given::Table("Movies".to_owned())),
            ("arn:aws:dynamodb:eu-west-1:123456789012:table/Movies", Given::Table("Movies".to_owned())),
        ] {
            assert_eq!(Given::parse("EXPECTED", text).unwrap(), expected);
        }
        let Given::Moment { table, at } = Given::parse("FOUND", "Movies@2026-03-01T02:00:00Z").unwrap()
        else {
            unreachable!()
        };
        assert_eq!((table.as_str(), reported(at).as_str()), ("Movies", "2026-03-01T02:00:00Z"));
        for text in ["s3://exports/a", "./exports", "../exports", "exports/a", "/tmp"] {
            assert!(matches!(Given::parse("FOUND", text).unwrap(), Given::Files { .. }), "{text}");
        }
        for (text, reason) in [
            (
                "",
                "FOUND is ``; it must be a table, TABLE@TIME, s3://BUCKET/FOLDER, or a directory such as ./exports",
            ),
            ("a b", "FOUND is `a b`; it must be a table"),
            ("Movies@soon", "the time of FOUND is `soon`; it must be a time such as"),
            (
                "Movies@2999-01-01T00:00:00Z",
                "the time of FOUND is 2999-01-01T00:00:00Z, which is in the future",
            ),
            ("s3:/exports/a", "FOUND is `s3:/exports/a`; it must be s3://bucket/prefix or a directory"),
        ] {
            let error = Given::parse("FOUND", text).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{error}");
        }
    }
}
