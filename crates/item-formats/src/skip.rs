//! Skips values that another reader checks.

use crate::malformed::{Fault, Malformed};
use crate::scan::Cursor;

impl Cursor<'_> {
    /// Moves past a value of any type. Only its brackets are checked. The reader of the value checks the rest.
    pub(crate) fn skip_value(&mut self) -> Result<(), Fault> {
        let mut open = 0_usize;
        loop {
            self.space();
            match self.peek() {
                Some(b'"') => self.skip_string()?,
                Some(b'{' | b'[') => {
                    open += 1;
                    self.step();
                    continue;
                }
                Some(b'}' | b']') if open > 0 => {
                    open -= 1;
                    self.step();
                }
                Some(b',' | b':') if open > 0 => {
                    self.step();
                    continue;
                }
                Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => {
                    self.word()
                }
                _ => return Err(self.wanted("a value")),
            }
            if open == 0 {
                return Ok(());
            }
        }
    }

    /// Moves past a number or a literal.
    fn word(&mut self) {
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
        {
            self.step();
        }
    }

    fn skip_string(&mut self) -> Result<(), Fault> {
        self.step();
        loop {
            match self.run(&mut 0) {
                Some(b'"') => {
                    self.step();
                    return Ok(());
                }
                Some(b'\\') => self.pass(2),
                Some(_) => self.step(),
                None => return Err(Malformed::new(self.at(), "a string does not end")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_skipped_with_all_of_its_content() {
        let mut cursor = Cursor::new(br#" {"a":["]}\"",{}, 1.5e-3 ,null]} ,"#, 0);
        cursor.skip_value().unwrap();
        assert_eq!(cursor.since(0), br#" {"a":["]}\"",{}, 1.5e-3 ,null]}"#);
        for broken in ["", "{", "\"\\", "[\"", "]", ",", "{{{{", "\x01"] {
            assert!(Cursor::new(broken.as_bytes(), 0).skip_value().is_err(), "{broken}");
        }
    }

    #[test]
    fn a_skipped_value_may_have_any_depth() {
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        let mut cursor = Cursor::new(deep.as_bytes(), 0);
        cursor.skip_value().unwrap();
        assert_eq!(cursor.at(), deep.len());
    }
}
