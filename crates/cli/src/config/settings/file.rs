//! The settings file: TOML with the tables `s3.incremental`, `s3.snapshot` and `dynamodb`. Unknown keys are refused, so
//! that a misspelled key is not treated as missing.

mod hocon;

use std::ops::Range;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use tablekeeper_core::text::quoted;
use toml::Spanned;

use crate::failure::Unusable;

/// A value with its origin.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) text: String,
    /// The environment variable, or the key with its file and line.
    pub(super) origin: String,
}

impl Given {
    /// Builds the error for an unusable value; `right` says what would be right.
    pub(super) fn refused(&self, right: &str) -> Unusable {
        Unusable(format!("{} is {}; {right}", self.origin, quoted(&self.text)))
    }
}

/// The values of a file by key.
#[derive(Debug, Default)]
pub(super) struct File(Vec<(&'static str, Given)>);

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tables {
    table: Option<Spanned<String>>,
    s3: S3,
    dynamodb: DynamoDb,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct S3 {
    incremental: Incremental,
    snapshot: Snapshot,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Incremental {
    bucket: Option<Spanned<String>>,
    prefix: Option<Spanned<String>>,
    failures_prefix: Option<Spanned<String>>,
    given_up_bucket: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Snapshot {
    bucket: Option<Spanned<String>>,
    prefix: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DynamoDb {
    region: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
    port: Option<Spanned<i64>>,
    tls: Option<Spanned<bool>>,
    parallelism: Option<Spanned<i64>>,
}

/// Reads the text of the file.
pub(super) fn text(path: &Path) -> anyhow::Result<String> {
    let unusable = || Unusable(format!("--config is {}, which cannot be read", path.display()));
    std::fs::read_to_string(path).with_context(unusable)
}

impl File {
    /// Parses the text of the file with this name.
    pub(super) fn parse(name: &str, text: &str) -> Result<File, Unusable> {
        let line =
            |span: &Range<usize>| 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
        let tables: Tables = toml::from_str(text).map_err(|error| {
            if let Some(toml) = hocon::as_toml(text) {
                return Unusable(format!(
                    "{name} is HOCON, the format of the former system; settings must be TOML. The same settings as \
                     TOML:\n\n{toml}"
                ));
            }
            let place = error.span().map(|span| format!(", line {}", line(&span))).unwrap_or_default();
            Unusable(format!("{name}{place}: {}", error.message().trim_end()))
        })?;
        let Tables { table, s3: S3 { incremental, snapshot }, dynamodb } = tables;
        let texts = [
            ("table", table),
            ("s3.incremental.bucket", incremental.bucket),
            ("s3.incremental.prefix", incremental.prefix),
            ("s3.incremental.failures-prefix", incremental.failures_prefix),
            ("s3.incremental.given-up-bucket", incremental.given_up_bucket),
            ("s3.snapshot.bucket", snapshot.bucket),
            ("s3.snapshot.prefix", snapshot.prefix),
            ("dynamodb.region", dynamodb.region),
            ("dynamodb.host", dynamodb.host),
        ];
        let numbers = [("dynamodb.port", dynamodb.port), ("dynamodb.parallelism", dynamodb.parallelism)];
        let given = |key: &'static str, text: String, span: Range<usize>| {
            (key, Given { text, origin: format!("{key} of {name} (line {})", line(&span)) })
        };
        let texts = texts.into_iter().filter_map(|(key, value)| {
            let value = value?;
            Some(given(key, value.get_ref().clone(), value.span()))
        });
        let numbers = numbers.into_iter().filter_map(|(key, value)| {
            let value = value?;
            Some(given(key, value.get_ref().to_string(), value.span()))
        });
        let tls = dynamodb.tls.map(|value| given("dynamodb.tls", value.get_ref().to_string(), value.span()));
        Ok(File(texts.chain(numbers).chain(tls).collect()))
    }

    /// Returns the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Given> {
        self.0.iter().find(|(of, _)| *of == key).map(|(_, given)| given.clone())
    }
}
