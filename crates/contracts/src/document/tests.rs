//! Tests of the readers and of their positions.

use serde_json::json;

use super::{Document, Excerpt, Position};

fn at(line: usize, column: usize, length: usize) -> Position {
    Position { line, column, length }
}

#[test]
fn every_value_has_its_position_and_what_is_missing_has_that_of_its_parent() {
    let text = "{\n  \"ä\": {\"b/c\": \"\\u00e9\", \"d\": [1, {\"e\": null}]}\n}";
    let document = Document::parse("x.json", text).unwrap();
    assert_eq!(document.value(), &json!({"ä": {"b/c": "é", "d": [1, {"e": null}]}}));
    let places = [
        ("", at(1, 1, 1)),
        ("/ä", at(2, 3, 3)),
        ("/ä/b~1c", at(2, 16, 8)),
        ("/ä/d", at(2, 26, 3)),
        ("/ä/d/0", at(2, 32, 1)),
        ("/ä/d/1", at(2, 35, 1)),
        ("/ä/d/1/e", at(2, 41, 4)),
        ("/ä/missing/deeper", at(2, 3, 3)),
        ("/nothing", at(1, 1, 1)),
    ];
    for (pointer, expected) in places {
        assert_eq!(document.position(pointer), expected, "{pointer}");
    }
    assert_eq!(document.line(3), "}");
}

#[test]
fn members_of_one_name_are_reported_at_the_later_position() {
    let document = Document::parse("x.json", r#"{"a": {"b": 1, "b": 2}, "c": {"b": 3}}"#).unwrap();
    assert_eq!(document.repeated().collect::<Vec<_>>(), [("/a/b", at(1, 16, 3))]);
    assert_eq!(document.value()["a"]["b"], 2);
}

#[test]
fn only_json_is_accepted() {
    let not_json = [
        "",
        "{",
        "{\"a\": 1,}",
        "{a: 1}",
        "// x\n1",
        "{'a': 1}",
        "[1 2]",
        "[01]",
        "[+1]",
        "[0x1]",
        "[NaN]",
        "1 2",
        "[.5]",
        "[\"\\x41\"]",
    ];
    for text in not_json {
        let refused = Document::parse("x.json", text);
        assert!(refused.is_err(), "{text} is read as {:?}", refused.map(|document| document.value));
        assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text} is JSON");
    }
    let refused = Document::parse("x.json", "{\n  \"a\": 1,\n}").unwrap_err();
    assert!(refused.to_string().starts_with("x.json:2:"), "{refused}");
}

#[test]
fn a_byte_order_mark_is_accepted_and_comments_get_a_sentence() {
    let marked = Document::parse("x.json", "\u{feff}{\"a\": 1}").unwrap();
    assert_eq!((marked.value(), marked.position("/a")), (&json!({"a": 1}), at(1, 7, 1)));
    let refused = Document::parse("x.json", "{\n  // why\n  \"a\": 1}").unwrap_err().to_string();
    let sentence = "JSON has no comments. Write it into the Comment of the state or of the state machine";
    assert_eq!(refused, format!("x.json:2:3: this is not JSON: {sentence}"));
}

/// A definition with every form of scalar.
const YAML: &str = r#"# how it starts
StartAt: "Ä 1"
TimeoutSeconds: 60
States:
  Ä 1:
    Type: Task
    Retry: &rules
      - {ErrorEquals: ['States.ALL'], BackoffRate: 1.5}
    End: true
    Comment: ~
  B:
    Retry: *rules
    Arguments:
      text: |
        two
          lines
      folded: >-
        one
        line
      missing:
"#;

#[test]
fn yaml_has_values_and_positions_as_json_has() {
    let document = Document::parse_yaml("x.asl.yaml", YAML).unwrap();
    let rules = json!([{"ErrorEquals": ["States.ALL"], "BackoffRate": 1.5}]);
    let b = json!({
        "Retry": rules,
        "Arguments": {"text": "two\n  lines\n", "folded": "one line", "missing": null},
    });
    let a = json!({"Type": "Task", "Retry": rules, "End": true, "Comment": null});
    let expected = json!({"StartAt": "Ä 1", "TimeoutSeconds": 60, "States": {"Ä 1": a, "B": b}});
    assert_eq!(document.value(), &expected);
    let places = [
        ("/StartAt", at(2, 10, 5)),
        ("/States/Ä 1", at(5, 3, 3)),
        ("/States/Ä 1/Type", at(6, 11, 4)),
        ("/States/Ä 1/Retry/0", at(8, 9, 1)),
        ("/States/Ä 1/Retry/0/ErrorEquals/0", at(8, 24, 12)),
        ("/States/B/Retry/0/ErrorEquals", at(12, 12, 6)),
        ("/States/B/Arguments/missing", at(20, 7, 7)),
        ("/States/B/nothing", at(11, 3, 1)),
    ];
    for (pointer, expected) in places {
        assert_eq!(document.position(pointer), expected, "{pointer}");
    }
}

#[test]
fn short_tags_are_functions_in_their_long_form() {
    let text = "a: !Ref X\nb: !GetAtt X.Arn\nc: !Sub '${X}'\nd: !Join ['', [!Ref Y]]\ne: !!str 1\n";
    let document = Document::parse_yaml("t.yaml", text).unwrap();
    let expected = json!({
        "a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["X", "Arn"]}, "c": {"Fn::Sub": "${X}"},
        "d": {"Fn::Join": ["", [{"Ref": "Y"}]]}, "e": "1",
    });
    assert_eq!(document.value(), &expected);
    assert_eq!(document.position("/c/Fn::Sub"), at(3, 9, 6));
    assert_eq!(document.position("/d/Fn::Join/1/0/Ref").line, 4);
}

#[test]
fn numbers_of_yaml_are_those_of_its_core_schema() {
    for (text, expected) in [
        ("1", json!(1)),
        ("-1", json!(-1)),
        ("+1", json!(1)),
        ("0x1f", json!(31)),
        ("1.5e3", json!(1500.0)),
        (".5", json!(0.5)),
        ("18446744073709551615", json!(u64::MAX)),
        ("1.2.3", json!("1.2.3")),
        ("2012-10-17", json!("2012-10-17")),
        ("nan", json!("nan")),
        ("123456789012:x", json!("123456789012:x")),
        ("'1'", json!("1")),
        ("yes", json!("yes")),
    ] {
        assert_eq!(Document::parse_yaml("x", format!("v: {text}")).unwrap().value()["v"], expected, "{text}");
    }
}

#[test]
fn yaml_that_cannot_be_read_has_a_position_and_no_few_lines_stand_for_billions() {
    let bomb: String = (0..30)
        .map(|level| match level {
            0 => "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
            _ => {
                let alias = format!("*a{}", level - 1);
                format!("a{level}: &a{level} [{}]\n", vec![alias; 9].join(", "))
            }
        })
        .collect();
    let deep = "[".repeat(100_000);
    for (text, part) in [
        ("a: [1, 2", "x.yaml:"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2:1: this is not YAML: the file has a second document behind `---`"),
        ("? [a]\n: b\n", "a key must be a plain name"),
        ("", "the file is empty"),
        (&bomb, "the file has more than 1000000 values"),
        (&deep, "recursion limit exceeded"),
        ("a: &a [*a]", "x.yaml:1:"),
    ] {
        let refused =
            Document::parse_yaml("x.yaml", text).map(|document| document.value).unwrap_err().to_string();
        assert!(refused.contains(part), "{part} is not in {refused}");
    }
    let repeated = Document::parse_yaml("x.yaml", "a: 1\nb: 2\na: 3\n").unwrap();
    assert_eq!(repeated.repeated().collect::<Vec<_>>(), [("/a", at(3, 1, 1))]);
}

#[test]
fn the_text_of_a_template_leads_to_the_lines_of_the_template() {
    let folded = "M:\n  D: >\n    {\"a\":\n    {\"é\": 1},\n    \"c\": \"x\"}\n";
    let literal = "M:\n  D: |\n    {\"a\":\n      {\"é\": 1},\n     \"c\": \"x\"}\n";
    let tagged = "M:\n  D: !Sub |\n    {\"a\":\n      {\"é\": 1},\n     \"c\": \"x\"}\n";
    let single = "M:\n  D: '{\"a\": {\"é\": 1}, \"c\": \"it''s\"}'\n";
    let double = r#"{"M": {"D": "{\"a\": {\"\u00e9\": 1},\n \"c\": \"x\"}"}}"#;
    for (text, e, c) in [
        (folded, at(4, 11, 1), at(5, 10, 3)),
        (literal, at(4, 13, 1), at(5, 11, 3)),
        (tagged, at(4, 13, 1), at(5, 11, 3)),
        (single, at(2, 19, 1), at(2, 28, 7)),
        (double, at(1, 35, 1), at(1, 48, 4)),
    ] {
        let template = Document::parse_yaml("t.yaml", text).unwrap();
        let mut excerpt = Excerpt::default();
        excerpt.push_string(&template, if text == tagged { "/M/D/Fn::Sub" } else { "/M/D" });
        let inner = template.parse_excerpt("Machine", &excerpt).unwrap();
        assert_eq!((inner.position("/a/é"), inner.position("/c")), (e, c), "{text}");
        assert_eq!((inner.file(), inner.part()), ("t.yaml", Some("Machine")));
    }
}

#[test]
fn text_that_is_put_together_keeps_the_places_of_its_parts() {
    let template =
        Document::parse("t.json", r#"{"D": ["{\"a\": \"", {"Ref": "X"}, "\", \"b\": }"]}"#).unwrap();
    let mut excerpt = Excerpt::default();
    excerpt.push_string(&template, "/D/0");
    excerpt.push("${X}", &template, "/D/1/Ref");
    excerpt.push_string(&template, "/D/2");
    assert_eq!(excerpt.text(), r#"{"a": "${X}", "b": }"#);
    let refused = template.parse_excerpt("M", &excerpt).unwrap_err().to_string();
    assert!(refused.starts_with("M of t.json:1:48: "), "{refused}");
    excerpt.replace(19..20, " 1}");
    let inner = template.parse_excerpt("M", &excerpt).unwrap();
    assert_eq!(inner.value(), &json!({"a": "${X}", "b": 1}));
    assert_eq!(inner.position("/b").line, 1);
}

#[test]
fn a_value_of_a_template_keeps_its_places() {
    let template = Document::parse_yaml("t.yaml", "A:\n  D:\n    X: 1\n  D2:\n    X: 2\n    X: 3\n").unwrap();
    let inner = template.embedded("A", "/A/D2", json!({"X": 3}));
    assert_eq!((inner.position("/X"), inner.position("")), (at(6, 8, 1), at(4, 3, 2)));
    assert_eq!(inner.repeated().map(|(pointer, _)| pointer).collect::<Vec<_>>(), ["/X"]);
}
