//! The oldest layout of Data Pipeline's lines, which Hive wrote. Each attribute is its name, the byte 3 and the value
//! as JSON. The byte 2 separates attributes. There are no braces and no quotes around names. The EMR connector still
//! reads it.

use crate::convert::Pass;
use crate::format::NullTag;
use crate::malformed::{Fault, Malformed};
use crate::scan::Cursor;
use crate::tag::Spelling;
use crate::text;

const BETWEEN_ATTRIBUTES: u8 = 2;
const BEFORE_VALUE: u8 = 3;

/// Returns whether the line has this layout: it is not an object and has a byte that JSON does not allow there.
pub(crate) fn is_oldest(line: &[u8]) -> bool {
    let begins = line.iter().find(|byte| !byte.is_ascii_whitespace());
    begins.is_some_and(|&byte| byte != b'{') && memchr::memchr(BEFORE_VALUE, line).is_some()
}

/// Appends the item of the line to `item`.
pub(crate) fn read(line: &[u8], item: &mut Vec<u8>) -> Result<(), Fault> {
    let mut at = 0;
    item.push(b'{');
    for attribute in line.split(|&byte| byte == BETWEEN_ATTRIBUTES) {
        let end = at + attribute.len();
        let Some(length) = memchr::memchr(BEFORE_VALUE, attribute) else {
            return Err(Malformed::new(at, "an attribute has no byte 3 between its name and its value"));
        };
        let (name, _) = attribute.split_at(length);
        if let Err(error) = std::str::from_utf8(name) {
            return Err(Malformed::new(at + error.valid_up_to(), "an attribute's name is not UTF-8"));
        }
        if at > 0 {
            item.push(b',');
        }
        text::quote(name, item);
        item.push(b':');
        let spellings = (Spelling::DataPipeline(NullTag::Null), Spelling::Dynamodb);
        let whole = line.get(..end).unwrap_or_default();
        let mut cursor = Cursor::new(whole, at + length + 1);
        cursor.space();
        let mut pass = Pass::new(whole, cursor.at(), spellings, item);
        pass.value(0)?;
        pass.copy();
        pass.cursor.end()?;
        at = end + 1;
    }
    item.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::read::read_line;

    fn item(line: &str) -> Result<String, Malformed> {
        let mut item = Vec::new();
        read_line(Format::DataPipeline(NullTag::Null), line.as_bytes(), &mut item)?;
        Ok(String::from_utf8(item).unwrap())
    }

    #[test]
    fn names_are_quoted_and_values_are_read_as_in_other_layouts() {
        let line = "id\u{3}{\"n\":\"1\"}\u{2}a \"b\"\u{3} {\"l\":[{\"s\":\"x\"}]} ";
        assert_eq!(item(line).unwrap(), r#"{"id":{"N":"1"},"a \"b\"":{"L":[{"S":"x"}]}}"#);
    }

    #[test]
    fn faults_are_reported_with_their_offset_in_the_line() {
        for (line, at) in [
            ("id\u{3}{\"n\":\"x\"}", 9),
            ("id\u{3}{\"n\":\"1\"}\u{2}", 13),
            ("id\u{3}{\"n\":\"1\"}x", 12),
            ("id\u{3}{\"n\":\"1\"\u{2}b\u{3}{\"n\":\"1\"}", 11),
            ("id\u{3}", 3),
            ("id{\"n\":\"1\"}", 0),
        ] {
            assert_eq!(item(line).unwrap_err().at, at, "{line:?}");
        }
    }
}
