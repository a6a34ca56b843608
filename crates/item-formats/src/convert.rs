//! The pass over an item. It checks everything, and copies the item with its tags respelled and without whitespace.
//!
//! Nearly every item has no whitespace, and nearly every tag has the same length in both spellings. So all bytes are
//! copied at once, ahead of the pass, which then overwrites the tags in the copy. After the first change of length the
//! unchanged bytes are copied in runs, behind the pass.

use crate::binary;
use crate::format::Binary;
use crate::malformed::{Fault, Malformed};
use crate::number;
use crate::scan::{Cursor, Token};
use crate::tag::{Spelling, Tag};

/// How deep lists and maps may be nested. Source: "Nested attribute depth" in "Quotas in Amazon DynamoDB", Amazon
/// DynamoDB Developer Guide.
pub(crate) const DEEPEST: usize = 32;

/// A pass over an item.
pub(crate) struct Pass<'a, 'o> {
    /// The position of the pass.
    pub(crate) cursor: Cursor<'a>,
    bytes: &'a [u8],
    out: &'o mut Vec<u8>,
    copied: Copied,
    from: Spelling,
    to: Spelling,
    /// The expected encoding of binaries.
    pub(crate) binaries: Binary,
    /// A buffer for strings with escapes.
    space: Vec<u8>,
}

/// Which of the bytes have been copied to `out`.
enum Copied {
    /// All bytes: the byte `began` is at `offset` of `out`, and the others follow.
    Ahead { began: usize, offset: usize },
    /// The bytes before this offset, except for those that were removed.
    Behind(usize),
}

/// A check of an element of a set.
type Check<'a, 'o> = fn(&mut Pass<'a, 'o>, Token<'a>) -> Result<(), Fault>;

impl<'a, 'o> Pass<'a, 'o> {
    /// Starts at the byte `at`. The bytes before it are not copied.
    pub(crate) fn new(
        bytes: &'a [u8],
        at: usize,
        (from, to): (Spelling, Spelling),
        out: &'o mut Vec<u8>,
    ) -> Pass<'a, 'o> {
        let copied = Copied::Ahead { began: at, offset: out.len() };
        out.extend_from_slice(bytes.get(at..).unwrap_or_default());
        Pass {
            cursor: Cursor::new(bytes, at),
            bytes,
            out,
            copied,
            from,
            to,
            binaries: Binary::Base64,
            space: Vec::new(),
        }
    }

    /// Ends the copy at the position of the pass.
    pub(crate) fn copy(&mut self) {
        self.replace(self.cursor.at(), self.cursor.at(), b"");
    }

    /// Copies the bytes up to `from` and then `by` in place of those from `from` to `to`.
    fn replace(&mut self, from: usize, to: usize, by: &[u8]) {
        match self.copied {
            Copied::Ahead { began, offset } => self.out.truncate(offset + from - began),
            Copied::Behind(done) => {
                self.out.extend_from_slice(self.bytes.get(done..from).unwrap_or_default())
            }
        }
        self.out.extend_from_slice(by);
        self.copied = Copied::Behind(to);
    }

    /// Replaces the tag of this length at `at` by another.
    #[inline]
    fn respell(&mut self, at: usize, length: usize, tag: &[u8]) {
        if let Copied::Ahead { began, offset } = self.copied
            && length == tag.len()
        {
            let offset = offset + at - began;
            if let Some(old) = self.out.get_mut(offset..offset + length) {
                old.copy_from_slice(tag);
            }
            return;
        }
        self.replace(at, at + length, tag);
    }

    /// Moves past whitespace and leaves it out of the copy.
    #[inline]
    fn space(&mut self) {
        if let Some(began) = self.cursor.space() {
            self.replace(began, self.cursor.at(), b"");
        }
    }

    /// Moves past an item, or past the value of a map.
    pub(crate) fn item(&mut self) -> Result<(), Fault> {
        self.members(0)
    }

    fn members(&mut self, depth: usize) -> Result<(), Fault> {
        self.cursor.expect(b'{', "an object of attributes")?;
        self.space();
        if self.cursor.peek() == Some(b'}') {
            self.cursor.step();
            return Ok(());
        }
        loop {
            self.cursor.string("an attribute's name")?;
            self.colon()?;
            self.value(depth)?;
            if self.last(b'}', "`,` or `}` after an attribute")? {
                return Ok(());
            }
        }
    }

    #[inline]
    fn colon(&mut self) -> Result<(), Fault> {
        if self.follows(b':') {
            return Ok(());
        }
        self.space();
        self.cursor.expect(b':', "`:`")?;
        self.space();
        Ok(())
    }

    /// Moves past this byte if no whitespace is before or after it. Returns whether it did.
    #[inline]
    fn follows(&mut self, byte: u8) -> bool {
        let follows = matches!(self.cursor.rest(), [first, second, ..] if *first == byte && *second > b' ');
        if follows {
            self.cursor.step();
        }
        follows
    }

    /// Moves past the separator or the end after a member or an element. Returns whether it was the last one.
    #[inline]
    fn last(&mut self, close: u8, what: &'static str) -> Result<bool, Fault> {
        if self.follows(b',') {
            return Ok(false);
        }
        self.space();
        let last = self.cursor.peek() == Some(close);
        if !last && self.cursor.peek() != Some(b',') {
            return Err(self.cursor.wanted(what));
        }
        self.cursor.step();
        if !last {
            self.space();
        }
        Ok(last)
    }

    /// Moves past an attribute value: an object with one member, whose name is the type.
    pub(crate) fn value(&mut self, depth: usize) -> Result<(), Fault> {
        let tag = match self.letter() {
            Some(tag) => tag,
            None => self.tag()?,
        };
        match tag {
            Tag::S => self.cursor.string("a string").map(|_| ())?,
            Tag::N => self.number()?,
            Tag::B => self.binary()?,
            Tag::Bool if self.cursor.take(b"true") || self.cursor.take(b"false") => {}
            Tag::Bool => return Err(self.cursor.wanted("`true` or `false`")),
            Tag::Null if self.cursor.take(b"true") => {}
            Tag::Null => return Err(self.cursor.wanted("`true`")),
            Tag::Ss => self.set(|_, _| Ok(()))?,
            Tag::Ns => self.set(Pass::checked_number)?,
            Tag::Bs => self.set(Pass::checked_binary)?,
            Tag::L => self.list(self.deeper(depth)?)?,
            Tag::M => {
                let depth = self.deeper(depth)?;
                self.members(depth)?;
            }
        }
        if self.cursor.peek() == Some(b'}') {
            self.cursor.step();
            return Ok(());
        }
        self.space();
        if self.cursor.peek() == Some(b',') {
            return Err(Malformed::new(self.cursor.at(), "an attribute value has more than one type"));
        }
        self.cursor.expect(b'}', "`}` after an attribute value")
    }

    /// Moves past the start of a value if it has the most common form: a type of one letter and no whitespace.
    #[inline]
    fn letter(&mut self) -> Option<Tag> {
        let at = self.cursor.at();
        let &[b'{', b'"', letter, b'"', b':', next] = self.bytes.get(at..)?.first_chunk()? else {
            return None;
        };
        let tag = self.from.letter(letter)?;
        if next <= b' ' {
            return None;
        }
        if self.from != self.to {
            self.respell(at + 2, 1, self.to.name(tag));
        }
        self.cursor.pass(5);
        Some(tag)
    }

    /// Moves past the start of any value.
    fn tag(&mut self) -> Result<Tag, Fault> {
        self.cursor.expect(b'{', "an attribute value, which is an object with a type,")?;
        self.space();
        let name = self.cursor.string("an attribute value's type")?;
        let Some(tag) = self.from.tag(name.unescaped(&mut self.space)) else {
            let shown: String = String::from_utf8_lossy(name.bytes).chars().take(40).collect();
            return Err(Malformed::new(name.at, format!("`{shown}` is not a type of an attribute value")));
        };
        let respelled = self.to.name(tag);
        if respelled != name.bytes {
            self.respell(name.at, name.bytes.len(), respelled);
        }
        self.colon()?;
        Ok(tag)
    }

    fn deeper(&self, depth: usize) -> Result<usize, Fault> {
        if depth < DEEPEST {
            return Ok(depth + 1);
        }
        Err(too_deep(self.cursor.at()))
    }

    fn number(&mut self) -> Result<(), Fault> {
        let token = self.cursor.string("a number, which is in a string,")?;
        self.checked_number(token)
    }

    fn binary(&mut self) -> Result<(), Fault> {
        let token = self.cursor.string("a binary, which is base64 in a string,")?;
        self.checked_binary(token)
    }

    #[inline]
    fn checked_number(&mut self, token: Token<'a>) -> Result<(), Fault> {
        number::check(token.unescaped(&mut self.space))
            .map_err(|error| Malformed::new(token.at, error.reason()))
    }

    fn checked_binary(&mut self, token: Token<'a>) -> Result<(), Fault> {
        let text = token.unescaped(&mut self.space);
        match self.binaries {
            Binary::Base64 if binary::is_base64(text) => Ok(()),
            Binary::Base64 => Err(Malformed::new(token.at, "a binary is not base64 with padding")),
            Binary::Text if text.is_ascii() => {
                let encoded = binary::encoded(text);
                self.replace(token.at, token.at + token.bytes.len(), encoded.as_bytes());
                Ok(())
            }
            Binary::Text => {
                Err(Malformed::new(token.at, "a binary given as text has a character that is not ASCII"))
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<(), Fault> {
        self.cursor.expect(b'[', "a list")?;
        self.space();
        if self.cursor.peek() == Some(b']') {
            self.cursor.step();
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if self.last(b']', "`,` or `]` after a list's element")? {
                return Ok(());
            }
        }
    }

    fn set(&mut self, check: Check<'a, 'o>) -> Result<(), Fault> {
        self.cursor.expect(b'[', "a set, which is an array of strings,")?;
        self.space();
        if self.cursor.peek() == Some(b']') {
            return Err(Malformed::new(self.cursor.at(), "a set is empty; DynamoDB has no empty sets"));
        }
        loop {
            let token = self.cursor.string("a set's element, which is a string,")?;
            check(self, token)?;
            if self.last(b']', "`,` or `]` after a set's element")? {
                return Ok(());
            }
        }
    }
}

/// Returns the error for lists and maps that are nested deeper than an item may have them.
pub(crate) fn too_deep(at: usize) -> Fault {
    Malformed::new(at, format!("lists and maps are nested more than {DEEPEST} deep"))
}

/// Runs a function that appends to `out`. If it fails, removes what it has appended.
pub(crate) fn all_or_nothing(
    out: &mut Vec<u8>,
    append: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
) -> Result<(), Malformed> {
    let before = out.len();
    append(out).map_err(|fault| {
        out.truncate(before);
        *fault
    })
}
