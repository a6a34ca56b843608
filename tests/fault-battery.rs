//! The fault battery: what a workflow guarantees, it guarantees with any of its AWS calls going wrong
//! and any of its steps running twice.
//!
//! For every call of every golden scenario, or every kind of call ([`Battery`]): throttled, failed before its effect, or
//! its answer lost after its effect, the run must leave behind exactly what it leaves behind without. Refused for good, it
//! must end by name, with nothing gone that would not have gone without the refusal.
//!
//! Twice throttled, a call is mended by the SDK, which tries three times. Four times throttled or failed,
//! it is not: then Lambda, for `start`, or the machine's `Retry` has to invoke the step again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sfn::types::HistoryEventType;
use futures::StreamExt as _;
use local_aws::{Call, Fault, Rule};
use tablekeeper_functions::error_name::ErrorName;
use tablekeeper_tests::final_state::FinalState;
use tablekeeper_tests::repeated::with_every_task_repeated;
use tablekeeper_tests::run::invoke_start;
use tablekeeper_tests::{Battery, Begin, Ended, Scenario, Workflow, run, run_with, workflows};

/// How many runs go at a time.
const AT_A_TIME: usize = 8;

/// How long a run may take. Generous: it bounds a hang, it measures nothing.
const LONGEST_RUN: Duration = Duration::from_secs(100);
/// How often the SDK tries a call.
const TRIES_OF_THE_SDK: usize = 3;

/// The steps that all goes well without; what a refusal of theirs costs is noted in the output.
const BUT_NOTED: &[&str] = &["export-table.capture-settings"];

/// Calls that a step mends by itself where the SDK gives up, or of which it makes several at a time: each of those has but
/// some of the faults, and the SDK may mend them all.
const MENDED_WITHIN: &[(&str, &str)] = &[
    ("backfill.backfill-segment", "s3:PutObject"),
    ("export-table.export-segment", "dynamodb:Scan"),
    ("export-table.finish-managed-export", "s3:PutObjectTagging"),
    ("import-table.import-segment", "dynamodb:BatchWriteItem"),
    // Where it has done something before, it answers with that, and is invoked again.
    ("import-table.import-segment", "s3:GetObject"),
    // It looks at several versions at a time, and keeps what it has where a later one cannot be had for a while.
    ("snapshot.snapshot-shard", "s3:GetObject"),
    ("snapshot.snapshot-shard", "s3:GetObjectVersion"),
];

/// Calls behind which a step may end its file, and begin another with the next invocation.
const ENDS_ITS_FILE: &[(&str, &str)] =
    &[("snapshot.snapshot-shard", "s3:GetObject"), ("snapshot.snapshot-shard", "s3:GetObjectVersion")];

/// A call that is made to go wrong.
#[derive(Clone, Debug)]
struct Case {
    call: Call,
    fault: Fault,
    times: usize,
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

/// How a case ended, and what it is held against.
struct Outcome<'a> {
    workflow: &'a Workflow,
    scenario: &'a Scenario,
    case: &'a Case,
    golden: &'a Ended,
    ended: &'a Ended,
}

#[tokio::test]
async fn any_call_may_go_wrong() {
    for workflow in workflows::all() {
        let (mut cases, mut seen) = (Vec::new(), BTreeSet::new());
        for scenario in workflow.scenarios.iter().filter(|scenario| scenario.golden) {
            let golden = Arc::new(run(&workflow, scenario).await);
            assert_eq!(golden.last_state(), Some(scenario.ends_in), "{}", scenario.name);
            assert!(golden.dead_letters.is_empty(), "{}: {:?}", scenario.name, golden.dead_letters);
            let of_scenario = cases_of(workflow.battery, &golden, &mut seen);
            cases.extend(of_scenario.into_iter().map(|case| (scenario, Arc::clone(&golden), case)));
        }
        assert!(!cases.is_empty(), "the golden scenarios of {} made no call", workflow.name);
        let all = cases.len();
        let runs =
            cases.into_iter().map(|(scenario, golden, case)| go_wrong(&workflow, scenario, golden, case));
        let runs = futures::stream::iter(runs).buffer_unordered(AT_A_TIME);
        let wrong: Vec<String> = runs.filter_map(async |wrong| wrong).collect().await;
        assert!(wrong.is_empty(), "{} of {all} cases went wrong:\n{}", wrong.len(), wrong.join("\n"));
        eprintln!("{}: {all} faults were survived, or named", workflow.name);
    }
}

/// Every fault.
const ALL: &[(Fault, usize)] = &[
    (Fault::Throttle, 2),
    (Fault::Throttle, 4),
    (Fault::FailBeforeEffect, 4),
    (Fault::LoseAnswer, 1),
    (Fault::Refuse, usize::MAX),
];
/// Those of a call that reads, where each kind of call is enough.
const OF_READS: &[(Fault, usize)] =
    &[(Fault::Throttle, 4), (Fault::FailBeforeEffect, 4), (Fault::Refuse, usize::MAX)];

/// A call's step and action.
type Kind = (Option<String>, String);

/// The calls of the run that count, each with its faults. `seen` has the kinds of call that earlier runs had.
fn cases_of(battery: Battery, golden: &Ended, seen: &mut BTreeSet<Kind>) -> Vec<Case> {
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
        let faults = match battery {
            Battery::EveryCall => ALL,
            Battery::EveryKindOfCall if seen.contains(&kind(call)) => continue,
            Battery::EveryKindOfCall if call.only_reads() && is_last(call) => OF_READS,
            Battery::EveryKindOfCall if !call.only_reads() && (call.ordinal == 0 || is_last(call)) => ALL,
            Battery::EveryKindOfCall => continue,
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

/// Runs the scenario with the case's fault; the words say what is wrong with how it ended.
async fn go_wrong(
    workflow: &Workflow,
    scenario: &Scenario,
    golden: Arc<Ended>,
    case: Case,
) -> Option<String> {
    let ended = run_with(workflow, scenario, async |deployed, front| {
        let (account, Case { call, fault, times }) = (deployed.account.clone(), case.clone());
        let Call { step, action, ordinal: from_ordinal, .. } = call;
        front.inject(Rule { account, step, action, from_ordinal, times, fault });
    });
    let name = format!("{}: {case}", scenario.name);
    // What hangs is one case that went wrong, and keeps no other from being told.
    let Ok(ended) = tokio::time::timeout(LONGEST_RUN, ended).await else {
        return Some(format!("{name}: did not end within {LONGEST_RUN:?}"));
    };
    ended.deployed.remove_functions().await;
    let outcome = Outcome { workflow, scenario, case: &case, golden: &golden, ended: &ended };
    outcome.check().err().map(|reason| format!("{name}: {reason}"))
}

impl Outcome<'_> {
    /// What is wrong with how the run with the fault ended.
    fn check(&self) -> Result<(), String> {
        let Outcome { ended, golden, scenario, case, .. } = self;
        let faults = ended.calls.iter().filter(|call| call.fault.is_some()).count();
        if case.fault == Fault::Refuse {
            return if faults == 0 { Err("the fault was never met".to_owned()) } else { self.refused_well() };
        }
        if faults != case.times {
            return Err(format!("the fault was met {faults} times"));
        }
        let last = ended.last_state();
        if last != Some(scenario.ends_in) {
            let cause = ended.execution.as_ref().and_then(|it| it.cause.as_deref());
            return Err(format!("ended in {last:?} with {:?}: {cause:?}", ended.error()));
        }
        if !ended.dead_letters.is_empty() {
            return Err(format!("left dead letters: {:?}", ended.dead_letters));
        }
        let is_of = |calls: &[(&str, &str)]| {
            let is_it = |(step, action): &(&str, &str)| {
                case.call.step.as_deref() == Some(*step) && case.call.action == *action
            };
            calls.iter().any(is_it)
        };
        let mended = is_of(MENDED_WITHIN);
        if case.times > TRIES_OF_THE_SDK && self.invoked_by_the_machine() && !mended && !retried(ended) {
            return Err("the machine never had to try again".to_owned());
        }
        let equal = match is_of(ENDS_ITS_FILE) {
            true => ended.state.with_files_together() == golden.state.with_files_together(),
            false => ended.state == golden.state,
        };
        match equal {
            true => Ok(()),
            false => Err(format!("left\n  {:?}\nnot\n  {:?}", ended.state, golden.state)),
        }
    }

    /// Whether the step is a task of the machine, and not what starts it.
    fn invoked_by_the_machine(&self) -> bool {
        self.case.call.step != Some(format!("{}.start", self.workflow.name))
    }

    /// A refusal ends by name, and what was there before is still there.
    fn refused_well(&self) -> Result<(), String> {
        let Outcome { workflow, scenario, ended, golden, .. } = self;
        self.no_backup_too_many_is_gone()?;
        self.nothing_is_taken_for_an_export()?;
        // What was refused was not needed then: a sync whose change was made, though not seen, is equal all the same.
        let equal = ended.last_state() == Some(scenario.ends_in) && ended.state == golden.state;
        if workflow.changes_settings_of.is_some() && equal {
            return Ok(());
        }
        let (error, denied) = (ended.error(), ErrorName::AccessDenied.as_str());
        let execution = ended.execution.as_ref();
        let noted = || execution.is_some_and(|execution| execution.output.to_string().contains(denied));
        if self.is_but_noted() && ended.last_state() == Some(scenario.ends_in) && noted() {
            return Ok(());
        }
        let cause = execution.and_then(|execution| execution.cause.as_deref()).unwrap_or_default();
        let reports = workflow.reports_refusals_by.map(ErrorName::as_str);
        let told = reports.is_some() && error.as_deref() == reports && cause.contains(denied);
        if error.as_deref() != Some(denied) && !told {
            return Err(format!("ended with {error:?}, not AccessDenied: {cause}"));
        }
        for (name, before) in &ended.before.tables {
            let mut before = before.clone();
            let Some(after) = ended.state.tables.get(name) else {
                return Err(format!("table {name} is gone"));
            };
            if workflow.changes_settings_of == Some(name.as_str()) {
                before.settings.clone_from(&after.settings);
            }
            // What the run would have written may be there in part; nothing else, and nothing is gone.
            let golden =
                golden.state.tables.get(name).map(|table| table.items.as_slice()).unwrap_or_default();
            let known = |item: &String| before.items.contains(item) || golden.contains(item);
            let kept = before.items.iter().all(|item| after.items.contains(item));
            if kept && after.items.iter().all(known) {
                before.items.clone_from(&after.items);
            }
            if *after != before {
                return Err(format!("table {name} is\n  {after:?}\nnot\n  {before:?}"));
            }
        }
        for (name, versions) in &ended.before.parameters {
            if !ended.state.parameters.get(name).is_some_and(|after| after.starts_with(versions)) {
                return Err(format!("parameter {name} lost a version"));
            }
        }
        Ok(())
    }

    /// The scan of a table that was not exported has no manifest that a reader would go by. (DynamoDB's own exports are
    /// whole before they have their tags.)
    fn nothing_is_taken_for_an_export(&self) -> Result<(), String> {
        let Outcome { scenario, ended, .. } = self;
        let objects = &ended.state.objects;
        let has = |end: &str| objects.iter().any(|object| object.key.ends_with(end));
        let failed = ended.before.tables.len() == 1 && ended.last_state() != Some(scenario.ends_in);
        let scanned = objects.iter().any(|object| object.key.contains("/parts/"));
        match failed && scanned && has("manifest-summary.json") {
            true => Err(format!("left a manifest: {objects:?}")),
            false => Ok(()),
        }
    }

    /// Whether a refusal of the call costs nothing but what the output then has a note of.
    fn is_but_noted(&self) -> bool {
        self.case.call.step.as_deref().is_some_and(|step| BUT_NOTED.contains(&step))
    }

    /// Backups go only where the workflow prunes, and then only those that it prunes without the refusal too.
    fn no_backup_too_many_is_gone(&self) -> Result<(), String> {
        let Outcome { workflow, golden, ended, case: Case { call, .. }, .. } = self;
        let deletes = |it: &Call| it.action == "dynamodb:DeleteBackup" && it.step == call.step;
        // What another workflow's step does beside it is not needed for pruning.
        let own = call.step.as_deref().is_some_and(|step| step.starts_with(&format!("{}.", workflow.name)));
        let one_table = ended.before.tables.len() == 1;
        let none_may_go = own && (call.ordinal == 0 || (one_table && !golden.calls.iter().any(deletes)));
        for (table, before) in &ended.before.backups {
            let count = |state: &FinalState, name: &str| {
                state.backups.get(table).and_then(|backups| backups.get(name)).copied().unwrap_or_default()
            };
            let fewer = |(name, had): &(&String, &usize)| count(&ended.state, name) < **had;
            let gone: Vec<&String> = before.iter().filter(fewer).map(|(name, _)| name).collect();
            if gone.is_empty() {
                continue;
            }
            if none_may_go {
                return Err(format!("backups of {table} are gone: {gone:?}"));
            }
            let left = golden.state.backups.get(table).into_iter().flatten();
            let lost: Vec<&String> = left.filter(fewer).map(|(name, _)| name).collect();
            if !lost.is_empty() {
                return Err(format!("of {table} {gone:?} is gone though {lost:?} is not there"));
            }
        }
        Ok(())
    }
}

/// Whether a task of the execution failed, which then was tried again, as the execution ended well.
fn retried(ended: &Ended) -> bool {
    let mut history = ended.execution.iter().flat_map(|execution| &execution.history);
    history.any(|event| event.r#type == HistoryEventType::TaskFailed)
}

#[tokio::test]
async fn every_step_may_run_twice() {
    for workflow in workflows::all() {
        for scenario in workflow.scenarios.iter().filter(|scenario| scenario.golden) {
            let golden = run(&workflow, scenario).await;
            let mut doubled = BTreeSet::new();
            let ended = run_with(&workflow, scenario, async |deployed, _| {
                let machine = deployed.machine();
                let now =
                    deployed.sfn.describe_state_machine().state_machine_arn(machine).send().await.unwrap();
                let (definition, tasks) = with_every_task_repeated(&now.definition);
                doubled = tasks;
                let update = deployed.sfn.update_state_machine().state_machine_arn(machine);
                update.definition(definition).send().await.unwrap();
            })
            .await;
            let execution = ended.execution.as_ref().unwrap();
            let repeats: BTreeSet<&str> =
                execution.entered.iter().filter_map(|state| state.strip_suffix(", first")).collect();
            // A Choice may lead past a task, here as there.
            let once = &golden.execution.as_ref().unwrap().entered;
            let passed = once.iter().filter(|state| doubled.contains(*state)).map(String::as_str);
            assert_eq!(
                repeats,
                passed.collect::<BTreeSet<_>>(),
                "{}: {:?}",
                scenario.name,
                execution.entered
            );
            assert_eq!(ended.last_state(), Some(scenario.ends_in), "{}: {execution:?}", scenario.name);
            if let Begin::Event(event) = &ended.begin {
                invoke_start(&ended.deployed, event).await;
            }
            assert_eq!(FinalState::of(&ended.deployed).await, golden.state, "{}", scenario.name);
            let dead_letters = ended.deployed.dead_letters().await;
            assert!(ended.dead_letters.is_empty() && dead_letters.is_empty(), "{}", scenario.name);
        }
    }
}
