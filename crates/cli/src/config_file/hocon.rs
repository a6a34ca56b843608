//! Converts the settings file of the former system, which is HOCON, to TOML.
//!
//! Commands do not read HOCON: its values have no line numbers, it may take values from the environment, and people
//! convert it only once. The error shows the equivalent TOML instead.

use std::fmt::Write as _;

use hocon::{Config, HoconValue};

/// The TOML to write: the header of each table, and its keys.
const TABLES: [(&str, &[&str]); 3] = [
    ("s3.incremental", &["bucket", "prefix"]),
    ("s3.snapshot", &["bucket", "prefix"]),
    ("dynamodb", &["region", "host", "port", "tls", "parallelism"]),
];

/// The TOML equivalent of a file of the former system.
#[derive(Debug, PartialEq)]
pub(super) struct Translation {
    /// The TOML.
    pub(super) toml: String,
    /// What the TOML lacks: keys that are no settings, and lines whose value is in another file or the environment.
    pub(super) lacks: Vec<String>,
}

/// Translates a file of the former system. Returns `None` if the text is not HOCON or has none of its keys.
pub(super) fn translate(text: &str) -> Option<Translation> {
    // The values of the environment are not those of the file. A required variable stands for itself.
    let required = references(text).filter(|reference| !reference.is_optional);
    let required = required.map(|reference| (reference.name.to_owned(), format!("${{{}}}", reference.name)));
    let config = hocon::parse_with_env(text, &required.collect()).ok()?;
    let mut toml = String::new();
    let mut translated = Vec::new();
    for (table, keys) in TABLES {
        let mut lines = String::new();
        for key in keys {
            let path = format!("{table}.{key}");
            if let Some(value) = value(&config, &path, key) {
                // Writing to a string cannot fail.
                let _ = writeln!(lines, "{key} = {value}");
                translated.push(path);
            }
        }
        if !lines.is_empty() {
            let gap = if toml.is_empty() { "" } else { "\n" };
            let _ = write!(toml, "{gap}[{table}]\n{lines}");
        }
    }
    let mut lacks = lines_from_elsewhere(text, &config);
    for key in config.keys() {
        paths(key, config.get(key), &mut |path| {
            if !translated.contains(&path) {
                lacks.push(path);
            }
        });
    }
    (!toml.is_empty()).then_some(Translation { toml, lacks })
}

/// Returns the value of a key in TOML.
fn value(config: &Config, path: &str, key: &str) -> Option<String> {
    Some(match key {
        "port" | "parallelism" => config.get_i64(path).ok()?.to_string(),
        "tls" => config.get_bool(path).ok()?.to_string(),
        // TOML reads the strings that JSON writes.
        _ => serde_json::Value::String(config.get_string(path).ok()?).to_string(),
    })
}

/// Visits the path of each value that is not an object.
fn paths(path: &str, value: Option<&HoconValue>, visit: &mut impl FnMut(String)) {
    match value.and_then(HoconValue::as_object) {
        Some(fields) => {
            for (key, value) in fields {
                paths(&format!("{path}.{key}"), Some(value), visit);
            }
        }
        None => visit(path.to_owned()),
    }
}

/// Returns the lines that include another file, or whose value is not in this file.
fn lines_from_elsewhere(text: &str, config: &Config) -> Vec<String> {
    let lines = text.lines().zip(1..).filter(|(line, _)| {
        let includes = without_comment(line).split_whitespace().any(|part| part == "include");
        includes || references(line).any(|reference| !config.has(reference.name))
    });
    lines.map(|(line, number)| format!("line {number}: {}", line.trim())).collect()
}

/// A value that HOCON takes from another key or from the environment: `${NAME}` or `${?NAME}`.
struct Reference<'a> {
    name: &'a str,
    is_optional: bool,
}

fn references(text: &str) -> impl Iterator<Item = Reference<'_>> {
    text.lines().flat_map(|line| without_comment(line).split("${").skip(1)).filter_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        let optional = name.strip_prefix('?');
        Some(Reference { name: optional.unwrap_or(name).trim(), is_optional: optional.is_some() })
    })
}

/// Returns a line without a comment that takes the whole line.
fn without_comment(line: &str) -> &str {
    let is_comment = ["#", "//"].iter().any(|mark| line.trim_start().starts_with(mark));
    if is_comment { "" } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_notation_gives_the_same_toml() {
        let expected = "[s3.incremental]\nbucket = \"backup-of-movies\"\nprefix = \"movies\"\n\n\
                        [s3.snapshot]\nbucket = \"snapshots\"\n\n\
                        [dynamodb]\nregion = \"eu-west-1\"\nport = 8000\ntls = false\nparallelism = 16\n";
        for text in [
            "s3 {\n  incremental { bucket = backup-of-movies, prefix = \"movies\" }\n  snapshot { bucket: snapshots }\n}\n\
             // comment\ndynamodb { region = \"eu-west-1\", port = 8000, tls = no, parallelism = 16 }",
            "s3.incremental.bucket: backup-of-movies\ns3.incremental.prefix = movies\ns3.snapshot.bucket = snapshots\n\
             dynamodb { region = eu-west-1 }\ndynamodb.port = 8000\ndynamodb.tls = false\ndynamodb.parallelism = 16",
            r#"{"s3": {"incremental": {"bucket": "backup-of-movies", "prefix": "movies"}, "snapshot": {"bucket": "snapshots"}},
                "dynamodb": {"region": "eu-west-1", "port": "8000", "tls": "false", "parallelism": 16}}"#,
        ] {
            let translation = translate(text).unwrap();
            assert_eq!((translation.toml.as_str(), translation.lacks.len()), (expected, 0), "{text}");
        }
    }

    #[test]
    fn what_is_not_translated_is_listed() {
        let text = "include \"common.conf\"\n# include \"old.conf\"\ns3.incremental {\n  bucket = movies\n  \
                    prefix = movies\n  prefix = ${?PREFIX}\n}\ns3.snapshot.bucket = ${SNAPSHOTS}\n\
                    name = ${s3.incremental.bucket}\nakka { loglevel = INFO, actor.timeout = 5s }\n";
        let Translation { toml, lacks } = translate(text).unwrap();
        let expected = "[s3.incremental]\nbucket = \"movies\"\nprefix = \"movies\"\n\n\
                        [s3.snapshot]\nbucket = \"${SNAPSHOTS}\"\n";
        assert_eq!(toml, expected);
        assert_eq!(
            lacks,
            [
                "line 1: include \"common.conf\"",
                "line 6: prefix = ${?PREFIX}",
                "line 8: s3.snapshot.bucket = ${SNAPSHOTS}",
                "name",
                "akka.loglevel",
                "akka.actor.timeout",
            ]
        );
    }

    #[test]
    fn text_without_its_keys_is_not_converted() {
        for text in ["", "a = 1", "s3 {", "[s3.incremental]\nbucket = 1"] {
            assert_eq!(translate(text), None, "{text}");
        }
    }
}
