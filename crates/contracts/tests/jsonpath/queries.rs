//! The grammar of paths and of calls.

use contracts::jsonpath::{Call, Path, Query};

#[test]
fn a_path_is_read_or_refused_with_its_reason() {
    let paths = [
        "$",
        "$.a",
        "$.a.b",
        "$['a b']",
        "$[\"a\"]",
        "$.a[0].b",
        "$[-1]",
        "$.a[*]",
        "$.*",
        "$..a",
        "$..[0]",
        "$.a[1:]",
        "$.a[:-1]",
        "$[0,2]",
        "$['a','b']",
        "$.a[?(@.b == 'x]')].c",
        "$.a[?(@.b==x)]",
        "$[(@.length-1)]",
        "$.a.['b c']",
        "$.a-b",
        "$.häuser",
        "$.a.length()",
        "$$",
        "$$.Execution.Id",
        "$name",
        "$name.a[0]",
        "$name[0]",
        " $.a ",
    ];
    for path in paths {
        assert!(Path::parse(path).is_ok(), "{path}: {:?}", Path::parse(path));
    }
    let refused = [
        ("", "starts with `$`"),
        ("a", "starts with `$`"),
        (".a", "starts with `$`"),
        ("$.", "no name follows"),
        ("$.a.", "no name follows"),
        ("$...a", "no name follows"),
        ("$.a[", "has no end"),
        ("$.a[0", "has no end"),
        ("$.a['b]", "has no end"),
        ("$.a[]", "selects nothing"),
        ("$.a[b]", "selects nothing"),
        ("$.a[1:2:3:4]", "selects nothing"),
        ("$['a' 'b']", "selects nothing"),
        ("$.a b", "space"),
        ("$.a]", "unexpected"),
        ("$1", "name of a variable"),
        ("$.a.length(", "has no end"),
    ];
    for (path, reason) in refused {
        let error = Path::parse(path).unwrap_err();
        assert!(error.contains(reason), "{path}: {error}");
    }
}

#[test]
fn only_names_and_single_items_make_a_reference_path() {
    for path in ["$", "$.a['b'][0]", "$[-1]", "$variable.a"] {
        assert_eq!(Path::parse(path).unwrap().not_of_a_reference(), None, "{path}");
    }
    for path in ["$..a", "$.*", "$[*]", "$[0,1]", "$[1:]", "$['a','b']", "$[?(@.a)]", "$.a.length()"] {
        assert!(Path::parse(path).unwrap().not_of_a_reference().is_some(), "{path}");
    }
}

#[test]
fn every_function_has_its_arguments() {
    let calls = [
        "States.Array()",
        "States.Array('a', 1, null, true, $.b, States.UUID())",
        "States.ArrayPartition($.a, 4)",
        "States.ArrayContains($.a, 'b')",
        "States.ArrayRange(1, 9, 2)",
        "States.ArrayGetItem($.a, 0)",
        "States.ArrayLength($.a)",
        "States.ArrayUnique($.a)",
        "States.Base64Encode('a')",
        "States.Base64Decode($.a)",
        "States.Hash($.a, 'SHA-256')",
        "States.JsonMerge($.a, $.b, false)",
        "States.MathRandom(1, 9)",
        "States.MathRandom(1, 9, $.seed)",
        "States.MathAdd($.a, -1)",
        "States.StringSplit('a,b', ',')",
        "States.UUID()",
        "States.StringToJson('{\"a\": 1}')",
        "States.JsonToString($.a)",
        "States.Format('none')",
        "States.Format('{} of {}', $.a, $$.Execution.Name)",
        "States.Format('it\\'s \\{\\} {}', $.a)",
        "States.Format($.template, 1, 2, 3)",
        "States.ArrayGetItem( $.a[?(@.b == 'c, d')], 0 )",
    ];
    let mut named: Vec<&str> = Vec::new();
    for call in calls {
        assert!(Call::parse(call).is_ok(), "{call}: {:?}", Call::parse(call));
        named.extend(Call::names().filter(|name| call.contains(&format!("{name}("))));
    }
    let missing: Vec<&str> = Call::names().filter(|name| !named.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn a_call_is_refused_with_its_reason() {
    let deep = |depth: usize| format!("{}States.UUID(){}", "States.Array(".repeat(depth), ")".repeat(depth));
    assert!(Call::parse(&deep(9)).is_ok());
    let too_deep = deep(10);
    let refused = [
        ("States.Frmat('a')", "Did you mean States.Format?"),
        ("States.Default($.a, 1)", "there is no function"),
        ("Format('a')", "neither a path"),
        ("States.UUID", "no arguments in parentheses"),
        ("States.UUID(1)", "takes 0 arguments and has 1"),
        ("States.MathRandom(1)", "takes 2 or 3 arguments and has 1"),
        ("States.Format()", "takes at least 1 arguments and has 0"),
        ("States.Format('{} {}', $.a)", "has 2 `{}`, and 1 values follow it"),
        ("States.Format('{}')", "has 1 `{}`"),
        ("States.Format(\"{}\", $.a)", "double quotes"),
        ("States.Format('a', $.a", "a comma or `)` is missing"),
        ("States.Format('a)", "no closing quote"),
        ("States.Format('a \\\"b\\\"')", "means nothing"),
        ("States.Format('a') b", "follows the end"),
        ("States.Array($.a,)", "an argument of States.Array is missing"),
        ("States.Array(a)", "A text needs single quotes"),
        ("States.Array($.)", "no name follows"),
        ("States.MathAdd(1, '-1')", "needs a number"),
        ("States.ArrayLength('a')", "needs an array or an object"),
        ("States.ArrayRange(1, 9, 0)", "step of States.ArrayRange is 0"),
        ("States.JsonMerge($.a, $.b, true)", "needs false"),
        ("States.Hash($.a, 'SHA-3')", "needs MD5"),
        ("States.StringToJson(1)", "needs a text"),
        (too_deep.as_str(), "deeper than 10"),
    ];
    for (call, reason) in refused {
        let error = Call::parse(call).unwrap_err();
        assert!(error.contains(reason), "{call}: {error}");
    }
}

#[test]
fn the_paths_in_a_call_are_known() {
    let query = Query::parse("States.Format('{} {}', $a.b, States.ArrayGetItem($$.Map, $c))").unwrap();
    assert_eq!(query.paths().len(), 3);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[$.\\[\\]'\"(),:?*@ a{}\\\\S1-]{0,40}|States\\.(Format|Array)\\([$.\\[\\]'\"(), {}\\\\a]{0,30}") {
        let _either = Query::parse(&text);
        let _path = Path::parse(&format!("${text}"));
    }
}
