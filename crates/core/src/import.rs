//! The items of an export into an existing table: which files there are, and how their lines become items.
//!
//! [`source`] finds the files of an export, [`shares`] says how many segments read them, and [`segment`] reads a share and
//! writes its items with [`batch_writer`].

mod batch_writer;
pub mod doubts;
pub mod execution_input;
pub mod finish;
mod hint;
pub mod plan;
pub mod segment;
pub mod shares;
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
pub mod unchanged;

use item_formats::{Doubts, KeyAttribute, KeyType, Malformed, NullTag, read_line_with, read_untyped_line};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::export::manifest::OutputFormat;

/// What an import goes by, from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Import {
    /// The table that is written to.
    pub table_name: String,
    /// Its ARN.
    pub table_arn: String,
    /// Tells it from other tables of the same name.
    pub table_id: String,
    /// Its key attributes, the partition key first.
    #[schemars(length(max = 2), inner(length(max = 255)))]
    pub key_names: Vec<String>,
    /// The types that they have, in the same order.
    #[schemars(length(max = 2))]
    pub key_types: Vec<KeyType>,
    /// The bucket that is read.
    pub bucket: String,
    /// What the files lie under: empty, or ending in `/`; or the key of the one that is read alone.
    pub root: String,
    /// The key of the manifest that says which files there are; null where all that lie there are read.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(schema_with = "crate::schemas::nullable_string")]
    pub manifest: Option<String>,
    /// What the lines of the files are.
    pub format: Format,
    /// What stands in the lines for a binary.
    pub binary: Binary,
    /// How the files are compressed.
    pub compression: Compression,
    /// How many files there are.
    pub files: u32,
    /// The SHA-256, in hexadecimal, of the files' keys, sizes and ETags, in their order.
    pub files_digest: String,
    /// How many items the manifest says there are; null where none says it.
    pub item_count: Option<u64>,
    /// How many segments read and write beside each other.
    pub segments: u32,
    /// Write capacity units a second that all segments together may take; 0 for as many as there are.
    pub max_write_capacity_units: u32,
    /// How long an invocation of `import-segment` reads and writes.
    pub seconds_per_call: u32,
}

/// What the lines of an import's files are.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `{"Item":{"id":{"S":"1"}}}`: DynamoDB's own.
    DynamodbJson,
    /// `{"id":{"s":"1"}}`: AWS Data Pipeline's and the EMR connector's, of any age.
    DataPipeline,
    /// `{"id":{"S":"1"}}`
    Plain,
    /// `{"id":"1"}`: JSON that does not say DynamoDB's types. Of no export of this project.
    Json,
}

/// What stands in the lines of an import's files for a binary.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binary {
    /// Base64.
    #[default]
    Base64,
    /// The bytes themselves, which are ASCII: as the full backup before `export-table` wrote them.
    Text,
}

impl From<Binary> for item_formats::Binary {
    fn from(binary: Binary) -> item_formats::Binary {
        match binary {
            Binary::Base64 => item_formats::Binary::Base64,
            Binary::Text => item_formats::Binary::Text,
        }
    }
}

/// How an import's files are compressed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// As the ending of each one's key says: `.gz`, `.zst`, or neither.
    #[default]
    ByEnding,
    /// Not.
    None,
    /// All of them with gzip.
    Gzip,
    /// All of them with Zstandard.
    Zstd,
}

impl Format {
    /// As an input says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::DynamodbJson => "dynamodb-json",
            Format::DataPipeline => "data-pipeline",
            Format::Plain => "plain",
            Format::Json => "json",
        }
    }

    /// Appends the item of a line to `item`, as DynamoDB JSON. The key attributes matter to lines without types alone, and
    /// there alone is anything in doubt.
    pub(crate) fn read(
        self,
        binary: Binary,
        line: &[u8],
        keys: &[KeyAttribute<'_>],
        item: &mut Vec<u8>,
    ) -> Result<Doubts, Malformed> {
        let format = match self {
            Format::DynamodbJson => item_formats::Format::DynamodbJson,
            // The reader knows both.
            Format::DataPipeline => item_formats::Format::DataPipeline(NullTag::default()),
            Format::Plain => item_formats::Format::Plain,
            Format::Json => return read_untyped_line(line, keys, item),
        };
        read_line_with(format, binary.into(), line, item).map(|()| Doubts::default())
    }
}

impl From<OutputFormat> for Format {
    fn from(format: OutputFormat) -> Format {
        match format {
            OutputFormat::DynamodbJson => Format::DynamodbJson,
            OutputFormat::DataPipeline => Format::DataPipeline,
            OutputFormat::Plain => Format::Plain,
        }
    }
}

impl Import {
    /// The table's key attributes.
    pub fn keys(&self) -> Vec<KeyAttribute<'_>> {
        let pairs = self.key_names.iter().zip(&self.key_types);
        pairs.map(|(name, key_type)| KeyAttribute { name, key_type: *key_type }).collect()
    }
}

impl Compression {
    /// Of the file with this key.
    pub fn for_key(self, key: &str) -> item_formats::Compression {
        match self {
            Compression::ByEnding => item_formats::Compression::from_key(key),
            Compression::None => item_formats::Compression::None,
            Compression::Gzip => item_formats::Compression::Gzip,
            Compression::Zstd => item_formats::Compression::Zstd,
        }
    }
}
