//! A text whose lines and columns are found quickly.

use super::Position;

/// A range of a text in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Place {
    /// The one byte at an offset.
    pub(super) fn at(start: usize) -> Place {
        Place { start, end: start + 1 }
    }
}

/// A text with the offsets of its lines.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn new(text: String) -> Lines {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text, starts }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns a line without its end. Lines start at 1.
    pub(super) fn line(&self, line: usize) -> &str {
        let start = line.checked_sub(1).and_then(|index| self.starts.get(index));
        let rest = start.and_then(|start| self.text.get(*start..)).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }

    /// Returns the part of a place that is on its first line.
    pub(super) fn position(&self, place: Place) -> Position {
        let line = self.starts.partition_point(|start| *start <= place.start).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..place.start.min(self.text.len())).unwrap_or_default();
        let meant = self.text.get(place.start..place.end).unwrap_or_default();
        Position {
            line,
            column: before.chars().count() + 1,
            length: meant.chars().take_while(|letter| *letter != '\n').count().max(1),
        }
    }
}
