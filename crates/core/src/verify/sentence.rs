//! Describes damage.

use super::Strength;
use super::check::FunctionCheck;
use super::indexes::IndexCheck;
use super::report::{Report, Results};

/// Describes the damage in one sentence.
pub(super) fn sentence(table: &str, report: &Report, location: &str) -> String {
    let Report { against, strength, .. } = report;
    let Results { items, items_expected, equal, missing, extra, changed, sampled, .. } = report.results;
    let number = |count: Option<u64>| count.unwrap_or_default();
    let mut found = Vec::new();
    if let Some(mismatch) = &report.key_schema {
        found.push(mismatch.clone());
    } else if *strength == Strength::Counted && items != items_expected {
        found.push(format!("it has {} items instead of {}", number(items), number(items_expected)));
    } else if *strength != Strength::Counted && number(missing) + number(extra) + number(changed) > 0 {
        let of_sample = sampled.map_or_else(String::new, |sampled| format!("of {sampled} sampled items "));
        let extra = extra.map_or_else(String::new, |extra| format!("{extra} extra, "));
        let (missing, changed, equal) = (number(missing), number(changed), number(equal));
        found.push(format!("{of_sample}{missing} are missing, {extra}{changed} changed and {equal} equal"));
    }
    found.extend(index_differences(report));
    if !report.keys_missing.is_empty() {
        found.push(format!("{} required keys do not exist", report.keys_missing.len()));
    }
    if let Some(FunctionCheck { verified: false, reason }) = &report.function_check {
        let reason = reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
        found.push(format!("the check function refuses it{reason}"));
    }
    let Results { allowed_difference_percent, changed_at_most, .. } = report.results;
    let allowed = match (allowed_difference_percent, changed_at_most) {
        (_, Some(changed)) => format!(" ({changed} items were inserted or deleted at most)"),
        (Some(percent), None) => format!(" ({percent} % may differ)"),
        (None, None) => String::new(),
    };
    let found = found.join(", and ");
    format!(
        "table {table} does not hold what {against} holds ({strength}): {found}{allowed}; the report is {location}"
    )
}

fn index_differences(report: &Report) -> Vec<String> {
    match report.indexes {
        IndexCheck::Required => report.index_differences.clone(),
        IndexCheck::Noted => Vec::new(),
    }
}
