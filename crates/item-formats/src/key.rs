//! The keys of items.

use crate::binary;
use crate::malformed::{Fault, Malformed};
use crate::number;
use crate::scan::Cursor;
use crate::tag::{Spelling, Tag};
use crate::text;

/// Returns the key attributes of an item, in the order of `names`, as compact canonical DynamoDB JSON. Equal keys give
/// equal bytes.
///
/// Equal keys can have several spellings: a string with other escapes, a number with other zeros or another exponent.
/// Use it to find the same item in two files or twice in one batch. `item` is DynamoDB JSON. Other attributes are
/// skipped. A key attribute that is missing, occurs twice, or has a type that keys cannot have is refused.
///
/// ```
/// let item = br#"{"n":{"N":"1.0"},"other":{"BOOL":true},"s":{"S":"\u0061"}}"#;
/// assert_eq!(item_formats::key_of(item, &["s", "n"])?, br#"{"s":{"S":"a"},"n":{"N":"1"}}"#);
/// assert!(item_formats::key_of(item, &["id"]).is_err());
/// # Ok::<(), item_formats::Malformed>(())
/// ```
pub fn key_of(item: &[u8], names: &[&str]) -> Result<Vec<u8>, Malformed> {
    Ok(written(names, found_in(item, names, value)?)?)
}

/// Returns the key attributes of an item, in the order of `names`, as compact JSON with the values spelled as in the
/// item. The item may be DynamoDB JSON or JSON without types.
///
/// Some programs name an item by a hash of this text. Use [`key_of`] to find whether two items are the same.
///
/// ```
/// let item = br#"{"n":1.0,"other":true,"s":"a"}"#;
/// assert_eq!(item_formats::spelled_key_of(item, &["s", "n"])?, br#"{"s":"a","n":1.0}"#);
/// # Ok::<(), item_formats::Malformed>(())
/// ```
pub fn spelled_key_of(item: &[u8], names: &[&str]) -> Result<Vec<u8>, Malformed> {
    let as_it_stands = |cursor: &mut Cursor<'_>| {
        let from = cursor.at();
        cursor.skip_value()?;
        Ok(cursor.since(from).to_vec())
    };
    Ok(written(names, found_in(item, names, as_it_stands)?)?)
}

/// Returns the result of `take` for each of these attributes. `take` gets a cursor before the value and moves it past
/// it.
fn found_in(
    item: &[u8],
    names: &[&str],
    take: impl Fn(&mut Cursor<'_>) -> Result<Vec<u8>, Fault>,
) -> Result<Vec<Option<Vec<u8>>>, Fault> {
    let mut found: Vec<Option<Vec<u8>>> = vec![None; names.len()];
    let mut cursor = Cursor::new(item, 0);
    let mut space = Vec::new();
    cursor.space();
    cursor.expect(b'{', "an item, which is an object,")?;
    cursor.space();
    let mut more = cursor.peek() != Some(b'}');
    if !more {
        cursor.step();
    }
    while more {
        let token = cursor.string("an attribute's name")?;
        cursor.space();
        cursor.expect(b':', "`:`")?;
        cursor.space();
        let name = token.unescaped(&mut space);
        match names.iter().zip(&mut found).find(|(key, _)| key.as_bytes() == name) {
            None => cursor.skip_value()?,
            Some((key, Some(_))) => {
                return Err(Malformed::new(token.at, format!("the key attribute `{key}` occurs twice")));
            }
            Some((_, place)) => *place = Some(take(&mut cursor)?),
        }
        cursor.space();
        more = cursor.peek() == Some(b',');
        if more {
            cursor.step();
            cursor.space();
        } else {
            cursor.expect(b'}', "`,` or `}` after an attribute")?;
        }
    }
    cursor.end()?;
    Ok(found)
}

fn written(names: &[&str], found: Vec<Option<Vec<u8>>>) -> Result<Vec<u8>, Fault> {
    let mut key = Vec::new();
    for (name, value) in names.iter().zip(found) {
        let Some(value) = value else {
            return Err(Malformed::new(
                0,
                format!("the key attribute `{name}` is missing in the item that begins"),
            ));
        };
        key.push(if key.is_empty() { b'{' } else { b',' });
        text::quote(name.as_bytes(), &mut key);
        key.push(b':');
        key.extend_from_slice(&value);
    }
    if key.is_empty() {
        key.push(b'{');
    }
    key.push(b'}');
    Ok(key)
}

/// Moves past the value of a key attribute and returns its canonical spelling.
fn value(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, Fault> {
    let mut space = Vec::new();
    cursor.expect(b'{', "an attribute value, which is an object with a type,")?;
    cursor.space();
    let name = cursor.string("an attribute value's type")?;
    let Some(tag @ (Tag::S | Tag::N | Tag::B)) = Spelling::Dynamodb.tag(name.unescaped(&mut space)) else {
        return Err(Malformed::new(name.at, "a key attribute's type is not `S`, `N` or `B`"));
    };
    cursor.space();
    cursor.expect(b':', "`:`")?;
    cursor.space();
    let token = cursor.string("a string")?;
    let text = token.unescaped(&mut space);
    let mut value = [b"{\"", Spelling::Dynamodb.name(tag), b"\":"].concat();
    match tag {
        Tag::N => {
            let number = number::canonical(text).map_err(|error| Malformed::new(token.at, error.reason()))?;
            text::quote(number.as_bytes(), &mut value);
        }
        Tag::B => {
            let base64 = binary::canonical(text)
                .ok_or_else(|| Malformed::new(token.at, "a binary is not base64 with padding"))?;
            text::quote(base64.as_bytes(), &mut value);
        }
        _ => text::quote(text, &mut value),
    }
    cursor.space();
    cursor.expect(b'}', "`}` after a key attribute's value")?;
    value.push(b'}');
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(item: &str, names: &[&str]) -> Result<String, Malformed> {
        key_of(item.as_bytes(), names).map(|key| String::from_utf8(key).unwrap())
    }

    #[test]
    fn equal_keys_give_equal_bytes_in_any_spelling() {
        for (spellings, expected) in [
            (&[r#"{"S":"a/b\"\n"}"#, r#"{ "S" : "\u0061\/b\u0022\u000a" }"#][..], r#"{"S":"a/b\"\u000a"}"#),
            (&[r#"{"S":"😀"}"#, r#"{"S":"\uD83D\ude00"}"#], r#"{"S":"😀"}"#),
            (&[r#"{"N":"1"}"#, r#"{"N":"1.0"}"#, r#"{"N":"10E-1"}"#, r#"{"N":"\u0031"}"#], r#"{"N":"1"}"#),
            (&[r#"{"N":"-0"}"#, r#"{"N":"0.0"}"#], r#"{"N":"0"}"#),
            (&[r#"{"B":"//8="}"#, r#"{"B":"\/\/8="}"#], r#"{"B":"//8="}"#),
        ] {
            for spelling in spellings {
                for item in [
                    format!(r#"{{"k":{spelling},"x":{{"S":"}}"}}}}"#),
                    format!(r#" {{"x":{{"L":[{{"M":{{"k":{{"S":"no"}}}}}}]}} , "\u006b" : {spelling} }} "#),
                ] {
                    assert_eq!(key(&item, &["k"]).unwrap(), format!(r#"{{"k":{expected}}}"#), "{item}");
                }
            }
        }
    }

    #[test]
    fn the_attributes_have_the_requested_order() {
        let item = r#"{"a":{"S":"1"},"b\"":{"N":"2"}}"#;
        assert_eq!(key(item, &["a", "b\""]).unwrap(), r#"{"a":{"S":"1"},"b\"":{"N":"2"}}"#);
        assert_eq!(key(item, &["b\"", "a"]).unwrap(), r#"{"b\"":{"N":"2"},"a":{"S":"1"}}"#);
    }

    #[test]
    fn an_invalid_key_is_refused_with_its_name() {
        for (item, reason) in [
            ("{}", "`k` is missing"),
            (r#"{"x":{"M":{"k":{"S":"1"}}}}"#, "`k` is missing"),
            (r#"{"k":{"S":"1"},"k":{"S":"1"}}"#, "`k` occurs twice"),
            (r#"{"k":{"BOOL":true}}"#, "type is not `S`, `N` or `B`"),
            (r#"{"k":{"N":"x"}}"#, "a number has invalid syntax"),
            (r#"{"k":{"B":"x"}}"#, "not base64"),
            (r#"{"k":{"S":"1","N":"1"}}"#, "`}` after a key attribute's value"),
            (r#"{"k":{"S":"1"}"#, "`,` or `}` after an attribute"),
            (r#"{"k":{"S":"1"}}}"#, "the end was expected"),
            ("", "an item"),
        ] {
            let refused = key(item, &["k"]).unwrap_err();
            assert!(refused.reason.contains(reason), "{item}: {refused}");
        }
    }
}
