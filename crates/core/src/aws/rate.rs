//! Calculates whether work at a limited rate ends in time, and how many segments share the rate.
//!
//! An execution with a full history fails. So does one that exceeds the time limit of its state machine. It would fail
//! after days, and its work would be lost. Both can be calculated before it begins.
//!
//! Fewer segments make fewer calls, and less of the rate is idle once all but one have ended. So the rate is shared by
//! as few segments as can use all of it, and all of them run in parallel.

/// Maximum number of events in an execution's history
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>).
pub const EVENTS: u32 = 25_000;
/// Events that a plan may use. A fifth of the history is reserved for retries, three events each, and for items that
/// DynamoDB has not counted yet.
pub const PLANNED_EVENTS: u32 = EVENTS / 5 * 4;
/// Events of a call: five of its Task and two of the Choice after it.
pub const EVENTS_OF_A_CALL: u32 = 7;
/// Events of a segment in addition to those of its calls.
pub const EVENTS_OF_A_SEGMENT: u32 = 8;
/// Events of a table, or of a whole backfill or import, in addition to those of its segments.
pub const EVENTS_OF_A_TABLE: u32 = 60;
/// `TimeoutSeconds` of the state machines: eight days.
pub const SECONDS: u32 = 8 * 24 * 3_600;
/// Seconds that a plan may use. One day is reserved.
pub const PLANNED_SECONDS: u32 = SECONDS - 24 * 3_600;

/// The caller that processes the segments.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Caller {
    /// An execution, whose history and time are limited.
    Execution,
    /// A process, which has no such limits.
    Process,
}

/// Work that is divided into calls, at a limited or unlimited rate.
#[derive(Clone, Copy, Debug)]
pub struct RatedWork {
    /// Estimated capacity units of the whole work.
    pub units: f64,
    /// Capacity units per second for all segments together; 0 means no limit.
    pub rate: u32,
    /// Duration of a call in seconds.
    pub seconds_per_call: u32,
    /// Minimum number of capacity units that a call takes, however short it is.
    pub least_units: f64,
    /// Share of a call's time in which it takes capacity units: 1 for all of it.
    pub useful: f64,
    /// Minimum number of calls, however high the rate.
    pub least_calls: f64,
}

impl RatedWork {
    /// Returns the seconds that the work takes at its rate; 0 without a limit.
    pub fn seconds(&self) -> f64 {
        match self.rate {
            0 => 0.0,
            rate => self.units / f64::from(rate) / self.useful,
        }
    }

    /// Returns the number of calls that `segments` segments of equal size make.
    pub fn calls(&self, segments: u32) -> f64 {
        let segments = f64::from(segments.max(1));
        let of_a_call = f64::from(self.rate) / segments * f64::from(self.seconds_per_call) * self.useful;
        let of_a_segment = match self.rate {
            0 => 1.0,
            _ => (self.units / segments / of_a_call.max(self.least_units).max(1.0)).ceil().max(1.0),
        };
        (of_a_segment * segments).max(self.least_calls)
    }

    /// Returns the number of history events that `segments` segments of equal size cause.
    pub fn events(&self, segments: u32) -> f64 {
        let of_segments = f64::from(EVENTS_OF_A_SEGMENT) * f64::from(segments);
        self.calls(segments) * f64::from(EVENTS_OF_A_CALL) + of_segments + f64::from(EVENTS_OF_A_TABLE)
    }

    /// Returns the largest number of segments, up to `segments`, that fits into the history of an execution; at least
    /// one.
    pub fn fitting(&self, segments: u32) -> u32 {
        let fits = |segments: &u32| self.events(*segments) <= f64::from(PLANNED_EVENTS);
        (1..=segments).rev().find(fits).unwrap_or(1)
    }

    /// Returns whether an execution ends in time with one segment, which makes the fewest calls.
    pub fn ends(&self) -> bool {
        self.events(1) <= f64::from(PLANNED_EVENTS) && self.seconds() <= f64::from(PLANNED_SECONDS)
    }

    /// Returns whether the work would end in time at an unlimited rate.
    pub fn ends_at_some_rate(&self) -> bool {
        RatedWork { rate: 0, ..*self }.ends()
    }

    /// Explains why an execution would not end in time at this rate, for an error message that begins with the name of
    /// the rate. `what` names the work, and a call takes at most `longest_call` seconds. Returns `None` if it would end
    /// in time.
    pub fn too_slow(&self, what: &str, longest_call: u32) -> Option<String> {
        if self.ends() {
            return None;
        }
        let RatedWork { rate, seconds_per_call, units, .. } = *self;
        let (days, calls, room) = (days(self.seconds()), self.calls(1), calls_in_room());
        let mut advice = match least_rate(|rate| RatedWork { rate, ..*self }.ends()) {
            Some(least) => format!("use {least} or more, or 0 for no limit"),
            None => "no rate is high enough".to_owned(),
        };
        let longer = |seconds: &u32| RatedWork { seconds_per_call: *seconds, ..*self }.ends();
        if let Some(seconds) = (seconds_per_call..=longest_call).find(longer) {
            advice = format!("{advice}, or a SecondsPerCall of {seconds} or more");
        }
        let most = days_in_room();
        Some(format!(
            "is {rate}, but {what} takes about {units:.0} capacity units, which at that rate are {days:.1} days and \
             {calls:.0} calls of {seconds_per_call} seconds; an execution has {most:.0} days and room for {room} calls, so \
             {advice}"
        ))
    }
}

/// Returns the number of calls of one segment that fit into the planned history of an execution.
pub fn calls_in_room() -> u32 {
    (PLANNED_EVENTS - EVENTS_OF_A_TABLE - EVENTS_OF_A_SEGMENT) / EVENTS_OF_A_CALL
}

/// Returns the number of days that an execution is planned to take at most.
pub fn days_in_room() -> f64 {
    days(f64::from(PLANNED_SECONDS))
}

/// Converts seconds to days.
pub fn days(seconds: f64) -> f64 {
    seconds / 86_400.0
}

/// Finds the lowest rate at which something ends, given that it also ends at every higher rate. Returns `None` if it
/// ends at no rate.
pub fn least_rate(ends: impl Fn(u32) -> bool) -> Option<u32> {
    let (mut below, mut high) = (0, 10_000_000);
    if !ends(high) {
        return None;
    }
    while high - below > 1 {
        let middle = below + (high - below) / 2;
        if ends(middle) { high = middle } else { below = middle }
    }
    Some(high)
}

#[cfg(test)]
mod tests;
