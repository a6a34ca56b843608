//! Imports the items of an export into an existing table.
//!
//! [`source`] finds the files of an export. [`shares`] chooses how many segments read them. [`segment`] reads the files
//! of one segment with [`item_files`], and `batch_writer` writes their items.

mod batch_writer;
pub mod doubts;
pub mod execution_input;
pub mod finish;
mod hint;
pub mod item_files;
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

/// The plan of an import, which is the same from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Import {
    /// Name of the table to write to.
    pub table_name: String,
    /// ARN of the table.
    pub table_arn: String,
    /// Id of the table, which differs between consecutive tables of the same name.
    pub table_id: String,
    /// Names of the table's key attributes, with the partition key first.
    #[schemars(length(max = 2), inner(length(max = 255)))]
    pub key_names: Vec<String>,
    /// Types of the key attributes, in the same order.
    #[schemars(length(max = 2))]
    pub key_types: Vec<KeyType>,
    /// Name of the bucket to read from.
    pub bucket: String,
    /// Prefix of the files: empty, or ending in `/`; or the key of a single file.
    pub root: String,
    /// Key of the manifest that lists the files; null if all files below `root` are read.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(schema_with = "crate::schemas::nullable_string")]
    pub manifest: Option<String>,
    /// Format of the lines in the files.
    pub format: Format,
    /// Representation of binaries in the lines.
    pub binary: Binary,
    /// Compression of the files.
    pub compression: Compression,
    /// Number of files.
    pub files: u32,
    /// Hexadecimal SHA-256 of the keys, sizes and ETags of the files, and of what the manifest says about them, in
    /// their order.
    pub files_digest: String,
    /// Number of items according to the manifest; null if no manifest says it.
    pub item_count: Option<u64>,
    /// Number of concurrent segments.
    pub segments: u32,
    /// Write capacity units per second for all segments together; 0 means no limit.
    pub max_write_capacity_units: u32,
    /// Seconds for which a call of `import-segment` reads and writes.
    pub seconds_per_call: u32,
}

/// The format of the lines in an import's files.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `{"Item":{"id":{"S":"1"}}}`: DynamoDB's own format.
    DynamodbJson,
    /// `{"id":{"s":"1"}}`: the format of every version of AWS Data Pipeline and the EMR connector.
    DataPipeline,
    /// `{"id":{"S":"1"}}`
    Plain,
    /// `{"id":"1"}`: JSON without DynamoDB's types. No export of this project has this format.
    Json,
}

/// The representation of binaries in the lines of an import's files.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binary {
    /// Base64.
    #[default]
    Base64,
    /// The bytes themselves, which are ASCII: the representation of the full backup before `export-table`.
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

/// The compression of an import's files.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Compression by the ending of each key: `.gz`, `.zst`, or none.
    #[default]
    ByEnding,
    /// No compression.
    None,
    /// gzip for all files.
    Gzip,
    /// Zstandard for all files.
    Zstd,
}

impl Format {
    /// Returns the name in an input.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::DynamodbJson => "dynamodb-json",
            Format::DataPipeline => "data-pipeline",
            Format::Plain => "plain",
            Format::Json => "json",
        }
    }

    /// Appends the item of a line to `item`, as DynamoDB JSON. Only lines without types need the key attributes, and
    /// only they have doubtful types.
    pub(crate) fn read(
        self,
        binary: Binary,
        line: &[u8],
        keys: &[KeyAttribute<'_>],
        item: &mut Vec<u8>,
    ) -> Result<Doubts, Malformed> {
        let format = match self {
            Format::DynamodbJson => item_formats::Format::DynamodbJson,
            // The reader accepts both tags for a null.
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
    /// Returns the key attributes of the table.
    pub fn keys(&self) -> Vec<KeyAttribute<'_>> {
        let pairs = self.key_names.iter().zip(&self.key_types);
        pairs.map(|(name, key_type)| KeyAttribute { name, key_type: *key_type }).collect()
    }
}

impl Compression {
    /// Returns the compression of the file with this key.
    pub fn for_key(self, key: &str) -> item_formats::Compression {
        match self {
            Compression::ByEnding => item_formats::Compression::from_key(key),
            Compression::None => item_formats::Compression::None,
            Compression::Gzip => item_formats::Compression::Gzip,
            Compression::Zstd => item_formats::Compression::Zstd,
        }
    }
}
