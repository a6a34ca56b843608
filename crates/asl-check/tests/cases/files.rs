//! Which files are checked.

use super::super::*;

#[test]
fn files_and_directories_are_checked_and_nothing_else_in_them() {
    let wrong = dangling();
    let project = Project::new(&[
        ("a.asl.json", &wrong),
        ("deep/er/b.asl", &wrong),
        ("deep/good.asl.json", &good()),
        ("deep/package.json", "{}"),
        ("deep/broken.json", "{"),
        ("node_modules/x.asl.json", &wrong),
        (".hidden/x.asl.json", &wrong),
    ]);
    let both = [missing("a.asl.json", 6), missing("deep/er/b.asl", 6)];
    assert_eq!(project.found(&["."]), both);
    assert_eq!(project.found(&["deep", "a.asl.json", "./a.asl.json"]), [both[1].clone(), both[0].clone()]);
    assert_eq!(project.found(&["--definition", "a.asl.json"]), [both[0].clone()]);
}

#[test]
fn yaml_is_checked_with_its_lines() {
    let text = "# why\nQueryLanguage: JSONata\nTimeoutSeconds: 60\nStartAt: A\nStates:\n  A:\n    Type: Pass\n    Next: B\n";
    let project = Project::new(&[("a.asl.yaml", text)]);
    assert_eq!(project.found(&["."]), [missing("a.asl.yaml", 8)]);
    let shown = project.run(&["a.asl.yaml"]).stdout;
    assert!(shown.contains("8 |     Next: B\n  |           ^\n"), "{shown}");
}

#[test]
fn standard_input_has_the_name_that_it_is_given() {
    let project = Project::new(&[]);
    let ran = project.run_with(&["-", "--json"], &dangling());
    assert_eq!((ran.code, &ran.json()["diagnostics"][0]["file"]), (1, &json!("stdin.asl.json")));
    let yaml = "QueryLanguage: JSONata\nTimeoutSeconds: 1\nStartAt: A\nStates: {A: {Type: Succeed}}\n";
    let ran = project.run_with(&["-", "--stdin-name", "x/y.asl.yaml"], yaml);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
}

#[test]
fn one_file_that_cannot_be_used_does_not_keep_the_others_from_being_checked() {
    let project = Project::new(&[
        ("a.asl.json", "{bad"),
        ("b.asl.json", &dangling()),
        ("c.asl.json", "{\n  // why\n}"),
        ("d.asl.json", &format!("\u{feff}{}", good())),
    ]);
    std::fs::write(project.path("e.asl.json"), [0xff, 0xfe, 0x7b]).unwrap();
    let ran = project.run(&[".", "gone.asl.json", "--json"]);
    let report = ran.json();
    assert_eq!(ran.code, 2);
    assert_eq!(report["diagnostics"].as_array().unwrap().len(), 1);
    let errors: Vec<&str> =
        report["errors"].as_array().unwrap().iter().map(|error| error["message"].as_str().unwrap()).collect();
    let sentence = "JSON has no comments. Write it into the Comment of the state or of the state machine";
    assert_eq!(errors[1], format!("c.asl.json:2:3: this is not JSON: {sentence}"));
    assert!(errors[0].starts_with("a.asl.json:1:2: this is not JSON: "), "{errors:?}");
    assert_eq!(
        errors[2..],
        [
            "e.asl.json cannot be read: its text is not UTF-8",
            "gone.asl.json cannot be read: there is no such file"
        ]
    );
    assert_eq!(report["errors"][1]["line"], 2);
    let text = project.run(&["."]);
    assert_eq!(text.code, 2);
    assert!(text.stdout.contains("MISSING_TRANSITION_TARGET"), "{}", text.stdout);
    assert!(text.stderr.contains("error: a.asl.json:1:2"), "{}", text.stderr);
}

#[test]
fn a_project_without_definitions_and_a_directory_that_does_not_exist_are_refused() {
    let project = Project::new(&[("a.asl.json", &good())]);
    for (arguments, message) in [
        (&[][..], "error: no statemachines/*.asl.json in this directory; name files or directories\n"),
        (&["--schemas", "no", "a.asl.json"], "error: --schemas is no, which is not a directory\n"),
        (
            &["--template", "a.asl.json", "."],
            "error: --template is for definitions, and a directory is named; name the definitions that it deploys\n",
        ),
    ] {
        let ran = project.run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (2, message));
    }
}

#[test]
fn a_broken_schema_is_an_error_and_what_it_describes_is_unknown() {
    let project = Project::new(&[("statemachines/a.asl.json", &dangling()), ("schemas/a.input.json", "{")]);
    let ran = project.run(&["--json"]);
    assert_eq!((ran.code, ran.json()["diagnostics"].as_array().unwrap().len()), (2, 1));
    assert!(ran.stderr.contains("schemas/a.input.json is not a schema: "), "{}", ran.stderr);
}
