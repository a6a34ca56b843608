//! A part while it is written: lines, their compression, and what is counted on the way. For whatever brings items: the
//! scan of a table, or the fold of a snapshot.

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

/// Compressed bytes that are handed on at once.
const PIECE: usize = 256 << 10;

/// What takes the parts of an export.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// Takes files.
    pub files: &'a Files,
    /// What the run goes by.
    pub run: &'a ExportConfig,
    /// What is exported.
    pub plan: &'a Plan,
    /// What the records' times are taken from.
    pub clock: Clock,
}

/// A part that is to be written.
#[derive(Debug)]
pub enum Opened<'a> {
    /// An earlier call has written it.
    Earlier(Part),
    /// Nobody has, or not to its end.
    New(Box<PartWriter<'a>>),
}

/// A part while it is written: to be finished, or aborted when anything failed.
#[derive(Debug)]
pub struct PartWriter<'a> {
    parts: Parts<'a>,
    segment: u32,
    part: u32,
    cursor: Option<String>,
    key: String,
    upload: Upload,
    compressor: Compressor,
    /// Items so far.
    pub items: u64,
    /// Bytes of their lines.
    pub bytes: u64,
    /// Items that are left out, as their state is not known.
    pub unknown: u64,
    with_empty_collections: u64,
    md5: Md5,
    lines: Vec<u8>,
}

/// Why an item, or a part, was not written.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// It cannot stand in a line.
    #[error(transparent)]
    Item(#[from] Malformed),
    /// The library that compresses failed.
    #[error("the data file {key} could not be compressed")]
    Compression {
        /// The file.
        key: String,
        /// What the library says.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl PartError {
    /// The name that a step fails by.
    pub fn name(&self) -> ErrorName {
        match self {
            PartError::Item(_) | PartError::Compression { .. } => ErrorName::ExportFailed,
            PartError::Files(error) => error.name(),
        }
    }
}

impl<'a> Parts<'a> {
    /// Begins the part of a segment behind `cursor` (`None` at the segment's beginning), or finds it written by an
    /// earlier call: then its record says how it went on.
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
            compressor: Compressor::new(self.run.compression.into()),
            items: 0,
            bytes: 0,
            unknown: 0,
            with_empty_collections: 0,
            md5: Md5::new(),
            lines: Vec::new(),
        })))
    }

    /// The part as an earlier call wrote it: if its record begins where this one begins, and its file is there as the
    /// record says. One that cannot be read counts for nothing, as the part is written anew then.
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
        let there = self.files.list(key).await?;
        let is_it = |file: &StoredFile| file.key == part.key && file.is(part.size, &part.etag);
        Ok(there.iter().any(is_it).then_some(part))
    }
}

impl PartWriter<'_> {
    /// Writes an item, which is DynamoDB JSON. `may_hold_empties` says whether it is worth looking for empty lists and
    /// maps in it.
    pub async fn item(&mut self, item: &[u8], may_hold_empties: bool) -> Result<(), PartError> {
        let Parts { run, .. } = self.parts;
        self.lines.clear();
        write_line(run.format.lines(run.null_tag), item, &mut self.lines)?;
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

    /// Writes what is left, and the record. `next` is the key behind which the next part begins; `None` at the segment's
    /// end.
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

    /// Leaves nothing behind.
    pub async fn abort(self) {
        self.upload.abort().await;
    }
}

/// Whether an item, or any of a page, holds an empty list or map. In a text these bytes cannot stand, as its quotation
/// marks are escaped.
pub fn holds_empty_collection(json: &[u8]) -> bool {
    [&br#""L":[]"#[..], br#""M":{}"#].iter().any(|empty| memchr::memmem::find(json, empty).is_some())
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
