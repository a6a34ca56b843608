//! From an object's bytes to plain ones, as many at a time as are wanted.
//!
//! A small object can hold a great deal of plain bytes. So what is pushed is kept compressed, and decompressed into
//! a slice of a fixed size when more lines are asked for.

use std::io;

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{Decoder, InBuffer, Operation as _, OutBuffer};

use crate::format::Compression;

/// The size of deflate's window, in bits.
const WINDOW_BITS: u8 = 15;

/// Decompresses members or frames, one after the other.
pub(crate) struct Decompressor {
    codec: Codec,
    /// What was pushed, of which `used` bytes are done with.
    pushed: Vec<u8>,
    used: usize,
    /// Whether an object may end here: after a whole member or frame.
    whole: bool,
    /// Whether the codec holds plain bytes for which there was no room.
    holds: bool,
}

enum Codec {
    None,
    /// Of the member that has begun.
    Gzip(Option<Decompress>),
    /// Made when it is first needed, as making it can fail.
    Zstd(Option<Decoder<'static>>),
}

impl Decompressor {
    pub(crate) fn new(compression: Compression) -> Decompressor {
        let codec = match compression {
            Compression::None => Codec::None,
            Compression::Gzip => Codec::Gzip(None),
            Compression::Zstd => Codec::Zstd(None),
        };
        let whole = compression == Compression::None;
        Decompressor { codec, pushed: Vec::new(), used: 0, whole, holds: false }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.pushed.drain(..self.used);
        self.used = 0;
        self.pushed.extend_from_slice(bytes);
    }

    /// Whether all that was pushed has been decompressed.
    pub(crate) fn is_empty(&self) -> bool {
        self.used == self.pushed.len() && !self.holds
    }

    /// Whether an object may end where it is.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Fills some of `room` with plain bytes, and says how many. May be none though there is more.
    pub(crate) fn fill(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.is_empty() {
            return Ok(0);
        }
        let input = self.pushed.get(self.used..).unwrap_or_default();
        let (read, written, whole) = match &mut self.codec {
            Codec::None => {
                let length = input.len().min(room.len());
                let both = room.get_mut(..length).zip(input.get(..length));
                both.into_iter().for_each(|(to, from)| to.copy_from_slice(from));
                (length, length, true)
            }
            Codec::Gzip(member) => inflate(member, input, room)?,
            Codec::Zstd(decoder) => {
                let decoder = match decoder {
                    Some(decoder) => decoder,
                    none => none.insert(Decoder::new()?),
                };
                let (mut input, mut output) = (InBuffer::around(input), OutBuffer::around(&mut *room));
                let wanted = decoder.run(&mut input, &mut output)?;
                (input.pos(), output.pos(), wanted == 0)
            }
        };
        if read == 0 && written == 0 && !whole && !self.holds {
            return Err(io::Error::other("the decoder makes no headway"));
        }
        self.used += read;
        self.whole = whole;
        self.holds = !whole && written == room.len();
        Ok(written)
    }
}

fn inflate(
    member: &mut Option<Decompress>,
    input: &[u8],
    room: &mut [u8],
) -> io::Result<(usize, usize, bool)> {
    let decompress = member.get_or_insert_with(|| Decompress::new_gzip(WINDOW_BITS));
    let before = (decompress.total_in(), decompress.total_out());
    let status = decompress.decompress(input, room, FlushDecompress::None)?;
    let read = (decompress.total_in() - before.0) as usize;
    let written = (decompress.total_out() - before.1) as usize;
    let whole = status == Status::StreamEnd;
    if whole {
        *member = None;
    }
    Ok((read, written, whole))
}
