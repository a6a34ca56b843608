//! Reads the items with known keys, and retries what was not read.

use std::time::Duration;

use tokio::time::Instant;

use super::failure::AwsFailure;
use super::rate_limiter::RateLimiter;
use super::raw_items::RawItems;
use crate::error_name::ErrorName;

/// Maximum number of keys of a BatchGetItem.
pub(crate) const MOST_KEYS: usize = 100;
/// The first and the longest wait before a retry.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

/// A reader of items with known keys, with strongly consistent reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyedReads<'a> {
    /// Client for reading items.
    pub(crate) calls: &'a RawItems,
    /// Name or ARN of the table.
    pub(crate) table: &'a str,
    /// Time until which a call is retried after a transient failure.
    pub(crate) until: Instant,
}

impl KeyedReads<'_> {
    /// Reads the items with these different keys of DynamoDB JSON, at most [`MOST_KEYS`]. Returns the existing ones.
    pub(crate) async fn read(
        &self,
        keys: &[&str],
        rate_limiter: &mut RateLimiter,
    ) -> Result<Vec<Vec<u8>>, AwsFailure> {
        let (mut pause, longest) = PAUSES;
        let (mut items, mut left): (_, Vec<String>) =
            (Vec::new(), keys.iter().map(|key| (*key).to_owned()).collect());
        loop {
            rate_limiter.wait().await;
            let asked: Vec<&str> = left.iter().map(String::as_str).collect();
            let is_over = Instant::now() + pause >= self.until;
            match self.calls.get(self.table, &asked).await {
                Ok(got) => {
                    rate_limiter.owe(got.capacity);
                    items.extend(got.items);
                    if got.unprocessed.is_empty() {
                        return Ok(items);
                    }
                    if got.unprocessed.len() < left.len() {
                        pause = PAUSES.0;
                    } else if is_over {
                        return Err(unprocessed(left.len()));
                    }
                    left = got.unprocessed;
                }
                Err(failure) if failure.name.is_transient() && !is_over => {}
                Err(failure) => return Err(failure),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }
}

fn unprocessed(keys: usize) -> AwsFailure {
    let detail = format!("DynamoDB left {keys} keys unprocessed");
    AwsFailure::new("dynamodb:BatchGetItem", ErrorName::Throttled, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::testing::items;
    use crate::testing::fake_store::{FakeStore, Fault};

    async fn read(aws: &FakeStore, seconds: u64) -> Result<usize, AwsFailure> {
        let calls = aws.clients().raw_items();
        let until = Instant::now() + Duration::from_secs(seconds);
        let keys: Vec<String> = (0..60).map(|id| format!(r#"{{"id":{{"S":"{id}"}}}}"#)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut rate_limiter = RateLimiter::share(0, 1, Instant::now());
        let reads = KeyedReads { calls: &calls, table: "orders", until };
        reads.read(&keys, &mut rate_limiter).await.map(|items| items.len())
    }

    #[tokio::test]
    async fn unprocessed_keys_and_throttled_calls_are_repeated() {
        let aws = FakeStore::default().with_table("orders", &["id"]);
        let aws = items(10..70).iter().fold(aws, |aws, item| aws.with_item("orders", item));
        aws.state().unprocessed_each = 2;
        aws.fail_action("dynamodb:BatchGetItem", 1, Fault::Refused(400, "ThrottlingException"));
        assert_eq!(read(&aws, 600).await.unwrap(), 50);
        assert!(aws.count("dynamodb:BatchGetItem") > 4);
        aws.fail_action("dynamodb:BatchGetItem", 0, Fault::Refused(400, "ThrottlingException"));
        assert_eq!(read(&aws, 0).await.unwrap_err().name, ErrorName::Throttled);
    }
}
