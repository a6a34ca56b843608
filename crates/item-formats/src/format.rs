//! The formats and compressions of an export.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The format of an item in a line of an export.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// `{"Item":{"id":{"S":"1"}}}`: the lines of AWS's own exports, which ImportTable reads.
    DynamodbJson,
    /// `{"id":{"s":"1"}}`: the lines of AWS Data Pipeline and the EMR connector.
    DataPipeline(NullTag),
    /// `{"id":{"S":"1"}}`: DynamoDB JSON without a wrapper.
    Plain,
}

impl Format {
    /// Returns the name of the format without its null tag.
    pub fn name(self) -> FormatName {
        match self {
            Format::DynamodbJson => FormatName::DynamodbJson,
            Format::DataPipeline(_) => FormatName::DataPipeline,
            Format::Plain => FormatName::Plain,
        }
    }
}

/// The name of a [`Format`] in the input of an execution or on a command line.
///
/// ```
/// use item_formats::{Format, FormatName, NullTag};
///
/// let name: FormatName = "data-pipeline".parse()?;
/// assert_eq!(name.with(NullTag::NullValue), Format::DataPipeline(NullTag::NullValue));
/// # Ok::<(), strum::ParseError>(())
/// ```
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Display,
    EnumString,
    Eq,
    Hash,
    IntoStaticStr,
    JsonSchema,
    PartialEq,
    Serialize,
    VariantArray,
)]
#[schemars(description = "The format of an item in a line of an export.")]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum FormatName {
    /// `{"Item":{"id":{"S":"1"}}}`, in the layout of DynamoDB's own exports, which ImportTable reads.
    DynamodbJson,
    /// `{"id":{"s":"1"}}`, in the layout of AWS Data Pipeline and the EMR connector.
    DataPipeline,
    /// `{"id":{"S":"1"}}`.
    Plain,
}

impl FormatName {
    /// Returns the format of this name. Only Data Pipeline's format has the null tag.
    pub fn with(self, null_tag: NullTag) -> Format {
        match self {
            FormatName::DynamodbJson => Format::DynamodbJson,
            FormatName::DataPipeline => Format::DataPipeline(null_tag),
            FormatName::Plain => Format::Plain,
        }
    }
}

/// The name of a null when Data Pipeline's lines are written. Both names are read.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Deserialize,
    Display,
    EnumString,
    Eq,
    Hash,
    IntoStaticStr,
    JsonSchema,
    PartialEq,
    Serialize,
    VariantArray,
)]
pub enum NullTag {
    /// `nULL`: version 5 of the EMR connector.
    #[default]
    #[serde(rename = "nULL")]
    #[strum(serialize = "nULL")]
    Null,
    /// `nULLValue`: AWS Data Pipeline, and programs built on version 1 of the Java SDK.
    #[serde(rename = "nULLValue")]
    #[strum(serialize = "nULLValue")]
    NullValue,
}

/// The encoding of a binary in a line that is read.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Binary {
    /// Base64, the usual encoding.
    #[default]
    Base64,
    /// The bytes themselves, which have to be ASCII. Some writers did not encode binaries and failed at other bytes.
    Text,
}

/// The compression of the objects of an export.
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Display,
    EnumString,
    Eq,
    Hash,
    IntoStaticStr,
    JsonSchema,
    PartialEq,
    Serialize,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Compression {
    /// No compression.
    None,
    /// Gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Compression {
    /// Returns the extension of object keys: `""`, `".gz"` or `".zst"`.
    pub fn extension(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
        }
    }

    /// Returns the compression of an object by the extension of its key: `.gz`, `.zst`, or none for any other.
    ///
    /// ```
    /// use item_formats::Compression;
    ///
    /// assert_eq!(Compression::from_key("a/b.json.gz"), Compression::Gzip);
    /// assert_eq!(Compression::from_key("a/b.json"), Compression::None);
    /// ```
    pub fn from_key(key: &str) -> Compression {
        [Compression::Gzip, Compression::Zstd]
            .into_iter()
            .find(|compression| key.ends_with(compression.extension()))
            .unwrap_or(Compression::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_serde_and_strum_and_are_read_as_written() {
        for (name, text) in FormatName::VARIANTS.iter().zip(["dynamodb-json", "data-pipeline", "plain"]) {
            assert_eq!(name.to_string(), text);
            assert_eq!(text.parse::<FormatName>().unwrap(), *name);
            assert_eq!(serde_json::to_value(name).unwrap(), text);
        }
        for (tag, text) in NullTag::VARIANTS.iter().zip(["nULL", "nULLValue"]) {
            assert_eq!(tag.to_string(), text);
            assert_eq!(text.parse::<NullTag>().unwrap(), *tag);
            assert_eq!(serde_json::to_value(tag).unwrap(), text);
        }
        for (compression, text) in Compression::VARIANTS.iter().zip(["none", "gzip", "zstd"]) {
            assert_eq!(compression.to_string(), text);
            assert_eq!(text.parse::<Compression>().unwrap(), *compression);
            assert_eq!(serde_json::to_value(compression).unwrap(), text);
        }
    }

    #[test]
    fn each_name_is_that_of_its_format() {
        for name in FormatName::VARIANTS {
            assert_eq!(name.with(NullTag::NullValue).name(), *name);
        }
    }

    #[test]
    fn the_extension_of_a_key_gives_the_compression() {
        for compression in Compression::VARIANTS {
            assert_eq!(Compression::from_key(&format!("x.json{}", compression.extension())), *compression);
        }
        assert_eq!(Compression::from_key("gz"), Compression::None);
    }
}
