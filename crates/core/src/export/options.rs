//! What can be chosen about an export, by the names that inputs and parameters have for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantArray};

/// How often a run is scheduled. The lifecycle rules of the bucket go by it.
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
    /// By hand, or on a schedule that does not say: no lifecycle rule takes the objects away.
    #[serde(rename = "manual")]
    #[strum(serialize = "manual")]
    Manual,
}

impl Frequency {
    /// The frequency that is so called: in any case, with or without `-` and `_`.
    pub fn called(text: &str) -> Option<Frequency> {
        let letters: String = text.chars().filter(|letter| !matches!(letter, '-' | '_')).collect();
        Frequency::VARIANTS.iter().copied().find(|it| it.to_string().eq_ignore_ascii_case(&letters))
    }
}

/// How an item stands in its line.
#[derive(Clone, Copy, Debug, Deserialize, Display, EnumString, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ExportFormat {
    /// `{"Item":{"id":{"S":"1"}}}` in the layout of DynamoDB's own exports, which ImportTable reads.
    DynamodbJson,
    /// `{"id":{"s":"1"}}` in the layout of AWS Data Pipeline and the EMR connector.
    DataPipeline,
    /// `{"id":{"S":"1"}}`.
    Plain,
}

/// What Data Pipeline's format calls a null.
#[derive(Clone, Copy, Debug, Deserialize, Display, EnumString, Eq, JsonSchema, PartialEq, Serialize)]
pub enum NullTagName {
    /// As the EMR connector of today does.
    #[serde(rename = "nULL")]
    #[strum(serialize = "nULL")]
    Null,
    /// As AWS Data Pipeline's first readers and writers did.
    #[serde(rename = "nULLValue")]
    #[strum(serialize = "nULLValue")]
    NullValue,
}

/// How data files are compressed.
#[derive(Clone, Copy, Debug, Deserialize, Display, EnumString, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum CompressionName {
    /// Not.
    None,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

impl ExportFormat {
    /// The lines' format.
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
    fn a_frequency_is_understood_in_any_spelling_and_nothing_else_is_one() {
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
    fn names_are_the_same_in_words_and_in_json() {
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
