//! `asl-check explain`.

use contracts::diagnostic::Code;

use super::super::*;

#[test]
fn every_code_is_explained_by_its_section() {
    let project = Project::new(&[]);
    let listed = project.run(&["explain"]).stdout;
    let codes: Vec<&str> = listed.lines().map(|line| line.split_once(' ').unwrap().0).collect();
    assert_eq!(codes, Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>());
    let shown = project.run(&["explain", "not_an_array"]).stdout;
    assert!(shown.starts_with("NOT_AN_ARRAY\nA Map's `Items` can be "), "{shown}");
    // The last section before a heading of the first level ends there.
    let shown = project.run(&["explain", "JSONPATH_NOT_CHECKED"]);
    assert!(!shown.stdout.contains("# Expressions"), "{}", shown.stdout);
}

#[test]
fn a_code_that_does_not_exist_gets_a_suggestion() {
    let ran = Project::new(&[]).run(&["explain", "NOT_AN_ARAY"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (2, "error: there is no code NOT_AN_ARAY; did you mean NOT_AN_ARRAY?\n")
    );
}
