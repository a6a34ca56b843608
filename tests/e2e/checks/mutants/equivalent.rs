//! Mutants that are equivalent to the original.

/// The end of a mutant's name, and the reason why the mutant is equivalent.
type Equivalent = (&'static str, &'static str);

const NO_STATE_READS_IT: &str = "people read it in the history, and no state reads it";
const NULL_WITHOUT_IT: &str = "without it, the reader reads null";
const ABSENT_WITHOUT_IT: &str = "the output omits it if it does not apply to the strength";
const ONE_OF_THEM: &str = "each of them may be absent, and verify-table refuses an expectation without any";
const DEFAULT_WITHOUT_IT: &str =
    "without it, verify-table takes its default, and a unit test checks the value";
const VARIABLES_FOLLOW: &str = "the next states read only variables";
const OTHERS_ARE_RETRIED: &str =
    "the errors of another service are not declared, and the other names are retried";

const EXPECTED: &str =
    "the field may be absent in the input of verify-table, and a unit test checks that it is there";
const NOT_READ: &str = "the next state does not read its input";
const VERBATIM: &str = "the output of verify-table is any value here, and goes into the evidence verbatim";

/// Returns the equivalent mutants of the workflow.
pub(super) fn of(workflow: &str) -> &'static [Equivalent] {
    match workflow {
        "backfill" => BACKFILL,
        "backup-prune" => BACKUP_PRUNE,
        "export-table" => EXPORT_TABLE,
        "import-table" => IMPORT_TABLE,
        "replay" => REPLAY,
        "report-execution" => REPORT_EXECUTION,
        "restore-snapshot" => RESTORE_SNAPSHOT,
        "restore-test" => RESTORE_TEST,
        "retire-copies" => RETIRE_COPIES,
        "rollback" => ROLLBACK,
        "rotate-restore" => ROTATE_RESTORE,
        "snapshot" => SNAPSHOT,
        "sync-settings" => SYNC_SETTINGS,
        "verify-table" => VERIFY_TABLE,
        _ => &[],
    }
}

const BACKFILL: &[Equivalent] = &[
    (
        "Backfill Segment/Assign/cursor",
        "each call then starts again, and the scenario of several invocations does not end",
    ),
    (
        "Backfill Segment/Assign/written",
        "each call then counts from 0, and the scenario of several invocations finds it",
    ),
    (
        "Backfill Segment/Assign/kept",
        "each call then counts from 0, and the scenario of several invocations finds it",
    ),
    ("backfill.backfill-segment.output/properties/segment", NO_STATE_READS_IT),
];

const REPORT_EXECUTION: &[Equivalent] = &[
    ("Put Event/Output", VARIABLES_FOLLOW),
    ("Put Event/Catch/0/Output", VARIABLES_FOLLOW),
    (
        "Put Event/Catch/0/Assign/eventError",
        "the end then counts as delivered, and the journey of a refused event finds it",
    ),
    ("Publish Message/Output", VARIABLES_FOLLOW),
    ("Publish Message/Catch/0/Output", VARIABLES_FOLLOW),
    (
        "Publish Message/Catch/0/Assign/messageError",
        "the end then counts as delivered, and the scenario without a topic finds it",
    ),
];

const REPLAY: &[Equivalent] = &[
    (
        "Replay Objects/Assign/cursor",
        "each call then starts again and counts the remaining objects again. The scenario of an object that holds no records finds it",
    ),
    (
        "Replay Objects/Assign/counts",
        "each call then counts from 0, and the scenario of an object that holds no records finds it",
    ),
    (
        "Replay Objects/Assign/reasons",
        "the last call then has no reasons, and the scenario of an object that holds no records finds it",
    ),
];

const RETIRE_COPIES: &[Equivalent] = &[
    ("Back Up Copy/Assign/backup", "the next poll then adopts the backup by its name"),
    (
        "Back Up Copy/Assign/backupArn",
        "it stays null then, so Delete Copy fails, and the scenario of an old copy finds it",
    ),
    (
        "Delete Copy/Assign/report",
        "the report then says that the table is marked, and the scenario of an old copy finds it",
    ),
    (
        "/Catch/0/Assign/report",
        "the report is then an earlier one, and the scenarios of refused calls find that the execution succeeds",
    ),
    ("/Catch/1/Assign/report", "as Catch/0, for errors without a name of their own"),
    (
        "retype retire-copies.back-up-copy.output/oneOf/1/properties/status",
        "the state machine tests only for READY, and waits otherwise",
    ),
    ("Unmark Copy/Output", VARIABLES_FOLLOW),
    ("retire-copies.unmark-copy.output/properties/removed", NO_STATE_READS_IT),
];

const BACKUP_PRUNE: &[Equivalent] = &[
    (
        "/Assign/settingsFailure",
        "it stays null then, as if nothing failed, and a scenario checks how it ends",
    ),
    (
        "Capture Settings/Assign/settings",
        "it stays null then, as without a capture, and a test checks the report",
    ),
    ("Capture Settings/Output", VARIABLES_FOLLOW),
    (
        "Capture Settings/Arguments/Payload/AsOf",
        "the field may be absent, and a test checks the document's time",
    ),
    (
        "retype backup-prune.check-backup.output/oneOf/1/properties/status",
        "the state machine tests only for READY, and waits otherwise",
    ),
    ("check-backup.output/oneOf/1/properties/reason", NO_STATE_READS_IT),
    ("drop backup-prune.delete-backup.output/properties/reason", NULL_WITHOUT_IT),
    ("drop backup-prune.report-table.output/properties/BackupArn", NULL_WITHOUT_IT),
    ("drop backup-prune.report-table.output/properties/Settings", NULL_WITHOUT_IT),
    ("drop backup-prune.report-table.output/properties/Error", NULL_WITHOUT_IT),
    ("drop backup-prune.report-table.output/properties/Cause", NULL_WITHOUT_IT),
];

const EXPORT_TABLE: &[Equivalent] = &[
    (
        "/Assign/settingsFailure",
        "it stays null then, as if nothing failed, and a scenario checks how it ends",
    ),
    (
        "Capture Settings/Assign/settings",
        "it stays null then, as without a capture, and a test checks the report",
    ),
    ("Capture Settings/Assign/settingsNotes", "they stay empty then, and a scenario checks how it ends"),
    ("Segment Exported/Output", "the output of a segment is in a document, and no state reads it"),
    ("Export Segments/Output", VARIABLES_FOLLOW),
    (
        "retype export-table.plan-export.output/oneOf/1/properties/mode",
        "the state machine tests only for SCAN, and treats anything else as an export by DynamoDB",
    ),
    (
        "retype export-table.check-managed-export.output/oneOf/1/properties/status",
        "the state machine tests only for READY, and waits otherwise",
    ),
    ("drop export-table.finish-export.output/properties/Mode", NULL_WITHOUT_IT),
    ("drop export-table.finish-export.output/properties/Manifest", NULL_WITHOUT_IT),
    ("drop export-table.finish-export.output/properties/Settings", NULL_WITHOUT_IT),
    ("drop export-table.finish-export.output/properties/Error", NULL_WITHOUT_IT),
    ("drop export-table.finish-export.output/properties/Cause", NULL_WITHOUT_IT),
    ("drop export-table.finish-managed-export.output/properties/Mode", NULL_WITHOUT_IT),
    ("drop export-table.finish-managed-export.output/properties/Manifest", NULL_WITHOUT_IT),
    ("drop export-table.finish-managed-export.output/properties/Settings", NULL_WITHOUT_IT),
    ("drop export-table.finish-managed-export.output/properties/Error", NULL_WITHOUT_IT),
    ("drop export-table.finish-managed-export.output/properties/Cause", NULL_WITHOUT_IT),
];

const IMPORT_TABLE: &[Equivalent] = &[
    (
        "Import Segment/Assign/doubts",
        "each call then counts from 0, and the scenario of lines without types in several invocations finds it",
    ),
    (
        "drop /States/Import Segments/ItemProcessor/States/Import Segment/Arguments/Payload/cursor",
        "each call then starts at the first file, and the scenario of several invocations does not end",
    ),
    (
        "Import Segment/Assign/cursor",
        "each call then starts at the first file, and the scenario of several invocations does not end",
    ),
    (
        "Import Segment/Assign/items",
        "each call then counts from 0, and the scenario of several invocations finds it",
    ),
    ("import-table.import-segment.output/properties/segment", NO_STATE_READS_IT),
    (
        "drop import-table.plan-import.output/$defs/Import/properties/itemCount",
        "without it, the reader reads null, and a scenario has fewer items than that",
    ),
];

const RESTORE_SNAPSHOT: &[Equivalent] = &[
    ("Import Segment/Assign/doubts", "the lines of a snapshot have their types, so there are no doubts"),
    (
        "drop /States/Import Segments/ItemProcessor/States/Import Segment/Arguments/Payload/cursor",
        "each call then starts at the first file, and the scenario of several invocations does not end",
    ),
    (
        "Import Segment/Assign/cursor",
        "each call then starts at the first file, and the scenario of several invocations does not end",
    ),
    (
        "Import Segment/Assign/items",
        "each call then counts from 0, and the scenario of several invocations finds it",
    ),
    ("import-table.import-segment.output/properties/segment", NO_STATE_READS_IT),
    (
        "drop restore-snapshot.plan-restore.output/$defs/Import/properties/itemCount",
        "without it, the reader reads null, and a scenario has fewer items than that",
    ),
];

const ROLLBACK: &[Equivalent] = &[
    ("Plan Rollback/Output", VARIABLES_FOLLOW),
    (
        "drop /States/Move Pointer/Retry/2/ErrorEquals/0",
        "the name is caught as well, so only the retry is missing",
    ),
    (
        "drop /States/Move Pointer/Catch/0/ErrorEquals/2",
        "the name is retried, and then States.ALL catches it",
    ),
    (
        "retype rollback.check-target.output/oneOf/1/properties/status",
        "the state machine tests only for READY, and waits otherwise",
    ),
    ("check-target.output/oneOf/1/properties/reason", NO_STATE_READS_IT),
];

const RESTORE_TEST: &[Equivalent] = &[
    ("retype /States/Put Result/Arguments/Payload/verified", VERBATIM),
    ("retype restore-test.put-result.output/$defs/Verification/properties/Output", VERBATIM),
    ("retype restore-test.record-test.output/$defs/Verification/properties/Output", VERBATIM),
    ("Verify Table/Retry/0/ErrorEquals/0", OTHERS_ARE_RETRIED),
    ("Verify Table/Retry/0/ErrorEquals/1", OTHERS_ARE_RETRIED),
    ("Verify Table/Retry/0/ErrorEquals/2", OTHERS_ARE_RETRIED),
    ("Verify Table/Retry/0/ErrorEquals/3", OTHERS_ARE_RETRIED),
    ("drop restore-test.plan-validation.output/$defs/Expected/properties/Table", EXPECTED),
    ("drop restore-test.plan-validation.output/$defs/Expected/properties/Backup", EXPECTED),
    ("drop restore-test.plan-validation.output/$defs/Expected/properties/Items", EXPECTED),
    ("drop restore-test.plan-validation.output/$defs/Expected/properties/Incremental", EXPECTED),
    ("drop restore-test.plan-validation.output/$defs/Incremental/properties/ToleranceSeconds", EXPECTED),
    (
        "drop restore-test.plan-validation.output/$defs/LiveTable/properties/AllowedDifferencePercent",
        EXPECTED,
    ),
    ("drop restore-test.plan-validation.output/$defs/LiveTable/properties/CopiedAt", EXPECTED),
    ("drop restore-test.plan-validation.output/$defs/Backup/properties/AllowedDifferencePercent", EXPECTED),
    (
        "retype restore-test.plan-validation.output/oneOf/0/properties/status",
        "the state machine tests only for DECIDED, and verifies the table otherwise",
    ),
];

const ROTATE_RESTORE: &[Equivalent] = &[
    (
        "drop /States/Publish Pointer/Retry/2/ErrorEquals/0",
        "the name is caught as well, so only the retry is missing",
    ),
    (
        "drop /States/Publish Pointer/Catch/0/ErrorEquals/2",
        "the name is retried, and then States.ALL catches it",
    ),
    (
        "retype rotate-restore.check-restore.output/oneOf/1/properties/status",
        "the state machine tests only for READY, and waits otherwise",
    ),
    ("restore-backup.output/properties/adopted", NO_STATE_READS_IT),
    ("check-restore.output/oneOf/1/properties/reason", NO_STATE_READS_IT),
    (
        "Sync Settings/Arguments/Input/Source",
        "the sync then uses the table in the backup's ARN, which is the same",
    ),
    (
        "Sync Settings Again/Arguments/Input/Source",
        "the sync then uses the table in the backup's ARN, which is the same",
    ),
    (
        "Sync Settings/Arguments/Input/BackupArn",
        "the field may be absent, and a test checks the sync's input",
    ),
    (
        "Sync Settings Again/Arguments/Input/BackupArn",
        "the field may be absent, and a test checks the sync's input",
    ),
    ("drop /States/Sync Settings/Retry/0/ErrorEquals/0", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings/Retry/0/ErrorEquals/1", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings/Retry/0/ErrorEquals/2", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings/Retry/0/ErrorEquals/3", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings Again/Retry/0/ErrorEquals/0", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings Again/Retry/0/ErrorEquals/1", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings Again/Retry/0/ErrorEquals/2", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings Again/Retry/0/ErrorEquals/3", OTHERS_ARE_RETRIED),
    ("drop /States/Verify Table/Retry/0/ErrorEquals/0", OTHERS_ARE_RETRIED),
    ("drop /States/Verify Table/Retry/0/ErrorEquals/1", OTHERS_ARE_RETRIED),
    ("drop /States/Verify Table/Retry/0/ErrorEquals/2", OTHERS_ARE_RETRIED),
    ("drop /States/Verify Table/Retry/0/ErrorEquals/3", OTHERS_ARE_RETRIED),
    (
        "/Assign/verifyTableOutput",
        "it stays null then, as without a verification, and a scenario checks the output",
    ),
    ("restore-backup.output/$defs/Expected/properties/Items", ONE_OF_THEM),
    ("restore-backup.output/$defs/Expected/properties/Incremental", ONE_OF_THEM),
    ("restore-backup.output/$defs/Expected/properties/Table", ONE_OF_THEM),
    ("restore-backup.output/$defs/Incremental/properties/ToleranceSeconds", DEFAULT_WITHOUT_IT),
    ("restore-backup.output/$defs/LiveTable/properties/AllowedDifferencePercent", DEFAULT_WITHOUT_IT),
    (
        "drop rotate-restore.restore-backup.output/$defs/Backup/properties/AllowedDifferencePercent",
        DEFAULT_WITHOUT_IT,
    ),
    ("drop rotate-restore.restore-backup.output/$defs/Expected/properties/Backup", ONE_OF_THEM),
    ("drop rotate-restore.restore-backup.output/$defs/LiveTable/properties/CopiedAt", DEFAULT_WITHOUT_IT),
    ("/Assign/syncSettingsOutput", "it stays null then, as without a sync, and a scenario checks the output"),
];

const SNAPSHOT: &[Equivalent] = &[
    ("Shard Written/Output", "the output of a shard is in a document, and no state reads it"),
    ("Snapshot Shards/Output", VARIABLES_FOLLOW),
    (
        "drop snapshot.plan-snapshot.output/$defs/Snapshot/properties/keptUntil",
        "without it, the reader reads null, as if versions were retained forever",
    ),
    (
        "drop snapshot.check-stream.output/$defs/Snapshot/properties/keptUntil",
        "without it, the reader reads null, as if versions were retained forever",
    ),
    (
        "Snapshot/properties/allowIncomplete",
        "without it, the reader reads false, and the snapshot fails if something is unknown",
    ),
    (
        "Snapshot/properties/followed",
        "without it, the stream of the stack's own table is checked, and the step's tests find it",
    ),
    (
        "Items/properties/folder",
        "without it, the late versions of the stack's own table are read, and the tests of the input check those of another table",
    ),
    (
        "Check Stream/Assign/polls",
        "each poll is then the first, and the scenario of a stream that is not read does not end",
    ),
    (
        "Check Stream/Assign/snapshot",
        "the snapshot stays as it was planned, without a note, and the step's tests find it",
    ),
    ("snapshot.finish-snapshot.output/properties/UnknownItems", "the output omits it if nothing is unknown"),
    ("drop snapshot.finish-snapshot.output/properties/Unknown", "the output omits it if nothing is unknown"),
    ("drop snapshot.finish-snapshot.output/properties/Notes", "the output omits it if there is none"),
];

const SYNC_SETTINGS: &[Equivalent] = &[
    (
        "retype sync-settings.check-table.output/oneOf/1/properties/status",
        "the state machine tests only for READY, and waits otherwise",
    ),
    (
        "retype sync-settings.apply-setting.output/oneOf/1/properties/status",
        "the state machine tests only for DONE, and waits otherwise",
    ),
    (
        "retype sync-settings.verify-settings.output/oneOf/1/properties/status",
        "the state machine tests only for EQUAL, and waits otherwise",
    ),
    (
        "Check Table/Assign/restoreSummary",
        "it stays null then, as if no poll was made in time, and the scenario of a target by its name alone finds it",
    ),
    ("check-table.output/oneOf/0/properties/tableArn", NO_STATE_READS_IT),
    ("check-table.output/oneOf/1/properties/reason", NO_STATE_READS_IT),
    ("apply-setting.output/oneOf/1/properties/reason", NO_STATE_READS_IT),
    ("verify-settings.output/oneOf/1/properties/reason", NO_STATE_READS_IT),
    (
        "drop sync-settings.plan-settings.output/$defs/SettingReport/properties/Reason",
        "without a reason, the reader reads null",
    ),
];

const VERIFY_TABLE: &[Equivalent] = &[
    (
        "Read Segment/Assign/part",
        "each call then returns the first part again, and the scenario of a side in several invocations does not end",
    ),
    ("Segment Done/Output", "the parts of a segment are in documents, and no state reads the output"),
    ("Read Sides/Output", VARIABLES_FOLLOW),
    (
        "Read Sample/Assign/samplePart",
        "each call then returns the first part again, and the scenario of a sample in several invocations does not end",
    ),
    (
        "Compare Range/Assign/from",
        "each call then returns the first comparison again. A range that takes several calls has gigabytes, so no scenario has one",
    ),
    ("Range Done/Output", "the differences are in documents, and no state reads the output"),
    ("Compare Ranges/Output", VARIABLES_FOLLOW),
    (
        "Items/properties/folder",
        "without it, the late versions of the stack's own table are read, and the tests of the input check those of another table",
    ),
    ("drop verify-table.finish-verification.output/properties/WithinTolerance", ABSENT_WITHOUT_IT),
    ("drop verify-table.finish-verification.output/properties/AllowedDifferencePercent", ABSENT_WITHOUT_IT),
    ("drop /States/Run Check Function/Catch/0/Output", NOT_READ),
    ("drop /States/Run Check Function/Output", NOT_READ),
    ("retype /States/Run Check Function/Catch/0/Output", NOT_READ),
    ("retype /States/Run Check Function/Output", NOT_READ),
    ("drop verify-table.finish-verification.output/properties/Changed", ABSENT_WITHOUT_IT),
    ("drop verify-table.finish-verification.output/properties/ChangedAtMost", ABSENT_WITHOUT_IT),
    ("drop verify-table.finish-verification.output/properties/DetectsShare", ABSENT_WITHOUT_IT),
    ("drop verify-table.finish-verification.output/properties/Equal", ABSENT_WITHOUT_IT),
    ("drop verify-table.finish-verification.output/properties/Extra", ABSENT_WITHOUT_IT),
    ("drop verify-table.finish-verification.output/properties/Items", ABSENT_WITHOUT_IT),
    ("drop verify-table.finish-verification.output/properties/ItemsExpected", ABSENT_WITHOUT_IT),
    ("drop verify-table.finish-verification.output/properties/KeysFound", ABSENT_WITHOUT_IT),
    ("drop verify-table.finish-verification.output/properties/Missing", ABSENT_WITHOUT_IT),
    ("drop verify-table.finish-verification.output/properties/Sampled", ABSENT_WITHOUT_IT),
];
