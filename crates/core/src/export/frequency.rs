//! How often an export runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray};

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
    pub fn parse(text: &str) -> Option<Frequency> {
        let letters: String = text.chars().filter(|letter| !matches!(letter, '-' | '_')).collect();
        Frequency::VARIANTS
            .iter()
            .copied()
            .find(|frequency| frequency.to_string().eq_ignore_ascii_case(&letters))
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
            assert_eq!(Frequency::parse(text), Some(frequency), "{text}");
        }
        for text in ["", "-", "nightly", "quarter hourly", "daily "] {
            assert_eq!(Frequency::parse(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_the_same_in_text_and_json() {
        for frequency in Frequency::VARIANTS {
            assert_eq!(serde_json::to_value(frequency).unwrap(), frequency.to_string());
        }
    }
}
