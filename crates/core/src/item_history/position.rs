//! Orders the versions of an item.
//!
//! Sequence numbers grow within a stream and start again with each new stream. The first numbers of new streams are
//! near 10^20 in any year, below those of a stream that has run for months. A table that is recreated, or whose stream
//! is turned off and on, has a new stream. The label of a stream is the time when it was created (API reference,
//! StreamDescription), in a fixed format, so labels sort as text. All changes of a later stream come after those of an
//! earlier stream (docs/adr/0018).

use chrono::{DateTime, Utc};

use super::sequence_number::SequenceNumber;

/// The stream label of versions adopted from an older system's bucket ([`super::adopt`]). It sorts before the label of
/// every stream. Adopted versions are older than every version from a backfill or stream of this system.
pub const ADOPTED: &str = "0000-adopted";

/// The position of a version among the versions of its item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Position {
    /// Label of the stream that delivered the change: `2026-11-20T00:00:00.000`. `None` for a backfill, and for
    /// versions that were written before labels were stored.
    pub stream: Option<String>,
    /// Sequence number of the change in the stream.
    pub sequence_number: SequenceNumber,
    /// Time of the change.
    pub at: DateTime<Utc>,
}

impl Position {
    /// Returns the position of an object that this system did not write: before every change.
    pub fn zero() -> Position {
        Position { stream: None, sequence_number: SequenceNumber::zero(), at: DateTime::UNIX_EPOCH }
    }

    /// Checks whether the version was adopted from an older system.
    pub fn is_adopted(&self) -> bool {
        self.stream.as_deref() == Some(ADOPTED)
    }

    /// Checks whether a change with this position is newer than the existing version.
    ///
    /// If the existing version does not record its stream, it may be from this stream or from an earlier one. A higher
    /// number or a later time is then newer. Within a stream both grow together, and between streams the time grows.
    pub fn is_newer_than(&self, existing: &Position) -> bool {
        if self.is_adopted() != existing.is_adopted() {
            return existing.is_adopted();
        }
        match (&self.stream, &existing.stream) {
            (Some(own), Some(other)) if own != other => own > other,
            (Some(_), None) => self.sequence_number > existing.sequence_number || self.at > existing.at,
            _ => self.sequence_number > existing.sequence_number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(stream: Option<&str>, number: &str, second: i64) -> Position {
        Position {
            stream: stream.map(str::to_owned),
            sequence_number: SequenceNumber::parse(number).unwrap(),
            at: DateTime::from_timestamp(second, 0).unwrap(),
        }
    }

    #[test]
    fn a_later_stream_is_newer_whatever_its_numbers() {
        // Sequence numbers of streams that were created in 2020 and 2022.
        let (old, new) = (Some("2020-07-16T20:29:38.000"), Some("2022-06-17T23:18:40.000"));
        let before = position(old, "300000000027074223641", 10);
        let after = position(new, "100000000000914665584", 20);
        assert!(after.is_newer_than(&before) && !before.is_newer_than(&after));
        // The old stream is still read while the new one is.
        assert!(!position(old, "300000000027074223642", 30).is_newer_than(&after));
        let next = position(new, "100000000000914665585", 20);
        assert!(next.is_newer_than(&after) && !after.is_newer_than(&next) && !after.is_newer_than(&after));
    }

    #[test]
    fn a_version_without_a_stream_is_older_by_its_number_or_by_its_time() {
        let (stream, existing) = (Some("2022-06-17T23:18:40.000"), position(None, "1000", 10));
        for (number, second, newer) in
            [("1001", 10, true), ("1001", 9, true), ("7", 11, true), ("1000", 10, false), ("7", 10, false)]
        {
            let change = position(stream, number, second);
            assert_eq!(change.is_newer_than(&existing), newer, "{number} at {second}");
        }
    }

    #[test]
    fn adopted_versions_are_older_than_all_others() {
        let adopted = |number| position(Some(ADOPTED), number, 50);
        for own in [
            position(None, "0", 10),
            position(None, "5", 10),
            position(Some("2020-07-16T20:29:38.000"), "7", 10),
        ] {
            assert!(own.is_newer_than(&adopted("900")) && !adopted("900").is_newer_than(&own), "{own:?}");
        }
        assert!(
            adopted("901").is_newer_than(&adopted("900")) && !adopted("900").is_newer_than(&adopted("900"))
        );
        assert!(!adopted("0").is_newer_than(&Position::zero()) && ADOPTED < "2017-01-01T00:00:00.000");
    }

    #[test]
    fn backfilled_versions_are_older_than_every_change() {
        let read = position(None, "0", 1_000);
        assert!(position(Some("2022-06-17T23:18:40.000"), "7", 10).is_newer_than(&read));
        assert!(!read.is_newer_than(&read) && position(None, "1", 10).is_newer_than(&Position::zero()));
    }
}
