//! Formats the result of a replay.

use crate::replay::Counts;

/// Returns a sentence that says which objects are left and why, and what was replayed.
pub fn describe(counts: &Counts, reasons: &[String]) -> String {
    let Counts { objects, records, written, late, quarantined, left, .. } = counts;
    format!(
        "{left} objects that Lambda discarded are left, the first because: {}; {objects} objects with {records} records \
         were replayed: {written} were written, {late} are late versions, {quarantined} were quarantined",
        reasons.join("; ")
    )
}
