//! The sequence numbers of a DynamoDB stream.
//!
//! Decimal numbers of 21 to 40 digits (API reference, StreamRecord), which grow from change to change of an item. They
//! are of different lengths, so that comparing them as text would be wrong.

use std::cmp::Ordering;
use std::fmt;

/// Digits that a stream's numbers have at most (API reference, StreamRecord).
pub const MOST_DIGITS: usize = 40;

/// The place of a change among those of its item.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SequenceNumber(String);

impl SequenceNumber {
    /// Of something that no stream told of: before every change.
    pub fn zero() -> SequenceNumber {
        SequenceNumber("0".to_owned())
    }

    /// The number that the text is; `None` where it is none.
    pub fn parse(text: &str) -> Option<SequenceNumber> {
        let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        let significant = text.trim_start_matches('0');
        let significant = if significant.is_empty() { "0" } else { significant };
        digits.then(|| SequenceNumber(significant.to_owned()))
    }

    /// Its digits, without zeros before them.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its digits, with zeros before them to [`MOST_DIGITS`]: as text of one length.
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
    fn what_is_no_number_is_none() {
        for text in ["", "-1", "1.0", "1e3", " 1", "٣"] {
            assert_eq!(SequenceNumber::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn they_compare_as_numbers(left: u128, right: u128, zeros in 0_usize..3) {
            let number = |of: u128| SequenceNumber::parse(&format!("{}{of}", "0".repeat(zeros))).unwrap();
            prop_assert_eq!(number(left).cmp(&number(right)), left.cmp(&right));
            prop_assert_eq!(number(left).to_string(), left.to_string());
            prop_assert_eq!(number(left).padded().cmp(&number(right).padded()), left.cmp(&right));
        }
    }
}
