//! Tests lines of objects that come in any pieces: cut anywhere, in several members, damaged, or highly compressed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use item_formats::{Compression, Compressor, LineReader, Unreadable};
use proptest::collection::vec;
use proptest::prelude::*;

const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];
const COMPRESSED: [Compression; 2] = [Compression::Gzip, Compression::Zstd];

fn compressed(compression: Compression, plain: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(compression);
    compressor.push(plain).unwrap();
    compressor.finish().unwrap()
}

type Lines = Vec<(u64, Vec<u8>)>;

/// Reads all lines of an object that comes in these pieces. The error has the lines read before it.
fn read<'a>(
    compression: Compression,
    longest: usize,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Lines, (Lines, Unreadable)> {
    fn take(reader: &mut LineReader, lines: &mut Lines) -> Result<(), Unreadable> {
        while let Some((number, line)) = reader.next_line()? {
            lines.push((number, line.to_vec()));
        }
        Ok(())
    }
    let mut reader = LineReader::new(compression, longest);
    let mut lines = Vec::new();
    let all = || {
        for piece in pieces {
            reader.push(piece)?;
            take(&mut reader, &mut lines)?;
        }
        reader.end()?;
        take(&mut reader, &mut lines)
    };
    match all() {
        Ok(()) => Ok(lines),
        Err(error) => Err((lines, error)),
    }
}

/// Returns the expected lines of plain text.
fn expected(plain: &[u8]) -> Lines {
    (1..)
        .zip(plain.split(|&byte| byte == b'\n'))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(number, line)| (number, line.to_vec()))
        .collect()
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof!["[ \t\r]{0,2}", "[ -~]{0,60}", "[ab]{200,300}"];
    (vec(line, 0..20), any::<bool>()).prop_map(|(lines, ended)| {
        let mut text = lines.join("\n");
        if ended {
            text.push('\n');
        }
        text.into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn pieces_cut_anywhere_give_the_same_lines(plain in text(), cuts in vec(0..500_usize, 0..6)) {
        for compression in ALL {
            let object = compressed(compression, &plain);
            let mut pieces = Vec::new();
            let mut rest = &object[..];
            for cut in &cuts {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(read(compression, 1000, pieces).unwrap(), expected(&plain));
            prop_assert_eq!(read(compression, 1000, object.chunks(1)).unwrap(), expected(&plain));
        }
    }

    #[test]
    fn an_object_that_is_cut_off_is_refused_at_any_length(plain in text()) {
        for compression in COMPRESSED {
            let object = compressed(compression, &plain);
            for length in 0..object.len() {
                for size in [length.max(1), 7] {
                    let (lines, error) = read(compression, 1000, object[..length].chunks(size)).unwrap_err();
                    let last = lines.last().map_or(0, |(number, _)| *number);
                    prop_assert!(matches!(error, Unreadable::Damaged { line, .. } if line >= last), "{}", error);
                    prop_assert!(expected(&plain).starts_with(&lines));
                }
            }
        }
    }

    #[test]
    fn consecutive_members_are_one_object(first in text(), second in text(), size in 1..100_usize) {
        for compression in ALL {
            let object = [compressed(compression, &first), compressed(compression, b""), compressed(compression, &second)];
            let plain = [first.clone(), second.clone()].concat();
            prop_assert_eq!(read(compression, 2000, object.concat().chunks(size)).unwrap(), expected(&plain));
        }
    }

    #[test]
    fn damage_is_refused_or_does_no_harm(plain in text(), at in any::<proptest::sample::Index>(), bit in 0..8) {
        for compression in COMPRESSED {
            let mut object = compressed(compression, &plain);
            let at = at.index(object.len());
            object[at] ^= 1_u8 << bit;
            // Some bits of the header have no meaning, and the checksum covers the plain bytes only.
            if let Ok(lines) = read(compression, 1000, [&object[..]]) {
                prop_assert_eq!(lines, expected(&plain));
            }
        }
    }

    #[test]
    fn bytes_that_are_not_an_object_do_no_harm(bytes in vec(any::<u8>(), 1..200)) {
        for compression in COMPRESSED {
            prop_assert!(read(compression, 1000, [&bytes[..]]).is_err());
        }
    }
}

#[test]
fn a_line_that_is_too_long_is_refused_with_its_number() {
    for compression in ALL {
        for (plain, line) in [("1234\n\n12345\n", 3), ("12345", 1), ("1\n123456789", 2)] {
            let object = compressed(compression, plain.as_bytes());
            for size in [1, 100] {
                let (_, error) = read(compression, 4, object.chunks(size)).unwrap_err();
                assert_eq!(error.to_string(), format!("line {line} is longer than 4 bytes"));
            }
        }
        assert_eq!(read(compression, 4, [&compressed(compression, b"1234\n1234")[..]]).unwrap().len(), 2);
    }
}

#[test]
fn an_object_that_expands_endlessly_is_refused_as_soon_as_a_line_is_too_long() {
    for compression in COMPRESSED {
        let mut compressor = Compressor::new(compression);
        let piece = vec![b'x'; 1 << 20];
        (0..8).for_each(|_| compressor.push(&piece).unwrap());
        let object = compressor.finish().unwrap();
        assert!(object.len() < 1 << 14);
        let (lines, error) = read(compression, 1 << 16, [&object[..]]).unwrap_err();
        assert!(lines.is_empty() && matches!(error, Unreadable::TooLong { line: 1, .. }), "{error}");
    }
}

#[test]
fn an_object_in_another_compression_is_refused() {
    for (written, read_as) in [
        (Compression::None, Compression::Gzip),
        (Compression::None, Compression::Zstd),
        (Compression::Gzip, Compression::Zstd),
        (Compression::Zstd, Compression::Gzip),
    ] {
        let object = compressed(written, b"{\"Item\":{}}\n");
        let (lines, error) = read(read_as, 1000, [&object[..]]).unwrap_err();
        assert!(lines.is_empty() && matches!(error, Unreadable::Damaged { line: 0, .. }), "{error}");
    }
}

#[test]
fn a_refused_object_stays_refused() {
    let mut reader = LineReader::new(Compression::Gzip, 1000);
    reader.push(b"no gzip\n").unwrap();
    assert!(reader.next_line().is_err());
    assert!(reader.next_line().is_err());
    assert!(reader.push(&compressed(Compression::Gzip, b"{}\n")).is_err());

    let mut reader = LineReader::new(Compression::None, 1000);
    reader.end().unwrap();
    assert!(reader.push(b"{}\n").is_err());
}

#[test]
fn lines_that_were_not_taken_before_the_end_can_be_taken_after_it() {
    for compression in ALL {
        let mut reader = LineReader::new(compression, 1000);
        reader.push(&compressed(compression, b"1\n\n3")).unwrap();
        reader.end().unwrap();
        assert_eq!(reader.next_line().unwrap(), Some((1, &b"1"[..])));
        assert_eq!(reader.next_line().unwrap(), Some((3, &b"3"[..])));
        assert_eq!(reader.next_line().unwrap(), None);
        assert_eq!(reader.next_line().unwrap(), None);
    }
}
