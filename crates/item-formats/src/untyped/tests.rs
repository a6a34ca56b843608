use super::*;

const ID: KeyAttribute<'static> = KeyAttribute { name: "id", key_type: KeyType::S };

fn read(line: &str) -> Result<(String, Doubts), Malformed> {
    let mut item = b"before".to_vec();
    let doubts = read_untyped_line(line.as_bytes(), &[ID], &mut item);
    let item = String::from_utf8(item).unwrap();
    let added = item.strip_prefix("before").unwrap();
    assert!(doubts.is_ok() || added.is_empty(), "{added} is left of a line that was refused");
    doubts.map(|doubts| (added.to_owned(), doubts))
}

fn doubts(line: &str) -> Doubts {
    read(line).unwrap().1
}

#[test]
fn each_value_becomes_its_obvious_type() {
    let line = concat!(
        r#" { "id" : "a\u00e9\"" , "n":-1.50e+3,"t":true,"f":false,"0":null,"#,
        r#""l":[1,[ ],"x",{"m":{}}], "m" : { "a b" : 0 } } "#
    );
    let item = concat!(
        r#"{"id":{"S":"a\u00e9\""},"n":{"N":"-1.50e+3"},"t":{"BOOL":true},"f":{"BOOL":false},"0":{"NULL":true},"#,
        r#""l":{"L":[{"N":"1"},{"L":[]},{"S":"x"},{"M":{"m":{"M":{}}}}]},"m":{"M":{"a b":{"N":"0"}}}}"#
    );
    assert_eq!(read(line).unwrap().0, item);
}

#[test]
fn digits_are_unchanged() {
    for number in ["12345678901234567890123456789012345678", "0.10", "1E-130", "-0", "100000000000000000000"]
    {
        let item = format!(r#"{{"id":{{"S":""}},"n":{{"N":"{number}"}}}}"#);
        assert_eq!(read(&format!(r#"{{"id":"","n":{number}}}"#)).unwrap().0, item);
    }
}

#[test]
fn doubtful_values_are_counted_by_kind() {
    let none = Doubts::default();
    for (value, expected) in [
        ("null", Doubts { nulls: 1, ..none }),
        ("[null,null]", Doubts { nulls: 2, ..none }),
        (r#"{"type":"Buffer","data":[104,105]}"#, Doubts { buffers: 1, ..none }),
        (r#"{"data":[],"type":"Buffer"}"#, Doubts { buffers: 1, ..none }),
        (r#"{"type":"Buffer","data":[104,256]}"#, Doubts { arrays: 1, ..none }),
        (r#"{"type":"Buffer","data":[1,1],"more":true}"#, none),
        (r#"{"type":"Other","data":[1,1]}"#, none),
        (r#"["a","b"]"#, Doubts { arrays: 1, ..none }),
        ("[1,2.5]", Doubts { arrays: 1, ..none }),
        (r#"["a","\u0061"]"#, none),
        ("[1,1.0]", none),
        (r#"["a",1]"#, none),
        ("[true]", none),
        ("[]", none),
        ("123456789012345", none),
        ("1234567890123456", Doubts { numbers: 1, ..none }),
        ("0.12345678901234567", Doubts { numbers: 1, ..none }),
        ("123456789012345678", none),
    ] {
        assert_eq!(doubts(&format!(r#"{{"id":"1","v":{value}}}"#)), expected, "{value}");
    }
    let mut sum = Doubts { nulls: 1, buffers: 2, arrays: 3, numbers: 4 };
    sum += sum;
    assert_eq!(sum, Doubts { nulls: 2, buffers: 4, arrays: 6, numbers: 8 });
}

#[test]
fn a_key_of_another_type_is_refused_with_what_would_be_right() {
    let keys =
        |key_type| [KeyAttribute { name: "id", key_type }, KeyAttribute { name: "at", key_type: KeyType::N }];
    for (key_type, line, at, reason) in [
        (
            KeyType::S,
            r#"{"v":1,"id":2}"#,
            12,
            "the key attribute `id` is a number, but that of the table is a string (`S`); it must be in quotes",
        ),
        (
            KeyType::S,
            r#"{"id":null}"#,
            6,
            "the key attribute `id` is null, but that of the table is a string",
        ),
        (KeyType::S, r#"{"\u0069d":{"S":"1"}}"#, 11, "the key attribute `id` is an object, but"),
        (KeyType::S, r#"{"id":["1"]}"#, 6, "the key attribute `id` is an array, but"),
        (KeyType::S, r#"{"id":"1","at":true}"#, 15, "the key attribute `at` is true or false, but"),
        (
            KeyType::N,
            r#"{"id":"1"}"#,
            6,
            "the key attribute `id` is a string, but that of the table is a number (`N`)",
        ),
        (
            KeyType::B,
            r#"{"id":"aGk="}"#,
            6,
            "the key attribute `id` is a string, but that of the table is a binary",
        ),
    ] {
        let refused = read_untyped_line(line.as_bytes(), &keys(key_type), &mut Vec::new()).unwrap_err();
        assert_eq!(refused.at, at, "{line}");
        assert!(refused.reason.starts_with(reason), "{refused}");
    }
    // Nested attributes are not keys.
    assert!(read(r#"{"id":"1","m":{"id":2}}"#).is_ok());
}

#[test]
fn each_fault_is_refused_with_its_offset_and_a_message() {
    for (line, at, reason) in [
        ("", 0, "an object of attributes was expected, not the end"),
        ("[]", 0, "an object of attributes was expected, not `[`"),
        (r#"{"id":"1"}}"#, 10, "the end was expected, not `}`"),
        (r#"{"id":"1""#, 9, "`,` or `}` after an attribute was expected, not the end"),
        (r#"{"id":"1",}"#, 10, "an attribute's name was expected, not `}`"),
        (r#"{"id":}"#, 6, "a value was expected, not `}`"),
        (r#"{"a":[1,]}"#, 8, "a value was expected, not `]`"),
        (r#"{"a":[1}"#, 7, "`,` or `]` after an array's element was expected, not `}`"),
        (r#"{"a":NaN}"#, 5, "a value was expected, not `N`"),
        (r#"{"a":+1}"#, 5, "a value was expected, not `+`"),
        (r#"{"a":01}"#, 5, "a number is not valid JSON"),
        (r#"{"a":1.}"#, 5, "a number is not valid JSON"),
        (r#"{"a":1e}"#, 5, "a number is not valid JSON"),
        (r#"{"a":-}"#, 5, "a number is not valid JSON"),
        (r#"{"a":1e126}"#, 5, "a number's magnitude is not between 1E-130 and 9.99E+125"),
        (r#"{"a":truer}"#, 9, "`,` or `}` after an attribute was expected, not `r`"),
        (r#"{"a":"\q"}"#, 6, "a backslash does not begin a JSON escape"),
    ] {
        let expected = Malformed { at, reason: reason.to_owned() };
        assert_eq!(read(line), Err(expected), "{line}");
    }
}

#[test]
fn arrays_and_objects_may_be_nested_32_deep() {
    let nested = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(32)).is_ok());
    assert_eq!(read(&nested(33)).unwrap_err().reason, "lists and maps are nested more than 32 deep");
    assert!(read(&format!(r#"{{"a":{}"#, r#"{"a":["#.repeat(1_000_000))).is_err());
}
