//! Reads the values of options.

use tablekeeper_core::aws::arn::{TABLE_NAME, is_table_name};
use tablekeeper_core::fleet::collect::History;
use tablekeeper_core::storage::{as_prefix, bucket_and_key};

/// Reads the name of a bucket, with or without `s3://`.
pub(super) fn bucket(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("s3://").unwrap_or(text).trim_end_matches('/');
    let is_allowed =
        |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || b".-".contains(&letter);
    if (3..=63).contains(&name.len()) && name.bytes().all(is_allowed) {
        return Ok(name.to_owned());
    }
    Err("it must be the name of a bucket (3 to 63 lower-case letters, digits, `-` or `.`)".to_owned())
}

/// Reads the location of incremental backups.
pub(super) fn history(text: &str) -> Result<History, String> {
    let (table, location) = match text.split_once('=') {
        Some((table, location)) => (Some(table), location),
        None => (None, text),
    };
    if table.is_some_and(|table| !is_table_name(table)) {
        return Err(format!("what is before `=` must be {TABLE_NAME}"));
    }
    let whole = location
        .strip_prefix("s3://")
        .map(|rest| if rest.contains('/') { location.to_owned() } else { format!("{location}/") });
    let Some((bucket, prefix)) = whole.as_deref().and_then(bucket_and_key) else {
        return Err("it must be s3://BUCKET/PREFIX, or TABLE=s3://BUCKET/PREFIX".to_owned());
    };
    Ok(History { table: table.map(str::to_owned), bucket, prefix: as_prefix(&prefix) })
}

/// Reads a price.
pub(super) fn price(text: &str) -> Result<f64, String> {
    let price = text.parse::<f64>().ok().filter(|price| price.is_finite() && *price >= 0.0);
    price.ok_or_else(|| "it must be a number of at least 0, such as 0.25".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_are_of_one_table_or_of_all() {
        let read = |text: &str| history(text).map(|history| (history.table, history.bucket, history.prefix));
        let text = str::to_owned;
        assert_eq!(read("s3://items/tables").unwrap(), (None, text("items"), text("tables/")));
        assert_eq!(read("Movies=s3://items").unwrap(), (Some(text("Movies")), text("items"), text("")));
        for wrong in ["items/tables", "a b=s3://items/x", "s3://", "=s3://items/x"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn buckets_and_prices_are_checked() {
        assert_eq!(bucket("s3://my-bucket/"), bucket("my-bucket"));
        assert!(bucket("My_Bucket").is_err() && bucket("s3://a/b").is_err());
        assert_eq!(price("0.25"), Ok(0.25));
        assert!(price("-1").is_err() && price("NaN").is_err() && price("cheap").is_err());
    }
}
