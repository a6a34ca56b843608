//! Lays out text in columns for people.

use terminal_size::terminal_size_of;

/// Width of text that is not written to a terminal.
pub(crate) const DEFAULT_WIDTH: usize = 120;
/// Space between two columns.
const GAP: &str = "  ";

/// Returns the width of the terminal that shows stdout; `None` if stdout is not a terminal.
pub(crate) fn terminal_width() -> Option<usize> {
    let (width, _) = terminal_size_of(std::io::stdout())?;
    Some(usize::from(width.0)).filter(|&width| width > 0)
}

/// Returns the width and the height of the terminal that shows stdout, or those of a usual one.
pub(crate) fn terminal_size() -> (usize, usize) {
    let size = terminal_size_of(std::io::stdout());
    let size = size.map(|(width, height)| (usize::from(width.0), usize::from(height.0)));
    size.filter(|&(width, height)| width > 0 && height > 0).unwrap_or((80, 24))
}

/// Returns the width for text on stdout.
pub(crate) fn width() -> usize {
    terminal_width().unwrap_or(DEFAULT_WIDTH).min(DEFAULT_WIDTH)
}

/// Lays out rows of cells in columns. A cell that does not fit is continued below itself. All columns but the last take
/// at most a third of the width.
pub(crate) fn table(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut widths: Vec<usize> = (0..columns).map(|column| widest(rows, column)).collect();
    if let Some((last, others)) = widths.split_last_mut() {
        others.iter_mut().for_each(|other| *other = (*other).min(width / 3));
        let taken: usize = others.iter().map(|other| other + GAP.len()).sum();
        *last = (*last).min(width.saturating_sub(taken).max(20));
    }
    rows.iter().flat_map(|row| row_lines(row, &widths)).collect()
}

fn widest(rows: &[Vec<String>], column: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(column));
    cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
}

fn row_lines(row: &[String], widths: &[usize]) -> Vec<String> {
    let cells: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, &width)| wrapped(cell, width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let line = |number: usize| {
        let parts = cells.iter().zip(widths).map(|(cell, &width)| {
            let part = cell.get(number).map_or("", String::as_str);
            format!("{part:width$}")
        });
        parts.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// Breaks a text between words into lines of at most this width. A longer word has a line of its own.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Cuts a text at a width, and ends it with an ellipsis.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let begin: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{begin}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[[&str; 2]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_cells_and_the_width_allows() {
        let rows = rows(&[["a", "one two three four five six"], ["long name", ""]]);
        let wide = ["a          one two three four five six", "long name"];
        assert_eq!(table(&rows, 60), wide);
        let narrow = ["a          one two three four", "           five six", "long name"];
        assert_eq!(table(&rows, 31), narrow);
    }

    #[test]
    fn long_first_cells_are_continued_below() {
        let rows = rows(&[["one two three four five", "text"]]);
        assert_eq!(table(&rows, 30), ["one two     text", "three four", "five"]);
    }

    #[test]
    fn words_are_not_broken() {
        assert_eq!(wrapped("a bcdefgh ij k", 4), ["a", "bcdefgh", "ij k"]);
        assert!(wrapped(" ", 4).is_empty());
    }
}
