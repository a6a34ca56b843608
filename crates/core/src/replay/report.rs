//! Formats the result of a replay.

use crate::replay::Counts;

/// Returns a sentence that says which objects are left and why, and what was replayed.
pub fn said(counts: &Counts, reasons: &[String]) -> String {
    let Counts { objects, records, written, late, quarantined, left, .. } = counts;
    format!(
        "{left} objects of changes that were given up are left, the first because: {}; {objects} objects with {records} \
         records were replayed: {written} were written, {late} are late versions, {quarantined} were set aside",
        reasons.join("; ")
    )
}
