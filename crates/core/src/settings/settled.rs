//! Polls a resource that AWS enables within seconds, until it is enabled or has failed.
//!
//! AWS responds to the enabling call before it has tried, and only a status shows whether it failed. The previous
//! status is not stored. Only the caller of the enabling call can tell a new failure from an earlier one, because the
//! call clears the earlier one.

use std::time::Duration;

use crate::aws::failure::AwsFailure;

/// The waits between polls in milliseconds, 6.3 s in total. AWS takes 1 to 7 s for most resources that it enables or
/// fails to enable (DDB-TABLE-299, 318, 337 of the measurements).
const WAITS: [u64; 6] = [100, 200, 400, 800, 1_600, 3_200];

/// Polls until there is a result. Returns `None` if there is none after the last wait.
pub(super) async fn settled<T, F>(poll: impl Fn() -> F) -> Result<Option<T>, AwsFailure>
where
    F: Future<Output = Result<Option<T>, AwsFailure>>,
{
    settled_within(WAITS.map(Duration::from_millis), poll).await
}

async fn settled_within<T, F>(
    waits: [Duration; WAITS.len()],
    poll: impl Fn() -> F,
) -> Result<Option<T>, AwsFailure>
where
    F: Future<Output = Result<Option<T>, AwsFailure>>,
{
    for wait in waits {
        if let Some(response) = poll().await? {
            return Ok(Some(response));
        }
        tokio::time::sleep(wait).await;
    }
    poll().await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn polls_until_there_is_a_result_or_the_waits_are_over() {
        for (answered_at, expected, statuses_left) in
            [(1, Some(1), 1), (3, Some(3), 3), (7, Some(7), 7), (8, None, 7)]
        {
            let looked = AtomicUsize::new(0);
            let poll = || {
                let poll = looked.fetch_add(1, Ordering::Relaxed) + 1;
                async move { Ok((poll == answered_at).then_some(poll)) }
            };
            assert_eq!(settled_within([Duration::ZERO; WAITS.len()], poll).await.unwrap(), expected);
            assert_eq!(looked.load(Ordering::Relaxed), statuses_left);
        }
    }
}
