//! Parses times as people write them: with a zone, in the local time zone, as a time of today, or as a time ago.
//!
//! Step inputs take RFC 3339 alone. A command line has a user whose zone and clock are known, so it takes more, and
//! says which time it understood.

use chrono::{DateTime, Local, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::snapshot::execution_input::second;
use tablekeeper_core::text::quoted;

/// The forms that are accepted, for messages.
const EXPECTED: &str =
    "it must be a time such as 2026-11-20T02:00:00Z, `2026-11-20 02:00:00`, 02:00, -10m or `2h ago`";

/// A whole second that a user asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moment {
    /// The second.
    pub(crate) at: DateTime<Utc>,
    /// What was assumed, for the user to see. `None` if the text was exact: a date, a time and a zone.
    pub(crate) understood: Option<String>,
}

impl Moment {
    /// Parses a text in the local time zone, relative to now. The error says which forms are accepted.
    pub(crate) fn parse(text: &str) -> Result<Moment, String> {
        Moment::parse_at(text, &Clock::System.now().with_timezone(&Local))
    }

    /// Parses a text in the time zone of `now`. A time without a date is the last such time, today or yesterday.
    /// Fractions of a second are cut off.
    fn parse_at<Z: TimeZone>(text: &str, now: &DateTime<Z>) -> Result<Moment, String> {
        let asked = text.trim();
        let refused = |reason: &str| format!("is {}; {reason}", quoted(text));
        let found = match second(asked) {
            Ok(at) => return Ok(Moment { at, understood: None }),
            Err(_) => zoned(asked)
                .map(Ok)
                .or_else(|| ago(asked).map(|ago| checked(now.to_utc().checked_sub_signed(ago))))
                .or_else(|| date_time(asked).map(|time| local(time, &now.timezone())))
                .or_else(|| time_of_day(asked).map(|(time, zone)| last(time, zone, now)))
                .ok_or_else(|| refused(EXPECTED))?,
        };
        let at = found.map_err(|reason| refused(&reason))?;
        let at = DateTime::from_timestamp(at.timestamp(), 0).ok_or_else(|| refused(EXPECTED))?;
        let stated = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let here = at.with_timezone(&now.timezone()).fixed_offset();
        let in_zone = match here.offset().local_minus_utc() {
            0 => String::new(),
            _ => format!(" ({})", here.to_rfc3339_opts(SecondsFormat::Secs, true)),
        };
        Ok(Moment { at, understood: Some(format!("{} is {stated}{in_zone}", quoted(text))) })
    }
}

/// Parses a date and a time with a zone, with fractions of a second or without seconds.
fn zoned(text: &str) -> Option<DateTime<Utc>> {
    let text = text.strip_suffix(" UTC").map_or_else(|| text.to_owned(), |time| format!("{time}Z"));
    let text = text.replacen('T', " ", 1);
    ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z", "%Y-%m-%d %H:%M%#z", "%Y-%m-%d %H:%M %#z"]
        .iter()
        .find_map(|format| DateTime::parse_from_str(&text, format).ok())
        .map(|time| time.to_utc())
}

/// Parses a duration before now: `-10m`, `-1h30m` or `10m ago`.
fn ago(text: &str) -> Option<TimeDelta> {
    let length = text.strip_prefix('-').or_else(|| text.strip_suffix(" ago"))?;
    TimeDelta::from_std(humantime::parse_duration(length.trim()).ok()?).ok()
}

/// Parses a date and a time without a zone, or a date alone, which means its midnight.
fn date_time(text: &str) -> Option<NaiveDateTime> {
    let text = text.replacen('T', " ", 1);
    let midnight = format!("{text} 00:00");
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok())
        .or_else(|| NaiveDateTime::parse_from_str(&midnight, "%Y-%m-%d %H:%M").ok())
}

/// Parses a time of day, and whether it is in UTC instead of the local zone.
fn time_of_day(text: &str) -> Option<(NaiveTime, bool)> {
    let utc = text.strip_suffix(" UTC").or_else(|| text.strip_suffix('Z'));
    let time = ["%H:%M:%S%.f", "%H:%M"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(utc.unwrap_or(text), format).ok());
    Some((time?, utc.is_some()))
}

/// Returns the time in a zone. A clock that is set back shows a time twice: that is refused, as is one that it skips.
fn local<Z: TimeZone>(time: NaiveDateTime, zone: &Z) -> Result<DateTime<Utc>, String> {
    match zone.from_local_datetime(&time) {
        chrono::LocalResult::Single(at) => Ok(at.to_utc()),
        chrono::LocalResult::Ambiguous(one, other) => {
            let reported = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
            let (one, other) = (one.to_utc(), other.to_utc());
            Err(format!(
                "the clock showed this time twice, at {} and at {}; use one of these",
                reported(one.min(other)),
                reported(one.max(other))
            ))
        }
        chrono::LocalResult::None => Err("the clock of the local time zone skipped this time".to_owned()),
    }
}

/// Returns the last time, today or yesterday, at which the clock showed this.
fn last<Z: TimeZone>(time: NaiveTime, utc: bool, now: &DateTime<Z>) -> Result<DateTime<Utc>, String> {
    let on = |date: chrono::NaiveDate| match utc {
        true => Ok(date.and_time(time).and_utc()),
        false => local(date.and_time(time), &now.timezone()),
    };
    let today = if utc { now.to_utc().date_naive() } else { now.date_naive() };
    match on(today) {
        Ok(at) if at > now.to_utc() => on(today.pred_opt().unwrap_or(today)),
        at => at,
    }
}

fn checked(time: Option<DateTime<Utc>>) -> Result<DateTime<Utc>, String> {
    time.ok_or_else(|| "that is before the first year of the calendar".to_owned())
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    /// 18:30 on 29 November 2026 in a zone two hours ahead of UTC.
    fn now() -> DateTime<FixedOffset> {
        "2026-11-29T18:30:00+02:00".parse().unwrap()
    }

    fn understood(text: &str) -> String {
        match Moment::parse_at(text, &now()) {
            Ok(moment) => moment.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            Err(error) => panic!("{text}: {error}"),
        }
    }

    #[test]
    fn times_are_taken_as_people_write_them() {
        for (text, time) in [
            ("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z"),
            ("2026-11-20T02:00:00.75Z", "2026-11-20T02:00:00Z"),
            ("2026-11-20 02:00+01:00", "2026-11-20T01:00:00Z"),
            ("2026-11-20 02:00 UTC", "2026-11-20T02:00:00Z"),
            ("2026-11-29 18:04:36", "2026-11-29T16:04:36Z"),
            ("2026-11-29T18:04:36", "2026-11-29T16:04:36Z"),
            ("2026-11-29 18:04", "2026-11-29T16:04:00Z"),
            ("2026-11-29", "2026-11-28T22:00:00Z"),
            ("18:04:36", "2026-11-29T16:04:36Z"),
            ("18:04:36.9", "2026-11-29T16:04:36Z"),
            ("18:04", "2026-11-29T16:04:00Z"),
            ("19:00", "2026-11-28T17:00:00Z"),
            ("16:04Z", "2026-11-29T16:04:00Z"),
            ("16:31 UTC", "2026-11-28T16:31:00Z"),
            ("-10m", "2026-11-29T16:20:00Z"),
            ("-1h30m", "2026-11-29T15:00:00Z"),
            ("2d ago", "2026-11-27T16:30:00Z"),
            (" 10s ago ", "2026-11-29T16:29:50Z"),
        ] {
            assert_eq!(understood(text), time, "{text}");
        }
    }

    #[test]
    fn what_was_assumed_is_said() {
        let exact = Moment::parse_at("2026-11-20T02:00:00Z", &now()).unwrap();
        assert_eq!(exact.understood, None);
        let assumed = Moment::parse_at("18:04", &now()).unwrap().understood.unwrap();
        assert_eq!(assumed, "`18:04` is 2026-11-29T16:04:00Z (2026-11-29T18:04:00+02:00)");
        let utc = Moment::parse_at("18:04", &now().to_utc()).unwrap().understood.unwrap();
        assert_eq!(utc, "`18:04` is 2026-11-28T18:04:00Z");
    }

    #[test]
    fn other_texts_are_refused_with_the_accepted_forms() {
        for text in ["", "yesterday", "25:00", "2026-13-01", "-10", "-10 parsecs", "10m", "1", "18:04 CET"] {
            let error = Moment::parse_at(text, &now()).unwrap_err();
            assert_eq!(error, format!("is {}; {EXPECTED}", quoted(text)));
        }
    }
}
