//! The contract check against the workflows' own machines and types: it has nothing to say of them, it
//! refuses them when anything in them is changed, and what it infers is what executions do.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tablekeeper_tests::contract::Contract;
use tablekeeper_tests::mutants::{self, Mutant};
use tablekeeper_tests::payloads::{inputs, payloads, with_payloads_shown};
use tablekeeper_tests::{run_with, workflows};

/// Mutants that are as good as what they were made from, by what their names end in, each with the reason.
const EQUIVALENT: &[(&str, &str)] = &[
    (
        "drop /States/Publish Pointer/Retry/1/ErrorEquals/0",
        "the name is caught as well; only the retry is gone",
    ),
    (
        "drop /States/Publish Pointer/Catch/0/ErrorEquals/2",
        "the name is retried, and then States.ALL catches it",
    ),
    (
        "retype rotate-restore.check-restore.output/oneOf/1/properties/status",
        "the machine asks for READY alone, and waits for anything else",
    ),
    ("restore-backup.output/properties/adopted", "for people who read the history; no state reads it"),
    ("check-restore.output/oneOf/1/properties/reason", "for people who read the history; no state reads it"),
    ("retype sync-settings.check-table.output/oneOf/1/properties/status", "as above, of READY"),
    ("retype sync-settings.apply-setting.output/oneOf/1/properties/status", "as above, of DONE"),
    ("retype sync-settings.verify-settings.output/oneOf/1/properties/status", "as above, of EQUAL"),
    ("check-table.output/oneOf/0/properties/tableArn", "for people who read the history; no state reads it"),
    ("check-table.output/oneOf/1/properties/reason", "for people who read the history; no state reads it"),
    ("apply-setting.output/oneOf/1/properties/reason", "for people who read the history; no state reads it"),
    (
        "verify-settings.output/oneOf/1/properties/reason",
        "for people who read the history; no state reads it",
    ),
    (
        "rename /States/Sync Settings/Catch/0/ErrorEquals/0",
        "the check does not know the names of other services' errors; a scenario takes this catcher",
    ),
    (
        "drop /States/Sync Settings/Arguments/Input/Source",
        "the sync then takes the table that the target says it was restored from, which is the same",
    ),
    ("drop /States/Sync Settings Again/Arguments/Input/Source", "as above"),
    ("/Assign/syncSettingsOutput", "it stays null then, as without a sync; a scenario looks at the output"),
    (
        "/Assign/settingsFailure",
        "it stays null then, as where nothing failed; a scenario looks at how it ends",
    ),
    (
        "Capture Settings/Assign/settings",
        "it stays null then, as without a capture; a test looks at the report",
    ),
    ("Capture Settings/Output", "what follows reads variables alone"),
    ("retype backup-prune.check-backup.output/oneOf/1/properties/status", "as above, of READY"),
    ("check-backup.output/oneOf/1/properties/reason", "for people who read the history; no state reads it"),
    ("drop backup-prune.delete-backup.output/properties/reason", "without it, the reader takes it for null"),
    (
        "drop backup-prune.report-table.output/properties/BackupArn",
        "without it, the reader takes it for null",
    ),
    ("drop backup-prune.report-table.output/properties/Settings", "without it, the reader takes it for null"),
    ("drop backup-prune.report-table.output/properties/Error", "without it, the reader takes it for null"),
    ("drop backup-prune.report-table.output/properties/Cause", "without it, the reader takes it for null"),
    (
        "drop sync-settings.plan-settings.output/$defs/SettingReport/properties/Reason",
        "without a reason, the reader takes it for null",
    ),
    ("Capture Settings/Assign/settingsNotes", "they stay empty then; a scenario looks at how it ends"),
    ("Segment Exported/Output", "what a segment ends with is written down, and no state reads it"),
    ("Export Segments/Output", "what follows reads variables alone"),
    ("Shard Written/Output", "what a shard ends with is written down, and no state reads it"),
    ("Snapshot Shards/Output", "what follows reads variables alone"),
    ("retype export-table.plan-export.output/oneOf/1/properties/mode", "as above, of SCAN"),
    ("retype export-table.check-managed-export.output/oneOf/1/properties/status", "as above, of READY"),
    ("drop export-table.finish-export.output/properties/Mode", "without it, the reader takes it for null"),
    (
        "drop export-table.finish-export.output/properties/Manifest",
        "without it, the reader takes it for null",
    ),
    (
        "drop export-table.finish-export.output/properties/Settings",
        "without it, the reader takes it for null",
    ),
    ("drop export-table.finish-export.output/properties/Error", "without it, the reader takes it for null"),
    ("drop export-table.finish-export.output/properties/Cause", "without it, the reader takes it for null"),
    (
        "drop export-table.finish-managed-export.output/properties/Mode",
        "without it, the reader takes it for null",
    ),
    (
        "drop export-table.finish-managed-export.output/properties/Manifest",
        "without it, the reader takes it for null",
    ),
    (
        "drop export-table.finish-managed-export.output/properties/Settings",
        "without it, the reader takes it for null",
    ),
    (
        "drop export-table.finish-managed-export.output/properties/Error",
        "without it, the reader takes it for null",
    ),
    (
        "drop export-table.finish-managed-export.output/properties/Cause",
        "without it, the reader takes it for null",
    ),
    (
        "drop /States/Import Segments/ItemProcessor/States/Import Segment/Arguments/Payload/cursor",
        "each call then begins at the first file; the scenario of several invocations does not end",
    ),
    ("Import Segment/Assign/cursor", "as above"),
    (
        "Import Segment/Assign/items",
        "each call then counts anew; the scenario of several invocations sees it",
    ),
    (
        "Backfill Segment/Assign/cursor",
        "each call then begins anew; the scenario of several invocations does not end",
    ),
    (
        "Backfill Segment/Assign/written",
        "each call then counts anew; the scenario of several invocations sees it",
    ),
    ("Backfill Segment/Assign/kept", "as above"),
    (
        "backfill.backfill-segment.output/properties/segment",
        "for people who read the history; no state reads it",
    ),
    (
        "import-table.import-segment.output/properties/segment",
        "for people who read the history; no state reads it",
    ),
    (
        "drop import-table.plan-import.output/$defs/Import/properties/itemCount",
        "without it, the reader takes it for null; a scenario has fewer items than that",
    ),
    (
        "drop restore-snapshot.plan-restore.output/$defs/Import/properties/itemCount",
        "as above, of import-table",
    ),
    (
        "drop snapshot.plan-snapshot.output/$defs/Snapshot/properties/keptUntil",
        "without it, the reader takes it for null, as where versions are kept for good",
    ),
];

/// How many mutants there must be of each workflow at least, and how many of a hundred must be refused, those that are
/// as good counted as not refused.
const LEAST: usize = 300;
const REFUSED_OF_A_HUNDRED: usize = 98;

/// The states that a Comment vouches for, by their workflow, with the reason.
const VOUCHED_FOR: &[(&str, &str)] = &[
    ("backfill", "Backfill Segment: nothing is waited for, and each turn reads on in a segment that ends"),
    ("export-table", "Export Segment: nothing is waited for, and each turn reads on in a segment that ends"),
    ("import-table", "Import Segment: nothing is waited for, and each turn writes on in files that end"),
    ("restore-snapshot", "Import Segment: nothing is waited for, and each turn writes on in files that end"),
    (
        "snapshot",
        "Snapshot Shard: nothing is waited for, and each turn goes on in the keys of a shard, which end",
    ),
];

#[test]
fn the_workflows_own_machines_have_no_finding_and_need_no_other_annotation() {
    for workflow in workflows::all() {
        let report = Contract::of(&workflow).check();
        assert!(report.diagnostics.is_empty(), "{}: {:?}", workflow.name, report.diagnostics);
        let vouched_for = VOUCHED_FOR.iter().filter(|(of, _)| *of == workflow.name).count();
        assert_eq!(report.annotated, vouched_for, "{}", workflow.name);
    }
}

#[test]
fn whatever_is_renamed_dropped_or_retyped_is_refused() {
    let (mut all, mut survivors) = (0, Vec::new());
    for workflow in workflows::all() {
        let mutants = mutants::all(&Contract::of(&workflow));
        assert!(mutants.len() >= LEAST, "only {} mutants of {} were made", mutants.len(), workflow.name);
        all += mutants.len();
        survivors.extend(surviving(&mutants));
    }
    let unexplained: Vec<&String> =
        survivors.iter().filter(|name| !EQUIVALENT.iter().any(|(end, _)| name.ends_with(end))).collect();
    assert!(
        unexplained.is_empty(),
        "{} of {all} mutants are not refused:\n{unexplained:#?}",
        unexplained.len()
    );
    for (end, _) in EQUIVALENT {
        assert!(
            survivors.iter().any(|name| name.ends_with(end)),
            "{end} is refused now, and need not be listed"
        );
    }
    let refused = (all - survivors.len()) * 100;
    assert!(refused >= all * REFUSED_OF_A_HUNDRED, "only {} of {all} are refused", all - survivors.len());
    eprintln!("{all} mutants, {} refused, {} equivalent", all - survivors.len(), survivors.len());
}

/// The names of those that the check has nothing to say of. The threads take one after the other, as some cost far more
/// than others.
fn surviving(mutants: &[Mutant]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || -> Vec<String> {
        let take = || mutants.get(next.fetch_add(1, Ordering::Relaxed));
        let survives = |mutant: &&Mutant| mutant.contract.check().diagnostics.is_empty();
        std::iter::from_fn(take).filter(survives).map(|mutant| mutant.name.clone()).collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[tokio::test]
async fn what_executions_do_is_what_was_inferred() {
    for workflow in workflows::all() {
        let inferred = Contract::of(&workflow).check().states;
        let schema = |state: &str, part: &str| -> Option<Value> {
            let end = format!("/States/{}", state.replace('~', "~0").replace('/', "~1"));
            let shapes =
                inferred.iter().find_map(|(place, shapes)| place.ends_with(&end).then_some(shapes))?;
            if part == "input" { Some(shapes.input.clone()) } else { shapes.payload.clone() }
        };
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for scenario in &workflow.scenarios {
            let ended = run_with(&workflow, scenario, async |deployed, _| {
                let machine = deployed.machine();
                let now =
                    deployed.sfn.describe_state_machine().state_machine_arn(machine).send().await.unwrap();
                let update = deployed.sfn.update_state_machine().state_machine_arn(machine);
                update.definition(with_payloads_shown(&now.definition)).send().await.unwrap();
            })
            .await;
            ended.deployed.remove_functions().await;
            assert_eq!(ended.last_state(), Some(scenario.ends_in), "{}", scenario.name);
            let history = &ended.execution.as_ref().unwrap().history;
            let payloads = payloads(history).into_iter().map(|(task, payload)| (task, "payload", payload));
            let inputs = inputs(history).into_iter().map(|(state, input)| (state, "input", input));
            for (state, part, value) in payloads.chain(inputs) {
                let Some(schema) = schema(&state, part) else { continue };
                let errors: Vec<String> = jsonschema::validator_for(&schema)
                    .unwrap()
                    .iter_errors(&value)
                    .map(|it| it.to_string())
                    .collect();
                // A person may start an execution with anything; the first step refuses what is wrong.
                let refused = scenario.ends_in == "Input Refused";
                assert!(
                    refused || errors.is_empty(),
                    "{}: {part} of {state}: {errors:?}: {value}",
                    scenario.name
                );
                *seen.entry(format!("{part} of {state}")).or_default() += 1;
            }
        }
        let states: BTreeSet<&str> =
            inferred.keys().map(|pointer| pointer.rsplit('/').next().unwrap()).collect();
        let excused = |state: &str| workflow.unentered.iter().any(|(excused, _)| *excused == state);
        for state in states.into_iter().filter(|state| !excused(state)) {
            assert!(
                seen.contains_key(&format!("input of {state}")),
                "no execution entered {state}: {seen:?}"
            );
        }
        assert!(seen.keys().filter(|key| key.starts_with("payload of ")).count() >= 3, "{seen:?}");
    }
}
