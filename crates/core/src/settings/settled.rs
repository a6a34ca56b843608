//! Looking at what AWS enables within seconds, until it is enabled or has failed.
//!
//! The call that enables it is answered before AWS has tried, and whether it failed stands in a status alone. Nobody
//! remembers the status of before, so only who made the call can tell a failure of this time from an earlier one, which
//! the call has done away with.

use std::time::Duration;

use crate::aws::failure::AwsFailure;

/// The waits between looks, in milliseconds: 6.3 s in all. AWS takes 1 to 7 s for most of what is enabled or fails
/// (DDB-TABLE-299, 318, 337 of the measurements).
const WAITS: [u64; 6] = [100, 200, 400, 800, 1_600, 3_200];

/// Looks until there is an answer; `None` where there is none yet when the waits are over.
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
    async fn it_is_looked_at_until_there_is_an_answer_or_the_waits_are_over() {
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
