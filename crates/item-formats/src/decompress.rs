//! Decompresses an object piece by piece, on demand.
//!
//! A small object can contain a lot of plain bytes. So pushed bytes are stored compressed, and they are decompressed
//! into a slice of a fixed size when more lines are needed.

use std::io;

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{Decoder, InBuffer, Operation as _, OutBuffer};

use crate::format::Compression;

/// The size of deflate's window as a power of two.
const WINDOW_BITS: u8 = 15;

/// Decompresses consecutive members or frames.
pub(crate) struct Decompressor {
    codec: Codec,
    /// The pushed bytes, of which the first `used` have been decompressed.
    pushed: Vec<u8>,
    used: usize,
    /// Whether the object may end here, which is after a whole member or frame.
    whole: bool,
    /// Whether the codec holds plain bytes that did not fit.
    holds: bool,
}

enum Codec {
    None,
    /// The decoder of the current member.
    Gzip(Option<Decompress>),
    /// The decoder. It is created when it is first needed, because its creation can fail.
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

    /// Returns whether all pushed bytes have been decompressed.
    pub(crate) fn is_empty(&self) -> bool {
        self.used == self.pushed.len() && !self.holds
    }

    /// Returns whether the object may end here.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Writes plain bytes into `room` and returns their number, which may be 0 although there are more.
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
            return Err(io::Error::other("the decoder makes no progress"));
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
