//! Words for people in errors and logs.

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
