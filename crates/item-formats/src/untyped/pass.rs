//! The pass over a line of JSON without types. It writes each value with its type.

use std::collections::HashSet;

use super::{Doubts, KeyAttribute, KeyType};
use crate::convert::{DEEPEST, too_deep};
use crate::malformed::{Fault, Malformed};
use crate::number;
use crate::scan::{Cursor, Token};
use crate::tag::{Spelling, Tag};

/// A pass over a line.
pub(super) struct Pass<'a, 'o> {
    cursor: Cursor<'a>,
    keys: &'a [KeyAttribute<'a>],
    out: &'o mut Vec<u8>,
    doubts: Doubts,
}

/// The value that was read.
enum Value<'a> {
    Text(Token<'a>),
    Number(&'a [u8]),
    /// A list. The flag says whether all of its elements are bytes.
    List(bool),
    Other(Tag),
}

impl Value<'_> {
    fn tag(&self) -> Tag {
        match self {
            Value::Text(_) => Tag::S,
            Value::Number(_) => Tag::N,
            Value::List(_) => Tag::L,
            Value::Other(tag) => *tag,
        }
    }

    fn is_byte(&self) -> bool {
        matches!(self, Value::Number(text) if std::str::from_utf8(text).is_ok_and(|text| text.parse::<u8>().is_ok()))
    }
}

impl<'a, 'o> Pass<'a, 'o> {
    pub(super) fn new(line: &'a [u8], keys: &'a [KeyAttribute<'a>], out: &'o mut Vec<u8>) -> Pass<'a, 'o> {
        Pass { cursor: Cursor::new(line, 0), keys, out, doubts: Doubts::default() }
    }

    /// Reads the whole line as an item and returns the counts of doubtful values.
    pub(super) fn item(mut self) -> Result<Doubts, Fault> {
        self.cursor.space();
        self.members(None)?;
        self.cursor.end()?;
        Ok(self.doubts)
    }

    /// Reads an item if there is no depth, else the members of a map. Returns whether it has the form of a binary.
    fn members(&mut self, depth: Option<usize>) -> Result<bool, Fault> {
        self.cursor.expect(b'{', "an object of attributes")?;
        self.out.push(b'{');
        let (mut is_named, mut has_bytes, mut count, mut space) = (false, false, 0, Vec::new());
        self.cursor.space();
        let mut more = self.cursor.peek() != Some(b'}');
        if !more {
            self.close(b'}');
        }
        while more {
            let name = self.cursor.string("an attribute's name")?;
            self.quoted(name);
            self.cursor.space();
            self.cursor.expect(b':', "`:`")?;
            self.cursor.space();
            self.out.push(b':');
            let at = self.cursor.at();
            let value = self.value(depth.unwrap_or_default())?;
            count += 1;
            let name = name.unescaped(&mut space);
            match (name, &value) {
                _ if depth.is_none() => self.check_key(name, value.tag(), at)?,
                (b"type", Value::Text(text)) => is_named = text.bytes == b"Buffer",
                (b"data", Value::List(of_bytes)) => has_bytes = *of_bytes,
                _ => {}
            }
            more = self.another(b'}', "`,` or `}` after an attribute")?;
        }
        Ok(is_named && has_bytes && count == 2)
    }

    /// Moves past the separator or the end after a member or an element. Returns whether another one follows.
    fn another(&mut self, close: u8, what: &'static str) -> Result<bool, Fault> {
        self.cursor.space();
        match self.cursor.peek() {
            Some(b',') => {
                self.cursor.step();
                self.cursor.space();
                self.out.push(b',');
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.close(close);
                Ok(false)
            }
            _ => Err(self.cursor.wanted(what)),
        }
    }

    fn close(&mut self, close: u8) {
        self.cursor.step();
        self.out.push(close);
    }

    fn quoted(&mut self, token: Token<'_>) {
        self.out.push(b'"');
        self.out.extend_from_slice(token.bytes);
        self.out.push(b'"');
    }

    fn open(&mut self, tag: Tag) {
        self.out.extend_from_slice(b"{\"");
        self.out.extend_from_slice(Spelling::Dynamodb.name(tag));
        self.out.extend_from_slice(b"\":");
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        let value = match self.cursor.peek() {
            Some(b'"') => {
                self.open(Tag::S);
                let token = self.cursor.string("a string")?;
                self.quoted(token);
                Value::Text(token)
            }
            Some(b'-' | b'0'..=b'9') => {
                self.open(Tag::N);
                Value::Number(self.number()?)
            }
            Some(b'[') => {
                self.open(Tag::L);
                Value::List(self.list(depth)?)
            }
            Some(b'{') => {
                self.open(Tag::M);
                let (before, depth) = (self.doubts, self.deeper(depth)?);
                if self.members(Some(depth))? {
                    self.doubts = before;
                    self.doubts.buffers += 1;
                }
                Value::Other(Tag::M)
            }
            _ => Value::Other(self.word()?),
        };
        self.out.push(b'}');
        Ok(value)
    }

    fn word(&mut self) -> Result<Tag, Fault> {
        for (word, tag, written) in
            [("true", Tag::Bool, "true"), ("false", Tag::Bool, "false"), ("null", Tag::Null, "true")]
        {
            if self.cursor.take(word.as_bytes()) {
                self.open(tag);
                self.out.extend_from_slice(written.as_bytes());
                self.doubts.nulls += u64::from(tag == Tag::Null);
                return Ok(tag);
            }
        }
        Err(self.cursor.wanted("a value"))
    }

    fn number(&mut self) -> Result<&'a [u8], Fault> {
        let at = self.cursor.at();
        let rest = self.cursor.rest();
        let is_of_number =
            |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let text = rest.split_at(rest.iter().position(|byte| !is_of_number(byte)).unwrap_or(rest.len())).0;
        if !is_json(text) {
            return Err(Malformed::new(at, "a number is not valid JSON"));
        }
        let digits = number::significant(text).map_err(|error| Malformed::new(at, error.reason()))?;
        self.doubts.numbers += u64::from((16..=17).contains(&digits));
        self.cursor.pass(text.len());
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
        Ok(text)
    }

    /// Reads a list. Returns whether all of its elements are bytes.
    fn list(&mut self, depth: usize) -> Result<bool, Fault> {
        let depth = self.deeper(depth)?;
        self.cursor.expect(b'[', "an array")?;
        self.out.push(b'[');
        self.cursor.space();
        let (mut are_bytes, mut distinct) = (true, HashSet::new());
        // The tag of all elements so far, as long as the list could be a set.
        let mut of = None;
        let (mut more, mut is_set) = (self.cursor.peek() != Some(b']'), true);
        if !more {
            is_set = false;
            self.close(b']');
        }
        while more {
            let value = self.value(depth)?;
            are_bytes &= value.is_byte();
            let tag = value.tag();
            is_set = is_set && matches!(tag, Tag::S | Tag::N) && *of.get_or_insert(tag) == tag;
            is_set = is_set && value.canonical().is_some_and(|bytes| distinct.insert(bytes));
            more = self.another(b']', "`,` or `]` after an array's element")?;
        }
        self.doubts.arrays += u64::from(is_set);
        Ok(are_bytes)
    }

    fn deeper(&self, depth: usize) -> Result<usize, Fault> {
        if depth < DEEPEST { Ok(depth + 1) } else { Err(too_deep(self.cursor.at())) }
    }

    /// Checks that a key attribute has the type of the table's key.
    fn check_key(&self, name: &[u8], tag: Tag, at: usize) -> Result<(), Fault> {
        let Some(key) = self.keys.iter().find(|key| key.name.as_bytes() == name) else { return Ok(()) };
        let right = match (key.key_type, tag) {
            (KeyType::S, Tag::S) | (KeyType::N, Tag::N) => return Ok(()),
            (KeyType::S, _) => "a string (`S`); it must be in quotes",
            (KeyType::N, _) => "a number (`N`); it must not be in quotes",
            (KeyType::B, _) => {
                "a binary (`B`), which JSON without types cannot express; use a format with types"
            }
        };
        let is = match tag {
            Tag::S => "a string",
            Tag::N => "a number",
            Tag::Bool => "true or false",
            Tag::Null => "null",
            Tag::L => "an array",
            _ => "an object",
        };
        let name = key.name;
        Err(Malformed::new(
            at,
            format!("the key attribute `{name}` is {is}, but that of the table is {right}"),
        ))
    }
}

impl Value<'_> {
    /// Returns bytes that are equal for equal strings or equal numbers. `None` for other values.
    fn canonical(&self) -> Option<Vec<u8>> {
        match self {
            Value::Text(token) => Some(token.unescaped(&mut Vec::new()).to_vec()),
            Value::Number(text) => number::canonical(text).ok().map(String::into_bytes),
            _ => None,
        }
    }
}

/// Returns whether a text of digits, signs, points and exponents is a number of JSON (RFC 8259, section 6).
fn is_json(text: &[u8]) -> bool {
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let at = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = at.and_then(|at| unsigned.split_at_checked(at)).unwrap_or((unsigned, b"e0"));
    let power = exponent.get(1..).unwrap_or_default();
    let power = power.strip_prefix(b"+").or_else(|| power.strip_prefix(b"-")).unwrap_or(power);
    let at = mantissa.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = at.and_then(|at| mantissa.split_at_checked(at)).unwrap_or((mantissa, b".0"));
    let has_leading_zero = matches!(whole, [b'0', _, ..]);
    digits(whole) && !has_leading_zero && digits(fraction.get(1..).unwrap_or_default()) && digits(power)
}
