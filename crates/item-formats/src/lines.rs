//! Splits objects into lines.

use std::fmt;
use std::io;

use memchr::memchr;

use crate::decompress::Decompressor;
use crate::format::Compression;

/// The number of bytes that are decompressed at a time.
const SLICE: usize = 64 * 1024;

/// The error for an object that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The object has another compression, is damaged, or is cut off.
    #[error("it cannot be decompressed after line {line}: {source}")]
    Damaged {
        /// Number of the last line before the error, or 0.
        line: u64,
        /// The error of the compression library.
        source: io::Error,
    },
    /// A line is too long to hold an item.
    #[error("line {line} is longer than {longest} bytes")]
    TooLong {
        /// Number of the line, starting at 1.
        line: u64,
        /// The greatest length in bytes that the caller allows.
        longest: usize,
    },
}

/// Splits an object that comes in pieces of any size into lines.
///
/// Push a piece, take all its lines, push the next. A piece stays compressed until its lines are taken. So even an
/// object with an extreme compression ratio needs only memory for its pieces, the longest line, 64 KiB, and the window
/// of its compression (at most 128 MiB, in Zstandard). Consecutive gzip members or Zstandard frames are one object.
/// After an error the object stays refused.
///
/// ```
/// use item_formats::{Compression, LineReader};
///
/// let mut lines = LineReader::new(Compression::None, 1024);
/// let mut seen = Vec::new();
/// for piece in ["{}\n\n{\"a", "\":1}"] {
///     lines.push(piece.as_bytes())?;
///     while let Some((number, line)) = lines.next_line()? {
///         seen.push((number, String::from_utf8_lossy(line).into_owned()));
///     }
/// }
/// lines.end()?;
/// while let Some((number, line)) = lines.next_line()? {
///     seen.push((number, String::from_utf8_lossy(line).into_owned()));
/// }
/// assert_eq!(seen, [(1, "{}".to_owned()), (3, "{\"a\":1}".to_owned())]);
/// # Ok::<(), item_formats::Unreadable>(())
/// ```
pub struct LineReader {
    decompressor: Decompressor,
    longest: usize,
    /// A buffer, of which `begin..end` are plain bytes that have not been returned.
    plain: Vec<u8>,
    begin: usize,
    end: usize,
    /// The offset up to which there is no line feed after `begin`.
    searched: usize,
    /// The number of lines returned or skipped.
    line: u64,
    ended: bool,
    refused: bool,
}

impl LineReader {
    /// Creates a reader for an object of this compression. A line longer than `longest` bytes is refused.
    pub fn new(compression: Compression, longest: usize) -> LineReader {
        LineReader {
            decompressor: Decompressor::new(compression),
            longest,
            plain: Vec::new(),
            begin: 0,
            end: 0,
            searched: 0,
            line: 0,
            ended: false,
            refused: false,
        }
    }

    /// Adds a piece of the object. Damage is reported by [`LineReader::next_line`]. A piece after the end, or of an
    /// object that has been refused, is refused.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        if self.refused || self.ended {
            return Err(self.damaged(io::Error::other("data was pushed after the end")));
        }
        self.decompressor.push(bytes);
        Ok(())
    }

    /// Ends the object. An object that was cut off is refused, either here or, if lines of the last piece have not been
    /// taken yet, by [`LineReader::next_line`].
    pub fn end(&mut self) -> Result<(), Unreadable> {
        self.ended = true;
        if self.decompressor.is_empty() { self.whole() } else { Ok(()) }
    }

    /// Returns the next whole line with its number, starting at 1. `None` means that more has to be pushed, or that the
    /// object has ended. The last line may lack its line feed. Blank lines are counted and skipped.
    pub fn next_line(&mut self) -> Result<Option<(u64, &[u8])>, Unreadable> {
        loop {
            let Some((from, to)) = self.line_bounds()? else { return Ok(None) };
            let line = self.plain.get(from..to).unwrap_or_default();
            if !line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
                // Looked up again, because a borrow that a loop returns lasts for the whole loop.
                return Ok(Some((self.line, self.plain.get(from..to).unwrap_or_default())));
            }
        }
    }

    /// Returns the bounds of the next line and counts it.
    fn line_bounds(&mut self) -> Result<Option<(usize, usize)>, Unreadable> {
        if self.refused {
            return Err(self.damaged(io::Error::other("it was already refused")));
        }
        loop {
            let found = memchr(b'\n', self.plain.get(self.searched..self.end).unwrap_or_default());
            let end = found.map_or(self.end, |at| self.searched + at);
            self.searched = end;
            if end - self.begin > self.longest {
                self.refused = true;
                return Err(Unreadable::TooLong { line: self.line + 1, longest: self.longest });
            }
            if found.is_some() {
                return Ok(Some(self.count(end, end + 1)));
            }
            if self.decompressor.is_empty() {
                return self.last_line(end);
            }
            self.decompress()?;
        }
    }

    /// Returns the bounds of the rest once everything is decompressed.
    fn last_line(&mut self, end: usize) -> Result<Option<(usize, usize)>, Unreadable> {
        if !self.ended {
            return Ok(None);
        }
        self.whole()?;
        Ok((end > self.begin).then(|| self.count(end, end)))
    }

    fn count(&mut self, end: usize, next: usize) -> (usize, usize) {
        let from = std::mem::replace(&mut self.begin, next);
        self.searched = next;
        self.line += 1;
        (from, end)
    }

    fn decompress(&mut self) -> Result<(), Unreadable> {
        self.plain.copy_within(self.begin..self.end, 0);
        self.searched -= self.begin;
        self.end -= self.begin;
        self.begin = 0;
        let most = self.end + SLICE;
        if self.plain.len() < most {
            self.plain.resize(most, 0);
        }
        let room = self.plain.get_mut(self.end..most).unwrap_or_default();
        match self.decompressor.fill(room) {
            Ok(filled) => self.end += filled,
            Err(error) => return Err(self.damaged(error)),
        }
        Ok(())
    }

    fn whole(&mut self) -> Result<(), Unreadable> {
        if self.decompressor.is_whole() {
            return Ok(());
        }
        Err(self.damaged(io::Error::new(io::ErrorKind::UnexpectedEof, "it is cut off")))
    }

    fn damaged(&mut self, source: io::Error) -> Unreadable {
        self.refused = true;
        Unreadable::Damaged { line: self.line, source }
    }
}

impl fmt::Debug for LineReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LineReader { longest, line, ended, refused, .. } = self;
        formatter
            .debug_struct("LineReader")
            .field("longest", longest)
            .field("line", line)
            .field("ended", ended)
            .field("refused", refused)
            .finish_non_exhaustive()
    }
}
