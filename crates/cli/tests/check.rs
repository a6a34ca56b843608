//! `tablekeeper check` on this repository, and on files that it refuses.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tablekeeper"));
    command.current_dir(folder).arg("check").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Copies the repository's state machine with a change.
fn changed(from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let definition = std::fs::read_to_string(root().join("statemachines/rotate-restore.asl.json")).unwrap();
    assert!(definition.contains(from), "{from} is not in the definition");
    std::fs::write(folder.path().join("rotate-restore.asl.json"), definition.replacen(from, to, 1)).unwrap();
    folder
}

fn check_changed(from: &str, to: &str, arguments: &[&str]) -> Output {
    let folder = changed(from, to);
    let definition = folder.path().join("rotate-restore.asl.json");
    let template = root().join("infra/rotate-restore.yaml");
    let files = ["--definition", definition.to_str().unwrap(), "--template", template.to_str().unwrap()];
    check(&root(), &[&files, arguments].concat())
}

#[test]
fn a_directory_of_schemas_that_does_not_exist_cannot_be_used() {
    let refused = check(&root(), &["--schemas", "nodir"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(text(&refused.stderr), "error: --schemas is nodir, which is not a directory\n");
}

#[test]
fn this_repository_has_no_findings() {
    // .asl-check.toml has the same.
    let output = check(&root(), &["--strict", "--local-engine"]);
    assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), ("", ""));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn verbose_shows_each_state_and_how_many_are_annotated() {
    let output = check(&root(), &["--verbose"]);
    let shown = text(&output.stdout);
    for state in ["Restore Backup", "Wait for Restore", "Check Restore", "Complete"] {
        assert!(shown.contains(&format!("at /States/{state}\n")), "{state} is missing in {shown}");
    }
    assert!(text(&output.stderr).contains("9 states annotated"), "{}", text(&output.stderr));
}

#[test]
fn a_finding_is_printed_with_its_place() {
    let output = check_changed("\"Next\": \"Publish Pointer\"", "\"Next\": \"Publish Pionter\"", &[]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    let place = "at /States/Sync Settings?/Choices/0/Next";
    for part in ["error[MISSING_TRANSITION_TARGET]", place, "^^^", "did you mean Publish Pointer?"] {
        assert!(printed.contains(part), "{part} is missing in {printed}");
    }
}

#[test]
fn a_finding_has_its_place_in_the_json() {
    let output = check_changed("\"restore\": \"{% $restore %}\"", "\"restore\": 5", &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["diagnostics"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["code"] == "PAYLOAD_MISMATCH").unwrap();
    assert!(
        found["pointer"].as_str().unwrap().starts_with("/States/Check Restore/Arguments/Payload"),
        "{found}"
    );
    assert!(found["line"].as_u64().unwrap() > 1 && found["column"].as_u64().unwrap() > 1, "{found}");
}

/// Writes the project with two states from docs/contracts.md.
fn example(page: &str) -> tempfile::TempDir {
    let mut blocks = page.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    let (definition, request, found, charge) =
        (blocks.next().unwrap(), blocks.next().unwrap(), blocks.next().unwrap(), blocks.next().unwrap());
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("statemachines/order.asl.json", definition),
        ("schemas/order.input.json", request),
        ("schemas/order/look-up.input.json", request),
        ("schemas/order/look-up.output.json", found),
        ("schemas/order/charge.input.json", charge),
        ("schemas/order/charge.output.json", r#"{"type": "object", "additionalProperties": false}"#),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn the_example_of_the_docs_has_the_shown_findings_until_it_is_fixed() {
    let page = std::fs::read_to_string(root().join("docs/contracts.md")).unwrap();
    let folder = example(&page);
    let trimmed = |text: &str| text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let shown = page.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(trimmed(&text(&check(folder.path(), &[]).stdout)), trimmed(shown));

    let file = |path: &str, from: &str, to: &str| {
        let path = folder.path().join(path);
        let changed = std::fs::read_to_string(&path).unwrap();
        assert!(changed.contains(from), "{from} is not in {changed}");
        std::fs::write(&path, changed.replacen(from, to, 1)).unwrap();
    };
    file("schemas/order/look-up.output.json", r#"["integer", "null"]"#, r#""integer""#);
    let catch = r#""Catch": [{"ErrorEquals": ["OrderNotFound"], "Next": "No Such Order"}], "Next": "Charge""#;
    file("statemachines/order.asl.json", r#""Next": "Charge""#, catch);
    let fail = r#""No Such Order": {"Type": "Fail", "Error": "OrderNotFound", "Cause": "There is none."},"#;
    file("statemachines/order.asl.json", r#""Charge": {"#, &format!(r#"{fail} "Charge": {{"#));
    let mended = check(folder.path(), &[]);
    assert_eq!((text(&mended.stdout).as_str(), mended.status.code()), ("", Some(0)));
}

#[test]
fn unusable_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.asl.json"), "{\n  \"StartAt\": }").unwrap();
    for (arguments, part) in [
        (&[][..], "no statemachines/*.asl.json in this directory"),
        (&["--definition", "missing.asl.json"], "missing.asl.json cannot be read"),
        (&["--definition", "broken.asl.json"], "broken.asl.json:2:"),
    ] {
        let output = check(folder.path(), arguments);
        let printed = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{printed}");
        assert!(printed.contains(part), "{part} is missing in {printed}");
    }
}
