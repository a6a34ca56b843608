//! A place in JSON text, which moves on over what it finds there.
//!
//! Strings are most of an item, so they are passed over eight bytes at a time: in each step one question to all
//! of them, whether any is a quote, a backslash or a control character. Only a string that has a byte beyond
//! ASCII is looked at as UTF-8.

use crate::malformed::{Fault, Malformed};
use crate::text;

/// A string as it stands: what is between its quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    /// The bytes, escapes as they came.
    pub(crate) bytes: &'a [u8],
    /// Where they begin.
    pub(crate) at: usize,
    /// Whether there is an escape among them.
    pub(crate) escaped: bool,
}

impl<'a> Token<'a> {
    /// What the string says. `space` holds it where escapes had to be resolved.
    #[inline]
    pub(crate) fn unescaped<'b>(&self, space: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        if !self.escaped {
            return self.bytes;
        }
        space.clear();
        text::unescape(self.bytes, space);
        space
    }
}

/// The place. Everything before it has been looked at.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = ONES * 0x80;

/// The high bit of each byte that is zero. Above the first, there may be some that are not.
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

/// The high bit of each byte that ends a run within a string. Above the first, there may be some that do not.
#[inline]
const fn stops(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    control | zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64))
}

impl<'a> Cursor<'a> {
    /// At the byte `at`.
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Cursor<'a> {
        Cursor { bytes, at }
    }

    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Over a byte that has been peeked at.
    #[inline]
    pub(crate) fn step(&mut self) {
        self.at += 1;
    }

    /// Over bytes that have been looked at.
    #[inline]
    pub(crate) fn pass(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// What has not been looked at.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// What lies between there and here.
    #[inline]
    pub(crate) fn since(&self, from: usize) -> &'a [u8] {
        self.bytes.get(from..self.at).unwrap_or_default()
    }

    /// Over whitespace. Says where it began, if there was any.
    #[inline]
    pub(crate) fn space(&mut self) -> Option<usize> {
        match self.peek() {
            Some(byte) if byte <= b' ' => self.long_space(),
            _ => None,
        }
    }

    #[cold]
    fn long_space(&mut self) -> Option<usize> {
        let from = self.at;
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.step();
        }
        (self.at > from).then_some(from)
    }

    /// Over this byte and no other.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Fault> {
        if self.peek() == Some(byte) {
            self.step();
            return Ok(());
        }
        Err(self.wanted(what))
    }

    /// Over these bytes, if they are here.
    #[inline]
    pub(crate) fn take(&mut self, bytes: &[u8]) -> bool {
        let here = self.rest().starts_with(bytes);
        if here {
            self.at += bytes.len();
        }
        here
    }

    /// That something else is here than was expected.
    #[cold]
    pub(crate) fn wanted(&self, what: &str) -> Fault {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(byte @ b'!'..=b'~') => format!("`{}`", char::from(byte)),
            Some(byte) => format!("the byte 0x{byte:02x}"),
        };
        Malformed::new(self.at, format!("{what} was expected, not {found}"))
    }

    /// Over a string with its quotes.
    #[inline(always)]
    pub(crate) fn string(&mut self, what: &'static str) -> Result<Token<'a>, Fault> {
        self.expect(b'"', what)?;
        let from = self.at;
        let mut escaped = false;
        let mut beyond_ascii = 0;
        loop {
            match self.run(&mut beyond_ascii) {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += text::escape_length(self.bytes, self.at)?;
                    escaped = true;
                }
                Some(_) => {
                    return Err(Malformed::new(self.at, "a control character stands in a string unescaped"));
                }
                None => return Err(Malformed::new(self.at, "a string does not end")),
            }
        }
        let bytes = self.since(from);
        self.step();
        if beyond_ascii & HIGH != 0 {
            utf8(bytes, from)?;
        }
        Ok(Token { bytes, at: from, escaped })
    }

    /// To the next byte that is not simply part of a string. What was passed over is or-ed into `seen`.
    #[inline(always)]
    pub(crate) fn run(&mut self, seen: &mut u64) -> Option<u8> {
        let (words, tail) = self.rest().as_chunks::<8>();
        for word in words {
            let word = u64::from_le_bytes(*word);
            *seen |= word;
            let stops = stops(word);
            if stops != 0 {
                self.at += stops.trailing_zeros() as usize / 8;
                return self.peek();
            }
            self.at += 8;
        }
        for &byte in tail {
            *seen |= u64::from(byte);
            if byte < b' ' || byte == b'"' || byte == b'\\' {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// That nothing but whitespace follows.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.space();
        if self.peek().is_some() { Err(self.wanted("the end")) } else { Ok(()) }
    }
}

#[inline(never)]
fn utf8(bytes: &[u8], at: usize) -> Result<(), Fault> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(Malformed::new(at + error.valid_up_to(), "a string is not UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(bytes: &[u8]) -> Result<Token<'_>, Fault> {
        Cursor::new(bytes, 0).string("a string")
    }

    #[test]
    fn a_string_ends_at_its_own_quote_wherever_that_stands() {
        for length in 0..40 {
            let text = "x".repeat(length);
            assert_eq!(string(format!("\"{text}\"rest\"").as_bytes()).unwrap().bytes, text.as_bytes());
            let quoted = format!("{text}\\\"{text}");
            let token =
                string(format!("\"{quoted}\"").as_bytes()).map(|token| (token.bytes.to_vec(), token.escaped));
            assert_eq!(token.unwrap(), (quoted.into_bytes(), true));
        }
    }

    #[test]
    fn each_byte_alone_is_taken_or_refused_as_json_does() {
        for byte in 0..=u8::MAX {
            for before in 0..9 {
                let mut bytes = b"\"".to_vec();
                bytes.extend(std::iter::repeat_n(b'a', before));
                bytes.extend([byte, b'"']);
                let expected = serde_json::from_slice::<String>(&bytes).is_ok() || byte == b'"';
                assert_eq!(string(&bytes).is_ok(), expected, "{byte:#x} after {before}");
            }
        }
    }

    #[test]
    fn broken_utf8_is_refused_where_it_breaks() {
        assert_eq!(string(b"\"\xc3\xa4\xc3\"").unwrap_err().at, 3);
    }
}
