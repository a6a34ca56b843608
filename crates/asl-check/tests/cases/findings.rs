//! Which findings are reported, and which of them make the exit code 1.

use super::super::*;

/// A machine that has a note: it has no timeout.
fn endless() -> String {
    good().replace("  \"TimeoutSeconds\": 60,\n", "")
}

fn commented(definition: &str, comment: &str) -> String {
    definition.replace("\"Type\": \"Pass\"", &format!("\"Type\": \"Pass\", \"Comment\": \"{comment}\""))
}

#[test]
fn only_errors_fail_unless_more_is_asked_for() {
    let project = Project::new(&[("note.asl.json", &endless()), ("error.asl.json", &dangling())]);
    let code = |arguments: &[&str]| project.run(arguments).code;
    assert_eq!(code(&["error.asl.json"]), 1);
    assert_eq!(code(&["note.asl.json"]), 0);
    assert_eq!(code(&["note.asl.json", "--error-on", "warning"]), 0);
    assert_eq!(code(&["note.asl.json", "--error-on", "note"]), 1);
    assert_eq!(code(&["note.asl.json", "--strict"]), 1);
    assert_eq!(project.run(&["."]).stderr, "1 error, 1 note in 2 files\n");
    let refused = project.run(&[".", "--error-on", "fatal"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("it is error, warning or note"), "{}", refused.stderr);
}

#[test]
fn codes_are_selected_and_ignored() {
    let project = Project::new(&[("a.asl.json", &dangling().replace("  \"TimeoutSeconds\": 60,\n", ""))]);
    let codes = |arguments: &[&str]| {
        let found = project.found(&[&["."], arguments].concat()).into_iter();
        found.map(|(code, ..)| code).collect::<Vec<_>>()
    };
    let (missing, endless) = ("MISSING_TRANSITION_TARGET", "MISSING_TIMEOUT");
    assert_eq!(codes(&[]), [endless, missing]);
    assert_eq!(codes(&["--select", "missing_timeout"]), [endless]);
    assert_eq!(codes(&["--ignore", "MISSING_TIMEOUT"]), [missing]);
    assert_eq!(codes(&["--ignore", "MISSING_TIMEOUT,MISSING_TRANSITION_TARGET"]), Vec::<String>::new());
    let refused = project.run(&[".", "--ignore", "MISSING_TIMEOUTS"]);
    assert!(refused.stderr.contains("did you mean MISSING_TIMEOUT?"), "{}", refused.stderr);

    project.write(
        ".asl-check.toml",
        "ignore = [\"MISSING_TIMEOUT\"]\n[severity]\nMISSING_TRANSITION_TARGET = \"note\"\n",
    );
    assert_eq!(codes(&[]), [missing]);
    assert_eq!(project.run(&["."]).code, 0);
    assert_eq!(codes(&["--select", "MISSING_TIMEOUT"]), [endless]);
}

#[test]
fn the_nearest_configuration_applies_to_each_file() {
    let project = Project::new(&[
        (
            ".asl-check.toml",
            "error-on = \"note\"\n[per-file-ignores]\n\"old/*.asl.json\" = [\"MISSING_TIMEOUT\"]\n",
        ),
        ("a.asl.json", &endless()),
        ("old/b.asl.json", &endless()),
        ("other/.asl-check.toml", "ignore = [\"MISSING_TIMEOUT\"]\n"),
        ("other/deep/c.asl.json", &endless()),
    ]);
    let endless = |file: &str| ("MISSING_TIMEOUT".to_owned(), file.to_owned(), 1);
    assert_eq!(project.found(&["."]), [endless("a.asl.json")]);
    assert_eq!(project.run(&["a.asl.json"]).code, 1);
    assert_eq!(project.found(&[".", "--settings", "other/.asl-check.toml"]), []);
    for (text, part) in [
        ("unknown = 1\n", "unknown field"),
        ("ignore = [\"MISING_TIMEOUT\"]\n", "did you mean MISSING_TIMEOUT?"),
        ("schemas = \"none\"\n", "which is not a directory"),
    ] {
        project.write(".asl-check.toml", text);
        let ran = project.run(&["a.asl.json"]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(part), "{part} is not in {}", ran.stderr);
    }
}

#[test]
fn a_comment_ignores_a_code_with_a_reason_and_is_told_when_nothing_is_left_to_ignore() {
    let found = |definition: &str| {
        let project = Project::new(&[("a.asl.json", definition)]);
        project.found(&["."]).into_iter().map(|(code, ..)| code).collect::<Vec<_>>()
    };
    let (missing, unused) = ("MISSING_TRANSITION_TARGET", "UNUSED_IGNORE");
    let reason = "check:ignore MISSING_TRANSITION_TARGET B is added tomorrow";
    assert_eq!(found(&commented(&dangling(), reason)), Vec::<String>::new());
    assert_eq!(found(&commented(&good(), reason)), [unused]);
    assert_eq!(found(&commented(&dangling(), "check:ignore MISSING_TRANSITION_TARGET")), [unused, missing]);
    assert_eq!(found(&commented(&dangling(), "check:ignore MISSING_TARGET not there")), [unused, missing]);
    let whole = |definition: &str| {
        let comment = "{\n  \"Comment\": \"check:ignore MISSING_TRANSITION_TARGET,MISSING_TIMEOUT a draft\",";
        definition.replacen('{', comment, 1)
    };
    assert_eq!(found(&whole(&dangling().replace("  \"TimeoutSeconds\": 60,\n", ""))), Vec::<String>::new());
    assert_eq!(found(&whole(&dangling())), [unused]);
}

#[test]
fn a_baseline_hides_what_is_known_when_lines_move_and_shows_what_is_new() {
    let project = Project::new(&[("m/a.asl.json", &dangling())]);
    let written = project.run(&["m", "--write-baseline", "known.json"]);
    assert_eq!((written.code, written.stderr.as_str()), (0, "1 finding in known.json\n"));
    project.write("m/a.asl.json", &format!("\n\n{}", dangling()));
    let ran = project.run(&["m", "--baseline", "known.json"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", "1 finding in the baseline\n"));
    project.write("m/b.asl.json", &dangling());
    assert_eq!(project.found(&["m", "--baseline", "known.json"]), [missing("m/b.asl.json", 6)]);

    std::fs::remove_file(project.path("m/b.asl.json")).unwrap();
    project.write("m/a.asl.json", &good());
    project.write(".asl-check.toml", "baseline = \"known.json\"\n");
    let ran = project.run(&["m"]);
    assert!(ran.stderr.starts_with("1 finding of the baseline not there any more"), "{}", ran.stderr);
    project.write("known.json", "{}");
    assert_eq!(project.run(&["m"]).code, 2);
}

#[test]
fn the_limits_of_the_local_engine_are_an_option() {
    let output = good().replace("\"Type\": \"Pass\", \"End\": true", "\"Type\": \"Succeed\", \"Output\": {}");
    let project = Project::new(&[("a.asl.json", &output)]);
    assert_eq!(project.found(&["."]), []);
    let found = project.found(&[".", "--local-engine"]);
    assert_eq!(found.first().map(|(code, ..)| code.as_str()), Some("IGNORED_BY_LOCAL_ENGINE"));
}
