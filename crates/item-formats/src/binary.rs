//! Binary values: base64 in the standard alphabet with padding (RFC 4648, section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The value of each character of the alphabet. Every other byte has a value that no character has.
static VALUES: [u8; 256] = values();
const NONE: u8 = 0xff;

const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut byte = 0_u8;
    loop {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => NONE,
        };
        #[expect(clippy::indexing_slicing, reason = "a u8 is below 256, and this runs in the compiler")]
        {
            values[byte as usize] = value;
        }
        if byte == u8::MAX {
            return values;
        }
        byte += 1;
    }
}

fn value(byte: u8) -> u8 {
    VALUES.get(usize::from(byte)).copied().unwrap_or(NONE)
}

/// Returns whether the text is canonical base64: with padding, and without unused bits that are set.
pub(crate) fn is_base64(text: &[u8]) -> bool {
    if !text.len().is_multiple_of(4) {
        return false;
    }
    let (digits, unused) = match text {
        [digits @ .., b'=', b'='] => (digits, 0b1111),
        [digits @ .., b'='] => (digits, 0b11),
        digits => (digits, 0),
    };
    let all = digits.iter().fold(0, |all, &byte| all | value(byte));
    all < 64 && digits.last().is_none_or(|&last| value(last) & unused == 0)
}

/// Encodes bytes as base64.
pub(crate) fn encoded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Returns the canonical base64 of the bytes that the text encodes.
pub(crate) fn canonical(text: &[u8]) -> Option<String> {
    STANDARD.decode(text).ok().map(|bytes| STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_base64_if_it_decodes(text in "[A-Da-d0-9+/=_-]{0,9}") {
            prop_assert_eq!(is_base64(text.as_bytes()), STANDARD.decode(&text).is_ok());
        }

        #[test]
        fn all_bytes_can_be_encoded(bytes in any::<Vec<u8>>()) {
            prop_assert!(is_base64(STANDARD.encode(bytes).as_bytes()));
        }
    }

    #[test]
    fn base64_that_is_not_canonical_is_refused() {
        for text in
            ["=", "==", "====", "A===", "AA=A", "AAA", "AB==", "AAB=", "A A=", "hello", "AA\n=", "AAA\u{e9}"]
        {
            assert!(!is_base64(text.as_bytes()), "{text}");
        }
        assert!(is_base64(b""));
        assert_eq!(canonical(b"aGk=").as_deref(), Some("aGk="));
        assert_eq!(canonical(b"aGk"), None);
    }
}
