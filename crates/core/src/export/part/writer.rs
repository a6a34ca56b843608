//! Writes a part: formats and compresses its lines and counts them. The scan of a table and a snapshot both use it.

use item_formats::{Compressor, Malformed, write_line};
use md5::{Digest, Md5};

use super::Part;
use crate::aws::failure::AwsFailure;
use crate::clock::Clock;
use crate::error_name::ErrorName;
use crate::export::layout::Layout;
use crate::export::manifest::md5_text;
use crate::export::{ExportConfig, Plan};
use crate::storage::{Files, FilesError, StoredFile, Upload};

/// Compressed bytes to pass on at once.
const PIECE: usize = 256 << 10;

/// The destination of the parts of an export.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// Location of the files.
    pub files: &'a Files,
    /// Options of the export.
    pub run: &'a ExportConfig,
    /// Plan of the table's export.
    pub plan: &'a Plan,
    /// Source of the times in the records.
    pub clock: Clock,
}

/// A part, written or to be written.
#[derive(Debug)]
pub enum Opened<'a> {
    /// The record of a part that an earlier call has written.
    Earlier(Part),
    /// A writer for a part that is missing or incomplete.
    New(Box<PartWriter<'a>>),
}

/// The writer of a part. Call `finish` at the end, or `abort` after any failure.
#[derive(Debug)]
pub struct PartWriter<'a> {
    parts: Parts<'a>,
    segment: u32,
    part: u32,
    cursor: Option<String>,
    key: String,
    upload: Upload,
    compressor: Compressor,
    /// Number of items so far.
    pub items: u64,
    /// Bytes of the lines so far, before compression.
    pub bytes: u64,
    /// Number of items omitted because their state is unknown.
    pub unknown: u64,
    with_empty_collections: u64,
    md5: Md5,
    lines: Vec<u8>,
}

/// An item or a part that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The item cannot be written as a line.
    #[error(transparent)]
    Item(#[from] Malformed),
    /// The compression library failed.
    #[error("the data file {key} could not be compressed")]
    Compression {
        /// Key of the data file.
        key: String,
        /// Error of the library.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl PartError {
    /// Returns the name that a step fails with.
    pub fn name(&self) -> ErrorName {
        match self {
            PartError::Item(_) | PartError::Compression { .. } => ErrorName::ExportFailed,
            PartError::Files(error) => error.name(),
        }
    }
}

impl<'a> Parts<'a> {
    /// Begins the part of a segment after `cursor` (`None` at the beginning of the segment). Returns the record if an
    /// earlier call has written the part. The record says where the next part begins.
    pub async fn open(self, segment: u32, part: u32, cursor: Option<&str>) -> Result<Opened<'a>, FilesError> {
        let layout = Layout::new(self.run, self.plan);
        let key = layout.data(segment, part);
        if let Some(earlier) = self.earlier(&layout.part(segment, part), &key, cursor).await? {
            return Ok(Opened::Earlier(earlier));
        }
        Ok(Opened::New(Box::new(PartWriter {
            parts: self,
            segment,
            part,
            cursor: cursor.map(str::to_owned),
            upload: self.files.upload(&key),
            key,
            compressor: Compressor::new(self.run.compression),
            items: 0,
            bytes: 0,
            unknown: 0,
            with_empty_collections: 0,
            md5: Md5::new(),
            lines: Vec::new(),
        })))
    }

    /// Returns the record of an earlier call if it begins at the same cursor and its file exists as it says. Ignores a
    /// record that cannot be read, since the part is then written again.
    async fn earlier(
        &self,
        record: &str,
        key: &str,
        cursor: Option<&str>,
    ) -> Result<Option<Part>, FilesError> {
        let Some(written) = self.files.get(record).await? else { return Ok(None) };
        let Ok(part) = serde_json::from_slice::<Part>(&written) else { return Ok(None) };
        if part.cursor.as_deref() != cursor || part.key != key {
            return Ok(None);
        }
        let stored = self.files.list(key).await?;
        let is_part = |file: &StoredFile| file.key == part.key && file.is(part.size, &part.etag);
        Ok(stored.iter().any(is_part).then_some(part))
    }
}

impl PartWriter<'_> {
    /// Writes an item of DynamoDB JSON. `may_hold_empties` says whether to search it for empty lists and maps.
    pub async fn item(&mut self, item: &[u8], may_hold_empties: bool) -> Result<(), PartError> {
        let Parts { run, .. } = self.parts;
        self.lines.clear();
        write_line(run.format.with(run.null_tag), item, &mut self.lines)?;
        self.items += 1;
        self.bytes += length(&self.lines);
        let pushed = self.compressor.push(&self.lines);
        pushed.map_err(|source| PartError::Compression { key: self.key.clone(), source })?;
        if may_hold_empties && holds_empty_collection(item) {
            self.with_empty_collections += 1;
        }
        if self.compressor.ready() >= PIECE {
            let piece = self.compressor.take();
            self.md5.update(&piece);
            self.upload.push(piece).await?;
        }
        Ok(())
    }

    /// Writes the rest of the data file, and the record. `next` is the key after which the next part begins; `None` at
    /// the end of the segment.
    pub async fn finish(self, next: Option<String>) -> Result<Part, PartError> {
        let PartWriter { parts, segment, part, cursor, key, mut upload, compressor, mut md5, .. } = self;
        let rest = match compressor.finish() {
            Ok(rest) => rest,
            Err(source) => {
                upload.abort().await;
                return Err(PartError::Compression { key, source });
            }
        };
        md5.update(&rest);
        if let Err(error) = upload.push(rest).await {
            upload.abort().await;
            return Err(error.into());
        }
        let stored = upload.finish().await?;
        let record = Part {
            segment,
            part,
            key: stored.key,
            items: self.items,
            bytes: self.bytes,
            size: stored.size,
            md5: md5_text(md5),
            etag: stored.etag,
            cursor,
            done: next.is_none(),
            next,
            with_empty_collections: self.with_empty_collections,
            unknown: self.unknown,
            written_at: parts.clock.now(),
        };
        let body = serde_json::to_vec(&record).map_err(AwsFailure::unbuilt("s3:PutObject"));
        let place = Layout::new(parts.run, parts.plan).part(segment, part);
        parts.files.put(&place, body.map_err(FilesError::from)?).await?;
        Ok(record)
    }

    /// Discards the part and leaves nothing behind.
    pub async fn abort(self) {
        self.upload.abort().await;
    }
}

/// Returns whether an item, or any item of a page, holds an empty list or map. A string value cannot contain these
/// bytes, because its quotation marks are escaped.
pub fn holds_empty_collection(json: &[u8]) -> bool {
    [&br#""L":[]"#[..], br#""M":{}"#].iter().any(|empty| memchr::memmem::find(json, empty).is_some())
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
