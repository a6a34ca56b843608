//! Reads the item of a line.

use crate::convert::{Pass, all_or_nothing};
use crate::format::{Binary, Format, NullTag};
use crate::hive;
use crate::malformed::{Fault, Malformed};
use crate::scan::{Cursor, Token};
use crate::tag::Spelling;

/// The members of an incremental export's lines.
const INCREMENTAL: [&[u8]; 4] = [b"Metadata", b"Keys", b"NewImage", b"OldImage"];

/// Appends the item of a line (without its line feed) to `item`, as DynamoDB JSON.
///
/// In Data Pipeline's format, types are read in any case and a null by either name, whatever the format's [`NullTag`]
/// is. The oldest layout of its lines (attributes separated by the bytes 2 and 3) is read too. If the line is refused,
/// `item` is unchanged.
///
/// ```
/// use item_formats::{Format, read_line};
///
/// let mut item = Vec::new();
/// read_line(Format::DynamodbJson, br#"{"Item": {"id": {"S": "1"}}}"#, &mut item)?;
/// assert_eq!(item, br#"{"id":{"S":"1"}}"#);
///
/// let incremental = br#"{"Metadata":{"WriteTimestampMicros":"1680109764000000"},"Keys":{"id":{"S":"1"}}}"#;
/// let refused = read_line(Format::DynamodbJson, incremental, &mut item).unwrap_err();
/// assert!(refused.reason.contains("incremental export"));
/// # Ok::<(), item_formats::Malformed>(())
/// ```
pub fn read_line(format: Format, line: &[u8], item: &mut Vec<u8>) -> Result<(), Malformed> {
    read_line_with(format, Binary::Base64, line, item)
}

/// Appends the item of a line as [`read_line`] does, with binaries in another encoding. In the oldest layout of Data
/// Pipeline binaries are always base64.
///
/// ```
/// use item_formats::{Binary, Format, read_line_with};
///
/// let mut item = Vec::new();
/// read_line_with(Format::Plain, Binary::Text, br#"{"raw":{"B":"hello"}}"#, &mut item)?;
/// assert_eq!(item, br#"{"raw":{"B":"aGVsbG8="}}"#);
/// # Ok::<(), item_formats::Malformed>(())
/// ```
pub fn read_line_with(
    format: Format,
    binaries: Binary,
    line: &[u8],
    item: &mut Vec<u8>,
) -> Result<(), Malformed> {
    all_or_nothing(item, |item| {
        item.reserve(line.len());
        match format {
            Format::DynamodbJson => wrapped(line, binaries, item),
            Format::Plain => bare(line, Spelling::Dynamodb, binaries, item),
            Format::DataPipeline(_) if hive::is_oldest(line) => hive::read(line, item),
            Format::DataPipeline(_) => bare(line, Spelling::DataPipeline(NullTag::Null), binaries, item),
        }
    })
}

fn bare(line: &[u8], spelling: Spelling, binaries: Binary, item: &mut Vec<u8>) -> Result<(), Fault> {
    let mut cursor = Cursor::new(line, 0);
    cursor.space();
    let mut pass = Pass::new(line, cursor.at(), (spelling, Spelling::Dynamodb), item);
    pass.binaries = binaries;
    pass.item()?;
    pass.copy();
    pass.cursor.end()
}

fn wrapped(line: &[u8], binaries: Binary, item: &mut Vec<u8>) -> Result<(), Fault> {
    let mut cursor = Cursor::new(line, 0);
    cursor.space();
    cursor.expect(b'{', "an object with the member `Item`")?;
    cursor.space();
    let name = cursor.string("the member `Item`")?;
    if name.unescaped(&mut Vec::new()) != b"Item" {
        return Err(other_member(name));
    }
    cursor.space();
    cursor.expect(b':', "`:`")?;
    cursor.space();
    let mut pass = Pass::new(line, cursor.at(), (Spelling::Dynamodb, Spelling::Dynamodb), item);
    pass.binaries = binaries;
    pass.item()?;
    pass.copy();
    let mut cursor = pass.cursor;
    cursor.space();
    if cursor.peek() == Some(b',') {
        cursor.step();
        cursor.space();
        return Err(other_member(cursor.string("a member's name")?));
    }
    cursor.expect(b'}', "`}` after the item")?;
    cursor.end()
}

#[cold]
fn other_member(name: Token<'_>) -> Fault {
    let shown: String = String::from_utf8_lossy(name.bytes).chars().take(40).collect();
    let reason = if INCREMENTAL.contains(&name.bytes) {
        format!(
            "the member `{shown}` shows that this is a line of an incremental export; only a full export's, which \
             have `Item` alone, can be read"
        )
    } else {
        format!("the member `{shown}` is unknown; a line of an export has only `Item`")
    };
    Malformed::new(name.at, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(format: Format, line: &str) -> Result<String, Malformed> {
        let mut item = b"before".to_vec();
        let read = read_line(format, line.as_bytes(), &mut item);
        let item = String::from_utf8(item).unwrap();
        let added = item.strip_prefix("before").unwrap();
        assert!(read.is_ok() || added.is_empty(), "{added} is left of a line that was refused");
        read.map(|()| added.to_owned())
    }

    #[test]
    fn the_wrapper_is_removed() {
        let line = r#" { "Item" : { "a" : { "N" : "1.50" } } } "#;
        assert_eq!(item(Format::DynamodbJson, line).unwrap(), r#"{"a":{"N":"1.50"}}"#);
        assert_eq!(item(Format::DynamodbJson, r#"{"\u0049tem":{}}"#).unwrap(), "{}");
    }

    #[test]
    fn a_line_with_more_than_the_item_is_refused() {
        for (line, at, word) in [
            (r#"{"Metadata":{},"Keys":{}}"#, 2, "incremental"),
            (r#"{"Item":{},"NewImage":{}}"#, 12, "incremental"),
            (r#"{"Keys":{}}"#, 2, "incremental"),
            (r#"{"Item":{},"Item":{}}"#, 12, "has only `Item`"),
            (r#"{"item":{}}"#, 2, "`item` is unknown"),
            ("{}", 1, "the member `Item` was expected"),
            (r#"{"Item":{}"#, 10, "`}` after the item"),
            (r#"{"Item":{}}x"#, 11, "the end was expected"),
        ] {
            let refused = item(Format::DynamodbJson, line).unwrap_err();
            assert_eq!(refused.at, at, "{line}");
            assert!(refused.reason.contains(word), "{refused}");
        }
    }

    #[test]
    fn data_pipelines_types_are_read_in_any_case_and_nulls_by_either_name() {
        let line = r#"{"a":{"nULLValue":true},"b":{"nULL":true},"c":{"SS":["x"]},"d":{"bool":true},"e":{"m":{"s":{"s":""}}}}"#;
        let expected = r#"{"a":{"NULL":true},"b":{"NULL":true},"c":{"SS":["x"]},"d":{"BOOL":true},"e":{"M":{"s":{"S":""}}}}"#;
        for null in [NullTag::Null, NullTag::NullValue] {
            assert_eq!(item(Format::DataPipeline(null), line).unwrap(), expected);
        }
        assert!(item(Format::Plain, line).is_err());
    }

    #[test]
    fn text_binaries_are_encoded_at_any_depth() {
        let text = |format, line: &str| {
            let mut item = Vec::new();
            read_line_with(format, Binary::Text, line.as_bytes(), &mut item)?;
            Ok::<_, Malformed>(String::from_utf8(item).unwrap())
        };
        let line = r#"{"a":{"s":"hell"},"b":{"b":"hell"},"c":{"bS":["a\"","aGk=",""]},"d":{"l":[{"m":{"e":{"b":""}}}]}}"#;
        let expected = r#"{"a":{"S":"hell"},"b":{"B":"aGVsbA=="},"c":{"BS":["YSI=","YUdrPQ==",""]},"d":{"L":[{"M":{"e":{"B":""}}}]}}"#;
        assert_eq!(text(Format::DataPipeline(NullTag::Null), line).unwrap(), expected);
        assert_eq!(
            text(Format::DynamodbJson, r#"{"Item":{"a":{"B":"x"}}}"#).unwrap(),
            r#"{"a":{"B":"eA=="}}"#
        );
        let refused = text(Format::Plain, r#"{"a":{"B":"\u00e9"}}"#).unwrap_err();
        assert!(refused.reason.contains("not ASCII"), "{refused}");
    }

    #[test]
    fn a_type_with_escapes_is_read() {
        assert_eq!(item(Format::Plain, r#"{"a":{"\u0053":"x"}}"#).unwrap(), r#"{"a":{"S":"x"}}"#);
        assert_eq!(item(Format::Plain, r#"{"a":{"B":"\/\/\/\/"}}"#).unwrap(), r#"{"a":{"B":"\/\/\/\/"}}"#);
        assert_eq!(item(Format::Plain, r#"{"a":{"N":"\u0031"}}"#).unwrap(), r#"{"a":{"N":"\u0031"}}"#);
    }
}
