//! Whether work at a rate ends, and how many segments share the rate.
//!
//! An execution whose history is full, or whose machine's time is up, fails without an end of its own, after days, and
//! its work is lost. Both can be worked out before it begins. The fewer segments share a rate, the fewer calls there are,
//! and the less of the rate is idle once the others have ended and one has not. So a rate is shared by as few as can take
//! all of it, and all of them run side by side.

/// Events of an execution's history (<https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>).
pub const EVENTS: u32 = 25_000;
/// Events that are planned with. A fifth of the history is left for retries, of which each takes three, and for what a
/// table has more than DynamoDB counted last.
pub const PLANNED_EVENTS: u32 = EVENTS / 5 * 4;
/// Events of a call: five of its Task, and two of the Choice behind it.
pub const EVENTS_OF_A_CALL: u32 = 7;
/// Events of a segment besides those of its calls.
pub const EVENTS_OF_A_SEGMENT: u32 = 8;
/// Events of a table, or of a whole backfill or import, besides those of its segments.
pub const EVENTS_OF_A_TABLE: u32 = 60;
/// The machines' `TimeoutSeconds`: eight days.
pub const SECONDS: u32 = 8 * 24 * 3_600;
/// Seconds that are planned with. One day is left, as part of the events is.
pub const PLANNED_SECONDS: u32 = SECONDS - 24 * 3_600;

/// Who makes the calls of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Caller {
    /// An execution, which has a history and a time.
    Execution,
    /// A process, which has neither.
    Process,
}

/// Work that is done in calls, at a rate or without one.
#[derive(Clone, Copy, Debug)]
pub struct RatedWork {
    /// Capacity units of all of it, as far as they can be told before.
    pub units: f64,
    /// Units a second of all segments together; 0 for no limit.
    pub rate: u32,
    /// How long a call goes on, in seconds.
    pub seconds_per_call: u32,
    /// Units that a call takes at the least, however short it is.
    pub least_units: f64,
    /// How much of a call's time goes into taking units: 1 for all of it.
    pub useful: f64,
    /// Calls at the least, however high the rate.
    pub least_calls: f64,
}

impl RatedWork {
    /// How many seconds it takes at its rate; 0 without one.
    pub fn seconds(&self) -> f64 {
        match self.rate {
            0 => 0.0,
            rate => self.units / f64::from(rate) / self.useful,
        }
    }

    /// How many calls so many segments of the same size make.
    pub fn calls(&self, segments: u32) -> f64 {
        let segments = f64::from(segments.max(1));
        let of_a_call = f64::from(self.rate) / segments * f64::from(self.seconds_per_call) * self.useful;
        let of_a_segment = match self.rate {
            0 => 1.0,
            _ => (self.units / segments / of_a_call.max(self.least_units).max(1.0)).ceil().max(1.0),
        };
        (of_a_segment * segments).max(self.least_calls)
    }

    /// How many events so many segments of the same size take of an execution's history.
    pub fn events(&self, segments: u32) -> f64 {
        let of_segments = f64::from(EVENTS_OF_A_SEGMENT) * f64::from(segments);
        self.calls(segments) * f64::from(EVENTS_OF_A_CALL) + of_segments + f64::from(EVENTS_OF_A_TABLE)
    }

    /// So many segments, or else as many as an execution's history has room for; at least one.
    pub fn fitting(&self, segments: u32) -> u32 {
        let fits = |segments: &u32| self.events(*segments) <= f64::from(PLANNED_EVENTS);
        (1..=segments).rev().find(fits).unwrap_or(1)
    }

    /// Whether an execution comes to its end in one segment, which makes the fewest calls.
    pub fn ends(&self) -> bool {
        self.events(1) <= f64::from(PLANNED_EVENTS) && self.seconds() <= f64::from(PLANNED_SECONDS)
    }

    /// Whether it would end at some rate.
    pub fn ends_at_some_rate(&self) -> bool {
        RatedWork { rate: 0, ..*self }.ends()
    }

    /// Why an execution would not come to its end at this rate, as an error says it behind the rate's name: `what` is the
    /// work, and no call is longer than `longest_call` seconds. `None` where it would.
    pub fn too_slow(&self, what: &str, longest_call: u32) -> Option<String> {
        if self.ends() {
            return None;
        }
        let RatedWork { rate, seconds_per_call, units, .. } = *self;
        let (days, calls, room) = (days(self.seconds()), self.calls(1), calls_in_room());
        let mut would_do = match least_rate(|rate| RatedWork { rate, ..*self }.ends()) {
            Some(least) => format!("{least} or more may be given, or 0 for no limit"),
            None => "no rate would do".to_owned(),
        };
        let longer = |seconds: &u32| RatedWork { seconds_per_call: *seconds, ..*self }.ends();
        if let Some(seconds) = (seconds_per_call..=longest_call).find(longer) {
            would_do = format!("{would_do}, or a SecondsPerCall of {seconds} or more");
        }
        let most = days_in_room();
        Some(format!(
            "is {rate}, but {what} takes some {units:.0} capacity units, which at that rate are {days:.1} days and \
             {calls:.0} calls of {seconds_per_call} seconds; an execution has {most:.0} days and room for {room} calls, so \
             {would_do}"
        ))
    }
}

/// How many calls of one segment an execution is planned to have room for.
pub fn calls_in_room() -> u32 {
    (PLANNED_EVENTS - EVENTS_OF_A_TABLE - EVENTS_OF_A_SEGMENT) / EVENTS_OF_A_CALL
}

/// How many days an execution is planned to have.
pub fn days_in_room() -> f64 {
    days(f64::from(PLANNED_SECONDS))
}

/// Seconds as days.
pub fn days(seconds: f64) -> f64 {
    seconds / 86_400.0
}

/// The lowest rate at which something ends, where it does from there on; `None` where it does at none.
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
