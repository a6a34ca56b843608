//! Hints at what is wrong with a file that cannot be read, to be appended to the error.

use item_formats::{Compression, KeyAttribute, key_of};
use serde::de::IgnoredAny;

use super::{Binary, Format};

/// Number of bytes at the beginning of a file that identify it.
pub(super) const HEAD: usize = 4;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Returns a hint for a line that is not an item of a table with these keys, in a file that begins with `head`.
pub(super) fn of_line(
    number: u64,
    line: &[u8],
    head: &[u8],
    keys: &[KeyAttribute<'_>],
) -> Option<&'static str> {
    match head {
        _ if number > 1 => None,
        [0xef, 0xbb, 0xbf, ..] => {
            Some("the file begins with a byte order mark; write it as UTF-8 without one")
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("the file is UTF-16; write it as UTF-8"),
        _ if head.starts_with(GZIP) && line.starts_with(GZIP) => {
            Some("the file is compressed with gzip; end its name in .gz, or set the compression to gzip")
        }
        _ if head.starts_with(ZSTD) && line.starts_with(ZSTD) => {
            Some("the file is compressed with zstd; end its name in .zst, or set the compression to zstd")
        }
        _ => None,
    }
    .or_else(|| is_a_part(line).then_some("each item must be on one line"))
    .or_else(|| of_format(line, keys))
}

/// Finds the format in which the line is an item, and returns a hint.
fn of_format(line: &[u8], keys: &[KeyAttribute<'_>]) -> Option<&'static str> {
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    let reads = |format: Format| {
        let mut item = Vec::new();
        format.read(Binary::Base64, line, keys, &mut item).is_ok() && key_of(&item, &names).is_ok()
    };
    [
        (Format::DynamodbJson, "the line has the format dynamodb-json; use this format"),
        (Format::Plain, "the line has types, as in the format plain; use this format"),
        (Format::DataPipeline, "the line has the format data-pipeline; use this format"),
        (Format::Json, "the line has no types, as in the format json; use this format"),
    ]
    .into_iter()
    .find_map(|(format, hint)| reads(format).then_some(hint))
}

/// Returns a hint for a line that is not an item for this reason, in a file without a manifest.
pub(super) fn of_reason(reason: &str) -> Option<&'static str> {
    let is_binary = reason.contains("not base64");
    is_binary.then_some(
        "if binaries were written as text, as the full backup before export-table did, set Binary to text",
    )
}

/// Returns a hint for a file that begins with `head` and cannot be decompressed.
pub(super) fn of_file(compression: Compression, head: &[u8]) -> Option<&'static str> {
    match compression {
        Compression::Gzip if !head.starts_with(GZIP) => Some("the file is not compressed with gzip"),
        Compression::Zstd if !head.starts_with(ZSTD) => Some("the file is not compressed with zstd"),
        _ => None,
    }
}

/// Appends a hint to a reason.
pub(super) fn with(reason: String, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{reason}; {hint}"),
        None => reason,
    }
}

/// Returns whether a line is the beginning of JSON that continues on the next line.
fn is_a_part(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_err_and(|error| error.is_eof())
}

#[cfg(test)]
mod tests {
    use item_formats::KeyType;

    use super::*;

    #[test]
    fn first_bytes_identify_a_file() {
        let id = KeyAttribute { name: "id", key_type: KeyType::S };
        for (content, expected) in [
            (&b"\xef\xbb\xbf{\"id\":{\"S\":\"1\"}}"[..], Some("byte order mark")),
            (b"\xff\xfe{\0", Some("UTF-16")),
            (b"\xfe\xff\0{", Some("UTF-16")),
            (b"\x1f\x8b\x08\0", Some("the compression to gzip")),
            (b"\x28\xb5\x2f\xfd\0", Some("the compression to zstd")),
            (b"{", Some("on one line")),
            (b"{ \"Item\": {", Some("on one line")),
            (b"{\"id\":1}", None),
            (b"{\"Item\":{\"id\":{\"S\":\"1\"}}}", Some("the format dynamodb-json")),
            (b"{\"id\":{\"S\":\"1\"}}", Some("the format plain")),
            (b"{\"id\":{\"s\":\"1\"}}", Some("the format data-pipeline")),
            (b"{\"id\":\"1\"}", Some("the format json")),
            (b"{\"id\":{\"S\":\"1\",\"N\":\"1\"}}", None),
            (b"id,name", None),
        ] {
            let hint = of_line(1, content, &content[..content.len().min(HEAD)], &[id]);
            assert_eq!(hint.is_some(), expected.is_some(), "{content:?}: {hint:?}");
            assert!(hint.unwrap_or_default().contains(expected.unwrap_or_default()), "{hint:?}");
        }
        assert_eq!(of_line(2, b"id", b"\xef\xbb\xbf{", &[id]), None);
        assert_eq!(of_file(Compression::Gzip, b"{\"id"), Some("the file is not compressed with gzip"));
        assert_eq!(of_file(Compression::Gzip, b"\x1f\x8b\x08\0"), None);
        assert_eq!(
            of_file(Compression::Zstd, b"\x1f\x8b\x08\0"),
            Some("the file is not compressed with zstd")
        );
        assert_eq!(of_file(Compression::None, b"{"), None);
    }
}
