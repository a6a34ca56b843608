//! A cursor in JSON text.
//!
//! Strings are most of an item, so they are scanned eight bytes at a time: each step tests all eight for a quote, a
//! backslash or a control character at once. Only a string with a byte beyond ASCII is checked as UTF-8.

use crate::malformed::{Fault, Malformed};
use crate::text;

/// A string without its quotes, as spelled in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    /// The bytes, with escapes as they came.
    pub(crate) bytes: &'a [u8],
    /// The offset of the first byte.
    pub(crate) at: usize,
    /// Whether the string has an escape.
    pub(crate) escaped: bool,
}

impl<'a> Token<'a> {
    /// Returns the string without escapes. Uses `space` as a buffer if there are any.
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

/// A position in JSON text. Everything before it has been checked.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = ONES * 0x80;

/// Returns the high bit of each byte that is zero. Bits above the lowest one set may be false.
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

/// Returns the high bit of each byte that ends a run within a string. Bits above the lowest one set may be false.
#[inline]
const fn stops(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    control | zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64))
}

impl<'a> Cursor<'a> {
    /// Creates a cursor at the byte `at`.
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

    /// Moves past the byte that was peeked at.
    #[inline]
    pub(crate) fn step(&mut self) {
        self.at += 1;
    }

    /// Moves past N bytes that have been checked.
    #[inline]
    pub(crate) fn pass(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Returns the bytes from here on.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Returns the bytes from an offset to here.
    #[inline]
    pub(crate) fn since(&self, from: usize) -> &'a [u8] {
        self.bytes.get(from..self.at).unwrap_or_default()
    }

    /// Moves past whitespace. Returns the offset of its start, if there was any.
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

    /// Moves past this byte, or fails.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Fault> {
        if self.peek() == Some(byte) {
            self.step();
            return Ok(());
        }
        Err(self.wanted(what))
    }

    /// Moves past these bytes if they are next. Returns whether they were.
    #[inline]
    pub(crate) fn take(&mut self, bytes: &[u8]) -> bool {
        let here = self.rest().starts_with(bytes);
        if here {
            self.at += bytes.len();
        }
        here
    }

    /// Returns the error for an unexpected byte or end.
    #[cold]
    pub(crate) fn wanted(&self, what: &str) -> Fault {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(byte @ b'!'..=b'~') => format!("`{}`", char::from(byte)),
            Some(byte) => format!("the byte 0x{byte:02x}"),
        };
        Malformed::new(self.at, format!("{what} was expected, not {found}"))
    }

    /// Moves past a string with its quotes and returns it.
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
                    return Err(Malformed::new(self.at, "a string contains an unescaped control character"));
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

    /// Moves to the next byte that is not an ordinary part of a string. Adds the skipped bytes to `seen` by bitwise or.
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

    /// Moves past whitespace and fails if anything else follows.
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
    fn a_string_ends_at_its_own_quote_at_any_offset() {
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
    fn each_byte_is_accepted_or_refused_as_in_json() {
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
    fn broken_utf8_is_refused_at_its_offset() {
        assert_eq!(string(b"\"\xc3\xa4\xc3\"").unwrap_err().at, 3);
    }
}
