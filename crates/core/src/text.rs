//! Formats text for errors and logs.

/// Quotes text in backquotes for an error message: replaces control characters by spaces and cuts it after 300
/// characters.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 300;
    let letters = text.chars().count();
    let printable = |letter: char| if letter.is_control() { ' ' } else { letter };
    let shown: String = text.chars().take(LONGEST).map(printable).collect();
    if letters > LONGEST { format!("`{shown}…` ({letters} characters)") } else { format!("`{shown}`") }
}

/// Returns the last line of a regular expression's error, which says what is wrong.
pub fn regex_error(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// Cuts text after `longest` characters and appends an ellipsis if it was longer.
pub fn cut(text: String, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// Returns the first `most` lines, each cut after `longest` characters, and a line with the number of the others.
pub fn bounded(lines: impl ExactSizeIterator<Item = String>, most: usize, longest: usize) -> Vec<String> {
    let more = lines.len().saturating_sub(most);
    let first = lines.take(most).map(|line| cut(line, longest));
    first.chain((more > 0).then(|| format!("and {more} more"))).collect()
}

/// Shows a number with a comma before each three digits, such as `198,051`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Shows a number of things, such as `1 item` or `198,051 items`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Shows a number of bytes in the largest unit of at least one, such as `2.00 KiB`.
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let (mut number, mut unit) = (bytes as f64, "B");
    for larger in UNITS.iter().take_while(|_| bytes >= 1_024) {
        if number < 1_024.0 {
            break;
        }
        (number, unit) = (number / 1_024.0, larger);
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{number:.2} {unit}") }
}

/// Writes bytes as lower-case hexadecimal digits, as S3 and DynamoDB write hashes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_in_groups_and_units() {
        for (number, shown) in [
            (0, "0"),
            (12, "12"),
            (999, "999"),
            (1_000, "1,000"),
            (198_051, "198,051"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(grouped(number), shown);
        }
        assert_eq!((counted(1, "item"), counted(2_000, "item")), ("1 item".into(), "2,000 items".into()));
        for (bytes, shown) in [(0, "0 B"), (1_023, "1023 B"), (2_048, "2.00 KiB"), (5 << 30, "5.00 GiB")] {
            assert_eq!(human_bytes(bytes), shown);
        }
    }

    #[test]
    fn hex_writes_two_digits_per_byte() {
        assert_eq!(hex(&[0, 15, 171, 255]), "000fabff");
    }
}
