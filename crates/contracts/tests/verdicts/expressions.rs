//! Functions as values, forms that are not followed, and what JSONata 2.0.6 does not have.

use serde_json::{Value, json};

use super::harness::{SILENT, assert_expressions, object};

fn input() -> Value {
    let rows =
        json!({ "type": "array", "maxItems": 9, "items": object(json!({ "id": { "type": "integer" } })) });
    object(json!({ "name": { "type": "string" }, "n": { "type": "integer" }, "rows": rows, "any": {} }))
}

#[test]
fn functions_are_values() {
    assert_expressions(
        &[
            ("($f := function($x) { $x + 1 }; $f($states.input.n))", SILENT),
            ("($f := function($x) { $x + 1 }; $f($states.input.name))", &["error WRONG_ARGUMENT"]),
            ("($g := function($f) { $f(2) }; $g(function($x) { $x * 2 }))", SILENT),
            ("($fact := function($x) { $x < 2 ? 1 : $x * $fact($x - 1) }; $fact(5))", SILENT),
            ("($shout := $trim ~> $uppercase; $shout($states.input.name))", SILENT),
            ("($first := $substring(?, 0, 1); $first($states.input.name))", SILENT),
            ("$states.input.name ~> $substring(?, 1)", SILENT),
            ("function($x) { $x & '!' }($states.input.name)", SILENT),
            ("$states.input.name ~> function($x) { $x & '!' }", SILENT),
            ("$reduce([$states.input.rows.id], $append)", SILENT),
            ("[1..3][2] + 1", SILENT),
            ("[1..3][3]", &["error UNKNOWN_FIELD"]),
            ("$map([1..3], function($i) { $i * 2 })", SILENT),
            ("[1..$states.input.n][0]", &["warning PERHAPS_ABSENT_FIELD"]),
            ("$reduce([1, 2, 3], function($sum, $x) { $sum + $x })", SILENT),
            ("[$map($states.input.rows, function($r) { $r.id })]", SILENT),
            ("[$map(['a', 'b'], $uppercase)]", SILENT),
            ("$sift({ 'a': 1 }, function($v, $k) { $v > 0 })", SILENT),
            ("$appnd([], 1)", &["error UNKNOWN_FUNCTION"]),
            ("States.Format('{}', 1)", &["error UNKNOWN_FUNCTION"]),
            ("uppercase('a')", &["error UNKNOWN_FUNCTION"]),
            ("$eval('1')", &["error UNKNOWN_FUNCTION"]),
        ],
        Some(&input()),
    );
}

#[test]
fn forms_that_are_not_followed_are_unknown() {
    assert_expressions(
        &[
            ("[$keys($states.input)]", SILENT),
            ("$each({ 'a': 1 }, function($v, $k) { $k })", SILENT),
            ("$spread($states.input)", SILENT),
            ("$zip([1], [2])[0][1]", SILENT),
            ("$parse($states.input.name).a.b", SILENT),
            ("$lookup($states.input, $states.input.name)", SILENT),
            ("{ $states.input.name: 1 }", SILENT),
            ("$states.input.rows{ $string(id): $count($) }", SILENT),
            ("$states.input.*", SILENT),
            ("$states.input.**.id", SILENT),
            ("$states.input.rows#$i.{ 'at': $i }", SILENT),
            ("$states.input.rows@$r.$r.id", SILENT),
            ("$states.input.rows.id.%", SILENT),
            ("$states.input.rows[[0..1]]", SILENT),
            ("$states.input.rows[$states.input.n].id", SILENT),
            ("$states.input ~> |rows|{ 'seen': true }|", SILENT),
            ("$merge($states.input.rows)", SILENT),
            ("$states.input.any.thing", &["warning PERHAPS_ABSENT_FIELD"]),
        ],
        Some(&input()),
    );
}

#[test]
fn operators_of_later_versions_and_constants_that_fail_are_refused() {
    const NOT_JSONATA: &[&str] = &["error INVALID_JSONATA_EXPRESSION"];
    const WRONG: &[&str] = &["error WRONG_ARGUMENT"];
    assert_expressions(
        &[
            ("$states.input.name ?? 'none'", NOT_JSONATA),
            ("$states.input.name ?: 'none'", NOT_JSONATA),
            ("$states.input.(name", NOT_JSONATA),
            ("1 / 0", WRONG),
            ("$states.input.n % 0", WRONG),
            ("$number('abc')", WRONG),
            ("$number('12.5e1')", SILENT),
            ("$hash($states.input.name, 'SHA-3')", WRONG),
            ("$hash($states.input.name, 'SHA-256')", SILENT),
            ("$range(1, 5, 0)", WRONG),
            ("$range(1, 5, 2)", SILENT),
            ("$partition($states.input.rows, 0)", WRONG),
            ("$toMillis('yesterday')", WRONG),
            ("$toMillis('2026-01-02')", SILENT),
            ("$parse('{a}')", WRONG),
            ("$millis($states.input.n)", WRONG),
            ("$states.input.name > 3", &["error COMPARED_TYPES_DIFFER"]),
            // A text or a list as a condition is legal.
            ("$states.input.name ? 'y' : 'n'", SILENT),
            ("$states.input.rows ? 'y' : 'n'", SILENT),
            ("$not(1)", SILENT),
        ],
        Some(&input()),
    );
}
