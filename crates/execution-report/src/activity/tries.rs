//! What follows the failure of a try.

use std::collections::HashMap;

use serde_json::Value;

use super::chain::Chain;
use super::{Doing, is_failure};
use crate::history::Failure;
use crate::retry::Retrier;

/// Returns what a flow does after its last try failed. Without the definition, or if the state was entered before the events
/// that were read, it is not known whether it tries again.
pub(super) fn after_failure(chain: &Chain<'_>, state: Option<&Value>) -> Doing {
    let last = &chain.leaf().event;
    retrying(chain, state).unwrap_or_else(|| Doing::Failed { failure: last.failure.clone() })
}

fn retrying(chain: &Chain<'_>, state: Option<&Value>) -> Option<Doing> {
    let retriers = Retrier::from_state(state?);
    chain.entered()?;
    let failed = chain.links.iter().rev().filter(|event| is_failure(&event.event.kind));
    let mut used: HashMap<usize, u64> = HashMap::new();
    let (mut tries, mut decision) = (0, None);
    for event in failed {
        let failure = event.event.failure.as_ref()?;
        tries += 1;
        let found = retriers.iter().enumerate().find(|(_, retrier)| retrier.matches(&failure.error));
        decision = found.map(|(index, retrier)| {
            let retry = used.entry(index).or_default();
            *retry += 1;
            (retrier, *retry, event.event.at, failure)
        });
    }
    let (retrier, retry, at, failure): (&Retrier, u64, _, &Failure) = decision?;
    (retry <= retrier.attempts()).then(|| Doing::Retrying {
        failed: tries,
        next: retrier.wait(retry).and_then(|wait| at.checked_add_signed(wait)),
        is_latest: retrier.has_jitter(),
        failure: failure.clone(),
    })
}
