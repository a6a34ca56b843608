//! Escapes in JSON strings: checks, decodes and writes them.

use crate::malformed::{Fault, Malformed};

/// Checks the escape whose backslash is at `at`. Returns its length: 2, 6, or 12 for a surrogate pair.
#[cold]
pub(crate) fn escape_length(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') => match code_unit(bytes, at) {
            Some(0xd800..=0xdbff) => match code_unit(bytes, at + 6) {
                Some(0xdc00..=0xdfff) => Ok(12),
                _ => Err(Malformed::new(at, "the first half of a surrogate pair has no second")),
            },
            Some(0xdc00..=0xdfff) => {
                Err(Malformed::new(at, "the second half of a surrogate pair has no first"))
            }
            Some(_) => Ok(6),
            None => Err(Malformed::new(at, "\\u is not followed by four hexadecimal digits")),
        },
        Some(_) => Err(Malformed::new(at, "a backslash does not begin a JSON escape")),
        None => Err(Malformed::new(at, "a string does not end")),
    }
}

/// Returns the UTF-16 code unit of the escape at `at`: `\u` and four hexadecimal digits.
fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit * 16 + char::from(digit).to_digit(16)?))
}

/// Appends the content of a valid string without its escapes.
pub(crate) fn unescape(mut bytes: &[u8], out: &mut Vec<u8>) {
    while let Some(backslash) = memchr::memchr(b'\\', bytes) {
        let (plain, escape) = bytes.split_at(backslash);
        out.extend_from_slice(plain);
        let mut length = 2;
        match escape.get(1) {
            Some(b'u') => {
                let first = code_unit(escape, 0).unwrap_or_default();
                let mut scalar = first;
                length = 6;
                if let (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) = (first, code_unit(escape, 6)) {
                    scalar = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    length = 12;
                }
                let character = char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            other => out.extend(other),
        }
        bytes = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(bytes);
}

/// Appends text as a JSON string with its quotes. Escapes only what has to be escaped, so that the spelling is
/// canonical.
pub(crate) fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scan::Cursor;

    fn unescaped_text(json: &str) -> Result<String, Fault> {
        let token = Cursor::new(json.as_bytes(), 0).string("a string")?;
        Ok(String::from_utf8(token.unescaped(&mut Vec::new()).to_vec()).unwrap())
    }

    #[test]
    fn every_escape_means_the_same_as_in_json() {
        let json = r#""\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00\u0000 ä""#;
        assert_eq!(unescaped_text(json).unwrap(), serde_json::from_str::<String>(json).unwrap());
    }

    #[test]
    fn an_invalid_escape_is_refused_at_its_offset() {
        for json in
            [r#""a\x""#, r#""a\u12""#, r#""a\u12g4""#, r#""a\ud800""#, r#""a\ud800\u0041""#, r#""a\udc00""#]
        {
            assert_eq!(unescaped_text(json).unwrap_err().at, 2, "{json}");
            assert!(serde_json::from_str::<String>(json).is_err());
        }
        assert!(unescaped_text("\"a\\").is_err());
    }

    proptest! {
        #[test]
        fn quoted_text_is_read_as_the_same_text(text in any::<String>()) {
            let mut json = Vec::new();
            quote(text.as_bytes(), &mut json);
            let json = String::from_utf8(json).unwrap();
            prop_assert_eq!(&unescaped_text(&json).unwrap(), &text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
