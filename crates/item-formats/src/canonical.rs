//! The canonical form of an item.

use std::ops::Range;

use crate::binary;
use crate::convert::{DEEPEST, all_or_nothing, too_deep};
use crate::malformed::{Fault, Malformed};
use crate::number;
use crate::scan::{Cursor, Token};
use crate::tag::{Spelling, Tag};
use crate::text;

/// Appends the canonical form of an item to `out`: compact DynamoDB JSON. Two items have the same canonical form exactly
/// if DynamoDB takes them for the same item.
///
/// Use it to compare items that come from different places, or to hash them. Attributes are sorted by name, elements of
/// sets by value, and numbers, escapes and binaries have one spelling. Lists keep their order. `item` is DynamoDB JSON;
/// an attribute that occurs twice is refused. If the item is refused, `out` is unchanged.
///
/// ```
/// let mut one = Vec::new();
/// item_formats::canonical_item(br#"{"b":{"NS":["2","1.0"]},"a":{"S":"\u0041"}}"#, &mut one)?;
/// assert_eq!(one, br#"{"a":{"S":"A"},"b":{"NS":["1","2"]}}"#);
/// # Ok::<(), item_formats::Malformed>(())
/// ```
pub fn canonical_item(item: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    all_or_nothing(out, |out| {
        out.reserve(item.len());
        let mut writer = Writer { cursor: Cursor::new(item, 0), out, space: Vec::new() };
        writer.cursor.space();
        writer.members(0)?;
        writer.cursor.end()
    })
}

/// Reads an item and writes its canonical form.
struct Writer<'a, 'o> {
    cursor: Cursor<'a>,
    out: &'o mut Vec<u8>,
    /// A buffer for strings with escapes.
    space: Vec<u8>,
}

impl<'a> Writer<'a, '_> {
    /// Writes the attributes of an item or of a map.
    fn members(&mut self, depth: usize) -> Result<(), Fault> {
        self.cursor.expect(b'{', "an object of attributes")?;
        self.cursor.space();
        let mut members = Vec::new();
        let begin = self.out.len();
        let mut more = self.cursor.peek() != Some(b'}');
        if !more {
            self.cursor.step();
        }
        while more {
            let from = self.out.len();
            let name = self.cursor.string("an attribute's name")?;
            self.quote(name);
            let colon = self.out.len();
            self.colon()?;
            self.out.push(b':');
            self.value(depth)?;
            members.push(Member { all: from..self.out.len(), name: from..colon, at: name.at });
            more = self.more(b'}', "`,` or `}` after an attribute")?;
        }
        let out = &*self.out;
        let name = |member: &Member| out.get(member.name.clone()).unwrap_or_default();
        if !members.is_sorted_by(|one, other| name(one) < name(other)) {
            members.sort_unstable_by(|one, other| name(one).cmp(name(other)));
            let twice =
                members.iter().zip(members.iter().skip(1)).find(|(one, other)| name(one) == name(other));
            if let Some((one, other)) = twice {
                let name = String::from_utf8_lossy(name(one));
                let shown: String = name.trim_matches('"').chars().take(40).collect();
                return Err(Malformed::new(
                    one.at.max(other.at),
                    format!("the attribute `{shown}` occurs twice"),
                ));
            }
        }
        self.reorder(begin, members.iter().map(|member| member.all.clone()), b"{}");
        Ok(())
    }

    /// Writes an attribute value.
    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        self.cursor.expect(b'{', "an attribute value, which is an object with a type,")?;
        self.cursor.space();
        let name = self.cursor.string("an attribute value's type")?;
        let Some(tag) = Spelling::Dynamodb.tag(name.unescaped(&mut self.space)) else {
            let shown: String = String::from_utf8_lossy(name.bytes).chars().take(40).collect();
            return Err(Malformed::new(name.at, format!("`{shown}` is not a type of an attribute value")));
        };
        self.colon()?;
        self.out.extend_from_slice(b"{\"");
        self.out.extend_from_slice(Spelling::Dynamodb.name(tag));
        self.out.extend_from_slice(b"\":");
        match tag {
            Tag::S | Tag::N | Tag::B => self.scalar(tag)?,
            Tag::Bool if self.cursor.take(b"true") => self.out.extend_from_slice(b"true"),
            Tag::Bool if self.cursor.take(b"false") => self.out.extend_from_slice(b"false"),
            Tag::Bool => return Err(self.cursor.wanted("`true` or `false`")),
            Tag::Null if self.cursor.take(b"true") => self.out.extend_from_slice(b"true"),
            Tag::Null => return Err(self.cursor.wanted("`true`")),
            Tag::Ss => self.elements(true, |writer| writer.scalar(Tag::S))?,
            Tag::Ns => self.elements(true, |writer| writer.scalar(Tag::N))?,
            Tag::Bs => self.elements(true, |writer| writer.scalar(Tag::B))?,
            Tag::L => {
                let depth = self.deeper(depth)?;
                self.elements(false, |writer| writer.value(depth))?;
            }
            Tag::M => {
                let depth = self.deeper(depth)?;
                self.members(depth)?;
            }
        }
        self.cursor.space();
        if self.cursor.peek() == Some(b',') {
            return Err(Malformed::new(self.cursor.at(), "an attribute value has more than one type"));
        }
        self.cursor.expect(b'}', "`}` after an attribute value")?;
        self.out.push(b'}');
        Ok(())
    }

    /// Writes the array of a list or of a set. The elements of a set are sorted.
    fn elements(
        &mut self,
        is_set: bool,
        write: impl Fn(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.cursor.expect(b'[', "a list or a set, which is an array,")?;
        self.cursor.space();
        let mut elements: Vec<Range<usize>> = Vec::new();
        let begin = self.out.len();
        let mut more = self.cursor.peek() != Some(b']');
        if !more {
            self.cursor.step();
        }
        while more {
            let from = self.out.len();
            write(self)?;
            elements.push(from..self.out.len());
            more = self.more(b']', "`,` or `]` after an element")?;
        }
        let out = &*self.out;
        if is_set {
            elements.sort_unstable_by(|one, other| out.get(one.clone()).cmp(&out.get(other.clone())));
        }
        self.reorder(begin, elements.into_iter(), b"[]");
        Ok(())
    }

    /// Writes a string with a scalar value of this type.
    fn scalar(&mut self, tag: Tag) -> Result<(), Fault> {
        let token = self.cursor.string("a string")?;
        match tag {
            Tag::N if !token.escaped && number::is_canonical(token.bytes) => self.quote(token),
            Tag::N => {
                let text = token.unescaped(&mut self.space);
                let number =
                    number::canonical(text).map_err(|error| Malformed::new(token.at, error.reason()))?;
                text::quote(number.as_bytes(), self.out);
            }
            Tag::B if !token.escaped && binary::is_base64(token.bytes) => self.quote(token),
            Tag::B => {
                let text = token.unescaped(&mut self.space);
                let base64 = binary::canonical(text)
                    .ok_or_else(|| Malformed::new(token.at, "a binary is not base64 with padding"))?;
                text::quote(base64.as_bytes(), self.out);
            }
            _ => self.quote(token),
        }
        Ok(())
    }

    /// Writes a string with its quotes.
    fn quote(&mut self, token: Token<'a>) {
        if token.escaped {
            return text::quote(token.unescaped(&mut self.space), self.out);
        }
        self.out.push(b'"');
        self.out.extend_from_slice(token.bytes);
        self.out.push(b'"');
    }

    /// Puts the pieces of `out` from `begin` on into the order of these ranges, with commas between them and brackets
    /// around them.
    fn reorder(&mut self, begin: usize, pieces: impl Iterator<Item = Range<usize>>, brackets: &[u8; 2]) {
        let end = self.out.len();
        let [open, close] = *brackets;
        self.out.push(open);
        for (place, piece) in pieces.enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_within(piece);
        }
        self.out.push(close);
        self.out.copy_within(end.., begin);
        self.out.truncate(self.out.len() - (end - begin));
    }

    fn colon(&mut self) -> Result<(), Fault> {
        self.cursor.space();
        self.cursor.expect(b':', "`:`")?;
        self.cursor.space();
        Ok(())
    }

    /// Moves past the separator or the end after a member or an element. Returns whether another one follows.
    fn more(&mut self, close: u8, what: &'static str) -> Result<bool, Fault> {
        self.cursor.space();
        let more = self.cursor.peek() == Some(b',');
        if !more && self.cursor.peek() != Some(close) {
            return Err(self.cursor.wanted(what));
        }
        self.cursor.step();
        if more {
            self.cursor.space();
        }
        Ok(more)
    }

    fn deeper(&self, depth: usize) -> Result<usize, Fault> {
        if depth < DEEPEST { Ok(depth + 1) } else { Err(too_deep(self.cursor.at())) }
    }
}

/// An attribute in the output.
struct Member {
    /// The name, the colon and the value.
    all: Range<usize>,
    /// The name with its quotes.
    name: Range<usize>,
    /// Offset of the name in the input.
    at: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(item: &str) -> Result<String, Malformed> {
        let mut out = b"before".to_vec();
        let written = canonical_item(item.as_bytes(), &mut out);
        let out = String::from_utf8(out).unwrap();
        let added = out.strip_prefix("before").unwrap();
        assert!(written.is_ok() || added.is_empty(), "{added} is left of an item that was refused");
        written.map(|()| added.to_owned())
    }

    #[test]
    fn equal_items_have_equal_bytes_in_any_spelling() {
        for (spelling, expected) in [
            ("{}", "{}"),
            (r#" { "b" : { "S" : "" } , "a" : { "NULL" : true } } "#, r#"{"a":{"NULL":true},"b":{"S":""}}"#),
            (r#"{"\u0061":{"\u0053":"\u0041\/"}}"#, r#"{"a":{"S":"A/"}}"#),
            (r#"{"n":{"N":"1.50"},"m":{"N":"-0"}}"#, r#"{"m":{"N":"0"},"n":{"N":"15E-1"}}"#),
            (r#"{"s":{"SS":["b","a",""]}}"#, r#"{"s":{"SS":["","a","b"]}}"#),
            (r#"{"s":{"NS":["10","9.0"]}}"#, r#"{"s":{"NS":["10","9"]}}"#),
            (r#"{"s":{"BS":["YQ==","\/\/8="]}}"#, r#"{"s":{"BS":["//8=","YQ=="]}}"#),
            (
                r#"{"l":{"L":[{"S":"b"},{"S":"a"},{"BOOL":false}]}}"#,
                r#"{"l":{"L":[{"S":"b"},{"S":"a"},{"BOOL":false}]}}"#,
            ),
            (
                r#"{"z":{"M":{"y":{"M":{}},"x":{"SS":["2","1"]}}},"a":{"L":[]}}"#,
                r#"{"a":{"L":[]},"z":{"M":{"x":{"SS":["1","2"]},"y":{"M":{}}}}}"#,
            ),
            // The name of one attribute begins with that of the other.
            (r#"{"a!":{"S":"1"},"a":{"S":"2"}}"#, r#"{"a!":{"S":"1"},"a":{"S":"2"}}"#),
        ] {
            assert_eq!(canonical(spelling).unwrap(), expected, "{spelling}");
            assert_eq!(canonical(expected).unwrap(), expected);
        }
    }

    #[test]
    fn other_items_have_other_bytes() {
        let nines = "9".repeat(38);
        let almost = format!("{}8", "9".repeat(37));
        let (nines, almost) =
            (format!(r#"{{"a":{{"N":"{nines}"}}}}"#), format!(r#"{{"a":{{"N":"{almost}"}}}}"#));
        let items = [
            "{}",
            r#"{"a":{"S":""}}"#,
            r#"{"a":{"NULL":true}}"#,
            r#"{"a":{"S":"1"}}"#,
            r#"{"a":{"N":"1"}}"#,
            r#"{"a":{"B":"MQ=="}}"#,
            r#"{"a":{"SS":["1"]}}"#,
            r#"{"a":{"NS":["1"]}}"#,
            r#"{"a":{"L":[{"N":"1"}]}}"#,
            r#"{"a":{"M":{"a":{"N":"1"}}}}"#,
            r#"{"a":{"L":[{"N":"1"},{"N":"2"}]}}"#,
            r#"{"a":{"L":[{"N":"2"},{"N":"1"}]}}"#,
            r#"{"a":{"BOOL":true}}"#,
            r#"{"a":{"BOOL":false}}"#,
            r#"{"b":{"S":""}}"#,
            nines.as_str(),
            almost.as_str(),
        ];
        let canonical: std::collections::BTreeSet<String> =
            items.iter().map(|item| canonical(item).unwrap()).collect();
        assert_eq!(canonical.len(), items.len());
    }

    #[test]
    fn an_invalid_item_is_refused_at_its_offset() {
        for (item, at, reason) in [
            ("", 0, "an object of attributes"),
            ("{}x", 2, "the end was expected"),
            (r#"{"a":{"S":"1"},"a":{"S":"1"}}"#, 16, "the attribute `a` occurs twice"),
            (r#"{"z":{"M":{"b":{"S":""},"c":{"S":""},"\u0062":{"S":""}}}}"#, 38, "`b` occurs twice"),
            (r#"{"a":{"X":"1"}}"#, 7, "`X` is not a type"),
            (r#"{"a":{"S":"1","N":"1"}}"#, 13, "more than one type"),
            (r#"{"a":{"N":"x"}}"#, 11, "invalid syntax"),
            (r#"{"a":{"B":"x"}}"#, 11, "not base64"),
            (r#"{"a":{"NULL":false}}"#, 13, "`true` was expected"),
            (r#"{"a":{"L":[{"S":"1"}"#, 20, "after an element"),
        ] {
            let refused = canonical(item).unwrap_err();
            assert!(refused.reason.contains(reason), "{item}: {refused}");
            assert_eq!(refused.at, at, "{item}: {refused}");
        }
        let nested = |depth: usize| {
            format!(r#"{{"a":{}{{"S":""}}{}}}"#, r#"{"L":["#.repeat(depth), "]}".repeat(depth))
        };
        assert!(canonical(&nested(32)).is_ok());
        assert!(canonical(&nested(33)).unwrap_err().reason.contains("32 deep"));
    }
}
