//! Every sample event is valid against the schema that its name claims, and has the expected outcome.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

mod backups;
mod copies;
mod incremental;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tablekeeper_core::aws::arn::Arn;
use tablekeeper_core::error_name::HasErrorName;
use tablekeeper_core::item_history::change;
use tablekeeper_core::prune::execution_input::{Defaults, Selection};
use tablekeeper_core::prune::retention::Others;
use tablekeeper_core::retire::copies::Bases;
use tablekeeper_core::rotation::decision::{Decision, decide};
use tablekeeper_core::rotation::execution_input::ExecutionInput;
use tablekeeper_core::rotation::naming::{Patterns, Rotation};
use tablekeeper_core::rotation::pointer::{History, Version};
use tablekeeper_core::rotation::request::{Request, TemplateParameters};
use tablekeeper_core::rotation::rollback::Rollback;
use tablekeeper_functions::workflows::rotate_restore::{publish_pointer, restore_backup};
use tablekeeper_functions::workflows::sync_settings::event::{Notification, Restore};
use tablekeeper_functions::workflows::sync_settings::{capture_settings, event};
use tablekeeper_functions::workflows::{
    backfill, backup_prune, export_table, fleet, import_table, replay, report_execution, restore_snapshot,
    restore_test, retire_copies, snapshot, sync_settings,
};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns `events/<workflow>/*.json`, by file name.
fn events(workflow: &str) -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(root("events").join(workflow)).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(&path))).collect()
}

/// `<step>.<case>.json` claims the input of that step, `input.<case>.json` that of the execution.
#[test]
fn every_event_is_valid_against_the_schema_that_it_claims() {
    let folders = std::fs::read_dir(root("events")).unwrap();
    for workflow in folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()) {
        for (name, event) in events(&workflow) {
            let schema = match name.split_once('.').unwrap().0 {
                "input" => root("schemas").join(format!("{workflow}.input.json")),
                step => root("schemas").join(&workflow).join(format!("{step}.input.json")),
            };
            let validator = jsonschema::validator_for(&read(&schema)).unwrap();
            let errors: Vec<String> = validator.iter_errors(&event).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
        }
    }
}

fn outcome(decision: &Result<Decision, impl HasErrorName>) -> Value {
    match decision {
        Ok(Decision::Restore { rotation, execution_name, .. }) => {
            json!([rotation.target_table, rotation.recovery_point_kind, execution_name])
        }
        Ok(Decision::Skip(_)) => json!("skipped"),
        Err(error) => json!(error.name()),
    }
}
