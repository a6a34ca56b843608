//! Counts and reports values of an import that may have had another type in their original table.
//!
//! Only JSON without types has such values. Lines are counted once they are written, so that the counts match the
//! cursor.

use std::collections::VecDeque;

use item_formats::Doubts;

use super::Format;

/// The doubts of lines that were read and may not be written yet.
#[derive(Debug)]
pub(super) struct Waiting {
    lines: VecDeque<(u64, Doubts)>,
    written: Doubts,
}

impl Waiting {
    /// Continues with the doubts of lines that are already written.
    pub(super) fn after(written: Doubts) -> Waiting {
        Waiting { lines: VecDeque::new(), written }
    }

    /// Adds the doubts of the next line.
    pub(super) fn push(&mut self, line: u64, doubts: Doubts) {
        if doubts != Doubts::default() {
            self.lines.push_back((line, doubts));
        }
    }

    /// Returns the doubts of all lines that are written, up to this one.
    pub(super) fn written_up_to(&mut self, line: u64) -> Doubts {
        while let Some((_, doubts)) = self.lines.pop_front_if(|(number, _)| *number <= line) {
            self.written += doubts;
        }
        self.written
    }
}

/// Describes each kind of doubt in a sentence. Formats with types have none.
pub fn notes(format: Format, doubts: &Doubts) -> Vec<String> {
    let Doubts { nulls, buffers, arrays, numbers } = *doubts;
    let kinds = [
        (nulls, "values were null and were written as NULL; they may have been binaries or sets"),
        (
            buffers,
            r#"objects were {"type":"Buffer","data":[…]}, as Node.js writes a binary, and were written as maps"#,
        ),
        (
            arrays,
            "arrays of strings or of numbers had no duplicates and were written as lists; they may have been sets",
        ),
        (
            numbers,
            "numbers had 16 or 17 digits, the precision of a float, and were written with these; further digits may \
             have been lost",
        ),
    ];
    let found = kinds.into_iter().filter(|(count, _)| format == Format::Json && *count > 0);
    found.map(|(count, what)| format!("{count} {what}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubts_count_once_their_lines_are_written() {
        let null = Doubts { nulls: 1, ..Doubts::default() };
        let mut waiting = Waiting::after(null);
        for line in 1..=4 {
            waiting.push(line, if line == 2 { Doubts::default() } else { null });
        }
        let counted = [0, 1, 2, 3, 3, 9].map(|line| waiting.written_up_to(line).nulls);
        assert_eq!(counted, [1, 2, 2, 3, 3, 4]);
    }

    #[test]
    fn each_kind_of_doubt_has_a_sentence() {
        let doubts = Doubts { nulls: 1, buffers: 0, arrays: 2, numbers: 0 };
        let notes_of_json = notes(Format::Json, &doubts);
        assert!(
            notes_of_json.len() == 2 && notes_of_json[0].starts_with("1 values were null"),
            "{notes_of_json:?}"
        );
        assert!(notes_of_json[1].starts_with("2 arrays"), "{notes_of_json:?}");
        assert_eq!(notes(Format::Json, &Doubts::default()), Vec::<String>::new());
        assert_eq!(notes(Format::Plain, &doubts), Vec::<String>::new());
    }
}
