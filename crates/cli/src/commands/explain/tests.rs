use std::collections::BTreeSet;

use serde_json::Value;
use tablekeeper_core::error_name::ErrorName;

use super::*;

#[test]
fn every_error_name_is_explained() {
    let names: Vec<_> = entries().map(|(name, _)| name).collect();
    assert!(names.len() > 30, "{names:?}");
    for entry in tablekeeper_functions::steps() {
        for name in entry.errors {
            assert!(is_known(name.as_str()), "{name}");
        }
    }
    assert!(is_known("States.Timeout") && !is_known("Complete"));
    assert!(!explanation(ErrorName::TargetTableExists.as_str()).unwrap().1.contains("]("));
}

#[test]
fn every_code_of_the_check_is_explained() {
    for code in Code::ALL {
        assert_eq!(explanation(&code.as_str().to_lowercase()).unwrap().0, code.as_str());
    }
    assert!(explanation("PAYLOAD_MISMACH").unwrap_err().0.ends_with("did you mean PAYLOAD_MISMATCH?"));
}

/// Collects the names of the errors that a state machine retries or catches, and of the states in which it ends.
fn collect(value: &Value, names: &mut BTreeSet<String>) {
    let states = value.get("States").and_then(Value::as_object).into_iter().flatten();
    let ends = states.filter(|(_, state)| state["Type"] == "Fail" || state["Type"] == "Succeed");
    names.extend(ends.map(|(name, _)| name.clone()));
    let caught = value.get("ErrorEquals").and_then(Value::as_array).into_iter().flatten();
    names.extend(caught.filter_map(Value::as_str).map(str::to_owned));
    names.extend(value.get("Error").and_then(Value::as_str).map(str::to_owned));
    match value {
        Value::Object(fields) => fields.values().for_each(|inner| collect(inner, names)),
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, names)),
        _ => {}
    }
}

#[test]
fn every_name_of_the_state_machines_is_explained() {
    let mut names = BTreeSet::new();
    for file in std::fs::read_dir(local_aws::workspace_root().join("statemachines")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        collect(&serde_json::from_str(&text).unwrap(), &mut names);
    }
    // It stands for all errors, and the others are expressions.
    names.retain(|name| name != "States.ALL" && !name.starts_with("{%"));
    assert!(names.contains("States.Timeout") && names.contains("Pointer Not Moved"), "{names:?}");
    let unexplained: Vec<_> = names.iter().filter(|name| explanation(name).is_err()).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
}

#[test]
fn an_unknown_name_gets_the_closest() {
    assert_eq!(explanation("backupnotfound").unwrap(), explanation("BackupNotFound").unwrap());
    let error = explanation("BackupNotFund").unwrap_err().to_string();
    assert_eq!(error, "there is no error `BackupNotFund`; did you mean BackupNotFound?");
    let error = explanation("zzz").unwrap_err().to_string();
    assert_eq!(error, "there is no error `zzz`; `tablekeeper explain` lists the names");
}

#[test]
fn an_end_is_explained_for_each_workflow_that_has_it() {
    let (name, text) = explanation("restore not started").unwrap();
    assert_eq!(name, "Restore Not Started");
    let ends = text.lines().take(2).map(|line| line.split_once(": ").map_or("", |(begin, _)| begin));
    let expected =
        ["The end of an execution of rotate-restore", "The end of an execution of restore-snapshot"];
    assert_eq!(ends.collect::<Vec<_>>(), expected, "{text}");
    assert!(
        text.contains("\n\nrotate-restore: After each of them you may start the same input again"),
        "{text}"
    );
    assert!(text.contains("\n\nrestore-snapshot: After each of these, do as with"), "{text}");
}

#[test]
fn an_end_says_how_to_start_again() {
    for name in ["Restore Not Confirmed", "Pointer Not Moved"] {
        let (_, text) = explanation(name).unwrap();
        assert!(text.contains("you may start the same input again under another name"), "{text}");
        assert!(text.contains("- A table made from the same recovery point is adopted"), "{text}");
        assert!(text.contains("Write its tag first"), "{text}");
        assert!(!text.contains("says in its output") && !text.contains('|'), "{text}");
    }
    for workflow in rows().filter_map(page::Row::workflow) {
        assert!(
            workflow == "rollback" || after_ends_of(workflow).starts_with("After each of the"),
            "{workflow}"
        );
    }
    assert!(!explanation("Complete").unwrap().1.contains("start the same input again"));
}

#[test]
fn the_outcomes_of_publish_pointer_are_explained() {
    let schema = local_aws::workspace_root().join("schemas/rotate-restore/publish-pointer.output.json");
    let schema = std::fs::read_to_string(schema).unwrap();
    let outcomes = rows().filter(|row| row.kind == Kind::Outcome("publish-pointer"));
    let names: Vec<_> = outcomes.flat_map(|row| row.names()).collect();
    assert!(names.len() == 6 && names.iter().all(|name| schema.contains(&format!("\"{name}\""))), "{schema}");
    let (_, text) = explanation("PointerIsNewer").unwrap();
    assert!(
        text.starts_with("An outcome of publish-pointer: the parameter names a copy of a later"),
        "{text}"
    );
    assert!(!is_known("PointerIsNewer"));
}

#[test]
fn tables_are_shown_in_columns() {
    let text = "Before.\n\n| From | Reasons |\n|---|---|\n| `a` | one |\n| `step b` | two |\n\nAfter.";
    let expected = ["Before.", "", "From      Reasons", "`a`       one", "`step b`  two", "", "After."];
    assert_eq!(shown(text, 80), expected);
    assert_eq!(shown(&"word ".repeat(30), 100).len(), 2);
    for name in names() {
        let (_, text) = explanation(name).unwrap();
        let lines = shown(&text, 100);
        assert!(lines.iter().all(|line| !line.contains('|') && !line.contains("**")), "{name}: {lines:?}");
    }
}

#[test]
fn the_list_has_a_sentence_for_each_name() {
    let lines = list();
    let line = |name: &str| lines.iter().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    assert!(line("BackupNotFound").ends_with("  The backup or recovery point was not found."));
    assert!(line("Settings Not Synced").contains("  End of rotate-restore: the new table is usable, but "));
    assert!(line("PointerIsNewer").contains("  Outcome of publish-pointer: the parameter names a copy"));
    assert!(line("Restore Failed").ends_with("  End of rotate-restore, restore-snapshot, restore-test."));
    assert!(lines.iter().all(|line| line.split_once("  ").is_some_and(|(_, text)| text.trim().len() > 10)));
    assert!(lines.is_sorted());
}

#[test]
fn links_lose_their_targets() {
    assert_eq!(plain("see [A](#a) and **[B](b.md)**."), "see A and B.");
    assert_eq!(plain("`f](x` [no"), "`f](x` [no");
}
