//! A workflow keeps its guarantees if any of its AWS calls fails.
//!
//! The test covers every call of every golden scenario, or every kind of call
//! ([`FaultMatrix`](tablekeeper_tests::FaultMatrix)). If the call is throttled, fails before its effect, or loses its
//! response after its effect, the run must leave exactly the same state behind. If the call is refused permanently, the
//! run must end with an error name and must not delete anything that it would not have deleted otherwise.
//!
//! The SDK tries three times, so it recovers from two throttles. It does not recover from four throttles or failures.
//! Then Lambda (for `start`) or the state machine's `Retry` has to invoke the step again.

mod cases;
mod outcome;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use local_aws::{Call, Rule};
use tablekeeper_tests::{Ended, Scenario, Workflow, run, run_again};

use cases::{Case, cases_of};
use outcome::Outcome;

/// The number of concurrent runs.
const AT_A_TIME: usize = 12;
/// The time limit of a run. It is generous, since it only bounds a hang.
const LONGEST_RUN: Duration = Duration::from_secs(100);

pub(crate) async fn are_survived_or_named(workflow: &Workflow) {
    let golden = workflow.scenarios.iter().filter(|scenario| scenario.golden);
    let golden = golden.map(async |scenario| (scenario, Arc::new(run(workflow, scenario).await)));
    let golden: Vec<_> = futures::stream::iter(golden).buffered(AT_A_TIME).collect().await;
    let (mut cases, mut seen) = (Vec::new(), BTreeSet::new());
    for (scenario, golden) in golden {
        assert_eq!(golden.last_state(), Some(scenario.ends_in), "{}", scenario.name);
        assert!(golden.dead_letters.is_empty(), "{}: {:?}", scenario.name, golden.dead_letters);
        let of_scenario = cases_of(workflow.fault_matrix, &golden, &mut seen);
        cases.extend(of_scenario.into_iter().map(|case| (scenario, Arc::clone(&golden), case)));
    }
    assert!(!cases.is_empty(), "the golden scenarios of {} made no call", workflow.name);
    let all = cases.len();
    let runs = cases.into_iter().map(|(scenario, golden, case)| go_wrong(workflow, scenario, golden, case));
    let runs = futures::stream::iter(runs).buffer_unordered(AT_A_TIME);
    let wrong: Vec<String> = runs.filter_map(async |wrong| wrong).collect().await;
    assert!(wrong.is_empty(), "{} of {all} cases went wrong:\n{}", wrong.len(), wrong.join("\n"));
    eprintln!("{}: {all} faults were survived or reported with an error name", workflow.name);
}

/// Runs the scenario with the case's fault. Returns a message if the run ended wrongly.
async fn go_wrong(
    workflow: &Workflow,
    scenario: &Scenario,
    golden: Arc<Ended>,
    case: Case,
) -> Option<String> {
    let ended = run_again(workflow, scenario, &golden, async |deployed, proxy| {
        let (account, Case { call, fault, times }) = (deployed.account.clone(), case.clone());
        let Call { step, action, ordinal: from_ordinal, .. } = call;
        proxy.inject(Rule { account, step, action, from_ordinal, times, fault });
    });
    let name = format!("{}: {case}", scenario.name);
    // A hanging run is one failed case and does not hide the others.
    let Ok(ended) = tokio::time::timeout(LONGEST_RUN, ended).await else {
        return Some(format!("{name}: did not end within {LONGEST_RUN:?}"));
    };
    ended.deployed.remove_functions().await;
    let outcome = Outcome { workflow, scenario, case: &case, golden: &golden, ended: &ended };
    outcome.check().err().map(|reason| format!("{name}: {reason}"))
}
