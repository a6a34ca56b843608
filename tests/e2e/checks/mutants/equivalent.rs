//! Mutants that are equivalent to the original.

/// The end of a mutant's name, and the reason why the mutant is equivalent.
type Equivalent = (&'static str, &'static str);

const NO_STATE_READS_IT: &str = "for people who read the history; no state reads it";
const NULL_WITHOUT_IT: &str = "without it, the reader takes it for null";
const VARIABLES_FOLLOW: &str = "what follows reads variables alone";
const OTHERS_ARE_RETRIED: &str =
    "what another service fails by it does not declare; the other names are retried";

/// Returns the equivalent mutants of the workflow.
pub(super) fn of(workflow: &str) -> &'static [Equivalent] {
    match workflow {
        "backfill" => BACKFILL,
        "backup-prune" => BACKUP_PRUNE,
        "export-table" => EXPORT_TABLE,
        "import-table" => IMPORT_TABLE,
        "replay" => REPLAY,
        "restore-snapshot" => RESTORE_SNAPSHOT,
        "rotate-restore" => ROTATE_RESTORE,
        "snapshot" => SNAPSHOT,
        "sync-settings" => SYNC_SETTINGS,
        _ => &[],
    }
}

const BACKFILL: &[Equivalent] = &[
    (
        "Backfill Segment/Assign/cursor",
        "each call then begins anew; the scenario of several invocations does not end",
    ),
    (
        "Backfill Segment/Assign/written",
        "each call then counts anew; the scenario of several invocations sees it",
    ),
    (
        "Backfill Segment/Assign/kept",
        "each call then counts anew; the scenario of several invocations sees it",
    ),
    ("backfill.backfill-segment.output/properties/segment", NO_STATE_READS_IT),
];

const REPLAY: &[Equivalent] = &[
    (
        "Replay Objects/Assign/cursor",
        "each call then begins anew and counts what is left again; the scenario of an object that holds no records sees it",
    ),
    (
        "Replay Objects/Assign/counts",
        "each call then counts anew; the scenario of an object that holds no records sees it",
    ),
    (
        "Replay Objects/Assign/reasons",
        "the last call then has no reasons; the scenario of an object that holds no records sees it",
    ),
];

const BACKUP_PRUNE: &[Equivalent] = &[
    (
        "/Assign/settingsFailure",
        "it stays null then, as where nothing failed; a scenario looks at how it ends",
    ),
    (
        "Capture Settings/Assign/settings",
        "it stays null then, as without a capture; a test looks at the report",
    ),
    ("Capture Settings/Output", VARIABLES_FOLLOW),
    (
        "Capture Settings/Arguments/Payload/AsOf",
        "the field may be absent; a test looks at the document's time",
    ),
    (
        "retype backup-prune.check-backup.output/oneOf/1/properties/status",
        "the machine asks for READY alone, and waits for anything else",
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
        "it stays null then, as where nothing failed; a scenario looks at how it ends",
    ),
    (
        "Capture Settings/Assign/settings",
        "it stays null then, as without a capture; a test looks at the report",
    ),
    ("Capture Settings/Assign/settingsNotes", "they stay empty then; a scenario looks at how it ends"),
    ("Segment Exported/Output", "what a segment ends with is written down, and no state reads it"),
    ("Export Segments/Output", VARIABLES_FOLLOW),
    (
        "retype export-table.plan-export.output/oneOf/1/properties/mode",
        "the machine asks for SCAN alone, and takes anything else for an export by DynamoDB",
    ),
    (
        "retype export-table.check-managed-export.output/oneOf/1/properties/status",
        "the machine asks for READY alone, and waits for anything else",
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
        "each call then counts anew; the scenario of lines without types in several invocations sees it",
    ),
    (
        "drop /States/Import Segments/ItemProcessor/States/Import Segment/Arguments/Payload/cursor",
        "each call then begins at the first file; the scenario of several invocations does not end",
    ),
    (
        "Import Segment/Assign/cursor",
        "each call then begins at the first file; the scenario of several invocations does not end",
    ),
    (
        "Import Segment/Assign/items",
        "each call then counts anew; the scenario of several invocations sees it",
    ),
    ("import-table.import-segment.output/properties/segment", NO_STATE_READS_IT),
    (
        "drop import-table.plan-import.output/$defs/Import/properties/itemCount",
        "without it, the reader takes it for null; a scenario has fewer items than that",
    ),
];

const RESTORE_SNAPSHOT: &[Equivalent] = &[
    ("Import Segment/Assign/doubts", "the lines of a snapshot say their types, and nothing is in doubt"),
    (
        "drop /States/Import Segments/ItemProcessor/States/Import Segment/Arguments/Payload/cursor",
        "each call then begins at the first file; the scenario of several invocations does not end",
    ),
    (
        "Import Segment/Assign/cursor",
        "each call then begins at the first file; the scenario of several invocations does not end",
    ),
    (
        "Import Segment/Assign/items",
        "each call then counts anew; the scenario of several invocations sees it",
    ),
    ("import-table.import-segment.output/properties/segment", NO_STATE_READS_IT),
    (
        "drop restore-snapshot.plan-restore.output/$defs/Import/properties/itemCount",
        "without it, the reader takes it for null; a scenario has fewer items than that",
    ),
];

const ROTATE_RESTORE: &[Equivalent] = &[
    (
        "drop /States/Publish Pointer/Retry/2/ErrorEquals/0",
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
    ("restore-backup.output/properties/adopted", NO_STATE_READS_IT),
    ("check-restore.output/oneOf/1/properties/reason", NO_STATE_READS_IT),
    (
        "Sync Settings/Arguments/Input/Source",
        "the sync then takes the table that the backup's ARN names, which is the same",
    ),
    (
        "Sync Settings Again/Arguments/Input/Source",
        "the sync then takes the table that the backup's ARN names, which is the same",
    ),
    ("Sync Settings/Arguments/Input/BackupArn", "the field may be absent; a test looks at the sync's input"),
    (
        "Sync Settings Again/Arguments/Input/BackupArn",
        "the field may be absent; a test looks at the sync's input",
    ),
    ("drop /States/Sync Settings/Retry/0/ErrorEquals/0", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings/Retry/0/ErrorEquals/1", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings/Retry/0/ErrorEquals/2", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings/Retry/0/ErrorEquals/3", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings Again/Retry/0/ErrorEquals/0", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings Again/Retry/0/ErrorEquals/1", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings Again/Retry/0/ErrorEquals/2", OTHERS_ARE_RETRIED),
    ("drop /States/Sync Settings Again/Retry/0/ErrorEquals/3", OTHERS_ARE_RETRIED),
    ("/Assign/syncSettingsOutput", "it stays null then, as without a sync; a scenario looks at the output"),
];

const SNAPSHOT: &[Equivalent] = &[
    ("Shard Written/Output", "what a shard ends with is written down, and no state reads it"),
    ("Snapshot Shards/Output", VARIABLES_FOLLOW),
    (
        "drop snapshot.plan-snapshot.output/$defs/Snapshot/properties/keptUntil",
        "without it, the reader takes it for null, as where versions are kept for good",
    ),
    (
        "drop snapshot.check-stream.output/$defs/Snapshot/properties/keptUntil",
        "without it, the reader takes it for null, as where versions are kept for good",
    ),
    (
        "Snapshot/properties/allowIncomplete",
        "without it, the reader takes it for false, and ends the snapshot where something is not known",
    ),
    (
        "Snapshot/properties/followed",
        "without it, the stream of the stack's own table is looked at; the step's tests see it",
    ),
    (
        "Items/properties/folder",
        "without it, the late versions of the stack's own table are read; the tests of the input see where another's are",
    ),
    (
        "Check Stream/Assign/polls",
        "each poll is then the first; the scenario of a stream that is not read does not end",
    ),
    (
        "Check Stream/Assign/snapshot",
        "the snapshot stays as it was planned, without a note; the step's tests see it",
    ),
    (
        "snapshot.finish-snapshot.output/properties/UnknownItems",
        "the output leaves it out where nothing is unknown",
    ),
    (
        "drop snapshot.finish-snapshot.output/properties/Unknown",
        "the output leaves it out where nothing is unknown",
    ),
    ("drop snapshot.finish-snapshot.output/properties/Notes", "the output leaves it out where there is none"),
];

const SYNC_SETTINGS: &[Equivalent] = &[
    (
        "retype sync-settings.check-table.output/oneOf/1/properties/status",
        "the machine asks for READY alone, and waits for anything else",
    ),
    (
        "retype sync-settings.apply-setting.output/oneOf/1/properties/status",
        "the machine asks for DONE alone, and waits for anything else",
    ),
    (
        "retype sync-settings.verify-settings.output/oneOf/1/properties/status",
        "the machine asks for EQUAL alone, and waits for anything else",
    ),
    (
        "Check Table/Assign/restoreSummary",
        "it stays null then, as where nobody looked in time; the scenario of a target by its name alone sees it",
    ),
    ("check-table.output/oneOf/0/properties/tableArn", NO_STATE_READS_IT),
    ("check-table.output/oneOf/1/properties/reason", NO_STATE_READS_IT),
    ("apply-setting.output/oneOf/1/properties/reason", NO_STATE_READS_IT),
    ("verify-settings.output/oneOf/1/properties/reason", NO_STATE_READS_IT),
    (
        "drop sync-settings.plan-settings.output/$defs/SettingReport/properties/Reason",
        "without a reason, the reader takes it for null",
    ),
];
