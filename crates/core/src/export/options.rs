//! Options of an export, with the names that inputs and parameters use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantArray};

/// How often an export is scheduled. The lifecycle rules of the bucket select objects by it.
#[derive(Clone, Copy, Debug, Deserialize, Display, Eq, JsonSchema, PartialEq, Serialize, VariantArray)]
pub enum Frequency {
    /// Every quarter of an hour.
    QuarterHourly,
    /// Every hour.
    Hourly,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
    /// Every year.
    Yearly,
    /// By hand, or on a schedule that names no frequency. No lifecycle rule deletes these objects.
    #[serde(rename = "manual")]
    #[strum(serialize = "manual")]
    Manual,
}

impl Frequency {
    /// Parses a frequency in any case, with or without `-` and `_`.
    pub fn called(text: &str) -> Option<Frequency> {
        let letters: String = text.chars().filter(|letter| !matches!(letter, '-' | '_')).collect();
        Frequency::VARIANTS.iter().copied().find(|it| it.to_string().eq_ignore_ascii_case(&letters))
    }
}

/// The format of the lines in the data files.
#[derive(Clone, Copy, Debug, Deserialize, Display, EnumString, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ExportFormat {
    /// `{"Item":{"id":{"S":"1"}}}` in the layout of DynamoDB's own exports, which ImportTable reads.
    DynamodbJson,
    /// `{"id":{"s":"1"}}` in the layout of AWS Data Pipeline and the EMR connector.
    DataPipeline,
    /// `{"id":{"S":"1"}}`
    Plain,
}

/// The tag that Data Pipeline's format uses for a null.
#[derive(Clone, Copy, Debug, Deserialize, Display, EnumString, Eq, JsonSchema, PartialEq, Serialize)]
pub enum NullTagName {
    /// The tag of the current EMR connector.
    #[serde(rename = "nULL")]
    #[strum(serialize = "nULL")]
    Null,
    /// The tag of the first readers and writers of AWS Data Pipeline.
    #[serde(rename = "nULLValue")]
    #[strum(serialize = "nULLValue")]
    NullValue,
}

/// The compression of the data files.
#[derive(Clone, Copy, Debug, Deserialize, Display, EnumString, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum CompressionName {
    /// No compression.
    None,
    /// gzip; the ending is `.gz`.
    Gzip,
    /// Zstandard; the ending is `.zst`.
    Zstd,
}

impl ExportFormat {
    /// Returns the format of the lines.
    pub fn lines(self, null_tag: NullTagName) -> item_formats::Format {
        match (self, null_tag) {
            (ExportFormat::DynamodbJson, _) => item_formats::Format::DynamodbJson,
            (ExportFormat::DataPipeline, NullTagName::Null) => {
                item_formats::Format::DataPipeline(item_formats::NullTag::Null)
            }
            (ExportFormat::DataPipeline, NullTagName::NullValue) => {
                item_formats::Format::DataPipeline(item_formats::NullTag::NullValue)
            }
            (ExportFormat::Plain, _) => item_formats::Format::Plain,
        }
    }
}

impl From<CompressionName> for item_formats::Compression {
    fn from(name: CompressionName) -> item_formats::Compression {
        match name {
            CompressionName::None => item_formats::Compression::None,
            CompressionName::Gzip => item_formats::Compression::Gzip,
            CompressionName::Zstd => item_formats::Compression::Zstd,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequency_is_parsed_in_any_spelling() {
        for (text, frequency) in [
            ("QuarterHourly", Frequency::QuarterHourly),
            ("quarter-hourly", Frequency::QuarterHourly),
            ("QUARTER_HOURLY", Frequency::QuarterHourly),
            ("hourly", Frequency::Hourly),
            ("DAILY", Frequency::Daily),
            ("weekly", Frequency::Weekly),
            ("Monthly", Frequency::Monthly),
            ("yearly", Frequency::Yearly),
            ("manual", Frequency::Manual),
        ] {
            assert_eq!(Frequency::called(text), Some(frequency), "{text}");
        }
        for text in ["", "-", "nightly", "quarter hourly", "daily "] {
            assert_eq!(Frequency::called(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_the_same_in_text_and_json() {
        for format in [ExportFormat::DynamodbJson, ExportFormat::DataPipeline, ExportFormat::Plain] {
            assert_eq!(serde_json::to_value(format).unwrap(), format.to_string());
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        for frequency in Frequency::VARIANTS {
            assert_eq!(serde_json::to_value(frequency).unwrap(), frequency.to_string());
        }
        for tag in [NullTagName::Null, NullTagName::NullValue] {
            assert_eq!(serde_json::to_value(tag).unwrap(), tag.to_string());
        }
        for compression in [CompressionName::None, CompressionName::Gzip, CompressionName::Zstd] {
            assert_eq!(serde_json::to_value(compression).unwrap(), compression.to_string());
        }
    }
}
