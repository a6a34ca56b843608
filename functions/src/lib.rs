//! The steps of all workflows, in one library and one `bootstrap` binary.
//!
//! A workflow is a Step Functions state machine (`statemachines/<workflow>.asl.json`). A step is a small, typed Lambda
//! function that the state machine invokes. The state machine does the control flow, the waiting and the retrying. A
//! step makes one decision or one change. If it is invoked again, it finds its own earlier work. It fails with an error
//! name that the state machine can match.
//!
//! Read [`step`] for the definition of a step, then the module of a workflow for its design.

pub mod environment;
pub mod log;
pub mod runtime;
pub mod step;
pub mod table_reports;
pub mod workflows;

use schemars::Schema;
use step::StepEntry;
use tablekeeper_core::fleet::report::Fleet;
use tablekeeper_core::fleet::rules::Rules;
use tablekeeper_core::replay::Counts;
use tablekeeper_core::report_execution::ended::Ended;
use tablekeeper_core::restore_test::evidence::Evidence;
use tablekeeper_core::schemas;
use tablekeeper_core::settings::SettingsDocument;
use tablekeeper_core::status::model::Status;
use tablekeeper_core::verify::check::{CheckInput, FunctionCheck};
use tablekeeper_core::verify::report::Report;
use workflows::{
    backfill, backup_prune, export_table, fleet, import_table, incremental, replay, report_execution,
    restore_snapshot, restore_test, retire_copies, rollback, rotate_restore, snapshot, sync_settings,
    verify_table,
};

/// Returns every step of every workflow.
///
/// The dispatch of the `bootstrap`, the generated schemas, the contract check and the tables in the docs all use this
/// list. A step that is missing here does not exist.
pub fn steps() -> Vec<StepEntry> {
    [
        backfill::steps(),
        backup_prune::steps(),
        export_table::steps(),
        fleet::steps(),
        import_table::steps(),
        incremental::steps(),
        replay::steps(),
        report_execution::steps(),
        restore_snapshot::steps(),
        restore_test::steps(),
        retire_copies::steps(),
        rollback::steps(),
        rotate_restore::steps(),
        snapshot::steps(),
        sync_settings::steps(),
        verify_table::steps(),
    ]
    .concat()
}

/// Returns the step with this name, such as `rotate-restore.check-restore`.
pub fn step(name: &str) -> Option<StepEntry> {
    steps().into_iter().find(|entry| entry.name == name)
}

/// Returns the schema of each workflow's execution input, by the name of the workflow.
pub fn execution_inputs() -> Vec<(&'static str, Schema)> {
    vec![
        ("backfill", schemas::input_schema::<backfill::ExecutionInput>()),
        ("backup-prune", schemas::input_schema::<backup_prune::ExecutionInput>()),
        ("export-table", schemas::input_schema::<export_table::ExecutionInput>()),
        ("fleet", schemas::input_schema::<fleet::ExecutionInput>()),
        ("import-table", schemas::input_schema::<import_table::ExecutionInput>()),
        ("replay", schemas::input_schema::<replay::ExecutionInput>()),
        ("report-execution", schemas::input_schema::<report_execution::ExecutionInput>()),
        ("restore-snapshot", schemas::input_schema::<restore_snapshot::ExecutionInput>()),
        ("restore-test", schemas::input_schema::<restore_test::ExecutionInput>()),
        ("retire-copies", schemas::input_schema::<retire_copies::ExecutionInput>()),
        ("rollback", schemas::input_schema::<rollback::ExecutionInput>()),
        ("rotate-restore", schemas::input_schema::<rotate_restore::ExecutionInput>()),
        ("snapshot", schemas::input_schema::<snapshot::ExecutionInput>()),
        ("sync-settings", schemas::input_schema::<sync_settings::ExecutionInput>()),
        ("verify-table", schemas::input_schema::<verify_table::ExecutionInput>()),
    ]
}

/// Returns the schema of each workflow's execution output, by the name of the workflow.
pub fn execution_outputs() -> Vec<(&'static str, Schema)> {
    vec![
        ("backfill", schemas::output_schema::<tablekeeper_core::backfill::finish::Output>()),
        ("backup-prune", schemas::output_schema::<backup_prune::finish_prune::Output>()),
        ("export-table", schemas::output_schema::<export_table::report_exports::Output>()),
        ("fleet", schemas::output_schema::<fleet::check_rules::Output>()),
        ("import-table", schemas::output_schema::<tablekeeper_core::import::finish::Output>()),
        ("replay", schemas::output_schema::<Counts>()),
        ("report-execution", schemas::output_schema::<report_execution::note_delivery::Output>()),
        ("restore-snapshot", schemas::output_schema::<tablekeeper_core::import::finish::Output>()),
        ("restore-test", schemas::output_schema::<restore_test::record_test::Output>()),
        ("retire-copies", schemas::output_schema::<retire_copies::finish_retirement::Output>()),
        ("rollback", schemas::output_schema::<rollback::move_pointer::Output>()),
        ("rotate-restore", rotate_restore::execution_output()),
        ("snapshot", schemas::output_schema::<tablekeeper_core::snapshot::finish::Output>()),
        ("sync-settings", schemas::output_schema::<sync_settings::Report>()),
        ("verify-table", schemas::output_schema::<tablekeeper_core::verify::finish::Output>()),
    ]
}

/// Returns the schema of each stored document, by the name of the document.
pub fn documents() -> Vec<(&'static str, Schema)> {
    vec![
        ("execution-ended", schemas::output_schema::<Ended>()),
        ("execution-report", schemas::output_schema::<execution_report::Report>()),
        ("fleet", schemas::output_schema::<Fleet>()),
        ("fleet-rules", schemas::input_schema::<Rules>()),
        ("restore-test-evidence", schemas::input_schema::<Evidence>()),
        ("settings-document", schemas::input_schema::<SettingsDocument>()),
        ("status", schemas::output_schema::<Status>()),
        ("verification-report", schemas::output_schema::<Report>()),
        // The contract of a function that a user writes.
        ("verify-table/check.input", schemas::output_schema::<CheckInput>()),
        ("verify-table/check.output", schemas::input_schema::<FunctionCheck>()),
    ]
}
