//! `schemas/` matches the types. `UPDATE_SCHEMAS=1 cargo test schemas` updates it.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::Schema;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas")
}

fn generated() -> BTreeMap<PathBuf, String> {
    let mut schemas: Vec<(PathBuf, Schema)> = Vec::new();
    for (workflow, schema) in tablekeeper_functions::execution_inputs() {
        schemas.push((format!("{workflow}.input.json").into(), schema));
    }
    for (workflow, schema) in tablekeeper_functions::execution_outputs() {
        schemas.push((format!("{workflow}.output.json").into(), schema));
    }
    for (document, schema) in tablekeeper_functions::documents() {
        schemas.push((format!("{document}.json").into(), schema));
    }
    for step in tablekeeper_functions::steps() {
        let folder = Path::new(step.workflow());
        schemas.push((folder.join(format!("{}.input.json", step.short_name())), (step.input_schema)()));
        let output = tablekeeper_core::schemas::with_errors((step.output_schema)(), &step.errors);
        schemas.push((folder.join(format!("{}.output.json", step.short_name())), output));
    }
    let pretty = |schema: &Schema| format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    schemas.iter().map(|(path, schema)| (path.clone(), pretty(schema))).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the switch to write the files again is in the environment")]
fn schemas_are_current() {
    let folder = folder();
    if std::env::var("UPDATE_SCHEMAS").is_ok() {
        let _none_yet = std::fs::remove_dir_all(&folder);
        for (path, text) in generated() {
            std::fs::create_dir_all(folder.join(&path).parent().unwrap()).unwrap();
            std::fs::write(folder.join(path), text).unwrap();
        }
    }
    let current: BTreeMap<PathBuf, String> = files_below(&folder)
        .into_iter()
        .map(|path| (path.strip_prefix(&folder).unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    let generated = generated();
    let differs = |path: &&PathBuf| current.get(*path) != generated.get(*path);
    let stale: Vec<_> = current.keys().chain(generated.keys()).filter(differs).collect();
    assert!(stale.is_empty(), "not what the types say: {stale:?}; UPDATE_SCHEMAS=1 cargo test schemas");
}
