//! The end of a Wait state.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::chain::Chain;

/// Returns the time at which a Wait state ends; `None` if it is not known.
///
/// A number, a time, a path into the state's input and a JSONata path into its input or into a variable are understood. Other
/// expressions are not computed.
pub(super) fn until(state: &Value, chain: &Chain<'_>) -> Option<DateTime<Utc>> {
    let entered = chain.entered()?;
    let value = |name: &str| match state.get(name)? {
        Value::String(text) if text.starts_with("{%") => expression(text, chain),
        value => Some(value.clone()),
    };
    let path = |name: &str| {
        // A path reads what `InputPath` selects, which is the whole input without one.
        let path = state.get(name)?.as_str().filter(|_| state.get("InputPath").is_none())?;
        let steps = path.strip_prefix('$').filter(|steps| !steps.starts_with('$'))?;
        follow(entered.input.as_ref()?, steps).cloned()
    };
    if let Some(seconds) = value("Seconds").or_else(|| path("SecondsPath")) {
        let milliseconds = seconds.as_f64().filter(|seconds| (0.0..1e9).contains(seconds))? * 1_000.0;
        return entered.event.at.checked_add_signed(TimeDelta::milliseconds(milliseconds as i64));
    }
    let timestamp = value("Timestamp").or_else(|| path("TimestampPath"))?;
    DateTime::parse_from_rfc3339(timestamp.as_str()?).ok().map(|time| time.to_utc())
}

/// Computes `{% $states.input.a.b %}` or `{% $variable.a %}`.
fn expression(text: &str, chain: &Chain<'_>) -> Option<Value> {
    let path = text.strip_prefix("{%")?.strip_suffix("%}")?.trim();
    if let Some(steps) = path.strip_prefix("$states.input") {
        return follow(chain.entered()?.input.as_ref()?, steps).cloned();
    }
    let path = path.strip_prefix('$')?;
    let (name, steps) = path.split_at(path.find('.').unwrap_or(path.len()));
    let assigned = chain.before.iter().find_map(|event| event.assigned.get(name))?;
    follow(assigned, steps).cloned()
}

/// Follows a path of plain names: `.a.b`.
fn follow<'a>(value: &'a Value, steps: &str) -> Option<&'a Value> {
    if steps.is_empty() {
        return Some(value);
    }
    steps.strip_prefix('.')?.split('.').try_fold(value, |value, name| value.get(name))
}
