//! Reads a text letter by letter.

/// A text and the position in it.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, at: 0 }
    }

    /// Returns what has not been read.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Returns the position as a number of letters, starting at 1.
    pub(super) fn position(&self) -> usize {
        self.text.get(..self.at).unwrap_or_default().chars().count() + 1
    }

    /// Reads this text if it is next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let next = self.rest().starts_with(text);
        if next {
            self.at += text.len();
        }
        next
    }

    /// Reads letters as long as they match.
    pub(super) fn take_while(&mut self, matches: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|letter| !matches(letter)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    pub(super) fn skip_spaces(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Reads a text in quotes, the first of which is next. A backslash escapes the letter after it. The text is
    /// returned as written. `None` means that the closing quote is missing.
    pub(super) fn take_quoted(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let mut letters = rest.char_indices();
        let (_, quote) = letters.next()?;
        let mut is_escaped = false;
        for (at, letter) in letters {
            if letter == quote && !is_escaped {
                self.at += at + letter.len_utf8();
                return rest.get(quote.len_utf8()..at);
            }
            is_escaped = letter == '\\' && !is_escaped;
        }
        None
    }

    /// Reads from an opening to its closing bracket and returns what is between them. Brackets in quotes do not count.
    /// `None` means that the closing bracket is missing.
    pub(super) fn take_bracketed(&mut self, open: char, close: char) -> Option<&'a str> {
        let rest = self.rest();
        let mut inner = Scanner::new(rest);
        let mut depth = 0_usize;
        while let Some(letter) = inner.peek() {
            if letter == '\'' || letter == '"' {
                inner.take_quoted()?;
                continue;
            }
            inner.at += letter.len_utf8();
            if letter == open {
                depth += 1;
            } else if letter == close {
                depth -= 1;
                if depth == 0 {
                    self.at += inner.at;
                    return rest.get(open.len_utf8()..inner.at - close.len_utf8());
                }
            }
        }
        None
    }
}
