//! Converts the settings file of the former system, which is HOCON, to TOML.
//!
//! Commands do not read HOCON: its values have no line numbers, it may take values from the environment, and people
//! convert it only once. The error shows the equivalent TOML instead.

use std::fmt::Write as _;

/// The TOML to write: the header of each table, and its keys.
const TABLES: [(&str, &[&str]); 3] = [
    ("s3.incremental", &["bucket", "prefix"]),
    ("s3.snapshot", &["bucket", "prefix"]),
    ("dynamodb", &["region", "host", "port", "tls", "parallelism"]),
];

/// Returns the TOML equivalent of a file of the former system; `None` if the text is not HOCON or has none of its keys.
pub(super) fn as_toml(text: &str) -> Option<String> {
    let config = hocon::parse(text).ok()?;
    let mut toml = String::new();
    for (table, keys) in TABLES {
        let lines = keys.iter().filter_map(|key| {
            let path = format!("{table}.{key}");
            let value = match *key {
                "port" | "parallelism" => config.get_i64(&path).ok()?.to_string(),
                "tls" => config.get_bool(&path).ok()?.to_string(),
                // TOML reads the strings that JSON writes.
                _ => serde_json::Value::String(config.get_string(&path).ok()?).to_string(),
            };
            Some(format!("{key} = {value}\n"))
        });
        let lines: String = lines.collect();
        if !lines.is_empty() {
            let gap = if toml.is_empty() { "" } else { "\n" };
            // Writing to a string cannot fail.
            let _ = write!(toml, "{gap}[{table}]\n{lines}");
        }
    }
    Some(toml).filter(|toml| !toml.is_empty())
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
            assert_eq!(as_toml(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn text_without_its_keys_is_not_converted() {
        for text in ["", "a = 1", "s3 {", "[s3.incremental]\nbucket = 1"] {
            assert_eq!(as_toml(text), None, "{text}");
        }
    }
}
