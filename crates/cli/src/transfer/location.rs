//! Parses a location of files: `s3://bucket/prefix`, or a directory.

use std::path::PathBuf;

use tablekeeper_core::storage::{Files, S3Files, bucket_and_key};
use tablekeeper_core::text::quoted;

use crate::failure::Unusable;

/// A location of files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Location {
    /// Objects in a bucket.
    Bucket {
        /// Name of the bucket.
        bucket: String,
        /// Key prefix of the objects, as given.
        key: String,
    },
    /// Files on this machine.
    Path(PathBuf),
}

impl Location {
    /// Parses the value of an option. A URI must be one of S3.
    pub(crate) fn parse(option: &str, text: &str) -> Result<Location, Unusable> {
        let wrong = || {
            let meant = meant(text).map(|uri| format!(". Did you mean {uri}?")).unwrap_or_default();
            let text = quoted(text);
            Unusable(format!("{option} is {text}; it must be s3://bucket/prefix or a directory{meant}"))
        };
        if let Some((bucket, key)) = bucket_and_key(text) {
            return Ok(Location::Bucket { bucket, key });
        }
        // A slip such as s3:/bucket would otherwise be a directory here.
        let is_uri = text.contains("://") || is_slip(text);
        if text.is_empty() || is_uri || text.contains('\0') {
            return Err(wrong());
        }
        Ok(Location::Path(PathBuf::from(text)))
    }
}

/// Returns whether a text is a misspelt S3 URI, such as `s3//bucket`.
pub(crate) fn is_slip(text: &str) -> bool {
    bucket_and_key(text).is_none()
        && ["s3:", "s3//", "S3:", "S3//"].iter().any(|start| text.starts_with(start))
}

/// Returns the S3 URI that a misspelt one means.
pub(crate) fn meant(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_at_checked(2)?;
    let uri = format!("s3://{}", rest.trim_start_matches([':', '/']));
    (scheme.eq_ignore_ascii_case("s3") && is_slip(text) && bucket_and_key(&uri).is_some()).then_some(uri)
}

/// Returns all objects of a bucket, for reading.
pub(crate) fn whole(s3: &aws_sdk_s3::Client, bucket: &str) -> Files {
    let (bucket, tags) = (bucket.to_owned(), Vec::new());
    Files::S3(S3Files { s3: s3.clone(), bucket, prefix: String::new(), tags })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_bucket_or_a_directory() {
        let bucket = |key: &str| Location::Bucket { bucket: "exports".to_owned(), key: key.to_owned() };
        for (text, place) in [
            ("s3://exports", bucket("")),
            ("s3://exports/a/b", bucket("a/b")),
            ("exports/a", Location::Path("exports/a".into())),
            ("/tmp", Location::Path("/tmp".into())),
        ] {
            assert_eq!(Location::parse("--to", text).unwrap(), place);
        }
        for text in ["", "ftp://exports/a", "s3://E/a", "https://exports.s3.amazonaws.com/"] {
            let error = Location::parse("--from", text).unwrap_err().to_string();
            assert_eq!(error, format!("--from is `{text}`; it must be s3://bucket/prefix or a directory"));
        }
        for slip in ["s3:/exports/a", "s3//exports/a", "s3:exports/a", "S3://exports/a", "s3:///exports/a"] {
            let error = Location::parse("--from", slip).unwrap_err().to_string();
            let expected = "; it must be s3://bucket/prefix or a directory. Did you mean s3://exports/a?";
            assert_eq!(error, format!("--from is `{slip}`{expected}"));
        }
        assert_eq!(Location::parse("--from", "s3/a").unwrap(), Location::Path("s3/a".into()));
    }
}
