//! Compresses the content of an object.

use std::fmt;
use std::io::{self, Write as _};

use flate2::write::GzEncoder;

use crate::format::Compression;

/// Compresses the bytes that are pushed.
///
/// The same pushes give the same bytes: the output has no time, name or system. It always has a checksum, which is
/// optional in Zstandard and required in gzip.
///
/// ```
/// use item_formats::{Compression, Compressor};
///
/// let mut compressor = Compressor::new(Compression::None);
/// compressor.push(b"{}\n")?;
/// assert_eq!(compressor.ready(), 3);
/// let mut object = compressor.take();
/// object.extend(compressor.finish()?);
/// assert_eq!(object, b"{}\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Compressor(State);

enum State {
    Plain(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
    /// The encoder. The first push creates it, because its creation can fail.
    Zstd(Option<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

impl Compressor {
    /// Creates a compressor with the default level of the library.
    pub fn new(compression: Compression) -> Compressor {
        Compressor(match compression {
            Compression::None => State::Plain(Vec::new()),
            Compression::Gzip => State::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::default())),
            Compression::Zstd => State::Zstd(None),
        })
    }

    /// Compresses plain bytes.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.0 {
            State::Plain(ready) => {
                ready.extend_from_slice(bytes);
                Ok(())
            }
            State::Gzip(encoder) => encoder.write_all(bytes),
            State::Zstd(Some(encoder)) => encoder.write_all(bytes),
            State::Zstd(none) => none.insert(zstd_encoder()?).write_all(bytes),
        }
    }

    /// Returns the number of compressed bytes that are ready.
    pub fn ready(&self) -> usize {
        match &self.0 {
            State::Plain(ready) => ready.len(),
            State::Gzip(encoder) => encoder.get_ref().len(),
            State::Zstd(encoder) => encoder.as_ref().map_or(0, |encoder| encoder.get_ref().len()),
        }
    }

    /// Removes and returns the compressed bytes that are ready.
    pub fn take(&mut self) -> Vec<u8> {
        match &mut self.0 {
            State::Plain(ready) => std::mem::take(ready),
            State::Gzip(encoder) => std::mem::take(encoder.get_mut()),
            State::Zstd(encoder) => {
                encoder.as_mut().map(|encoder| std::mem::take(encoder.get_mut())).unwrap_or_default()
            }
        }
    }

    /// Returns the remaining compressed bytes with the trailer.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self.0 {
            State::Plain(ready) => Ok(ready),
            State::Gzip(encoder) => encoder.finish(),
            State::Zstd(Some(encoder)) => encoder.finish(),
            State::Zstd(None) => zstd_encoder()?.finish(),
        }
    }
}

fn zstd_encoder() -> io::Result<zstd::stream::write::Encoder<'static, Vec<u8>>> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    Ok(encoder)
}

impl fmt::Debug for Compressor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Compressor").field("ready", &self.ready()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    fn object(compression: Compression) -> Vec<u8> {
        let mut compressor = Compressor::new(compression);
        let mut object = Vec::new();
        for number in 0..20_000_u32 {
            compressor.push(format!("{}\n", number.wrapping_mul(2_654_435_761)).as_bytes()).unwrap();
            if compressor.ready() > 1000 {
                object.extend(compressor.take());
                assert_eq!(compressor.ready(), 0);
            }
        }
        assert!(!object.is_empty(), "nothing was ready before the end");
        object.extend(compressor.finish().unwrap());
        object
    }

    #[test]
    fn equal_pushes_give_equal_bytes() {
        for compression in Compression::VARIANTS {
            assert_eq!(object(*compression), object(*compression));
        }
    }

    #[test]
    fn gzip_has_no_time_and_zstandard_a_checksum() {
        assert_eq!(object(Compression::Gzip)[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
        let zstd = object(Compression::Zstd);
        assert_eq!(zstd[..4], [0x28, 0xb5, 0x2f, 0xfd]);
        assert_eq!(zstd[4] & 4, 4);
    }

    #[test]
    fn without_a_push_the_object_is_empty_but_valid() {
        let nothing = |compression| Compressor::new(compression).finish().unwrap();
        assert_eq!(nothing(Compression::None), b"");
        assert_eq!(zstd::decode_all(&nothing(Compression::Zstd)[..]).unwrap(), b"");
        let mut plain = Vec::new();
        io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&nothing(Compression::Gzip)[..]), &mut plain)
            .unwrap();
        assert_eq!(plain, b"");
    }
}
