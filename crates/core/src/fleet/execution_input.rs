//! The input of an execution of `fleet`, and the parameters of its template.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::collect::{History, Stores};
use crate::aws::arn::{TABLE_NAME, is_table_name};
use crate::input::InvalidInput;
use crate::storage::as_prefix;
use crate::text::quoted;

/// The input of an execution. It is empty: the parameters of the template say everything.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {}

/// Parameters of the template, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// Name of the bucket of the reports and of the rules.
    pub report_bucket: String,
    /// Key of the rules in that bucket; empty for the built-in rule.
    pub rules_key: String,
    /// Name of the bucket of settings documents; may be empty.
    pub settings_bucket: String,
    /// Name of the bucket of the evidence of restore tests; may be empty.
    pub evidence_bucket: String,
    /// Name of the bucket of an incremental backup; may be empty.
    pub item_bucket: String,
    /// Where the items of tables are in that bucket: `[TABLE=]PREFIX`, separated by commas.
    pub item_prefixes: String,
    /// Price of a GB of storage per month; empty for none.
    pub price_per_gb: String,
}

impl Parameters {
    /// Returns the buckets that are read.
    pub fn stores(&self) -> Result<Stores, InvalidInput> {
        let named = |bucket: &String| Some(bucket).filter(|bucket| !bucket.is_empty()).cloned();
        let incremental = match named(&self.item_bucket) {
            Some(bucket) => {
                let prefixes = self.item_prefixes.split(',').map(str::trim).filter(|text| !text.is_empty());
                prefixes.map(|text| history(&bucket, text)).collect::<Result<_, _>>()?
            }
            None => Vec::new(),
        };
        Ok(Stores {
            settings: named(&self.settings_bucket),
            evidence: named(&self.evidence_bucket),
            incremental,
        })
    }

    /// Returns the price of a GB of storage per month.
    pub fn price(&self) -> Result<Option<f64>, InvalidInput> {
        if self.price_per_gb.is_empty() {
            return Ok(None);
        }
        let price = self.price_per_gb.parse::<f64>().ok().filter(|price| price.is_finite() && *price >= 0.0);
        let wrong =
            || format!("is {}; it must be a number of at least 0, such as 0.25", quoted(&self.price_per_gb));
        price.map(Some).ok_or_else(|| InvalidInput { field: "PricePerGB", reason: wrong() })
    }
}

fn history(bucket: &str, text: &str) -> Result<History, InvalidInput> {
    let (table, prefix) = match text.split_once('=') {
        Some((table, prefix)) => (Some(table), prefix),
        None => (None, text),
    };
    if let Some(table) = table.filter(|table| !is_table_name(table)) {
        let reason = format!("has {}; what is before `=` must be {TABLE_NAME}", quoted(table));
        return Err(InvalidInput { field: "ItemPrefixes", reason });
    }
    Ok(History { table: table.map(str::to_owned), bucket: bucket.to_owned(), prefix: as_prefix(prefix) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(prefixes: &str, price: &str) -> Parameters {
        Parameters {
            item_bucket: "items".to_owned(),
            item_prefixes: prefixes.to_owned(),
            price_per_gb: price.to_owned(),
            ..Parameters::default()
        }
    }

    #[test]
    fn empty_parameters_name_no_bucket() {
        let none = Parameters::default();
        let stores = none.stores().unwrap();
        assert_eq!((stores.settings, stores.evidence, stores.incremental), (None, None, Vec::new()));
        assert_eq!(none.price(), Ok(None));
        let unused = Parameters { item_prefixes: "tables/".to_owned(), ..none };
        assert_eq!(unused.stores().unwrap().incremental, []);
    }

    #[test]
    fn prefixes_are_of_one_table_or_of_all() {
        let stores = parameters("orders=items/, tables,", "0.25").stores().unwrap();
        let read: Vec<_> =
            stores.incremental.iter().map(|one| (one.table.as_deref(), one.prefix.as_str())).collect();
        assert_eq!(read, [(Some("orders"), "items/"), (None, "tables/")]);
        assert_eq!(parameters("", "0.25").price(), Ok(Some(0.25)));
        let refused = parameters("a b=items/", "").stores().unwrap_err().to_string();
        assert_eq!(refused, format!("ItemPrefixes has `a b`; what is before `=` must be {TABLE_NAME}"));
        let refused = parameters("", "cheap").price().unwrap_err().to_string();
        assert_eq!(refused, "PricePerGB is `cheap`; it must be a number of at least 0, such as 0.25");
    }
}
