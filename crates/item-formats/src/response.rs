//! Splits responses of Scan and Query without copying the items.

use crate::malformed::{Fault, Malformed};
use crate::scan::Cursor;

/// A response of Scan or Query in its parts.
#[derive(Debug)]
pub struct SplitResponse<'a> {
    /// The items, each as DynamoDB JSON.
    pub items: Vec<&'a [u8]>,
    /// The response with `"Items":[]`, for a client that reads the rest.
    pub rest: Vec<u8>,
}

/// Splits a response of Scan or Query into its items and the rest.
///
/// A response without `Items` (of a Scan that only counts) has no items, and the rest is the whole response. Only the
/// brackets of each item are checked: [`write_line`](crate::write_line) checks the item, and a client checks the rest.
///
/// ```
/// let response = br#"{"Count":2,"Items":[{"id":{"N":"1"}},{"id":{"N":"2"}}],"ScannedCount":2}"#;
/// let split = item_formats::split_items(response)?;
/// assert_eq!(split.items, [br#"{"id":{"N":"1"}}"#, br#"{"id":{"N":"2"}}"#]);
/// assert_eq!(split.rest, br#"{"Count":2,"Items":[],"ScannedCount":2}"#);
/// # Ok::<(), item_formats::Malformed>(())
/// ```
pub fn split_items(response: &[u8]) -> Result<SplitResponse<'_>, Malformed> {
    let mut cursor = Cursor::new(response, 0);
    let mut split = None;
    cursor.space();
    cursor.expect(b'{', "a response, which is an object,")?;
    cursor.space();
    let mut more = cursor.peek() != Some(b'}');
    if !more {
        cursor.step();
    }
    while more {
        let name = cursor.string("a member's name")?;
        cursor.space();
        cursor.expect(b':', "`:`")?;
        cursor.space();
        if name.unescaped(&mut Vec::new()) == b"Items" {
            if split.is_some() {
                return Err(Malformed::new(name.at, "a response has `Items` twice").into());
            }
            let from = cursor.at();
            split = Some((items(&mut cursor, response)?, from, cursor.at()));
        } else {
            cursor.skip_value()?;
        }
        more = another(&mut cursor, b'}', "`,` or `}` after a member")?;
    }
    cursor.end()?;
    let (items, from, to) = split.unwrap_or((Vec::new(), response.len(), response.len()));
    let (before, after) = (response.get(..from).unwrap_or_default(), response.get(to..).unwrap_or_default());
    let empty: &[u8] = if to > from { b"[]" } else { b"" };
    Ok(SplitResponse { items, rest: [before, empty, after].concat() })
}

fn items<'a>(cursor: &mut Cursor<'a>, response: &'a [u8]) -> Result<Vec<&'a [u8]>, Fault> {
    let mut items = Vec::new();
    cursor.expect(b'[', "`Items`, which is an array,")?;
    cursor.space();
    if cursor.peek() == Some(b']') {
        cursor.step();
        return Ok(items);
    }
    loop {
        let from = cursor.at();
        if cursor.peek() != Some(b'{') {
            return Err(cursor.wanted("an item, which is an object,"));
        }
        cursor.skip_value()?;
        items.push(response.get(from..cursor.at()).unwrap_or_default());
        if !another(cursor, b']', "`,` or `]` after an item")? {
            return Ok(items);
        }
    }
}

/// Moves past the separator or the end after a member or an element. Returns whether another one follows.
fn another(cursor: &mut Cursor<'_>, close: u8, what: &'static str) -> Result<bool, Fault> {
    cursor.space();
    let more = cursor.peek() == Some(b',');
    if more {
        cursor.step();
        cursor.space();
    } else {
        cursor.expect(close, what)?;
    }
    Ok(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(response: &str) -> (Vec<&str>, String) {
        let split = split_items(response.as_bytes()).unwrap();
        let items = split.items.into_iter().map(|item| std::str::from_utf8(item).unwrap()).collect();
        (items, String::from_utf8(split.rest).unwrap())
    }

    #[test]
    fn items_are_found_at_any_position_and_with_any_content() {
        let item = r#"{"a":{"S":"]},{\"\\"},"b":{"L":[{"M":{}},{"NS":["1"]}]}}"#;
        let key = r#""LastEvaluatedKey":{"Items":{"S":"Items\":["}}"#;
        for (response, rest) in [
            (format!(r#"{{"Items":[{item},{item}],{key}}}"#), format!(r#"{{"Items":[],{key}}}"#)),
            (format!(r#"{{{key},"Items":[{item},{item}]}}"#), format!(r#"{{{key},"Items":[]}}"#)),
            (
                format!(" {{ {key} , \"Items\" : [ {item} , {item} ] , \"Count\" : 2 }} "),
                format!(" {{ {key} , \"Items\" : [] , \"Count\" : 2 }} "),
            ),
        ] {
            assert_eq!(split(&response), (vec![item, item], rest));
        }
    }

    #[test]
    fn a_response_may_have_no_items() {
        for response in ["{}", r#"{"Count":0,"Items":[]}"#, r#"{"Count":7}"#] {
            assert_eq!(split(response), (vec![], response.to_owned()));
        }
        assert_eq!(split(r#"{"Items":[ ]}"#).1, r#"{"Items":[]}"#);
    }

    #[test]
    fn an_invalid_response_is_refused() {
        let whole = r#"{"Count":1,"Items":[{"a":{"S":"x"}}],"ScannedCount":1}"#;
        for length in 0..whole.len() {
            assert!(split_items(&whole.as_bytes()[..length]).is_err(), "{}", &whole[..length]);
        }
        for response in [
            r#"{"Items":{}}"#,
            r#"{"Items":[1]}"#,
            r#"{"Items":[{},]}"#,
            r#"{"Items":[{}{}]}"#,
            r#"{"Items":[],"Items":[]}"#,
            "{}x",
            "[]",
        ] {
            assert!(split_items(response.as_bytes()).is_err(), "{response}");
        }
    }
}
