//! Percent-encoding, for the paths, query strings and forms that the front reads and writes.

/// Encodes everything that is not an unreserved character.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Undoes the encoding; what is not a valid escape stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escape = if byte == b'%' { after.get(..2).and_then(hexadecimal) } else { None };
        decoded.push(escape.unwrap_or(byte));
        rest = if escape.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The value of one parameter of a query string or a form.
pub(crate) fn query_value(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| decode(&value.replace('+', " ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_and_decoding_are_inverse() {
        assert_eq!(encode("a b&c=d/ü~"), "a%20b%26c%3Dd%2F%C3%BC~");
        assert_eq!(decode(&encode("arn:aws:x:::table/ü+%")), "arn:aws:x:::table/ü+%");
    }

    #[test]
    fn broken_escapes_stay() {
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
    }

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        assert_eq!(
            query_value("NotAction=x&Action=Create+Stack&b", "Action"),
            Some("Create Stack".to_owned())
        );
        assert_eq!(query_value("Actions=x", "Action"), None);
    }
}
