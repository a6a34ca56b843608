//! The sequence numbers of a DynamoDB stream.
//!
//! They are decimal numbers of 21 to 40 digits (API reference, StreamRecord) that grow from change to change of an
//! item. Their lengths differ, so they must not be compared as text.

use std::cmp::Ordering;
use std::fmt;

/// Maximum number of digits of a sequence number (API reference, StreamRecord).
pub const MOST_DIGITS: usize = 40;

/// The sequence number of a change.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SequenceNumber(String);

impl SequenceNumber {
    /// Returns the number for versions that come from no stream: before every change.
    pub fn zero() -> SequenceNumber {
        SequenceNumber("0".to_owned())
    }

    /// Parses a sequence number. Returns `None` if the text is not a number.
    pub fn parse(text: &str) -> Option<SequenceNumber> {
        let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        let significant = text.trim_start_matches('0');
        let significant = if significant.is_empty() { "0" } else { significant };
        digits.then(|| SequenceNumber(significant.to_owned()))
    }

    /// Returns the digits without leading zeros.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the digits padded with leading zeros to [`MOST_DIGITS`], so that numbers compare as text.
    pub fn padded(&self) -> String {
        format!("{:0>MOST_DIGITS$}", self.0)
    }
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &SequenceNumber) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &SequenceNumber) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_text_is_not_parsed() {
        for text in ["", "-1", "1.0", "1e3", " 1", "٣"] {
            assert_eq!(SequenceNumber::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn sequence_numbers_compare_as_numbers(left: u128, right: u128, zeros in 0_usize..3) {
            let number = |of: u128| SequenceNumber::parse(&format!("{}{of}", "0".repeat(zeros))).unwrap();
            prop_assert_eq!(number(left).cmp(&number(right)), left.cmp(&right));
            prop_assert_eq!(number(left).to_string(), left.to_string());
            prop_assert_eq!(number(left).padded().cmp(&number(right).padded()), left.cmp(&right));
        }
    }
}
