//! The calls to inject faults into, and the faults.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use local_aws::{Call, Fault};
use tablekeeper_tests::{Ended, FaultMatrix};

/// A call with the fault to inject into it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) call: Call,
    pub(super) fault: Fault,
    pub(super) times: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times =
            if self.fault == Fault::Refuse { String::new() } else { format!(" {} times", self.times) };
        let Call { action, ordinal, step, .. } = &self.call;
        write!(
            formatter,
            "{:?}{times} of {action} #{ordinal} of {}",
            self.fault,
            step.as_deref().unwrap_or_default()
        )
    }
}

/// All faults, each with the number of times.
const ALL: &[(Fault, usize)] = &[
    (Fault::Throttle, 2),
    (Fault::Throttle, 4),
    (Fault::FailBeforeEffect, 4),
    (Fault::LoseResponse, 1),
    (Fault::Refuse, usize::MAX),
];
/// The faults of a call that only reads, if each kind of call is enough.
const OF_READS: &[(Fault, usize)] =
    &[(Fault::Throttle, 4), (Fault::FailBeforeEffect, 4), (Fault::Refuse, usize::MAX)];

/// The kind of a call: its step and its action.
pub(super) type Kind = (Option<String>, String);

/// Returns the cases for a run. `seen` has the kinds of calls that earlier runs covered.
pub(super) fn cases_of(fault_matrix: FaultMatrix, golden: &Ended, seen: &mut BTreeSet<Kind>) -> Vec<Case> {
    let kind = |call: &Call| (call.step.clone(), call.action.clone());
    let mut last = BTreeMap::new();
    for call in &golden.calls {
        last.insert(kind(call), call.ordinal);
    }
    let is_last = |call: &Call| last.get(&kind(call)) == Some(&call.ordinal);
    let mut cases = Vec::new();
    let mut distinct = BTreeSet::new();
    for call in &golden.calls {
        if !distinct.insert((kind(call), call.ordinal)) {
            continue;
        }
        let faults = match fault_matrix {
            FaultMatrix::EveryCall => ALL,
            FaultMatrix::EveryKindOfCall if seen.contains(&kind(call)) => continue,
            FaultMatrix::EveryKindOfCall if call.only_reads() && is_last(call) => OF_READS,
            FaultMatrix::EveryKindOfCall if !call.only_reads() && (call.ordinal == 0 || is_last(call)) => ALL,
            FaultMatrix::EveryKindOfCall => continue,
        };
        let case = |(fault, times): &(Fault, usize)| Case {
            call: call.clone(),
            fault: fault.clone(),
            times: *times,
        };
        cases.extend(faults.iter().map(case));
    }
    seen.extend(last.into_keys());
    cases
}
