//! The settings file of all commands: TOML with the tables `aws`, `s3.incremental`, `s3.snapshot` and `dynamodb`. Unknown
//! keys are refused, so that a misspelled key is not treated as missing.
//!
//! `--config` or `TABLEKEEPER_CONFIG` names the file. Without them it is `tablekeeper.toml` in the current directory, or
//! else `tablekeeper/config.toml` in the user's configuration directory.

mod hocon;

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use etcetera::base_strategy::{BaseStrategy as _, choose_base_strategy};
use serde::Deserialize;
use tablekeeper_core::text::quoted;
use toml::Spanned;

use crate::failure::Unusable;

/// A value with its origin.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) text: String,
    /// The environment variable, or the key with its file and line.
    pub(crate) origin: String,
}

impl Given {
    /// Builds the error for an unusable value; `right` says what would be right.
    pub(crate) fn refused(&self, right: &str) -> Unusable {
        Unusable(format!("{} is {}; {right}", self.origin, quoted(&self.text)))
    }
}

/// The name of the file in the current directory.
const NEARBY: &str = "tablekeeper.toml";

/// A file with its values by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    /// Name of the file in messages; `None` without a file.
    pub(crate) name: Option<String>,
    values: Vec<(&'static str, Given)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tables {
    table: Option<Spanned<String>>,
    stack: Option<Spanned<String>>,
    aws: Aws,
    s3: S3,
    dynamodb: DynamoDb,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Aws {
    profile: Option<Spanned<String>>,
    region: Option<Spanned<String>>,
    endpoint_url: Option<Spanned<String>>,
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

impl File {
    /// Reads the file in its usual place. Returns an empty one if there is none.
    pub(crate) fn find() -> anyhow::Result<File> {
        let usual = [PathBuf::from(NEARBY)].into_iter().chain(of_user()).find(|path| path.is_file());
        usual.map_or_else(|| Ok(File::default()), |path| File::read(&path, "the settings file"))
    }

    /// Reads the file that an option or a variable names.
    pub(crate) fn read(path: &Path, origin: &str) -> anyhow::Result<File> {
        let name = path.display().to_string();
        let unusable = || Unusable(format!("{origin} is {name}, which cannot be read"));
        let text = std::fs::read_to_string(path).with_context(unusable)?;
        Ok(File::parse(&name, &text)?)
    }

    /// Parses the text of the file with this name.
    pub(crate) fn parse(name: &str, text: &str) -> Result<File, Unusable> {
        let line =
            |span: &Range<usize>| 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
        let tables: Tables = toml::from_str(text).map_err(|error| {
            if let Some(hocon::Translation { toml, lacks }) = hocon::translate(text) {
                let lacks = match lacks.is_empty() {
                    true => String::new(),
                    false => format!("\nNot translated:\n  {}\n", lacks.join("\n  ")),
                };
                return Unusable(format!(
                    "{name} is HOCON, the format of the former system; settings must be TOML. The same settings as \
                     TOML:\n\n{toml}{lacks}"
                ));
            }
            let place = error.span().map(|span| format!(", line {}", line(&span))).unwrap_or_default();
            Unusable(format!("{name}{place}: {}", error.message().trim_end()))
        })?;
        let Tables { table, stack, aws, s3: S3 { incremental, snapshot }, dynamodb } = tables;
        let texts = [
            ("table", table),
            ("stack", stack),
            ("aws.profile", aws.profile),
            ("aws.region", aws.region),
            ("aws.endpoint-url", aws.endpoint_url),
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
        let values = texts.chain(numbers).chain(tls).collect();
        Ok(File { name: Some(name.to_owned()), values })
    }

    /// Returns the value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<Given> {
        self.values.iter().find(|(of, _)| *of == key).map(|(_, given)| given.clone())
    }
}

/// Returns the path in the user's configuration directory.
fn of_user() -> Option<PathBuf> {
    Some(choose_base_strategy().ok()?.config_dir().join("tablekeeper").join("config.toml"))
}
