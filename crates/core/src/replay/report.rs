//! Says what a replay came to.

use crate::replay::Counts;

/// What is left, and what was done.
pub fn said(counts: &Counts, reasons: &[String]) -> String {
    let Counts { objects, records, written, late, quarantined, left, .. } = counts;
    format!(
        "{left} objects of changes that were given up are left, the first because: {}; {objects} objects with {records} \
         records were replayed: {written} were written, {late} are late versions, {quarantined} were set aside",
        reasons.join("; ")
    )
}
