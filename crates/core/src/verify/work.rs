//! The work files of a verification: the runs of its sides and the documents of its parts.
//!
//! A step reads or compares until its time is up, so a repeated invocation may read more or less than the first one. The
//! document of a part is therefore written only once, and whoever finds one returns its result. A run has a name of its
//! content. A run that no document names was written by an invocation whose result was not used.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::VerifyError;
use super::{SideName, Verification};
use crate::compare::runs;
use crate::compare::side::SidePart;
use crate::storage::Files;
use crate::text::hex;

/// Number of documents that are read concurrently.
const READS: usize = 16;

/// The document of a part of a segment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    /// Key of the run with the expected items of a sample, whose items in the table are in `run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// Key of the run with the items; `None` if there are none.
    pub run: Option<String>,
    /// Number of items that were read.
    pub items: u64,
    /// Cursor after which the next part begins; `None` at the end of the segment.
    pub next: Option<String>,
}

/// The work files.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// The bucket of the verification.
    pub files: &'a Files,
    /// The plan of the verification.
    pub of: &'a Verification,
}

impl Work<'_> {
    /// Returns the document of a part; `None` if it was not read.
    pub async fn part(&self, side: SideName, segment: u32, part: u32) -> Result<Option<Part>, VerifyError> {
        self.read(&self.key_of_part(side, segment, part)).await
    }

    /// Returns the cursor after which a part begins, from the document of the part before it.
    pub async fn cursor(
        &self,
        side: SideName,
        segment: u32,
        part: u32,
    ) -> Result<Option<String>, VerifyError> {
        let Some(before) = part.checked_sub(1) else { return Ok(None) };
        match self.part(side, segment, before).await? {
            Some(Part { next: Some(next), .. }) => Ok(Some(next)),
            _ => Err(self.broken(&self.key_of_part(side, segment, before), "it does not say what is next")),
        }
    }

    /// Stores a part that was read. Returns the part that counts: this one, or that of an earlier invocation.
    pub async fn store(
        &self,
        side: SideName,
        segment: u32,
        number: u32,
        part: SidePart,
    ) -> Result<Part, VerifyError> {
        let SidePart { run, items, next } = part;
        let run = match run.is_empty() || items == 0 {
            true => None,
            false => Some(self.store_run(&format!("{side}/{segment:05}-{number:05}"), run).await?),
        };
        self.commit(&self.key_of_part(side, segment, number), Part { sample: None, run, items, next }).await
    }

    /// Writes a run under a name of its content. Returns its key.
    pub async fn store_run(&self, name: &str, run: Vec<u8>) -> Result<String, VerifyError> {
        let hash = hex(&Sha256::digest(&run));
        let key = format!("{}{name}-{}.run", self.of.work, hash.get(..16).unwrap_or_default());
        runs::write(self.files, &key, run).await?;
        Ok(key)
    }

    /// Returns the parts of a side. Fails if a part of a segment is missing.
    pub async fn parts(&self, side: SideName, segments: u32) -> Result<Vec<Part>, VerifyError> {
        let of_segment = |segment: u32| async move {
            let (mut parts, mut number) = (Vec::new(), 0);
            loop {
                let Some(part) = self.part(side, segment, number).await? else {
                    return Err(self.broken(&self.key_of_part(side, segment, number), "it does not exist"));
                };
                let is_last = part.next.is_none();
                parts.push(part);
                if is_last {
                    return Ok(parts);
                }
                number += 1;
            }
        };
        let parts = stream::iter((0..segments).map(of_segment)).buffered(READS);
        let parts: Vec<Vec<Part>> = parts.try_collect().await?;
        Ok(parts.concat())
    }

    /// Returns the key of the document of a comparison of the buckets from `from`.
    pub fn key_of_comparison(&self, from: u32) -> String {
        format!("{}compared/{from:04}.json", self.of.work)
    }

    /// Returns the key of the document of a part.
    pub fn key_of_part(&self, side: SideName, segment: u32, part: u32) -> String {
        format!("{}{side}/{segment:05}-{part:05}.json", self.of.work)
    }

    /// Writes a document unless it exists. Returns the document that exists then.
    pub async fn commit<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        document: T,
    ) -> Result<T, VerifyError> {
        let body = serde_json::to_vec(&document).map_err(|error| self.broken(key, &error.to_string()))?;
        if self.files.put_new(key, body).await? {
            return Ok(document);
        }
        self.read(key).await?.ok_or_else(|| self.broken(key, "it was deleted"))
    }

    /// Reads a document; `None` if it does not exist.
    pub async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, VerifyError> {
        let Some(body) = self.files.get(key).await? else { return Ok(None) };
        serde_json::from_slice(&body).map(Some).map_err(|error| self.broken(key, &error.to_string()))
    }

    /// Builds the error of a work file that cannot be used.
    pub fn broken(&self, key: &str, reason: &str) -> VerifyError {
        VerifyError::Work { location: self.files.location(key), reason: reason.to_owned() }
    }
}

/// Returns the keys of the runs of parts.
pub fn runs_of(parts: &[Part]) -> Vec<String> {
    parts.iter().filter_map(|part| part.run.clone()).collect()
}
