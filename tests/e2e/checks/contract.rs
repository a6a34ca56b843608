//! The contract check has no finding for the workflows' own state machines and types.

use tablekeeper_tests::Workflow;
use tablekeeper_tests::checks::contract::Contract;

/// The states that a Comment excuses, by their workflow, with the reason.
const VOUCHED_FOR: &[(&str, &str)] = &[
    ("backfill", "Backfill Segment: it does not wait, and each turn reads on in a segment that ends"),
    ("export-table", "Export Segment: it does not wait, and each turn reads on in a segment that ends"),
    ("import-table", "Import Segment: it does not wait, and each turn writes on in files that end"),
    (
        "replay",
        "Replay Objects: it does not wait, and each turn begins after the last object of the previous turn",
    ),
    ("restore-snapshot", "Import Segment: it does not wait, and each turn writes on in files that end"),
    ("snapshot", "Snapshot Shard: it does not wait, and each turn goes on in the keys of a shard, which end"),
    ("verify-table", "Read Segment: it does not wait, and each turn reads on in a segment that ends"),
    ("verify-table", "Read Sample: it does not wait, and each turn reads on in a sample that ends"),
    (
        "verify-table",
        "Compare Range: it does not wait, and each turn begins after the last bucket of the previous turn",
    ),
];

pub(crate) fn holds(workflow: &Workflow) {
    let report = Contract::from_workflow(workflow).check();
    assert!(report.diagnostics.is_empty(), "{}: {:?}", workflow.name, report.diagnostics);
    let vouched_for = VOUCHED_FOR.iter().filter(|(of, _)| *of == workflow.name).count();
    assert_eq!(report.annotated, vouched_for, "{}", workflow.name);
}
