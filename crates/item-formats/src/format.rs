//! The names of what an export can be written in.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// How an item stands in a line of an export.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// `{"Item":{"id":{"S":"1"}}}`: the lines of AWS's own exports, which ImportTable reads.
    DynamodbJson,
    /// `{"id":{"s":"1"}}`: AWS Data Pipeline's and the EMR connector's lines.
    DataPipeline(NullTag),
    /// `{"id":{"S":"1"}}`: DynamoDB JSON without a wrapper.
    Plain,
}

impl Format {
    /// The name without what belongs to it.
    pub fn name(self) -> FormatName {
        match self {
            Format::DynamodbJson => FormatName::DynamodbJson,
            Format::DataPipeline(_) => FormatName::DataPipeline,
            Format::Plain => FormatName::Plain,
        }
    }
}

/// A [`Format`]'s name alone, as an execution's input and a command line have it.
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
    PartialEq,
    Serialize,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum FormatName {
    /// `dynamodb-json`
    DynamodbJson,
    /// `data-pipeline`
    DataPipeline,
    /// `plain`
    Plain,
}

impl FormatName {
    /// The format of this name. Only Data Pipeline's has a use for the null tag.
    pub fn with(self, null_tag: NullTag) -> Format {
        match self {
            FormatName::DynamodbJson => Format::DynamodbJson,
            FormatName::DataPipeline => Format::DataPipeline(null_tag),
            FormatName::Plain => Format::Plain,
        }
    }
}

/// How Data Pipeline's lines call a null when they are written. Either is read.
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
    /// `nULLValue`: AWS Data Pipeline, and what was built on version 1 of the Java SDK.
    #[serde(rename = "nULLValue")]
    #[strum(serialize = "nULLValue")]
    NullValue,
}

/// What stands where a binary does in a line that is read.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Binary {
    /// Base64, as everybody writes it.
    #[default]
    Base64,
    /// The bytes themselves, which are ASCII: of a writer that did not encode them, and failed at any others.
    Text,
}

/// How the objects of an export are compressed.
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
    PartialEq,
    Serialize,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Compression {
    /// Not.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    /// `""`, `".gz"`, `".zst"`.
    pub fn extension(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
        }
    }

    /// By the ending of an object's key: `.gz` and `.zst`, anything else is not compressed.
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
    fn names_are_read_as_they_are_written_by_serde_as_by_strum() {
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
    fn a_format_and_its_name_belong_together() {
        for name in FormatName::VARIANTS {
            assert_eq!(name.with(NullTag::NullValue).name(), *name);
        }
    }

    #[test]
    fn a_key_says_by_its_ending_how_the_object_is_compressed() {
        for compression in Compression::VARIANTS {
            assert_eq!(Compression::from_key(&format!("x.json{}", compression.extension())), *compression);
        }
        assert_eq!(Compression::from_key("gz"), Compression::None);
    }
}
