//! A data file while it is written: lines, their compression, and what is counted on the way.

use item_formats::{Compressor, write_line};
use md5::{Digest, Md5};

use super::{Progress, SegmentError, SegmentExport};
use crate::files::Upload;
use crate::item_calls::Page;

/// Compressed bytes that are handed on at once.
const PIECE: usize = 256 << 10;

/// What went into a data file.
pub(super) struct Content {
    pub(super) items: u64,
    pub(super) bytes: u64,
    pub(super) with_empty_collections: u64,
    pub(super) md5: Md5,
    pub(super) next: Option<String>,
}

/// A data file while it is written.
pub(super) struct DataFile<'a> {
    export: &'a SegmentExport<'a>,
    key: &'a str,
    segment: u32,
    compressor: Compressor,
    pub(super) content: Content,
    lines: Vec<u8>,
}

impl<'a> DataFile<'a> {
    /// The data file `key` of a segment.
    pub(super) fn new(export: &'a SegmentExport<'a>, key: &'a str, segment: u32) -> DataFile<'a> {
        let content = Content { items: 0, bytes: 0, with_empty_collections: 0, md5: Md5::new(), next: None };
        let compressor = Compressor::new(export.run.compression.into());
        DataFile { export, key, segment, compressor, content, lines: Vec::new() }
    }

    /// Writes the items of the page that begins behind `start`.
    pub(super) async fn take(
        &mut self,
        page: &Page,
        start: Option<&str>,
        upload: &mut Upload,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), SegmentError> {
        let format = self.export.run.format;
        let lines_format = format.lines(self.export.run.null_tag);
        let may_hold_empties = holds_empty_collection(&page.answer);
        let mut bytes = 0;
        for (place, range) in page.items.iter().enumerate() {
            let item = page.answer.get(range.clone()).unwrap_or_default();
            self.lines.clear();
            write_line(lines_format, item, &mut self.lines).map_err(|source| SegmentError::Item {
                number: place + 1,
                cursor: start.unwrap_or("the beginning").to_owned(),
                segment: self.segment,
                format,
                source,
            })?;
            bytes += length(&self.lines);
            self.compressor.push(&self.lines).map_err(|source| self.not_compressed(source))?;
            if may_hold_empties && holds_empty_collection(item) {
                self.content.with_empty_collections += 1;
            }
            if self.compressor.ready() >= PIECE {
                let piece = self.compressor.take();
                self.hand_on(piece, upload).await?;
            }
        }
        let items = u64::try_from(page.items.len()).unwrap_or(u64::MAX);
        self.content.items += items;
        self.content.bytes += bytes;
        progress(Progress { segment: self.segment, items, bytes });
        Ok(())
    }

    async fn hand_on(&mut self, piece: Vec<u8>, upload: &mut Upload) -> Result<(), SegmentError> {
        self.content.md5.update(&piece);
        Ok(upload.push(piece).await?)
    }

    /// Writes what is left.
    pub(super) async fn finish(self, upload: &mut Upload) -> Result<Content, SegmentError> {
        let DataFile { compressor, mut content, key, .. } = self;
        let rest = compressor
            .finish()
            .map_err(|source| SegmentError::Compression { key: key.to_owned(), source })?;
        content.md5.update(&rest);
        upload.push(rest).await?;
        Ok(content)
    }

    fn not_compressed(&self, source: std::io::Error) -> SegmentError {
        SegmentError::Compression { key: self.key.to_owned(), source }
    }
}

/// Whether an item, or any of a page, holds an empty list or map. In a text these bytes cannot stand, as its quotation
/// marks are escaped.
pub(super) fn holds_empty_collection(json: &[u8]) -> bool {
    [&br#""L":[]"#[..], br#""M":{}"#].iter().any(|empty| memchr::memmem::find(json, empty).is_some())
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
