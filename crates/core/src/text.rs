//! Text for people in errors and logs, and bytes as text.

/// The text in backquotes, cut where it is too long for an error message, without control characters.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 300;
    let letters = text.chars().count();
    let printable = |letter: char| if letter.is_control() { ' ' } else { letter };
    let shown: String = text.chars().take(LONGEST).map(printable).collect();
    if letters > LONGEST { format!("`{shown}…` ({letters} characters)") } else { format!("`{shown}`") }
}

/// The end of a regular expression's error, which says what is wrong on its last line.
pub fn regex_error(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// The text, no longer than this, and an ellipsis.
pub fn cut(text: String, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// The first `most` lines, none longer than `longest` letters, and how many more there are.
pub fn bounded(lines: impl ExactSizeIterator<Item = String>, most: usize, longest: usize) -> Vec<String> {
    let more = lines.len().saturating_sub(most);
    let first = lines.take(most).map(|line| cut(line, longest));
    first.chain((more > 0).then(|| format!("and {more} more"))).collect()
}

/// What a function's failure says, out of the envelope that Lambda puts it into as the cause of an execution's error:
/// `{"errorType": …, "errorMessage": …}`. State machines cut long causes, so its end may be missing. What stands before
/// it stays, and a cause without it is answered as it is.
pub fn message_of(cause: &str) -> String {
    const KEY: &str = r#""errorMessage":"#;
    let inner = cause.split_once(r#"{"error"#).and_then(|(before, envelope)| {
        // The first letters are taken off already where the message comes first.
        let rest = envelope.split_once(KEY).map(|(_, rest)| rest);
        let rest = rest.or_else(|| envelope.strip_prefix(r#"Message":"#))?;
        Some((before, rest.trim_start().strip_prefix('"')?))
    });
    let Some((before, text)) = inner else { return cause.to_owned() };
    let mut escaped = false;
    let end = text.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    let text = end.and_then(|end| text.get(..end)).unwrap_or(text);
    let message = serde_json::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| text.to_owned());
    format!("{before}{message}")
}

/// Writes bytes as lower-case hexadecimal digits, as S3 and DynamoDB write hashes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failures_message_is_taken_out_of_lambdas_envelope() {
        for (cause, message) in [
            (r#"{"errorType": "AccessDenied", "errorMessage": "not \"so\"\nat all"}"#, "not \"so\"\nat all"),
            (r#"{"errorMessage":"no","errorType":"AccessDenied"}"#, "no"),
            (
                r#"AccessDenied: {"errorType":"AccessDenied","errorMessage":"User: x is not"#,
                "AccessDenied: User: x is not",
            ),
            (r#"{"errorType":"AccessDenied","errorMessage":"cut\"#, r"cut\"),
            (r#"{"errorType":"Acc"#, r#"{"errorType":"Acc"#),
            ("The Lambda function timed out", "The Lambda function timed out"),
        ] {
            assert_eq!(message_of(cause), message);
        }
    }

    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(hex(&[0, 15, 171, 255]), "000fabff");
    }
}
