//! Reads the items of files.

use item_compare::Fingerprinter;

use super::error::CompareError;
use super::side::{Gathering, Progress};
use crate::import::item_files::{FileItem, ItemFiles};
use crate::import::source::Source;
use crate::text::quoted;

/// The files of an export or of a snapshot, or files of lines.
#[derive(Clone, Copy, Debug)]
pub struct FilesSide<'a> {
    /// The files, and the format of their lines.
    pub items: ItemFiles<'a>,
    /// List of the files. File `n` belongs to segment `n % segments`.
    pub source: &'a Source,
    /// Number of segments.
    pub segments: u32,
}

/// The position after a line of a file; line 0 is before the first one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Position {
    file: u32,
    line: u64,
}

impl Position {
    fn parse(text: &str) -> Option<Position> {
        let (file, line) = text.split_once(':')?;
        Some(Position { file: file.parse().ok()?, line: line.parse().ok()? })
    }

    fn text(self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// Reads lines into the part. Returns the position after which the next part begins.
pub(super) async fn read(
    side: &FilesSide<'_>,
    segment: u32,
    cursor: Option<&str>,
    part: &mut Gathering,
    progress: Progress<'_>,
) -> Result<Option<String>, CompareError> {
    let from = match cursor {
        None => Position { file: 0, line: 0 },
        Some(text) => Position::parse(text).ok_or_else(|| CompareError::Cursor {
            cursor: quoted(text),
            side: side.items.files.location(&side.source.root),
        })?,
    };
    let mut fingerprinter = Fingerprinter::new(side.items.keys.iter().map(|key| key.name));
    for (place, file) in side.source.of_segment(segment, side.segments) {
        if place < from.file {
            continue;
        }
        let after = if place == from.file { from.line } else { 0 };
        let mut items = side.items.open(file, after).await?;
        let mut bytes = 0;
        while let Some(FileItem { line, item, key, .. }) = items.next().await? {
            // The reader has checked the item, so it has a fingerprint.
            let fingerprint = fingerprinter.of_key(key, &item).map_err(|source| CompareError::Item {
                number: usize::try_from(line).unwrap_or(usize::MAX),
                cursor: "the beginning".to_owned(),
                side: side.items.files.location(&file.stored.key),
                source,
            })?;
            part.push(&fingerprint);
            progress(1, items.bytes() - std::mem::replace(&mut bytes, items.bytes()));
            if part.is_full() {
                return Ok(Some(Position { file: place, line }.text()));
            }
        }
        progress(0, items.bytes() - bytes);
        items.check()?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn a_position_is_read_as_written() {
        let position = Position { file: 3, line: 17 };
        assert_eq!(Position::parse(&position.text()), Some(position));
        for text in ["", "3", "3:", "x:1", "-1:2"] {
            assert_eq!(Position::parse(text), None, "{text}");
        }
    }
}
