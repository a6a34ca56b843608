//! Writes the line of an item.

use crate::convert::{Pass, all_or_nothing};
use crate::format::Format;
use crate::malformed::Malformed;
use crate::scan::Cursor;
use crate::tag::Spelling;

/// Appends the line of an item to `line`, with the line feed. `item` is DynamoDB JSON as the service sends it.
///
/// The item is checked as thoroughly as [`read_line`](crate::read_line) checks a line, so that an export can be read
/// again. If the item is refused, `line` is unchanged.
///
/// ```
/// use item_formats::{Format, NullTag, write_line};
///
/// let mut line = Vec::new();
/// write_line(Format::DataPipeline(NullTag::Null), br#"{"id": {"N": "1.50"}, "x": {"NULL": true}}"#, &mut line)?;
/// assert_eq!(line, b"{\"id\":{\"n\":\"1.50\"},\"x\":{\"nULL\":true}}\n");
/// # Ok::<(), item_formats::Malformed>(())
/// ```
pub fn write_line(format: Format, item: &[u8], line: &mut Vec<u8>) -> Result<(), Malformed> {
    let (before, spelling, after) = match format {
        Format::DynamodbJson => ("{\"Item\":", Spelling::Dynamodb, "}\n"),
        Format::Plain => ("", Spelling::Dynamodb, "\n"),
        Format::DataPipeline(null) => ("", Spelling::DataPipeline(null), "\n"),
    };
    all_or_nothing(line, |line| {
        line.reserve(item.len() + before.len() + after.len());
        line.extend_from_slice(before.as_bytes());
        let mut cursor = Cursor::new(item, 0);
        cursor.space();
        let mut pass = Pass::new(item, cursor.at(), (Spelling::Dynamodb, spelling), line);
        pass.item()?;
        pass.copy();
        pass.cursor.end()?;
        line.extend_from_slice(after.as_bytes());
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::NullTag;

    const ITEM: &str = concat!(
        r#"{"s":{"S":"{\"S\": \u00e9 ä}"},"n":{"N":"1.50"},"b":{"B":"aGk="},"t":{"BOOL":true},"#,
        r#""f":{"BOOL":false},"0":{"NULL":true},"ss":{"SS":["a",""]},"ns":{"NS":["1","-2"]},"bs":{"BS":[""]},"#,
        r#""l":{"L":[{"M":{"S":{"S":""}}},{"L":[]}]},"m":{"M":{}}}"#
    );

    fn line(format: Format, item: &str) -> Result<String, Malformed> {
        let mut line = b"before".to_vec();
        let written = write_line(format, item.as_bytes(), &mut line);
        let line = String::from_utf8(line).unwrap();
        let added = line.strip_prefix("before").unwrap();
        assert!(written.is_ok() || added.is_empty(), "{added} is left of an item that was refused");
        written.map(|()| added.to_owned())
    }

    #[test]
    fn dynamodb_json_is_the_item_verbatim() {
        assert_eq!(line(Format::Plain, ITEM).unwrap(), format!("{ITEM}\n"));
        assert_eq!(line(Format::DynamodbJson, ITEM).unwrap(), format!("{{\"Item\":{ITEM}}}\n"));
    }

    #[test]
    fn data_pipeline_respells_the_types_and_nothing_else() {
        let expected = concat!(
            r#"{"s":{"s":"{\"S\": \u00e9 ä}"},"n":{"n":"1.50"},"b":{"b":"aGk="},"t":{"bOOL":true},"#,
            r#""f":{"bOOL":false},"0":{"nULLValue":true},"ss":{"sS":["a",""]},"ns":{"nS":["1","-2"]},"#,
            r#""bs":{"bS":[""]},"l":{"l":[{"m":{"S":{"s":""}}},{"l":[]}]},"m":{"m":{}}}"#,
            "\n"
        );
        assert_eq!(line(Format::DataPipeline(NullTag::NullValue), ITEM).unwrap(), expected);
        let other = line(Format::DataPipeline(NullTag::Null), ITEM).unwrap();
        assert_eq!(other, expected.replace("nULLValue", "nULL"));
    }

    #[test]
    fn whitespace_is_removed_except_in_strings() {
        let spaced = " {\t\"a b\" : { \"L\" :\r\n[ { \"S\" : \" \" } , { \"NS\" : [ \"1\" , \"2\" ] } ] } , \"b\" : { \"M\" : { } } } \n";
        assert_eq!(
            line(Format::Plain, spaced).unwrap(),
            "{\"a b\":{\"L\":[{\"S\":\" \"},{\"NS\":[\"1\",\"2\"]}]},\"b\":{\"M\":{}}}\n"
        );
    }

    #[test]
    fn each_fault_is_refused_with_its_offset_and_a_message() {
        for (item, at, reason) in [
            ("", 0, "an object of attributes was expected, not the end"),
            ("[]", 0, "an object of attributes was expected, not `[`"),
            (r#"{"a":{"S":"x"}}}"#, 15, "the end was expected, not `}`"),
            (r#"{"a":{"S":"x"}"#, 14, "`,` or `}` after an attribute was expected, not the end"),
            (r#"{"a":{"S":"x"},}"#, 15, "an attribute's name was expected, not `}`"),
            (r#"{"a":"x"}"#, 5, "an attribute value, which is an object with a type, was expected, not `\"`"),
            (r#"{"a":{}}"#, 6, "an attribute value's type was expected, not `}`"),
            (r#"{"a":{"s":"x"}}"#, 7, "`s` is not a type of an attribute value"),
            (r#"{"a":{"S":"x","N":"1"}}"#, 13, "an attribute value has more than one type"),
            (r#"{"a":{"S":1}}"#, 10, "a string was expected, not `1`"),
            (r#"{"a":{"N":1}}"#, 10, "a number, which is in a string, was expected, not `1`"),
            (r#"{"a":{"N":"x"}}"#, 11, "a number has invalid syntax"),
            (r#"{"a":{"N":"1E126"}}"#, 11, "a number's magnitude is not between 1E-130 and 9.99E+125"),
            (r#"{"a":{"B":"x"}}"#, 11, "a binary is not base64 with padding"),
            (r#"{"a":{"BOOL":"true"}}"#, 13, "`true` or `false` was expected, not `\"`"),
            (r#"{"a":{"BOOL":truer}}"#, 17, "`}` after an attribute value was expected, not `r`"),
            (r#"{"a":{"NULL":false}}"#, 13, "`true` was expected, not `f`"),
            (r#"{"a":{"SS":[]}}"#, 12, "a set is empty; DynamoDB has no empty sets"),
            (r#"{"a":{"NS":["1","x"]}}"#, 17, "a number has invalid syntax"),
            (r#"{"a":{"BS":["","x"]}}"#, 16, "a binary is not base64 with padding"),
            (r#"{"a":{"SS":["a",1]}}"#, 16, "a set's element, which is a string, was expected, not `1`"),
            (
                r#"{"a":{"L":[{"S":""},]}}"#,
                20,
                "an attribute value, which is an object with a type, was expected, not `]`",
            ),
            (r#"{"a":{"S":"\q"}}"#, 11, "a backslash does not begin a JSON escape"),
            ("{\"a\":{\"S\":\"\n\"}}", 11, "a string contains an unescaped control character"),
            (
                "{\"a\u{e4}\":\u{e4}}",
                7,
                "an attribute value, which is an object with a type, was expected, not the byte 0xc3",
            ),
        ] {
            let expected = Malformed { at, reason: reason.to_owned() };
            assert_eq!(line(Format::Plain, item), Err(expected), "{item}");
        }
    }

    #[test]
    fn lists_and_maps_may_be_nested_32_deep() {
        let nested = |depth: usize| {
            let mut value = r#"{"S":""}"#.to_owned();
            for level in 0..depth {
                value = if level % 2 == 0 {
                    format!(r#"{{"L":[{value}]}}"#)
                } else {
                    format!(r#"{{"M":{{"m":{value}}}}}"#)
                };
            }
            format!(r#"{{"a":{value}}}"#)
        };
        assert!(line(Format::DynamodbJson, &nested(32)).is_ok());
        assert_eq!(
            line(Format::DynamodbJson, &nested(33)).unwrap_err().reason,
            "lists and maps are nested more than 32 deep"
        );
        assert!(line(Format::DynamodbJson, &r#"{"a":{"L":["#.repeat(1_000_000)).is_err());
    }
}
