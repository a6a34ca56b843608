//! The configuration of `incremental.stream-backup`, from its environment.

use tablekeeper_core::item_history::tables::Layout;
use tablekeeper_core::storage::as_prefix;

use crate::environment::{InvalidConfiguration, present};

/// The bucket and prefixes that versions are written to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// `INCREMENTAL_BUCKET`: name of the bucket, which has versioning enabled.
    pub bucket: String,
    /// `INCREMENTAL_PREFIX`: prefix of all keys; empty, or ending in `/`.
    pub prefix: String,
    /// `OWN_TABLE`: name of the table whose items are under that prefix. Without it, the items of any table are.
    pub own_table: Option<String>,
    /// `TABLES_PREFIX`: prefix of the folders of other tables; ends in `/`.
    pub tables_prefix: String,
    /// `FAILURES_PREFIX`: prefix of the keys of quarantined records; not under the items' prefix.
    pub failures_prefix: String,
}

impl Config {
    /// Reads the function's environment.
    pub fn from_env() -> Result<Config, InvalidConfiguration> {
        Config::from_variables(|variable| present(variable).ok())
    }

    fn from_variables(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Config, InvalidConfiguration> {
        let invalid = |variable, reason: &str| InvalidConfiguration { variable, reason: reason.to_owned() };
        let bucket = variable("INCREMENTAL_BUCKET").filter(|bucket| !bucket.is_empty());
        let bucket =
            bucket.ok_or_else(|| invalid("INCREMENTAL_BUCKET", "is missing; it names the bucket"))?;
        let prefix = as_prefix(&variable("INCREMENTAL_PREFIX").unwrap_or_default());
        let failures_prefix = variable("FAILURES_PREFIX").unwrap_or_else(|| "failures/".to_owned());
        let failures_prefix = as_prefix(&failures_prefix);
        // A quarantined record is not an item, but would be read as one.
        if failures_prefix.is_empty() || (!prefix.is_empty() && failures_prefix.starts_with(&prefix)) {
            let reason = format!("is {failures_prefix:?}, which is under INCREMENTAL_PREFIX {prefix:?}");
            return Err(invalid("FAILURES_PREFIX", &reason));
        }
        let own_table = variable("OWN_TABLE").filter(|table| !table.is_empty());
        let tables_prefix = as_prefix(&variable("TABLES_PREFIX").unwrap_or_else(|| "tables/".to_owned()));
        let is_apart = |other: &str| !tables_prefix.starts_with(other) && !other.starts_with(&tables_prefix);
        if own_table.is_some() && !prefix.is_empty() && !(is_apart(&prefix) && is_apart(&failures_prefix)) {
            let reason = format!(
                "is {tables_prefix:?}, which overlaps INCREMENTAL_PREFIX {prefix:?} or FAILURES_PREFIX \
                 {failures_prefix:?}"
            );
            return Err(invalid("TABLES_PREFIX", &reason));
        }
        Ok(Config { bucket, prefix, own_table, tables_prefix, failures_prefix })
    }

    /// Returns the key prefix of a table's items. If the prefix of the own table is empty, there can be no other
    /// tables.
    pub fn prefix_of(&self, table: &str) -> Result<String, InvalidConfiguration> {
        let Some(own_table) = &self.own_table else { return Ok(self.prefix.clone()) };
        if self.prefix.is_empty() && own_table != table {
            let reason = format!(
                "is empty, so the items of table {table} cannot be stored next to those of {own_table}"
            );
            return Err(InvalidConfiguration { variable: "INCREMENTAL_PREFIX", reason });
        }
        let Config { prefix, tables_prefix, .. } = self;
        Ok(Layout { own_table, prefix, tables_prefix }.location(table).prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, String> {
        let value =
            |name: &str| variables.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned());
        Config::from_variables(value).map_err(|error| error.to_string())
    }

    #[test]
    fn prefixes_are_optional_and_end_in_a_slash() {
        let whole = config(&[("INCREMENTAL_BUCKET", "b"), ("INCREMENTAL_PREFIX", "items")]).unwrap();
        assert_eq!((whole.prefix.as_str(), whole.failures_prefix.as_str()), ("items/", "failures/"));
        assert_eq!(config(&[("INCREMENTAL_BUCKET", "b")]).unwrap().prefix, "");
        assert_eq!(
            config(&[("INCREMENTAL_BUCKET", "b"), ("INCREMENTAL_PREFIX", "/a/b/")]).unwrap().prefix,
            "a/b/"
        );
    }

    #[test]
    fn a_missing_or_contradictory_variable_is_named() {
        let missing = config(&[]).unwrap_err();
        assert_eq!(
            missing,
            "the function's environment variable INCREMENTAL_BUCKET is missing; it names the bucket"
        );
        let under =
            [("INCREMENTAL_BUCKET", "b"), ("INCREMENTAL_PREFIX", "a"), ("FAILURES_PREFIX", "a/failures")];
        assert!(config(&under).unwrap_err().contains("FAILURES_PREFIX is \"a/failures/\", which is under"));
        for tables_prefix in ["a", "a/tables", "failures", "failures/a", ""] {
            let variables = [
                ("INCREMENTAL_BUCKET", "b"),
                ("INCREMENTAL_PREFIX", "a"),
                ("OWN_TABLE", "orders"),
                ("TABLES_PREFIX", tables_prefix),
            ];
            let error = config(&variables).unwrap_err();
            assert!(error.contains("TABLES_PREFIX is") && error.contains("which overlaps"), "{error}");
        }
    }

    #[test]
    fn each_table_has_its_own_prefix() {
        let all = [("INCREMENTAL_BUCKET", "b"), ("INCREMENTAL_PREFIX", "items"), ("OWN_TABLE", "orders")];
        let whole = config(&all).unwrap();
        assert_eq!(whole.prefix_of("orders").unwrap(), "items/");
        assert_eq!(whole.prefix_of("customers").unwrap(), "tables/customers/");
        let alone = config(&[("INCREMENTAL_BUCKET", "b"), ("OWN_TABLE", "orders")]).unwrap();
        assert_eq!(alone.prefix_of("orders").unwrap(), "");
        assert_eq!(
            alone.prefix_of("customers").unwrap_err().to_string(),
            "the function's environment variable INCREMENTAL_PREFIX is empty, so the items of table customers \
             cannot be stored next to those of orders"
        );
    }
}
