//! The contract check refuses a workflow's state machine and types if anything in them is renamed, dropped or retyped.

mod equivalent;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use contracts::Checker;
use tablekeeper_tests::checks::contract::Contract;
use tablekeeper_tests::checks::mutants::{self, Mutant};
use tablekeeper_tests::{Workflow, workflows};

/// The least number of mutants per workflow, and the least percentage of all mutants that must be refused. Equivalent
/// mutants count as not refused.
const LEAST: usize = 250;
const REFUSED_OF_A_HUNDRED: usize = 98;

/// The result of checking a workflow's mutants.
struct Outcome {
    all: usize,
    /// The names of the mutants without a finding.
    survivors: Vec<String>,
}

pub(crate) fn are_refused(workflow: &Workflow) {
    let outcome = outcome(workflow);
    let Outcome { all, survivors } = outcome.get().unwrap();
    assert!(*all >= LEAST, "only {all} mutants of {} were made", workflow.name);
    let equivalent = equivalent::of(workflow.name);
    let unexplained: Vec<&String> =
        survivors.iter().filter(|name| !equivalent.iter().any(|(end, _)| name.ends_with(end))).collect();
    assert!(
        unexplained.is_empty(),
        "{} of {all} mutants are not refused:\n{unexplained:#?}",
        unexplained.len()
    );
    for (end, _) in equivalent {
        let survives = survivors.iter().any(|name| name.ends_with(end));
        assert!(survives, "{end} of {} is refused now, so it must not be listed", workflow.name);
    }
    let refused = all - survivors.len();
    eprintln!("{}: {all} mutants, {refused} refused, {} equivalent", workflow.name, survivors.len());
}

pub(crate) fn of_all_workflows_are_refused() {
    let (mut all, mut survivors) = (0, 0);
    for workflow in workflows::all() {
        let outcome = outcome(&workflow);
        let outcome = outcome.get().unwrap();
        all += outcome.all;
        survivors += outcome.survivors.len();
    }
    let refused = all - survivors;
    assert!(refused * 100 >= all * REFUSED_OF_A_HUNDRED, "only {refused} of {all} are refused");
}

/// Returns the outcome for the workflow, which is computed once for all tests.
fn outcome(workflow: &Workflow) -> Arc<OnceLock<Outcome>> {
    static OUTCOMES: Mutex<BTreeMap<&str, Arc<OnceLock<Outcome>>>> = Mutex::new(BTreeMap::new());
    let outcome = Arc::clone(OUTCOMES.lock().unwrap().entry(workflow.name).or_default());
    outcome.get_or_init(|| {
        let contract = Contract::from_workflow(workflow);
        let mutants = mutants::all(&contract);
        Outcome { all: mutants.len(), survivors: surviving(&contract.checker(), &mutants) }
    });
    outcome
}

/// Returns the names of the mutants without a finding. The threads take one mutant after the other, because some cost
/// far more than others.
fn surviving(checker: &Checker, mutants: &[Mutant]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || -> Vec<String> {
        let take = || mutants.get(next.fetch_add(1, Ordering::Relaxed));
        let survives = |mutant: &&Mutant| mutant.contract.check_with(checker).diagnostics.is_empty();
        std::iter::from_fn(take).filter(survives).map(|mutant| mutant.name.clone()).collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}
