//! The file of the system that this succeeds, which is HOCON.
//!
//! It is not read beside TOML: its values have no lines to tell of, it may take others from the environment, and it is met
//! once. Whoever has one is told the TOML that it becomes.

use std::fmt::Write as _;

/// What is written into the TOML: a table's header, and its keys.
const TABLES: [(&str, &[&str]); 3] = [
    ("s3.incremental", &["bucket", "prefix"]),
    ("s3.snapshot", &["bucket", "prefix"]),
    ("dynamodb", &["region", "host", "port", "tls", "parallelism"]),
];

/// Returns the TOML that a file of the former system becomes; `None` where the text is no HOCON or has none of its keys.
pub(super) fn as_toml(text: &str) -> Option<String> {
    let config = hocon::parse(text).ok()?;
    let mut toml = String::new();
    for (table, keys) in TABLES {
        let lines = keys.iter().filter_map(|key| {
            let path = format!("{table}.{key}");
            let value = match *key {
                "port" | "parallelism" => config.get_i64(&path).ok()?.to_string(),
                "tls" => config.get_bool(&path).ok()?.to_string(),
                // What JSON writes for a text, TOML reads.
                _ => serde_json::Value::String(config.get_string(&path).ok()?).to_string(),
            };
            Some(format!("{key} = {value}\n"))
        });
        let lines: String = lines.collect();
        if !lines.is_empty() {
            let gap = if toml.is_empty() { "" } else { "\n" };
            // Writing to a string does not fail.
            let _ = write!(toml, "{gap}[{table}]\n{lines}");
        }
    }
    Some(toml).filter(|toml| !toml.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_writing_it_becomes_the_same_toml() {
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
    fn what_has_none_of_its_keys_is_no_file_of_it() {
        for text in ["", "a = 1", "s3 {", "[s3.incremental]\nbucket = 1"] {
            assert_eq!(as_toml(text), None, "{text}");
        }
    }
}
